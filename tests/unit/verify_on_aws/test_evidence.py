"""Evidence says what happened, and nothing of whose account it was; what is no evidence is refused with its file."""

import json
from dataclasses import replace

import pytest

from lib.common.errors import SettingError
from lib.leftovers import kinds
from lib.leftovers.kinds import Leftover
from lib.verify_on_aws import evidence
from lib.verify_on_aws.evidence import Evidence, Step
from tests.support.check_account import HERE, NUMBER
from tests.support.evidence import RUN


def test_what_is_written_is_read_again(tmp_path):
    RUN.write(tmp_path / "new" / "file.json")
    assert Evidence.read(tmp_path / "new" / "file.json") == RUN


@pytest.mark.parametrize(
    "secret",
    [
        NUMBER,
        f"arn:aws:kms:{HERE}:{NUMBER}:key/0f-1",
        f"arn:aws-cn:s3:::audit-{NUMBER}",
        f"arn:aws:iam::{NUMBER}:role/x",
        f"audit-{NUMBER}-{HERE}-verify-1",
        f"{NUMBER}.dkr.ecr.{HERE}.amazonaws.com/shop",
        "AKIA0123456789ABCDEF",
    ],
)
def test_a_failure_tells_nothing_of_the_account(secret):
    text = replace(RUN, steps=[Step("deploy", 1.0, "failed", f'refused for "{secret}" (again)')]).text()
    assert secret not in text
    assert NUMBER not in text
    assert "arn:aws" not in text
    assert json.loads(text)["steps"][0]["detail"].endswith('" (again)')


def test_what_is_no_secret_stays():
    detail = "1234567890 bytes, 1234567890123 ns, VERIFYONAWS of WORDS"
    assert detail in replace(RUN, steps=[Step("deploy", 1.0, "failed", detail)]).text()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("target", "Azure"),
        ("result", "perhaps"),
        ("steps", [{"name": "deploy"}]),
        ("steps", [{"name": "deploy", "seconds": True, "result": "passed", "detail": ""}]),
        ("left", [{"type": "KMS key", "region": HERE, "count": "3", "why": ""}]),
        ("versions", []),
        ("account", NUMBER),
    ],
)
def test_another_file_is_refused(tmp_path, key, value):
    path = tmp_path / "payment-x.json"
    path.write_text(json.dumps({**json.loads(RUN.text()), key: value}))
    with pytest.raises(SettingError, match=r"payment-x\.json"):
        Evidence.read(path)


def test_a_file_that_is_cut_short_is_refused(tmp_path):
    path = tmp_path / "cut.json"
    path.write_text(RUN.text()[:40])
    with pytest.raises(SettingError, match="is not evidence"):
        Evidence.read(path)


def test_what_is_left_is_counted_without_a_name():
    key = kinds.TAGGED[0]
    found = [Leftover(key, "one", HERE), Leftover(key, "two", HERE), Leftover(kinds.RDS_LOGS, "group", HERE)]
    assert [(left.type, left.count) for left in evidence.counted(found)] == [("KMS key", 2), ("log group of RDS", 1)]


def test_a_second_run_of_a_day_has_a_file_of_its_own(tmp_path):
    first = evidence.file_name(tmp_path, RUN)
    assert first.name == "payment-2026-11-30.json"
    RUN.write(first)
    RUN.write(evidence.file_name(tmp_path, RUN))
    assert evidence.file_name(tmp_path, RUN).name == "payment-2026-11-30-3.json"


def test_earlier_runs_are_those_of_the_same_system_and_target(tmp_path):
    later = replace(RUN, began="2026-12-01T10:00:00+00:00")
    for name, run in (
        ("payment-b", RUN),
        ("payment-a", later),
        ("payment-c", replace(RUN, target=evidence.LOCAL)),
        ("shop-d", RUN),
    ):
        run.write(tmp_path / f"{name}.json")
    assert evidence.earlier(tmp_path, "payment", evidence.AWS) == [RUN, later]
    assert evidence.earlier(tmp_path / "none", "payment", evidence.AWS) == []

"""What is new and what is gone since an earlier report, and never what one of the two runs did not read."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lib.analyse import run as run_module
from lib.analyse.compare import Comparison
from lib.analyse.options import Options
from lib.common.errors import SettingError
from tests.support.analyse import auditor as analyse
from tests.support.analyse import content
from tests.support.analyse.auditor import HERE, PRICED
from tests.support.analyse.server import Cloud

SCHEMA = Draft202012Validator(
    json.loads(Path(run_module.__file__).with_name("report.schema.json").read_text(encoding="utf-8"))
)
HERE_ONLY = ("--region", HERE, "--streams", "off")
Report = dict[str, Any]


def holding(volumes: range, *groups: str) -> content.Content:
    """Return an account with volumes and log groups that never expire."""
    account = content.Content()
    account.rows["Volumes"] = [content.volume(number) for number in volumes]
    account.log_groups = [content.log_group(name, 5) for name in groups]
    return account


@pytest.fixture
def cloud() -> Cloud:
    return analyse.cloud(holding(range(1, 4), "a", "b"))


@pytest.fixture
def earlier(start, cloud, tmp_path) -> Callable[..., Path]:
    """Return a function that runs once and keeps the report."""

    def run(*options: str) -> Path:
        start(cloud)(*(options or HERE_ONLY), "--quiet")
        path = tmp_path / "earlier.json"
        path.write_bytes((tmp_path / "out" / "report.json").read_bytes())
        return path

    return run


def table(folder: Path) -> list[dict[str, str]]:
    text = (folder / "out" / "report.csv").read_text(encoding="utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


def becomes(cloud: Cloud, account: content.Content) -> None:
    cloud.content = account
    cloud.cache.clear()


def changes(report: Report) -> dict[str, str]:
    return {finding["id"]: finding["change"] for finding in report["findings"]}


def vol(number: int) -> str:
    return f"vol-{number:017x}"


def counts(report: Report) -> tuple[int, ...]:
    names = ("new", "gone", "known", "not_compared", "earlier_not_compared")
    return tuple(report["comparison"][name] for name in names)


def test_what_is_new_and_what_is_gone_is_told(start, cloud, earlier, capsys):
    path = earlier()
    becomes(cloud, holding(range(2, 6), "b", "c"))
    code, report = start(cloud)(*HERE_ONLY, "--compare", str(path))
    SCHEMA.validate(report)
    assert code == 1
    assert changes(report) == {
        vol(2): "known",
        vol(3): "known",
        vol(4): "new",
        vol(5): "new",
        "b": "known",
        "c": "new",
    }
    assert counts(report) == (3, 2, 3, 0, 0)
    found = report["comparison"]
    assert {row["id"] for row in found["gone_findings"]} == {vol(1), "a"}
    assert found["by_check"] == {
        "log-cost": {"new": 1, "gone": 1, "known": 1},
        "zombie-volume": {"new": 2, "gone": 1, "known": 2},
    }
    said = capsys.readouterr().out
    assert ": 3 new, 2 gone, 3 as before (new log-cost 1, zombie-volume 2; gone log-cost 1, zombie-volume 1).\n" in said


def test_nothing_changed_is_told_too(start, cloud, earlier, capsys):
    path = earlier()
    _, report = start(cloud)(*HERE_ONLY, "--compare", str(path))
    assert counts(report) == (0, 0, 5, 0, 0)
    assert ": 0 new, 0 gone, 5 as before.\n" in capsys.readouterr().out


def test_the_last_report_of_the_same_folder_can_be_compared_with(start, cloud, tmp_path):
    audit = start(cloud)
    audit(*HERE_ONLY)
    becomes(cloud, holding(range(1, 5), "a", "b"))
    _, report = audit(*HERE_ONLY, "--compare", str(tmp_path / "out"))
    assert counts(report) == (1, 0, 5, 0, 0)


def test_without_a_comparison_nothing_says_new(start, cloud, tmp_path):
    _, report = start(cloud)(*HERE_ONLY, "--format", "csv")
    assert report["comparison"] is None
    assert not any("change" in finding for finding in report["findings"])
    rows = table(tmp_path)
    assert {row["change"] for row in rows} == {""}


def test_the_csv_report_has_a_column_for_it(start, cloud, earlier, tmp_path):
    path = earlier()
    becomes(cloud, holding(range(3, 5), "a"))
    start(cloud)(*HERE_ONLY, "--compare", str(path), "--format", "csv")
    rows = table(tmp_path)
    assert {row["id"]: row["change"] for row in rows} == {vol(3): "known", vol(4): "new", "a": "known"}


def test_what_the_earlier_run_did_not_read_is_not_new(start, cloud, earlier):
    cloud.faults.denied = {"DescribeVolumes"}
    path = earlier()
    cloud.faults.denied = set()
    _, report = start(cloud)(*HERE_ONLY, "--compare", str(path))
    assert counts(report) == (0, 0, 2, 3, 0)
    assert {changes(report)[vol(number)] for number in (1, 2, 3)} == {"not-compared"}
    assert report["comparison"]["complete"] is False
    assert report["comparison"]["notices"] == [
        f"Not compared, for the earlier run did not read them: volumes in {HERE} of 123456789012."
    ]


def test_what_this_run_did_not_read_is_not_gone(start, cloud, earlier, capsys):
    path = earlier()
    cloud.faults.denied = {"DescribeLogGroups"}
    code, report = start(cloud)(*HERE_ONLY, "--compare", str(path))
    assert (code, counts(report)) == (3, (0, 0, 3, 0, 2))
    assert "Not compared, for this run did not read them: log_groups" in capsys.readouterr().out


def test_a_piece_that_was_read_in_part_is_gone_in_no_case(start, cloud, earlier):
    path = earlier()
    account = holding(range(0), "a")
    odd = content.volume(1)
    del odd["AvailabilityZone"]
    account.rows["Volumes"] = [odd]
    becomes(cloud, account)
    _, report = start(cloud)(*HERE_ONLY, "--compare", str(path))
    assert (report["comparison"]["gone"], report["comparison"]["earlier_not_compared"]) == (1, 3)
    assert [row["id"] for row in report["comparison"]["gone_findings"]] == ["b"]


def test_other_regions_are_neither_new_nor_gone(start, cloud, earlier):
    path = earlier()
    _, report = start(cloud)("--region", PRICED, "--streams", "off", "--compare", str(path))
    assert counts(report) == (0, 0, 0, 5, 5)


def test_a_check_that_ran_only_once_is_neither_new_nor_gone(start, cloud, earlier):
    path = earlier(*HERE_ONLY, "--check", "log-cost")
    _, report = start(cloud)(*HERE_ONLY, "--compare", str(path), "--check", "zombie-volume")
    assert counts(report) == (0, 0, 0, 3, 2)


def test_a_check_of_a_collector_that_the_earlier_run_read_is_compared_only_if_it_ran(start, cloud, earlier):
    path = earlier()
    report = json.loads(path.read_text(encoding="utf-8"))
    del report["checks"]["zombie-volume"]
    report["findings"] = [row for row in report["findings"] if row["check"] != "zombie-volume"]
    path.write_text(json.dumps(report), encoding="utf-8")
    assert counts(start(cloud)(*HERE_ONLY, "--compare", str(path))[1]) == (0, 0, 2, 3, 0)


def test_what_is_ignored_counts_for_nothing(start, cloud, earlier, tmp_path):
    suppressions = tmp_path / "ignore.toml"
    text = "".join(f'[[ignore]]\nid = "{name}"\nreason = "r"\nexpires = 2999-01-01\n' for name in (vol(1), vol(4), "a"))
    suppressions.write_text(text, encoding="utf-8")
    path = earlier(*HERE_ONLY, "--ignore", str(suppressions))
    becomes(cloud, holding(range(1, 5), "b"))
    _, report = start(cloud)(*HERE_ONLY, "--compare", str(path), "--ignore", str(suppressions))
    assert counts(report) == (0, 0, 3, 0, 0)
    assert changes(report)[vol(4)] == "new"


def test_what_is_gone_comes_with_the_most_severe_first(start, cloud, earlier):
    account = holding(range(0))
    account.rows["Volumes"] = [content.volume(n, size=size) for n, size in ((1, 10), (2, 5000), (3, 200))]
    becomes(cloud, account)
    path = earlier("--region", PRICED, "--streams", "off")
    becomes(cloud, content.Content())
    _, report = start(cloud)("--region", PRICED, "--streams", "off", "--compare", str(path))
    gone = report["comparison"]["gone_findings"]
    assert [(row["id"], row["severity"]) for row in gone] == [(vol(2), "high"), (vol(3), "medium"), (vol(1), "low")]


def test_a_report_of_another_account_is_refused(start, cloud, earlier, capsys):
    path = earlier()
    text = path.read_text(encoding="utf-8").replace("123456789012", "210987654321")
    path.write_text(text, encoding="utf-8")
    code, report = start(cloud)(*HERE_ONLY, "--compare", str(path))
    assert (code, report["complete"]) == (2, False)
    assert "is of 210987654321, and this run of 123456789012" in capsys.readouterr().err


def test_a_report_of_one_account_of_several_is_compared(start, cloud, earlier):
    path = earlier()
    roles = ("--role", "arn:aws:iam::210987654321:role/a", "--role", "arn:aws:iam::123456789012:role/a")
    assert counts(start(cloud)(*HERE_ONLY, *roles, "--compare", str(path))[1]) == (0, 0, 5, 5, 0)


def test_a_report_that_claims_nothing_makes_nothing_new(start, cloud, earlier, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "")
    cloud.faults.expired_after = 0
    path = earlier()
    cloud.faults.expired_after = None
    assert counts(start(cloud)(*HERE_ONLY, "--compare", str(path))[1]) == (0, 0, 0, 5, 0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--log-group", "a*"), "--log-groups ['*']"),
        (("--attached-only",), "--attached-only False"),
        (("--older-than", "3"), "--older-than 0"),
    ],
)
def test_a_report_of_another_question_is_refused(start, cloud, earlier, options, said, capsys):
    path = earlier()
    assert start(cloud)(*HERE_ONLY, *options, "--compare", str(path))[0] == 2
    assert said in capsys.readouterr().err


def test_times_of_detachment_are_another_question_only_where_they_leave_something_out(tmp_path):
    def compare(earlier: int, now: int) -> None:
        report = {**EMPTY, "options": {"older_than": earlier}}
        Comparison(tmp_path, report).check_options(Options(detach_times=True, older_than=now))

    compare(0, 0)
    with pytest.raises(SettingError, match="--detach-times False"):
        compare(3, 3)


EMPTY: Report = {
    "schema_version": "1.1.0",
    "started_at": "2026-11-23T00:00:00+00:00",
    "complete": True,
    "options": {},
    "checks": {},
    "findings": [],
    "coverage": [],
}


def test_a_report_of_an_earlier_minor_version_is_compared_with_the_defaults_of_what_it_lacks(tmp_path):
    Comparison(tmp_path, EMPTY).check_options(Options())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "is no report.json"),
        ("{}", "is no report.json"),
        (json.dumps({**EMPTY, "schema_version": "2.0.0"}), "schema version is 2.0.0: use a report of version 1.x"),
        (json.dumps({**EMPTY, "findings": [{"check": "a"}]}), "is no report.json"),
        (json.dumps({**EMPTY, "coverage": None}), "is no report.json"),
    ],
)
def test_what_is_no_report_is_2_and_one_sentence(start, cloud, tmp_path, text, message, capsys):
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    code = start_code(start, cloud, "--compare", str(path))
    said = capsys.readouterr().err
    assert (code, said.count("\n")) == (2, 1)
    assert message in said


def start_code(start, cloud: Cloud, *options: str) -> int:
    """Return the exit status of a run that writes no report."""
    try:
        return int(start(cloud)(*HERE_ONLY, *options)[0])
    except FileNotFoundError:
        return 2


def test_a_report_that_is_not_there_is_2(start, cloud, tmp_path, capsys):
    assert start_code(start, cloud, "--compare", str(tmp_path / "nowhere")) == 2
    assert "nowhere cannot be read" in capsys.readouterr().err


def test_a_sentence_names_a_few_pieces_only(start, cloud, earlier):
    path = earlier()
    roles = [part for n in range(1, 8) for part in ("--role", f"arn:aws:iam::{n:012}:role/a")]
    own = ("--role", "arn:aws:iam::123456789012:role/a")
    found = start(cloud)(*HERE_ONLY, *roles, *own, "--compare", str(path), "--check", "zombie-volume")[1]["comparison"]
    assert found["notices"][0].endswith("of 000000000005 and 2 more.")


def test_while_a_run_goes_on_it_compares_nothing(tmp_path):
    comparison = Comparison(tmp_path, EMPTY)
    assert (comparison.public(), comparison.sentences()) == (None, [])

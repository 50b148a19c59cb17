"""A run that did not end is gone on with: what was looked at is not looked at again, and the end is the same."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from lib.analyse import aws, cli, prices
from lib.analyse.checkpoint import MAX_AGE, Checkpoint, Coverage
from lib.analyse.model import WorkItem
from lib.analyse.run import Run
from lib.common.errors import SettingError
from tests.support.analyse import auditor as analyse
from tests.support.analyse import content
from tests.support.analyse.auditor import HERE, PRICED

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SMALL = ("--region", HERE, "--region", PRICED, "--streams", "off")


def small() -> content.Content:
    return content.account(30, 20, 20)


def test_a_resumed_run_does_only_what_is_left_and_ends_like_a_whole_one(start, tmp_path):
    cloud = analyse.cloud(small(), denied={"DescribeVolumes"})
    audit = start(cloud)
    code, report = audit(*SMALL)
    assert code == 3
    cloud.faults.denied.clear()
    cloud.calls.clear()
    code, resumed = audit(*SMALL, "--resume")
    assert code == 1
    assert cloud.counts() == {
        "sts:GetCallerIdentity": 1,
        "account:GetAccountInformation": 1,
        "ec2:DescribeVolumes": 2,
        "ec2:DescribeSnapshots": 2,
    }
    _, whole = audit(*SMALL)
    assert resumed["findings"] == whole["findings"]
    assert resumed["summary"] == whole["summary"]
    assert len(resumed["findings"]) > len(report["findings"])
    assert not (tmp_path / "out" / ".analyse").exists()


def test_stream_counts_outlive_a_run_that_failed(start):
    account = content.account(0, 0, 5)
    cloud = analyse.cloud(account, expired_after=4)
    audit = start(cloud)
    options = ("--region", HERE, "--streams", "full", "--check", "log-cost")
    assert audit(*options)[0] == 3
    counted = cloud.counts()["logs:DescribeLogStreams"]
    cloud.faults.expired_after = None
    cloud.calls.clear()
    code, report = audit(*options, "--resume")
    assert code in (0, 1)
    assert cloud.counts()["logs:DescribeLogStreams"] == 3 < counted + 1
    assert {finding["details"]["streams"] for finding in report["findings"]} == {1}


def test_there_must_be_something_to_resume_and_it_must_be_the_same(start, capsys):
    audit = start(analyse.cloud(small(), denied={PRICED}))
    audit(*SMALL)
    assert audit(*SMALL, "--resume", "--attached-only")[0] == 2
    assert "had other values for attached_only" in capsys.readouterr().err


def test_without_an_interrupted_run_resume_is_refused(tmp_path):
    with pytest.raises(SettingError, match="There is no interrupted run"):
        Checkpoint(tmp_path, NOW).begin({}, resume=True)


def test_a_line_that_a_kill_cut_short_is_left_out(tmp_path):
    checkpoint, work_item = Checkpoint(tmp_path, NOW), WorkItem("1", HERE, "log_groups")
    checkpoint.begin({}, resume=False)
    assert checkpoint.learned(work_item) == {}
    early, late = (json.dumps([name, 1, (NOW - age).isoformat()]) for name, age in (("z", 2 * MAX_AGE), ("a", MAX_AGE)))
    checkpoint.path(work_item, "learned").write_text(f'{early}\n["plain", 1]\n{late}\n["b", ', encoding="utf-8")
    assert checkpoint.learned(work_item) == {"a": 1}


def test_a_piece_that_could_not_write_has_no_findings(tmp_path):
    assert list(Checkpoint(tmp_path, NOW).lines([WorkItem("1", HERE, "volumes")])) == []


def done(tmp_path) -> tuple[Checkpoint, WorkItem]:
    """Return a folder with one piece that was completed an hour ago."""
    checkpoint, work_item = Checkpoint(tmp_path, NOW), WorkItem("1", HERE, "volumes")
    checkpoint.begin({}, resume=False)
    checkpoint.path(work_item, "jsonl").write_text('{"check": "c"}\n', encoding="utf-8")
    entry = Coverage("1", HERE, "volumes", "complete", "", read_at=(NOW - timedelta(hours=1)).isoformat())
    checkpoint.finish(work_item, entry)
    return checkpoint, work_item


def test_a_piece_that_is_as_it_was_left_is_taken_over(tmp_path):
    checkpoint, work_item = done(tmp_path)
    assert checkpoint.finished(work_item) is not None
    assert (checkpoint.notices, checkpoint.finished(WorkItem("2", HERE, "volumes"))) == ([], None)


def test_a_piece_whose_findings_are_gone_is_done_again(tmp_path):
    checkpoint, work_item = done(tmp_path)
    checkpoint.path(work_item, "jsonl").unlink()
    assert checkpoint.finished(work_item) is None


@pytest.mark.parametrize("content", ["", '{"check": "c"}\n{"check": "c"}\n', '{"check": "d"}\n'])
def test_a_piece_whose_findings_were_changed_is_done_again_with_a_sentence(tmp_path, content):
    checkpoint, work_item = done(tmp_path)
    checkpoint.path(work_item, "jsonl").write_text(content, encoding="utf-8")
    assert checkpoint.finished(work_item) is None
    assert checkpoint.notices == [
        f"volumes in {HERE} of 1 was read again: what an earlier run left is not what was written to it."
    ]
    assert not checkpoint.path(work_item, "done").exists()


@pytest.mark.parametrize(
    ("later", "basis", "why"),
    [
        (timedelta(days=1), "", "is of 2026-11-22T23:00:00+00:00"),
        (timedelta(days=-1), "", "is of 2026-11-22T23:00:00+00:00"),
        (timedelta(0), "other", "was judged by other prices or suppressions"),
    ],
)
def test_a_piece_of_another_day_or_of_other_prices_is_done_again(tmp_path, later, basis, why):
    _, work_item = done(tmp_path)
    checkpoint = Checkpoint(tmp_path, NOW + later, basis)
    assert checkpoint.finished(work_item) is None
    assert checkpoint.notices == [f"volumes in {HERE} of 1 was read again: what an earlier run left {why}."]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"coverage": {"unknown": 1}}', '{"coverage": {}}'])
def test_a_piece_that_cannot_be_read_is_done_again(tmp_path, text):
    checkpoint, work_item = done(tmp_path)
    checkpoint.path(work_item, "done").write_text(text, encoding="utf-8")
    assert checkpoint.finished(work_item) is None
    assert checkpoint.notices[0].endswith("cannot be read.")


@pytest.mark.parametrize("text", ["", "{", "[1]"])
def test_a_run_whose_description_cannot_be_read_is_refused(tmp_path, text):
    checkpoint, _ = done(tmp_path)
    (checkpoint.folder / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(SettingError, match="cannot be read: leave --resume out"):
        checkpoint.begin({}, resume=True)


def test_yesterdays_pieces_are_read_again_and_the_report_says_so(start, monkeypatch):
    cloud = analyse.cloud(small(), denied={"DescribeVolumes"})
    audit = start(cloud)
    audit(*SMALL)
    cloud.faults.denied.clear()
    cloud.calls.clear()
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    monkeypatch.setattr("lib.analyse.cli.now", lambda: tomorrow)
    code, report = audit(*SMALL, "--resume")
    assert (code, report["complete"], len(report["notices"])) == (1, True, 4)
    assert cloud.counts()["logs:DescribeLogGroups"] == 2
    assert "was read again: what an earlier run left is of " in report["notices"][0]


def test_a_piece_tells_when_it_was_read(start):
    cloud = analyse.cloud(small(), denied={"DescribeVolumes"})
    audit = start(cloud)

    def times(*more: str) -> dict[str, str]:
        _, report = audit("--region", HERE, "--streams", "off", *more)
        return {entry["collector"]: entry["read_at"] for entry in report["coverage"]}

    first = times()
    cloud.faults.denied.clear()
    second = times("--resume")
    assert second["log_groups"] == first["log_groups"]
    assert second["volumes"] >= first["volumes"]


def test_another_accounts_run_is_refused(start, monkeypatch, capsys):
    audit = start(analyse.cloud(small(), denied={"DescribeVolumes"}))
    audit(*SMALL)
    monkeypatch.setattr("lib.analyse.aws.own_account", lambda *_: aws.Account("9" * 12, None))
    code, report = audit(*SMALL, "--resume")
    assert (code, report["findings"]) == (2, [])
    assert "was of account 123456789012, and the credentials are of 999999999999" in capsys.readouterr().err


def test_other_prices_mean_another_basis(tmp_path, monkeypatch):
    options = cli.options(["--output", str(tmp_path)])[1]
    before = Run(options).checkpoint.basis
    assert Run(options).checkpoint.basis == before
    other = tmp_path / "prices.json"
    other.write_text(prices.TABLE.read_text(encoding="utf-8").replace("0.1", "0.2"), encoding="utf-8")
    table = prices.Prices.read(other)
    monkeypatch.setattr("lib.analyse.run.Prices.read", lambda: table)
    assert Run(options).checkpoint.basis != before

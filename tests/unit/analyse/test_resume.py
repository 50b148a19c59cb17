"""A run that did not end is gone on with: what was looked at is not looked at again, and the end is the same."""

import pytest

from lib.analyse.model import Unit
from lib.analyse.spool import Spool
from lib.common.errors import SettingError
from tests.support import analyse
from tests.support import analyse_content as content
from tests.support.analyse import HERE, PRICED

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
    assert cloud.counts() == {"sts:GetCallerIdentity": 1, "ec2:DescribeVolumes": 2, "ec2:DescribeSnapshots": 2}
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
        Spool(tmp_path).begin({}, resume=True)


def test_a_line_that_a_kill_cut_short_is_left_out(tmp_path):
    spool, unit = Spool(tmp_path), Unit("1", HERE, "log_groups")
    spool.begin({}, resume=False)
    assert spool.learned(unit) == {}
    spool.path(unit, "learned").write_text('["a", 1]\n["b", ', encoding="utf-8")
    assert spool.learned(unit) == {"a": 1}

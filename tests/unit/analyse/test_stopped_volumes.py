"""Volumes of stopped instances are found with their price and, where EC2 says it, with the days since the stop."""

from datetime import UTC, datetime, timedelta

import pytest

from lib.analyse.checks import stopped_instance_volumes
from lib.analyse.collectors import stopped_volumes
from lib.analyse.model import Context, StoppedInstance, StoppedVolume, Volume
from tests.support.analyse import auditor as analyse
from tests.support.analyse import content
from tests.support.analyse import prices as analyse_prices
from tests.support.analyse.auditor import HERE, PRICED, gaps

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ONLY = ("--region", PRICED, "--check", "stopped-instance-volume")


@pytest.mark.parametrize(
    ("reason", "moment"),
    [
        ("User initiated (2026-11-20 08:15:42 GMT)", datetime(2026, 11, 20, 8, 15, 42, tzinfo=UTC)),
        ("User initiated", None),
        ("", None),
        ("Server.SpotInstanceShutdown: Instance shutdown by AWS", None),
        ("User initiated (2026-13-40 08:15:42 GMT)", None),
        ("User initiated (2026-11-20 08:15:42 CET)", None),
    ],
)
def test_the_time_of_a_stop_is_taken_only_when_the_text_has_one(reason, moment):
    assert stopped_volumes.stopped_at(reason) == moment


def evaluate(*stops: int | None, launched: int = 100, older_than: int = 0):
    """Return what is found of a volume whose instances were stopped so many days ago, or at an unknown time."""
    context = Context("123456789012", PRICED, "aws", NOW, analyse_prices.prices(), older_than=older_than)
    instances = tuple(
        StoppedInstance(
            f"i-{number}", NOW - timedelta(days=launched), None if days is None else NOW - timedelta(days=days)
        )
        for number, days in enumerate(stops)
    )
    volume = Volume("vol-1", f"{PRICED}a", "gp3", 125, NOW, 3000, 125)
    return list(stopped_instance_volumes.evaluate(StoppedVolume(volume, instances), context))


@pytest.mark.parametrize(
    ("stops", "days", "said"),
    [
        ((30,), 30, "stopped 30 days ago"),
        ((1,), 1, "stopped 1 day ago"),
        ((30, 3), 3, "stopped 3 days ago"),
        ((None,), None, "stopped at an unknown time"),
        ((30, None), None, "stopped at an unknown time"),
    ],
)
def test_a_volume_is_unused_since_its_last_instance_stopped(stops, days, said):
    (finding,) = evaluate(*stops)
    assert (finding.details["stopped_days_ago"], finding.severity) == (days, "medium")
    assert finding.title.endswith(said)


@pytest.mark.parametrize(
    ("stops", "launched", "found"),
    [((30,), 400, True), ((29,), 400, False), ((None,), 29, False), ((None,), 30, True)],
)
def test_those_that_were_in_use_the_other_day_can_be_left_out(stops, launched, found):
    assert len(evaluate(*stops, launched=launched, older_than=30)) == found


def account() -> content.Content:
    found = content.Content()
    stop = "User initiated (2026-11-13 12:00:00 GMT)"
    found.rows["Reservations"] = [
        content.instance("i-stopped", stop, Tags=content.tags(Name="batch")),
        content.instance("i-other", stop),
        content.instance("i-running", state="running"),
        content.instance("i-hibernated-long-ago", "Server.ScheduledStop"),
    ]
    found.rows["Volumes"] = [
        content.volume(1, size=100, Tags=content.tags(Owner="ann"), **content.attached("i-stopped")),
        content.volume(2, **content.attached("i-running")),
        content.volume(3, "io2", **content.attached("i-stopped", "i-running")),
        content.volume(4, "io2", **content.attached("i-stopped", "i-other")),
        content.volume(5),
    ]
    return found


def test_the_program_finds_volumes_of_stopped_instances_and_no_others(start):
    cloud = analyse.cloud(account())
    code, report = start(cloud)(*ONLY)
    found = {finding["id"][-1]: finding for finding in report["findings"]}
    assert (code, sorted(found)) == (1, ["1", "4"])
    assert (found["1"]["monthly_usd"], found["1"]["owner"]) == (8.0, "ann")
    assert (found["1"]["details"]["instances"], found["1"]["details"]["instance_names"]) == (["i-stopped"], ["batch"])
    assert found["1"]["details"]["stopped_at"] == "2026-11-13T12:00:00+00:00"
    assert cloud.counts() == {
        "sts:GetCallerIdentity": 1,
        "account:GetAccountInformation": 1,
        "ec2:DescribeInstances": 1,
        "ec2:DescribeVolumes": 1,
    }


def test_without_a_stopped_instance_no_volume_is_asked_for(start):
    found = account()
    found.rows["Reservations"] = [content.instance("i-running", state="running")]
    cloud = analyse.cloud(found)
    assert start(cloud)(*ONLY)[0] == 0
    assert "ec2:DescribeVolumes" not in cloud.counts()


def test_many_instances_are_asked_for_in_the_largest_groups_and_a_shared_volume_is_found_once(start):
    found = content.Content()
    names = [f"i-{number:03}" for number in range(201)]
    found.rows["Reservations"] = [content.instance(name) for name in names]
    found.rows["Volumes"] = [content.volume(n, **content.attached(name)) for n, name in enumerate(names)]
    found.rows["Volumes"].append(content.volume(999, "io2", **content.attached(names[0], names[200])))
    cloud = analyse.cloud(found)
    cloud.page = 150
    report = start(cloud)(*ONLY)[1]
    assert len({finding["id"] for finding in report["findings"]}) == len(report["findings"]) == 202
    assert cloud.counts() == {
        "sts:GetCallerIdentity": 1,
        "account:GetAccountInformation": 1,
        "ec2:DescribeInstances": 2,
        "ec2:DescribeVolumes": 3,
    }


@pytest.mark.parametrize("action", ["DescribeInstances", "DescribeVolumes"])
def test_a_denied_call_is_a_gap(start, action):
    code, report = start(analyse.cloud(account(), denied={action}))(*ONLY)
    assert (code, list(gaps(report))) == (3, [(PRICED, "stopped_volumes")])


def test_a_region_without_prices_says_so(start):
    report = start(analyse.cloud(account()))("--region", HERE, "--check", "stopped-instance-volume")[1]
    assert report["findings"][0]["unpriced"].startswith("no price for gp3")
    assert report["findings"][0]["severity"] == "medium"

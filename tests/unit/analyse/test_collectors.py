"""Every page is read, with the largest pages; what one call refuses is a note, and the rest is kept."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from lib.analyse import aws, errors
from lib.analyse.collectors import log_groups, security_groups, volumes
from lib.analyse.rate_limiter import RateLimiter
from lib.analyse.region_client import RegionClient
from tests.support.analyse import auditor as analyse
from tests.support.analyse import content
from tests.support.analyse import server as api_server
from tests.support.analyse.server import Cloud

OPTIONS = SimpleNamespace(detach_times=False, log_groups=("*",), streams="off", log_tags=False, measure_ingestion=False)
Look = Callable[..., tuple[list[Any], RegionClient]]


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Cloud], Look]]:
    """Return a function that serves a cloud and returns what runs a collector against it."""
    closing: list[Any] = []

    def begin(cloud: Cloud) -> Look:
        server = api_server.serving(cloud)
        url = server.__enter__().url  # pylint: disable=unnecessary-dunder-call
        for name, value in api_server.environment(url).items():
            monkeypatch.setenv(name, value)
        account = aws.own_account(None, analyse.HERE)
        closing.extend([server, account])

        def collect(module: Any, remembered: dict[str, Any] | None = None, **options: Any) -> Any:
            kept: list[Any] = []
            place = RegionClient(
                account, analyse.HERE, threading.Event(), remembered, lambda *found: kept.append(found)
            )
            place.kept = kept  # type: ignore[attr-defined]
            wanted = SimpleNamespace(**{**vars(OPTIONS), **options})
            return list(module.collect(place, wanted)), place

        return collect

    yield begin
    for server, account in zip(closing[::2], closing[1::2], strict=True):
        account.close()
        server.__exit__(None, None, None)


def test_every_page_of_every_list_is_read_with_the_largest_pages(look):
    cloud = Cloud(content.account(210, 22, 120))
    cloud.page = 100
    collect = look(cloud)
    found = {module: collect(module)[0] for module in (volumes, security_groups, log_groups)}
    assert [len(items) for items in found.values()] == [210, 22, 120]
    assert len({volume.id for volume in found[volumes]}) == 210
    assert sum(len(group.rules) for group in found[security_groups]) == 88
    assert cloud.sizes == {1000}
    assert cloud.counts() == {
        "sts:GetCallerIdentity": 1,
        "ec2:DescribeVolumes": 3,
        "ec2:DescribeSnapshots": 3,
        "ec2:DescribeSecurityGroupRules": 2,
        "ec2:DescribeNetworkInterfaces": 1,
        "ec2:DescribeSecurityGroups": 1,
        "logs:DescribeLogGroups": 3,
    }


def test_a_volume_has_its_newest_snapshot_and_gp2_keeps_what_aws_reports(look):
    account = content.Content()
    account.rows["Volumes"] = [content.volume(1, "gp2"), content.volume(2, State="in-use")]
    for day in (3, 9, 5):
        moment = datetime(2026, 1, day, tzinfo=UTC)
        account.rows["Snapshots"].append(
            {
                "SnapshotId": f"snap-{day}",
                "VolumeId": "vol-00000000000000001",
                "StartTime": moment,
                "State": "completed",
            }
        )
    (found,), _ = look(Cloud(account))(volumes)
    assert found.snapshot_at == datetime(2026, 1, 9, tzinfo=UTC)
    assert (found.iops, found.throughput, found.zone) == (300, None, f"{analyse.HERE}a")


@pytest.mark.parametrize("state", ["pending", "error", "recoverable", "recovering"])
def test_a_snapshot_that_is_not_completed_is_no_backup(look, state):
    account = content.Content()
    account.rows["Volumes"] = [content.volume(1)]
    for day, its_state in ((3, "completed"), (9, state)):
        row = {"SnapshotId": f"snap-{day}", "VolumeId": "vol-00000000000000001", "State": its_state}
        account.rows["Snapshots"].append({**row, "StartTime": datetime(2026, 1, day, tzinfo=UTC)})
    (found,), _ = look(Cloud(account))(volumes)
    assert found.snapshot_at == datetime(2026, 1, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["DetachVolume", "DetachVolume"], 1),
        (["CreateVolume"], None),
        (["AttachVolume", "DetachVolume"], None),
        (["CreateTags", "DetachVolume", "AttachVolume"], 2),
        (["DetachVolume Client.UnauthorizedOperation", "DetachVolume"], 2),
        (["AttachVolume Client.VolumeInUse", "DetachVolume"], 2),
        (["DetachVolume Client.UnauthorizedOperation"], None),
    ],
)
def test_detach_times_are_asked_for_only_when_wanted(look, names, expected):
    account = content.Content()
    account.rows["Volumes"] = [content.volume(1)]
    account.events = [content.event(name, number) for number, name in enumerate(names, 1)]
    cloud = Cloud(account)
    collect = look(cloud)
    assert collect(volumes)[0][0].detached_at is None
    assert "cloudtrail:LookupEvents" not in cloud.counts()
    (found,), _ = collect(volumes, detach_times=True)
    assert found.detached_at == (None if expected is None else datetime.fromtimestamp(expected, UTC))


def test_every_page_of_events_is_paced(look, monkeypatch):
    account, waits = content.Content(), list[int]()
    account.rows["Volumes"] = [content.volume(1)]
    account.events = [content.event("CreateTags", 1) for _ in range(120)]
    cloud = Cloud(account)
    monkeypatch.setattr(RateLimiter, "wait", lambda _self: waits.append(len(cloud.calls)))
    look(cloud)(volumes, detach_times=True)
    assert cloud.counts()["cloudtrail:LookupEvents"] == len(waits) == 3


def groups_account() -> content.Content:
    account = content.Content(prefix_lists={"pl-1": ["0.0.0.0/0"], "pl-2": ["10.0.0.0/8"]})
    account.rows["SecurityGroups"] = [content.group("sg-1"), content.group("sg-2")]
    account.rows["SecurityGroupRules"] = [
        content.rule(1, "sg-1", "tcp", 22, "pl-1"),
        content.rule(2, "sg-1", "tcp", 22, "pl-1"),
        content.rule(3, "sg-2", "-1", -1, "pl-2"),
        content.rule(4, "sg-2", "tcp", 22, IsEgress=True),
        {**content.rule(5, "sg-2", "tcp", 22), "CidrIpv4": None, "ReferencedGroupInfo": {"GroupId": "sg-2"}},
    ]
    account.rows["NetworkInterfaces"] = [content.interface(n, "sg-1", Description=f"use {n}") for n in range(5)]
    return account


def test_prefix_lists_are_read_once_each_and_egress_and_groups_are_left_out(look):
    cloud = Cloud(groups_account())
    (first, second), place = look(cloud)(security_groups)
    assert [rule.cidrs for rule in first.rules] == [("0.0.0.0/0",)] * 2
    assert [(rule.source, rule.from_port) for rule in second.rules] == [("pl-2", None)]
    assert cloud.counts()["ec2:GetManagedPrefixListEntries"] == 2
    assert (first.users, first.used_by, second.users) == (5, "use 0, use 1, use 2, …", 0)
    assert place.notes == []


def test_a_prefix_list_that_is_denied_is_a_note_and_not_an_empty_list(look):
    found, place = look(analyse.cloud(groups_account(), denied={"GetManagedPrefixListEntries"}))(security_groups)
    assert found[0].rules[0].cidrs is None
    assert [note.split(":")[0] for note in place.notes] == [f"prefix list pl-{n} could not be read" for n in (1, 2)]


def test_users_that_are_denied_are_not_known_rather_than_none(look):
    found, place = look(analyse.cloud(groups_account(), denied={"DescribeNetworkInterfaces"}))(security_groups)
    assert {group.users for group in found} == {None}
    assert "UnauthorizedOperation" in place.notes[0]


@pytest.mark.parametrize("calls", [2, 4])
def test_a_token_that_expires_ends_it_instead_of_being_a_note(look, calls):
    collect = look(analyse.cloud(groups_account(), expired_after=calls))
    with pytest.raises(errors.client_error(), match="ExpiredToken"):
        collect(security_groups)


@pytest.mark.parametrize(
    ("patterns", "prefixes"),
    [
        (["*"], [""]),
        (["/aws/lambda/production-app-*"], ["/aws/lambda/production-app-"]),
        (["/a/b*", "/a/*", "/c?"], ["/a/", "/c"]),
        (["/a[12]", "/a"], ["/a"]),
    ],
)
def test_the_server_selects_by_the_fewest_prefixes(patterns, prefixes):
    assert log_groups.prefixes(patterns) == prefixes


def test_globs_choose_log_groups_and_a_group_without_a_class_is_standard(look):
    account = content.Content()
    names = ("/aws/lambda/app-1", "/aws/lambda/app-2", "/aws/lambda/other", "/ecs/x")
    account.log_groups = [content.log_group(name) for name in names]
    found, _ = look(Cloud(account))(log_groups, log_groups=("/aws/lambda/app-*", "/ecs/?"))
    assert [(group.name, group.log_class) for group in found] == [(n, "STANDARD") for n in (*names[:2], "/ecs/x")]


def test_a_glob_chooses_also_by_what_the_server_cannot_select_by(look):
    account = content.Content()
    account.log_groups = [content.log_group(name) for name in ("/aws/app-1", "/aws/app-2", "/aws/job-1")]
    found, place = look(Cloud(account))(log_groups, log_groups=("/aws/*-1", "/aws/*-3"))
    assert [group.name for group in found] == ["/aws/app-1", "/aws/job-1"]
    assert place.unmatched == ["/aws/*-3"]


def logs_account(number: int, streams: int = 60) -> content.Content:
    account = content.Content()
    account.log_groups = [content.log_group(f"g-{n:04}", stored=6000) for n in range(number)]
    account.streams = {group["logGroupName"]: streams for group in account.log_groups}
    return account


def test_streams_are_counted_over_all_their_pages_although_aws_says_that_they_have_no_bytes(look):
    cloud = Cloud(logs_account(3))
    found, place = look(cloud)(log_groups, streams="full")
    assert [(group.name, group.streams, group.stored) for group in found] == [(f"g-000{n}", 60, 6000) for n in range(3)]
    assert cloud.counts()["logs:DescribeLogStreams"] == 6
    assert sorted(place.kept) == [(f"g-000{n}", 60) for n in range(3)]


def test_streams_are_not_counted_when_they_are_off(look):
    cloud = Cloud(logs_account(3))
    assert {group.streams for group in look(cloud)(log_groups)[0]} == {None}
    assert "logs:DescribeLogStreams" not in cloud.counts()


@pytest.mark.parametrize("limit", [2, 3])
def test_auto_counts_the_streams_of_few_groups_only(look, monkeypatch, limit):
    monkeypatch.setattr(log_groups, "AUTO_LIMIT", limit)
    found, _ = look(Cloud(logs_account(3)))(log_groups, streams="auto")
    assert [group.name for group in found] == ["g-0000", "g-0001", "g-0002"]
    assert {group.streams for group in found} == ({60} if limit == 3 else {None})


def test_what_was_counted_before_is_not_counted_again(look):
    cloud = Cloud(logs_account(3, streams=1))
    found, _ = look(cloud)(log_groups, remembered={"g-0001": 7}, streams="full")
    assert [group.streams for group in found] == [1, 7, 1]
    assert cloud.counts()["logs:DescribeLogStreams"] == 2


def test_counts_that_are_denied_are_notes_and_the_groups_stay(look):
    found, place = look(analyse.cloud(logs_account(3), denied={"DescribeLogStreams"}))(log_groups, streams="full")
    assert [group.streams for group in found] == [None] * 3
    assert len(place.notes) == 3


def test_counting_ends_with_an_expired_token(look):
    collect = look(analyse.cloud(logs_account(3), expired_after=3))
    with pytest.raises(errors.client_error(), match="ExpiredToken"):
        collect(log_groups, streams="full")


def test_only_so_many_groups_wait_for_their_count(look, monkeypatch):
    monkeypatch.setattr(log_groups, "_AHEAD", 2)
    monkeypatch.setattr(log_groups, "STREAM_CALLS", 1000.0)
    found, _ = look(analyse.cloud(logs_account(12, 1), latency=0.005))(log_groups, streams="full")
    assert [group.name for group in found] == [f"g-{n:04}" for n in range(12)]


def test_calls_are_spaced_and_never_faster_than_the_quota():
    moments: list[float] = []
    clock = SimpleNamespace(now=100.0)

    def sleep(seconds: float) -> None:
        clock.now += seconds

    limiter = RateLimiter(25, lambda: clock.now, sleep)
    for _ in range(26):
        limiter.wait()
        moments.append(clock.now)
    assert moments[-1] - moments[0] == pytest.approx(1.0)
    clock.now += 10
    limiter.wait()
    assert clock.now == pytest.approx(111.0)


def test_the_quota_of_stream_counts_is_respected_in_parallel(look):
    cloud = analyse.cloud(logs_account(30, 1), stream_rate=25.0)
    collect = look(cloud)
    began = time.monotonic()
    found, _ = collect(log_groups, streams="full")
    assert time.monotonic() - began >= 29 / 25
    assert {group.streams for group in found} == {1}
    assert cloud.counts()["logs:DescribeLogStreams"] == 30, "none was throttled and tried again"

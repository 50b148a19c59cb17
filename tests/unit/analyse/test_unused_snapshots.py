"""Snapshots that nothing needs are found; backups, parts of AMIs and prices that are not known are told apart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from lib.analyse import region_names
from lib.analyse.checks import snapshots
from lib.analyse.model import Context, Snapshot
from lib.analyse.prices import GIB
from tests.support.analyse import auditor as analyse
from tests.support.analyse import content
from tests.support.analyse import prices as analyse_prices
from tests.support.analyse.auditor import HERE, PRICED, gaps

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CONTEXT = Context("123456789012", PRICED, "aws", NOW, analyse_prices.prices())
ONLY = ("--region", PRICED, "--check", "unused-snapshot")


def taken(days: int = 400, **other: object) -> Snapshot:
    """Return an orphaned snapshot of 40 GiB."""
    found = Snapshot("snap-1", "vol-1", 100, NOW - timedelta(days=days), 40 * GIB, volume_exists=False, alone=True)
    return replace(found, **other)  # type: ignore[arg-type]


def evaluate(snapshot: Snapshot, context: Context = CONTEXT):
    return list(snapshots.evaluate(snapshot, context))


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        ({"days": 0}, "orphaned"),
        ({"volume_exists": True}, "old"),
        ({"volume_exists": True, "days": 364}, ""),
        ({"volume_exists": True, "newest": True}, ""),  # the volume's backup
        ({"volume_exists": None}, "old"),  # a copy
        ({"volume_exists": None, "days": 364}, ""),
        ({"images": ("ami-1",)}, ""),
        ({"images": ("ami-1",), "volume_exists": True}, ""),
        ({"images": None}, "orphaned"),
    ],
)
def test_what_nothing_needs_is_found_and_a_backup_or_a_part_of_an_image_is_not(other, kind):
    assert [finding.type for finding in evaluate(taken(**other))] == ([kind] if kind else [])


@pytest.mark.parametrize(("days", "found"), [(29, 0), (30, 1)])
def test_from_when_a_snapshot_is_old_is_a_setting(days, found):
    assert len(evaluate(taken(days, volume_exists=True), replace(CONTEXT, old_snapshot=30))) == found


@pytest.mark.parametrize(
    ("other", "monthly", "most", "severity"),
    [
        ({}, "2", 2.0, "low"),
        ({"tier": "archive", "alone": False}, "0.5", 0.5, "low"),
        ({"alone": False}, None, 2.0, "low"),  # shares blocks, and cannot cost much
        ({"alone": False, "full_bytes": 4000 * GIB}, None, 200.0, "medium"),
        ({"full_bytes": 4000 * GIB}, "200", 200.0, "high"),
        ({"full_bytes": None}, None, 5.0, "low"),
        ({"full_bytes": 0}, "0", 0.0, "low"),
        ({"tier": "frozen"}, None, None, "medium"),
        ({"outpost": "arn:aws:outposts:::outpost/op-1"}, None, None, "medium"),
        ({"zone": f"{PRICED}-bos-1a"}, None, None, "medium"),
        ({"tags": {"aws:backup:source-resource": "x"}, "full_bytes": 4000 * GIB}, "200", 200.0, "info"),
        ({"tags": {"aws:dlm:lifecycle-policy-id": "x"}}, "2", 2.0, "info"),
    ],
)
def test_a_price_is_shown_where_it_is_known_and_otherwise_the_most_that_it_can_be(other, monthly, most, severity):
    (finding,) = evaluate(taken(**other))
    assert finding.cost is not None
    assert finding.cost.monthly == (None if monthly is None else Decimal(monthly))
    assert (finding.details["monthly_at_most"], finding.severity) == (most, severity)
    assert bool(finding.cost.reason) is (monthly is None)


@pytest.mark.parametrize("alone", [True, False])
def test_yuan_are_no_dollars_also_where_only_the_most_is_known(alone):
    name = "China (Beijing)"
    code = next(code for code, found in region_names.names().items() if found == name)
    prices = analyse_prices.prices(**{name: analyse_prices.region("CNY", snapshots=analyse_prices.SNAPSHOTS)})
    (finding,) = evaluate(taken(alone=alone), Context("123456789012", code, "aws-cn", NOW, prices))
    assert finding.cost is not None
    assert (finding.cost.usd, finding.details["monthly_at_most"], finding.severity) == (None, 2.0, "medium")


def account() -> content.Content:
    found = content.Content()
    found.rows["Volumes"] = [content.volume(1, State="in-use")]
    found.rows["Snapshots"] = [
        content.snapshot(1, 1, 500),
        content.snapshot(2, 1, 600),
        content.snapshot(3, 8, 5, Tags=content.tags(Owner="ann")),
        content.snapshot(4, 9, 5),
        content.snapshot(5, 9, 4, State="pending"),
        content.snapshot(6, "vol-ffffffff", 5),
        content.snapshot(7, 7, 5, Description="[Copied snap-0 from somewhere]"),
        content.snapshot(8, 6, 5, TransferType="standard"),
    ]
    found.rows["Images"] = [content.image("ami-1", 4)]
    return found


def test_the_program_finds_orphaned_and_old_snapshots_and_no_others(start):
    cloud = analyse.cloud(account())
    code, report = start(cloud)(*ONLY)
    found = {finding["id"][-1]: finding for finding in report["findings"]}
    assert (code, {name: f["type"] for name, f in found.items()}) == (1, {"2": "old", "3": "orphaned"})
    assert (found["3"]["monthly_usd"], found["3"]["owner"]) == (2.0, "ann")
    assert found["3"]["arn"] == f"arn:aws:ec2:{PRICED}::snapshot/snap-00000000000000003"
    assert found["2"]["unpriced"] == "it shares blocks with other snapshots of its volume"
    assert cloud.counts() == {
        "sts:GetCallerIdentity": 1,
        "account:GetAccountInformation": 1,
        "ec2:DescribeSnapshots": 1,
        "ec2:DescribeVolumes": 1,
        "ec2:DescribeImages": 1,
    }


def test_a_disabled_image_still_needs_its_snapshots(start):
    found = account()
    found.rows["Images"].append(content.image("ami-2", 3, state="disabled"))
    report = start(analyse.cloud(found))(*ONLY)[1]
    assert [finding["id"][-1] for finding in report["findings"]] == ["2"]


def test_without_snapshots_nothing_else_is_asked_for(start):
    cloud = analyse.cloud()
    assert start(cloud)(*ONLY)[0] == 0
    assert cloud.counts() == {
        "sts:GetCallerIdentity": 1,
        "account:GetAccountInformation": 1,
        "ec2:DescribeSnapshots": 1,
    }


def test_images_that_are_denied_are_a_note_and_the_findings_stay(start):
    code, report = start(analyse.cloud(account(), denied={"DescribeImages"}))(*ONLY)
    assert (code, {finding["id"][-1] for finding in report["findings"]}) == (3, {"2", "3", "4"})
    assert {finding["details"]["images_read"] for finding in report["findings"]} == {False}
    assert "AMIs not known" in report["findings"][0]["title"]
    assert report["coverage"][0]["notes"][0].startswith("which snapshots AMIs are made of is not known: Unauthorized")


@pytest.mark.parametrize("action", ["DescribeSnapshots", "DescribeVolumes"])
def test_a_denied_call_is_a_gap_and_no_snapshot_is_called_orphaned(start, action):
    code, report = start(analyse.cloud(account(), denied={action}))(*ONLY)
    assert (code, list(gaps(report)), report["findings"]) == (3, [(PRICED, "snapshots")], [])


def test_every_page_is_read(start):
    found = content.Content()
    found.rows["Volumes"] = [content.volume(number, State="in-use") for number in range(30)]
    found.rows["Snapshots"] = [content.snapshot(number, number, 5) for number in range(31)]
    cloud = analyse.cloud(found)
    cloud.page = 10
    report = start(cloud)(*ONLY)[1]
    assert [finding["details"]["volume"][-2:] for finding in report["findings"]] == ["1e"]
    assert cloud.counts()["ec2:DescribeSnapshots"] == 4


def test_the_option_reaches_the_check_and_a_resumed_run_needs_the_same(start):
    audit = start(analyse.cloud(account(), denied={"DescribeImages"}))
    found = audit(*ONLY, "--old-snapshot", "550")[1]["findings"]
    assert [finding["id"][-1] for finding in found if finding["type"] == "old"] == ["2"]
    assert audit(*ONLY, "--old-snapshot", "650")[1]["options"]["old_snapshot"] == 650
    assert audit(*ONLY, "--resume")[0] == 2


def test_a_region_without_prices_says_so(start):
    report = start(analyse.cloud(account()))("--region", HERE, "--check", "unused-snapshot")[1]
    assert {finding["unpriced"] for finding in report["findings"]} == {
        f"no price for snapshots in the standard tier in {HERE}"
    }

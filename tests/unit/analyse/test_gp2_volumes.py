"""gp2 volumes are found when the same performance costs less as gp3, and only then; what is saved is in the totals."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.analyse import region_names
from lib.analyse.checks import gp2_volumes
from lib.analyse.model import Context, Volume
from lib.analyse.prices import Prices
from tests.support.analyse import auditor as analyse
from tests.support.analyse import content
from tests.support.analyse import prices as analyse_prices
from tests.support.analyse.auditor import HERE, PRICED

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ONLY = ("--region", PRICED, "--check", "gp2-volume")


def evaluate(size: int, where: str = PRICED, prices: Prices | None = None):
    context = Context("123456789012", where, "aws", NOW, prices or analyse_prices.prices())
    volume = Volume("vol-1", f"{where}a", "gp2", size, NOW, iops=max(100, 3 * size))
    return list(gp2_volumes.evaluate(volume, context))


@pytest.mark.parametrize(
    ("size", "iops", "throughput", "gp2", "gp3"),
    [
        (100, 3000, 128, "10.00", "8.12"),  # it can burst to 3,000 IOPS, which every gp3 volume has
        (170, 3000, 128, "17.00", "13.72"),
        (500, 3000, 250, "50.00", "45.00"),
        (2000, 6000, 250, "200.00", "180.00"),
        (16_000, 16_000, 250, "1600.00", "1350.00"),
    ],
)
def test_the_same_performance_costs_less(size, iops, throughput, gp2, gp3):
    (finding,) = evaluate(size)
    assert (finding.details["gp3_iops"], finding.details["gp3_throughput_mibps"]) == (iops, throughput)
    assert (finding.details["monthly_gp2"], finding.details["monthly_gp3"]) == (float(gp2), float(gp3))
    assert finding.cost is not None
    assert finding.cost.monthly == Decimal(gp2) - Decimal(gp3)


@pytest.mark.parametrize("size", [1, 6, 171, 250])
def test_where_throughput_costs_more_than_the_storage_saves_nothing_is_found(size):
    assert evaluate(size) == []


@given(st.integers(1, 16_384))
def test_a_finding_always_saves_and_never_loses_performance(size):
    for finding in evaluate(size):
        assert finding.cost is not None
        assert finding.cost.monthly is not None
        assert finding.cost.monthly > 0
        assert finding.details["gp3_iops"] >= min(16_000, 3 * size)
        assert finding.details["gp3_throughput_mibps"] >= 125


@pytest.mark.parametrize("other", [{"outpost": "arn:aws:outposts:::outpost/op-1"}, {"zone": f"{PRICED}-bos-1a"}])
def test_a_volume_without_both_prices_is_not_found(other):
    context = Context("123456789012", PRICED, "aws", NOW, analyse_prices.prices())
    volume = Volume(**{"id": "vol-1", "zone": f"{PRICED}a", "type": "gp2", "size": 100, "created_at": NOW, **other})
    assert list(gp2_volumes.evaluate(volume, context)) == []


def test_a_saving_in_yuan_has_no_dollars():
    name = "China (Beijing)"
    code = next(code for code, found in region_names.names().items() if found == name)
    volumes = {name: analyse_prices.VOLUMES[name] for name in ("gp2", "gp3")}
    prices = analyse_prices.prices(**{name: analyse_prices.region("CNY", volumes=volumes)})
    (finding,) = evaluate(16_000, code, prices)
    assert finding.cost is not None
    assert (finding.cost.currency, finding.cost.usd, finding.severity) == ("CNY", None, "medium")
    assert "1,600.00 CNY a month" in finding.title


def account() -> content.Content:
    found = content.Content()
    found.rows["Volumes"] = [
        content.volume(1, "gp2", 500, State="in-use", Tags=content.tags(Owner="ann")),
        content.volume(2, "gp2", 1, State="in-use"),
        content.volume(3, "gp2", 500),  # nothing uses it: it is to be deleted, not changed
        content.volume(4, "gp3", 500, State="in-use"),
    ]
    return found


def test_the_program_finds_those_in_use_and_adds_up_what_is_saved(start):
    cloud = analyse.cloud(account())
    code, report = start(cloud)(*ONLY)
    assert (code, [finding["id"] for finding in report["findings"]]) == (1, ["vol-00000000000000001"])
    assert report["summary"]["by_check"]["gp2-volume"]["by_owner"]["ann"]["monthly_usd"] == 5.0
    assert cloud.counts() == {"sts:GetCallerIdentity": 1, "account:GetAccountInformation": 1, "ec2:DescribeVolumes": 1}


def test_a_region_without_prices_is_told_instead_of_being_called_clean(start):
    code, report = start(analyse.cloud(account()))("--region", HERE, "--check", "gp2-volume")
    assert (code, report["findings"]) == (0, [])
    assert report["notices"] == [
        f"gp2-volume cannot evaluate {HERE}: no price for gp2, gp3 there. Run scripts/refresh_prices {HERE}."
    ]
    assert start(analyse.cloud())("--region", HERE, "--check", "gp2-volume")[1]["notices"] == [], "nothing to evaluate"


def test_it_runs_only_when_it_is_named(start):
    cloud = analyse.cloud(account())
    audit = start(cloud)
    assert "gp2-volume" not in audit("--region", PRICED, "--streams", "off")[1]["checks"]
    assert "gp2-volume" in audit("--region", PRICED, "--streams", "off", "--check", "all")[1]["checks"]


def test_collectors_that_read_volumes_do_not_take_fields_from_each_other(start):
    audit = start(analyse.cloud(account()))
    found = audit("--region", PRICED, "--check", "gp2-volume", "--check", "zombie-volume")[1]["findings"]
    assert [(finding["check"], finding["id"][-1]) for finding in found] == [("gp2-volume", "1"), ("zombie-volume", "3")]
    assert found[0]["tags"] == {"Owner": "ann"}

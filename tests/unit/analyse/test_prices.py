"""A volume costs what AWS's price list says, to the cent; what the table does not hold has no price."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.analyse import region_names
from lib.analyse.model import LogGroup, Volume
from lib.analyse.prices import GIB, OLD, SECTIONS, Prices, tiered
from tests.support.analyse import prices as analyse_prices
from tests.support.analyse.auditor import HERE, PRICED

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PRICES, BUNDLED = analyse_prices.prices(), Prices.read()
UNPRICED = next(
    code for code, name in region_names.names().items() if name not in {*PRICES.regions, region_names.names()[HERE]}
)


def volume(kind: str, size: int, iops: int | None = None, throughput: int | None = None, **other: object) -> Volume:
    values = {"id": "vol-1", "zone": f"{PRICED}a", "created_at": NOW, **other}
    return Volume(type=kind, size=size, iops=iops, throughput=throughput, **values)  # type: ignore[arg-type]


def cost(item: Volume, where: str = PRICED) -> Decimal | None:
    return PRICES.volume(where, item).monthly


@pytest.mark.parametrize(
    ("item", "dollars"),
    [
        (volume("gp2", 100, 300), "10.00"),
        (volume("gp3", 100, 3000, 125), "8.00"),
        (volume("gp3", 100, 3001, 125), "8.005"),
        (volume("gp3", 100, 4000, 200), "16.00"),
        (volume("gp3", 1, None, None), "0.08"),
        (volume("io1", 100, 2000), "142.50"),
        (volume("io2", 100, 32_000), "2092.50"),
        (volume("io2", 100, 32_001), "2092.5455"),
        (volume("io2", 100, 64_000), "3548.50"),
        (volume("io2", 100, 70_000), "3739.60"),
        (volume("st1", 500), "22.50"),
        (volume("sc1", 500), "7.50"),
        (volume("standard", 8), "0.40"),
    ],
)
def test_a_volume_costs_its_size_and_what_is_provisioned(item, dollars):
    assert cost(item) == Decimal(dollars)


def test_the_parts_add_up_to_the_sum():
    found = PRICES.volume(PRICED, volume("gp3", 100, 4000, 200))
    assert found.parts == {"storage": Decimal(8), "iops": Decimal(5), "throughput": Decimal(3)}


@given(st.integers(1, 65_536), st.integers(0, 1_000_000))
def test_iops_that_aws_reports_for_gp2_are_never_priced(size, iops):
    assert cost(volume("gp2", size, iops)) == size * Decimal("0.10")


@pytest.mark.parametrize(
    ("item", "where", "reason"),
    [
        (volume("gp3", 1, zone=f"{UNPRICED}a"), UNPRICED, f"no price for gp3 in {UNPRICED}"),
        (volume("gp9", 1), PRICED, f"no price for gp9 in {PRICED}"),
        (volume("gp3", 1, outpost="arn:aws:outposts:::outpost/op-1"), PRICED, "on an Outpost"),
        (volume("gp3", 1, zone=f"{PRICED}-bos-1a"), PRICED, "prices of its own"),
        (volume("gp3", 1, zone="nowhere-9a"), "nowhere-9", "no price for gp3 in nowhere-9"),
    ],
)
def test_what_has_no_price_is_not_guessed(item, where, reason):
    found = PRICES.volume(where, item)
    assert found.monthly is None
    assert reason in found.reason


TIERS = st.lists(st.tuples(st.integers(1, 10**5), st.integers(0, 1000)), min_size=1, max_size=4).map(
    lambda rows: [*((end, Decimal(p) / 1000) for end, p in sorted(dict(rows).items())), (None, Decimal("0.001"))]
)


@given(TIERS, st.integers(0, 200_000))
def test_tiers_price_each_unit_once_at_its_own_tiers_price(tiers, quantity):
    next_one = next(price for end, price in tiers if end is None or quantity < end)
    assert tiered(quantity + 1, tiers) - tiered(quantity, tiers) == next_one
    assert tiered(0, tiers) == 0


@given(st.integers(0, 10**14), st.integers(0, 4000), st.sampled_from([None, 1, 30, 365]))
def test_storage_of_logs_is_linear_and_ingestion_never_negative(stored, days, retention):
    group = LogGroup("g", "", stored, NOW - timedelta(days=days), retention)
    storage, ingestion = PRICES.logs(PRICED, group, NOW)
    assert storage.monthly == Decimal(stored) / GIB * Decimal("0.03")
    assert ingestion.monthly is not None
    assert ingestion.monthly >= 0


def test_ingestion_is_spread_over_the_days_that_logs_can_be_from():
    kept = LogGroup("g", "", 10 * GIB, NOW - timedelta(days=1000), 10)
    young = LogGroup("g", "", 10 * GIB, NOW - timedelta(days=10))
    assert PRICES.logs(PRICED, kept, NOW)[1].monthly == 30 * Decimal("0.50")
    assert PRICES.logs(PRICED, young, NOW)[1] == PRICES.logs(PRICED, kept, NOW)[1]


@pytest.mark.parametrize("log_class", ["DELIVERY", "ESSENTIALS"])
def test_a_class_of_logs_that_is_not_in_the_table_has_no_price(log_class):
    found = PRICES.logs(PRICED, LogGroup("g", "", GIB, NOW, log_class=log_class), NOW)
    assert [part.monthly for part in found] == [None, None]
    assert log_class in found[0].reason


def test_the_table_is_dated_sourced_and_keyed_by_aws_own_names_of_regions():
    assert datetime.fromisoformat(BUNDLED.date).date() <= datetime.now(UTC).date()
    assert set(BUNDLED.regions) <= set(region_names.names().values())
    sections = [value for entry in BUNDLED.regions.values() for value in entry.values() if isinstance(value, dict)]
    assert all(section["source"] and section["rates"] for section in sections)
    assert max(section["date"] for section in sections) == BUNDLED.date
    assert HERE in region_names.names()


def aged(days: int) -> Prices:
    """Return a table of which a region's volumes are so many days old, and its logs of today."""
    old = analyse_prices.region(day=(NOW.date() - timedelta(days=days)).isoformat(), volumes=analyse_prices.VOLUMES)
    new = analyse_prices.region(day="2026-11-23", logs=analyse_prices.LOGS)
    return analyse_prices.prices(**{region_names.names()[HERE]: old | new})


def test_prices_that_are_old_are_told_with_their_age_and_only_for_the_regions_that_were_audited():
    said = aged(OLD + 1).warnings([HERE, PRICED, HERE], NOW.date())
    assert len(said) == 1
    assert f"volumes in {HERE} are {OLD + 1} days old" in said[0]
    assert aged(OLD).warnings([HERE], NOW.date()) == []
    assert aged(OLD + 1).warnings([PRICED], NOW.date()) == []


def test_each_section_of_a_region_has_its_own_date():
    none = dict.fromkeys(("currency", *SECTIONS))
    assert aged(3).dates(HERE) == {**none, "currency": "USD", "volumes": "2026-11-20", "logs": "2026-11-23"}
    assert aged(3).dates(UNPRICED) == none


def test_yuan_are_no_dollars():
    name = "China (Beijing)"
    code = next(code for code, found in region_names.names().items() if found == name)
    rates = {"volumes": {"gp2": {"storage": "0.5312"}}, "logs": {"STANDARD": {"storage": "0.2", "ingestion": "5"}}}
    table = analyse_prices.prices(**{name: analyse_prices.region("CNY", **rates)})
    found = table.volume(code, volume("gp2", 100, zone=f"{code}a"))
    assert (found.monthly, found.currency, found.usd) == (Decimal("53.12"), "CNY", None)
    for part in table.logs(code, LogGroup("g", "", GIB, NOW - timedelta(days=30)), NOW):
        assert (part.currency, part.usd) == ("CNY", None)

"""An estimate adds up what stands, counts the same things together, and hides nothing that has no price."""

from decimal import Decimal

import pytest

from lib.analyse import region_names
from lib.cost.estimate import estimate
from lib.cost.model import Rate
from lib.cost.pricing import REFERENCE, Prices
from lib.declared.model import Declaration, Resource

HERE = "eu-west-1"
NAME = region_names.names()[HERE]


def section(rates: object, date: str = "2026-05-01") -> dict[str, object]:
    return {"date": date, "source": "a test", "rates": rates}


def prices(own: object = None, currency: str = "USD") -> Prices:
    """Return a table whose reference region has keys at 1, gateways at 2 and logs at 3, and Ireland what is given."""
    reference = {
        "currency": "USD",
        "awskms": section({"KMS-Keys": "1", "KMS-Requests": "0.000003"}),
        "AmazonEC2": section({"NatGateway-Hours": "2", "NatGateway-Bytes": "0.5"}, "2026-06-01"),
        "AmazonRoute53": section({"Health-Check-AWS": "0.5"}),
        "logs": section({"STANDARD": {"ingestion": "3", "storage": "4"}}),
    }
    table = {REFERENCE: reference}
    return Prices({**table, NAME: {"currency": currency, **own}} if isinstance(own, dict) else table)


def declaration(*kinds: str) -> Declaration:
    resources = tuple(Resource(kind, f"r{number}", {}, HERE) for number, kind in enumerate(kinds))
    return Declaration("any", "cdk", "dev", HERE, resources)


KEY, GATEWAY, GROUP = "AWS::KMS::Key", "AWS::EC2::NatGateway", "AWS::Logs::LogGroup"


def test_the_same_things_are_one_row_with_all_their_resources():
    found = estimate(declaration(KEY, KEY, GATEWAY), prices())
    assert [(row.what, row.quantity, row.names) for row in found.rows] == [
        ("NAT gateway", 1, ["r2"]),
        ("KMS key", 2, ["r0", "r1"]),
    ]


def test_an_hours_price_makes_a_month_of_730_hours_and_the_other_way_round():
    gateway, keys = estimate(declaration(KEY, KEY, GATEWAY), prices()).rows
    assert (gateway.hour, gateway.month) == (2, 1460)
    assert (keys.hour * 730, keys.month) == (2, 2)


def test_the_sums_are_those_of_the_rows():
    found = estimate(declaration(KEY, GATEWAY), prices())
    assert found.month == 1461
    assert found.hour == sum(row.hour for row in found.rows)


def test_nothing_costs_nothing():
    found = estimate(declaration(), prices())
    assert (found.hour, found.month, found.rows, found.uses, found.missing) == (0, 0, [], [], {})


def test_a_use_is_priced_for_the_unit_that_people_know():
    (use,) = (use for use in estimate(declaration(KEY), prices()).uses if use.what == "KMS requests")
    assert (use.price, use.unit) == (3, "million")


def test_logs_have_the_auditors_prices():
    found = {use.what: use.price for use in estimate(declaration(GROUP), prices()).uses}
    assert found == {"logs taken in": 3, "logs kept, compressed, a month": 4}


def test_a_price_that_the_table_lacks_is_named_with_the_region():
    found = estimate(declaration("AWS::SQS::Queue"), prices())
    assert found.missing == {"SQS requests": f"no price of AWSQueueService for Requests-Tier1 in {HERE}"}


def test_a_type_that_nobody_knows_is_missing_and_what_has_no_price_for_a_reason_is_not():
    found = estimate(declaration("AWS::Braket::Device", "AWS::EC2::VPCPeeringConnection"), prices())
    assert list(found.missing) == ["AWS::Braket::Device"]
    assert list(found.unpriced) == ["traffic over the peering connection"]


def test_free_resources_are_counted():
    assert estimate(declaration("AWS::EC2::VPC", "AWS::EC2::VPC"), prices()).free == {"AWS::EC2::VPC": 2}


def test_a_regions_own_price_comes_first():
    found = estimate(declaration(KEY), prices({"awskms": section({"KMS-Keys": "7", "KMS-Requests": "8"})}))
    assert (found.month, found.borrowed) == (7, set())


@pytest.mark.parametrize("own", [None, {}, {"awskms": section({})}])
def test_prices_that_are_borrowed_are_said_to_be(own):
    found = estimate(declaration(KEY), prices(own))
    assert (found.month, found.borrowed) == (1, {HERE})


def test_the_reference_regions_prices_can_be_taken_for_every_region():
    table = prices({"awskms": section({"KMS-Keys": "7", "KMS-Requests": "8"})})
    assert estimate(declaration(KEY), table.reference()).month == 1


def test_prices_in_another_currency_are_not_added():
    found = estimate(declaration(KEY), prices({"awskms": section({"KMS-Keys": "7"})}, currency="CNY"))
    assert found.month == 1


def test_what_costs_the_same_everywhere_is_not_borrowed():
    table = prices()
    found = table.get(Rate("AmazonRoute53", "Health-Check-AWS"), HERE)
    assert found is not None
    assert (found.amount, found.region, table.borrowed) == (Decimal("0.5"), REFERENCE, set())


def test_the_days_of_all_prices_are_kept():
    assert estimate(declaration(KEY, GATEWAY), prices()).dates == {"2026-05-01", "2026-06-01"}

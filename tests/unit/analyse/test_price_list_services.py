"""The prices of what stacks are made of come from AWS's files by usage type, and nothing of another unit gets in."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.analyse import region_names
from lib.analyse.price_list import files, services
from lib.analyse.price_list import refresh as command
from lib.analyse.price_list.files import Price, PriceList, PriceListError
from tests.support import price_list as fake
from tests.support.analyse.auditor import HERE

RDS, KMS, NAME = "AmazonRDS", "awskms", region_names.names()[HERE]
CLASS = "InstanceUsage:db.t4g.medium"
Run = Callable[..., tuple[int, dict[str, Any]]]


def price(usage: str, amount: str, operation: str = "", start: str = "0", currency: str = "USD") -> Price:
    return Price(usage, "Hrs", amount, currency, operation, start)


def parsed(service: str, *rows: Price, known: dict[str, str] | None = None) -> services.Rates:
    return services.parse(service, rows, "USD", known or {})


@pytest.mark.parametrize(
    ("usage", "name"),
    [
        ("EUS1-NatGateway-Hours", "NatGateway-Hours"),
        ("NatGateway-Hours", "NatGateway-Hours"),
        ("EU-NatGateway-Hours", "NatGateway-Hours"),
        ("us-gov-west-1-KMS-Keys", "KMS-Keys"),
        ("Multi-AZUsage:db.t4g.medium", "Multi-AZUsage:db.t4g.medium"),
        ("EUS1-RDS:Multi-AZ-GP3-Storage", "RDS:Multi-AZ-GP3-Storage"),
    ],
)
def test_the_regions_code_is_no_part_of_a_name(usage, name):
    assert services.name(price(usage, "1")) == name


def test_products_with_one_usage_type_are_told_apart_by_their_operation():
    rates = parsed(
        RDS,
        price(f"EUS1-{CLASS}", "0.07", services.POSTGRESQL),
        price(f"EUS1-{CLASS}", "0.08", services.AURORA),
        price(f"EUS1-{CLASS}", "0.06", "CreateDBInstance:0002"),
    ).rates
    assert rates == {f"{CLASS} {services.POSTGRESQL}": "0.07", f"{CLASS} {services.AURORA}": "0.08"}


def test_the_first_tier_that_is_not_free_is_taken():
    tiers = [("0", "0"), ("0.0000002", "1000000"), ("0.0000001", "9000000")]
    rows = [price("EUS1-Request", amount, start=start) for amount, start in tiers]
    assert parsed("AWSLambda", *rows).rates == {"Request": "0.0000002"}


def test_two_prices_of_one_thing_are_named_and_not_taken():
    found = parsed(KMS, price("eu-south-1-KMS-Keys", "1"), price("eu-south-1-KMS-Keys", "2"))
    assert (found.rates, found.problems) == ({}, ["KMS-Keys has 2 prices: 1, 2"])


@pytest.mark.parametrize(("amount", "taken"), [("0.2", True), ("5", True), ("0.19", False), ("5.01", False)])
def test_a_price_for_another_unit_is_named_and_not_taken(amount, taken):
    found = parsed(KMS, price("KMS-Keys", amount), known={"KMS-Keys": "1"})
    assert (found.rates == {"KMS-Keys": amount}) is taken
    assert bool(found.problems) is not taken


def test_what_is_known_and_not_in_the_file_is_absent():
    assert parsed(KMS, known={"KMS-Keys": "1"}).absent == ["KMS-Keys"]


@pytest.mark.parametrize("wrong", [{"currency": "CNY"}, {"amount": "much"}, {"amount": "-1"}, {"start": "later"}])
def test_what_is_no_amount_of_the_currency_is_refused(wrong):
    with pytest.raises(PriceListError, match="KMS-Keys"):
        parsed(KMS, price("KMS-Keys", **{"amount": "1", **wrong}))


def test_a_row_of_something_else_is_not_kept():
    assert not services.relevant(KMS, price("BoxUsage:m7i.large", "0.1"))
    assert not services.relevant("AmazonBraket", price("KMS-Keys", "1"))


@pytest.fixture
def refresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., tuple[int, dict[str, Any]]]]:
    """Return a function that refreshes a table from a list which has KMS alone, at these prices."""
    monkeypatch.setattr(command, "SERVICES", {KMS: (KMS,)})
    monkeypatch.setattr(files, "RETRIES", files.RETRIES.new(backoff_factor=0))
    path = tmp_path / "prices.json"
    reference = {"currency": "USD", KMS: {"date": "2026-01-01", "source": "", "rates": {"KMS-Keys": "1"}}}
    table = {"format": 2, "currency": "USD", "date": "2026-01-01", "regions": {command.REFERENCE: reference}}
    path.write_text(json.dumps(table), encoding="utf-8")
    with fake.serving() as server:

        def run(**prices: str) -> tuple[int, dict[str, Any]]:
            rows = [fake.row(f"{HERE}-KMS-{usage}", "x", amount, HERE) for usage, amount in prices.items()]
            server.put(KMS, **{HERE.replace("-", "_"): fake.text(KMS, rows)})
            code = command.main([HERE], path, [PriceList(server.url, server.index, ("aws",), "USD")])
            return code, json.loads(path.read_text(encoding="utf-8"))

        yield run


def test_a_regions_first_prices_are_written_with_their_day_and_source(refresh):
    code, table = refresh(Keys="1.1", Requests="0.000003")
    section = table["regions"][NAME][KMS]
    assert (code, section["rates"]) == (0, {"KMS-Keys": "1.1", "KMS-Requests": "0.000003"})
    assert section["source"] == f"AWS price list, {KMS}, published {fake.PUBLISHED}"
    assert table["date"] == section["date"] > "2026-01-01"


def test_a_first_price_is_held_against_the_reference_regions(refresh, capsys):
    code, table = refresh(Keys="1000", Requests="0.000003")
    assert (code, table["regions"][NAME][KMS]["rates"]) == (3, {"KMS-Requests": "0.000003"})
    assert "KMS-Keys is 1000, and was 1: another unit" in capsys.readouterr().err


def test_a_later_price_is_held_against_the_regions_own(refresh):
    assert refresh(Keys="4", Requests="0.000003")[0] == 0
    assert refresh(Keys="16", Requests="0.000003")[1]["regions"][NAME][KMS]["rates"]["KMS-Keys"] == "16"


def test_the_bundled_table_has_every_service_of_the_stacks_in_the_reference_region():
    entry = json.loads(command.prices.TABLE.read_text(encoding="utf-8"))["regions"][command.REFERENCE]
    assert set(services.SERVICES) <= set(entry)
    for service in services.SERVICES:
        names = {services.named(*name.split(" ")) for name in entry[service]["rates"]}
        assert all(Decimal(amount) > 0 for amount in entry[service]["rates"].values())
        assert all(services.relevant(service, price(*pair)) for pair in _rows(names)), service


def _rows(names: set[str]) -> list[tuple[str, str, str]]:
    return [(usage, "1", operation) for usage, _, operation in (name.partition(" ") for name in names)]

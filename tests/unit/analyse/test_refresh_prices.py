"""The price table can be made again from AWS's price list, and takes nothing from it that is not whole."""

import json
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lib.analyse import places
from lib.analyse.model import Volume
from lib.analyse.prices import Prices
from scripts import refresh_prices
from tests.support.analyse import HERE, PRICED

# What the price list has for a region of which the short name is ABC1; units are as AWS writes them.
EC2 = {
    "ABC1-EBS:VolumeUsage": ("GB-Mo", "0.05"),
    "ABC1-EBS:VolumeUsage.gp2": ("GB-Mo", "0.116"),
    "ABC1-EBS:VolumeUsage.gp3": ("GB-Mo", "0.0928000000"),
    "ABC1-EBS:VolumeP-IOPS.gp3": ("IOPS-Mo", "0.0058"),
    "ABC1-EBS:VolumeP-Throughput.gp3": ("GiBps-mo", "47.5136"),
    "ABC1-EBS:VolumeUsage.piops": ("GB-Mo", "0.145"),
    "ABC1-EBS:VolumeP-IOPS.piops": ("IOPS-Mo", "0.076"),
    "ABC1-EBS:VolumeUsage.io2": ("GB-month", "0.145"),
    "ABC1-EBS:VolumeP-IOPS.io2": ("IOPS-Mo", "0.076"),
    "ABC1-EBS:VolumeP-IOPS.io2.tier2": ("IOPS-Mo", "0.0532"),
    "ABC1-EBS:VolumeP-IOPS.io2.tier3": ("IOPS-Mo", "0.03724"),
    "ABC1-EBS:VolumeUsage.sc1": ("GB-Mo", "0.0174"),
    "ABC1-EBS:VolumeUsage.st1": ("GB-Mo", "0.053"),
    "ABC1-EBS:SnapshotUsage": ("GB-Mo", "0.05"),
}
LOGS = {
    "ABC1-TimedStorage-ByteHrs": ("GB-Mo", "0.0324"),
    "ABC1-DataProcessing-Bytes": ("GB", "0.58"),
    "ABC1-DataProcessingIA-Bytes": ("GB", "0.29"),
    "ABC1-CW:MetricMonitorUsage": ("Metrics", "0.30"),
}


def product(usage: str, unit: str, price: str) -> str:
    free = {"unit": unit, "pricePerUnit": {"USD": "0.0000000000"}}
    dimensions = {"a": free, "b": {"unit": unit, "pricePerUnit": {"USD": price}}}
    terms = {"OnDemand": {"t": {"priceDimensions": dimensions}}}
    return json.dumps({"product": {"attributes": {"usagetype": usage}}, "terms": terms})


class Client:
    """The price list, one product a page."""

    def __init__(self, left_out: str = "") -> None:
        self.left_out, self.asked = left_out, list[tuple[str, tuple[str, ...]]]()

    def get_paginator(self, _name: str) -> Any:
        return SimpleNamespace(paginate=self.paginate)

    def paginate(self, ServiceCode: str, Filters: list[dict[str, str]]) -> list[dict[str, list[str]]]:
        self.asked.append((ServiceCode, tuple(found["Value"] for found in Filters)))
        wanted = EC2 if ServiceCode == "AmazonEC2" else LOGS
        return [{"PriceList": [product(name, *rest)]} for name, rest in wanted.items() if name != self.left_out]


def make(client: Client, *codes: str) -> dict[str, Any]:
    return refresh_prices.table(client, codes, date(2026, 11, 23))


def test_the_table_that_is_made_prices_a_volume_to_the_cent(tmp_path):
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(make(Client(), HERE)), encoding="utf-8")
    table = Prices.read(path)
    moment = date(2026, 1, 1)
    volume = Volume("v", f"{HERE}a", "gp3", 100, moment, 4000, 225)  # type: ignore[arg-type]
    assert table.volume(HERE, volume).monthly == Decimal("9.28") + Decimal("5.8") + 100 * Decimal("0.0464")
    fast = Volume("v", f"{HERE}a", "io2", 1, moment, 70_000)  # type: ignore[arg-type]
    assert table.volume(HERE, fast).monthly == Decimal("0.145") + 32_000 * (
        Decimal("0.076") + Decimal("0.0532")
    ) + 6000 * Decimal("0.03724")
    assert table.regions[places.names()[HERE]]["logs"] == {
        "INFREQUENT_ACCESS": {"storage": "0.0324", "ingestion": "0.29"},
        "STANDARD": {"storage": "0.0324", "ingestion": "0.58"},
    }


def test_the_bundled_table_has_the_form_that_is_made():
    bundled = json.loads(refresh_prices.prices.TABLE.read_text(encoding="utf-8"))
    made = make(Client(), PRICED)
    assert set(bundled) == set(made)
    name = places.names()[PRICED]
    assert set(made["regions"][name]["volumes"]) == set(bundled["regions"][name]["volumes"])
    for kind, entry in bundled["regions"][name]["volumes"].items():
        shape = {part: [end for end, _ in tiers] for part, tiers in entry.items() if part != "storage"}
        other = made["regions"][name]["volumes"][kind]
        assert shape == {part: [end for end, _ in tiers] for part, tiers in other.items() if part != "storage"}


@pytest.mark.parametrize(
    ("missing", "kind"),
    [
        ("ABC1-EBS:VolumeP-IOPS.io2.tier3", "io2"),
        ("ABC1-EBS:VolumeP-Throughput.gp3", "gp3"),
        ("ABC1-EBS:VolumeUsage.piops", "io1"),
        ("ABC1-EBS:VolumeUsage", "standard"),
    ],
)
def test_a_kind_that_lacks_a_price_is_left_out(missing, kind):
    found = make(Client(missing), HERE)["regions"][places.names()[HERE]]["volumes"]
    assert set(refresh_prices.VOLUMES) - set(found) == {kind}


@pytest.mark.parametrize(
    ("missing", "left"), [("ABC1-TimedStorage-ByteHrs", set()), ("ABC1-DataProcessingIA-Bytes", {"STANDARD"})]
)
def test_a_class_that_lacks_a_price_is_left_out(missing, left):
    assert set(make(Client(missing), HERE)["regions"][places.names()[HERE]]["logs"]) == left


def session(client: Any) -> Any:
    return SimpleNamespace(get_available_regions=lambda _: [HERE], client=lambda *_, **__: client)


def test_the_command_writes_the_regions_that_were_there_and_those_asked_for(tmp_path, monkeypatch, capsys):
    path = tmp_path / "prices.json"
    path.write_bytes(refresh_prices.prices.TABLE.read_bytes())
    client = Client("ABC1-EBS:VolumeUsage.gp2")
    monkeypatch.setattr(refresh_prices.boto3, "Session", lambda: session(client))
    other = next(code for code in places.names() if code not in (HERE, PRICED) and not code.endswith("-global"))
    assert refresh_prices.main([other], path) == 0
    written = Prices.read(path)
    assert {places.names()[code] for code in (HERE, PRICED, other)} <= set(written.regions)
    assert f"{places.names()[other]}: 6 kinds of volume, 2 classes of logs; unpriced: gp2" in capsys.readouterr().out
    assert ("AmazonEC2", (other, "Storage")) in client.asked
    assert ("AmazonCloudWatch", (other,)) in client.asked


def test_a_refusal_leaves_the_table_as_it_was(tmp_path, monkeypatch, capsys):
    path = tmp_path / "prices.json"
    path.write_bytes(refresh_prices.prices.TABLE.read_bytes())
    error = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetProducts")

    def refuse(_name: str) -> Any:
        raise error

    monkeypatch.setattr(refresh_prices.boto3, "Session", lambda: session(SimpleNamespace(get_paginator=refuse)))
    assert refresh_prices.main([], path) == 2
    assert refresh_prices.main(["nowhere-1"], path) == 2
    said = capsys.readouterr().err
    assert "cannot be asked" in said
    assert "'nowhere-1' is not an AWS region" in said
    assert path.read_bytes() == refresh_prices.prices.TABLE.read_bytes()

"""The price table is made from AWS's public files, and nothing that they lack or garble gets in or wipes it."""

import json
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import urllib3

from lib.analyse import region_names
from lib.analyse.model import Volume
from lib.analyse.price_list import files, rates, services
from lib.analyse.price_list import refresh as command
from lib.analyse.price_list.files import PriceList
from lib.analyse.prices import TABLE, Prices
from lib.common import region
from tests.support import price_list as fake
from tests.support.analyse import prices as analyse_prices
from tests.support.analyse.auditor import HERE, PRICED

CODES = {name: code for code, name in region_names.names().items()}
CHINA, SOVEREIGN = CODES["China (Beijing)"], CODES["AWS European Sovereign Cloud (Germany)"]
OTHER = CODES["Asia Pacific (Tokyo)"]
NAME = region_names.names()[HERE]
EC2, LOGS, VPC = "AmazonEC2", "AmazonCloudWatch", "AmazonVPC"
TODAY = datetime.now(UTC).date().isoformat()
Run = Callable[..., tuple[int, dict[str, Any]]]


def read(path: Path) -> Prices:
    data = json.loads(path.read_text(encoding="utf-8"))
    return Prices(data["date"], data["currency"], data["regions"])


def key(code: str) -> str:
    return code.replace("-", "_")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "RETRIES", files.RETRIES.new(backoff_factor=0))


@pytest.fixture(autouse=True)
def the_auditors_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sections of scripts/cost have tests of their own."""
    monkeypatch.setattr(command, "SERVICES", command.AUDITED)


@pytest.fixture
def server() -> Iterator[fake.Server]:
    """A price list of three regions; the oldest has usage types without a prefix."""
    with fake.serving() as found:
        prefixes = {HERE: "EUS1-", OTHER: "APN1-", PRICED: ""}
        found.put(EC2, **{key(c): fake.text(EC2, fake.volumes(c, p)) for c, p in prefixes.items()})
        found.put(LOGS, **{key(c): fake.text(LOGS, fake.logs(c, p)) for c, p in prefixes.items()})
        found.put(VPC, **{key(c): fake.text(VPC, fake.addresses(c, p)) for c, p in prefixes.items()})
        yield found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A table without the default region."""
    found = tmp_path / "prices.json"
    found.write_text(json.dumps(analyse_prices.table()), encoding="utf-8")
    return found


@pytest.fixture
def refresh(server: fake.Server, path: Path) -> Run:
    """Return a function that refreshes the table from the server."""

    def run(*codes: str) -> tuple[int, dict[str, Any]]:
        lists = [PriceList(server.url, server.index, ("aws", "aws-us-gov"), "USD")]
        code = command.main(list(codes), path, lists)
        return code, json.loads(path.read_text(encoding="utf-8"))

    return run


def change(server: fake.Server, service: str, usage: str, **values: str) -> None:
    """Change the rows of a usage type of the default region, or take them out when no values are given."""
    make = {EC2: fake.volumes, LOGS: fake.logs, VPC: fake.addresses}[service]
    rows = make(HERE, "EUS1-")
    new = {name.replace("_", " "): value for name, value in values.items()}
    rows = [row | new if row["usageType"] == usage else row for row in rows if values or row["usageType"] != usage]
    server.files[server.path(service, HERE)] = fake.text(service, rows)


def test_the_table_that_is_made_prices_a_volume_to_the_cent(refresh, path):
    assert refresh()[0] == 3  # Singapore's logs are in the table, and not in this list
    table, moment = read(path), datetime(2026, 1, 1, tzinfo=UTC)
    volume = Volume("v", f"{HERE}a", "gp3", 100, moment, 4000, 225)
    assert table.volume(HERE, volume).monthly == Decimal("9.28") + Decimal("5.8") + 100 * Decimal("0.0464")
    fast = Volume("v", f"{HERE}a", "io2", 1, moment, 70_000)
    assert table.volume(HERE, fast).monthly == Decimal("0.145") + 32_000 * (
        Decimal("0.076") + Decimal("0.0532")
    ) + 6000 * Decimal("0.03724")


def test_every_region_is_taken_with_its_own_date_currency_and_publication(refresh):
    code, table = refresh(HERE, OTHER, PRICED)
    assert code == 0
    for name in (HERE, OTHER, PRICED):
        entry = table["regions"][region_names.names()[name]]
        assert entry["currency"] == "USD"
        assert set(entry["volumes"]["rates"]) == set(rates.VOLUMES)
        assert entry["logs"]["rates"] == {
            "INFREQUENT_ACCESS": {"storage": "0.0324", "ingestion": "0.29"},
            "STANDARD": {"storage": "0.0324", "ingestion": "0.58"},
        }
        assert entry["snapshots"]["rates"] == {"archive": {"storage": "0.01325"}, "standard": {"storage": "0.053"}}
        assert entry["addresses"]["rates"] == {"idle": {"hour": "0.005"}}
        assert {entry[section]["date"] for section in ("volumes", "logs")} == {TODAY}
        assert fake.PUBLISHED in entry["volumes"]["source"]


def test_no_credentials_are_sent(refresh, server, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    refresh(HERE)
    assert server.asked
    assert not any("Authorization" in headers for _, headers in server.asked)


def test_regions_that_were_not_asked_for_stay_as_they_were(refresh):
    before = analyse_prices.table()["regions"]
    code, table = refresh(HERE)
    assert code == 0
    assert {name: entry for name, entry in table["regions"].items() if name != NAME} == before
    assert (table["format"], table["currency"], table["date"]) == (2, "USD", TODAY)


def test_the_bundled_table_has_the_form_that_is_made(refresh):
    bundled = json.loads(TABLE.read_text(encoding="utf-8"))
    made = refresh(PRICED)[1]
    assert set(bundled) == set(made)
    name = region_names.names()[PRICED]
    # What scripts/cost prices has a test of its own; Route 53's prices are in no region's file.
    sections = set(bundled["regions"][name]) - set(services.SERVICES) - {"AmazonRoute53"}
    assert sections <= set(made["regions"][name])
    assert set(made["regions"][name]) - set(bundled["regions"][name]) <= set(command.OPTIONAL)
    for kind, entry in bundled["regions"][name]["volumes"]["rates"].items():
        shape = {part: [end for end, _ in tiers] for part, tiers in entry.items() if part != "storage"}
        other = made["regions"][name]["volumes"]["rates"][kind]
        assert shape == {part: [end for end, _ in tiers] for part, tiers in other.items() if part != "storage"}


@pytest.mark.parametrize(
    ("usage", "kind", "problem"),
    [
        ("EUS1-EBS:VolumeP-IOPS.io2.tier3", "io2", True),
        ("EUS1-EBS:VolumeP-Throughput.gp3", "gp3", True),
        ("EUS1-EBS:VolumeUsage.piops", "io1", True),
        ("EUS1-EBS:VolumeUsage", "standard", False),  # not offered there: nothing of it is priced
    ],
)
def test_a_type_that_lacks_a_price_is_left_out_and_told(refresh, server, capsys, usage, kind, problem):
    change(server, EC2, usage)
    code, table = refresh(HERE)
    assert set(rates.VOLUMES) - set(table["regions"][NAME]["volumes"]["rates"]) == {kind}
    assert code == (3 if problem else 0)
    captured = capsys.readouterr()
    assert kind in (captured.err if problem else captured.out)


@pytest.mark.parametrize(
    ("usage", "left", "code"),
    [("EUS1-TimedStorage-ByteHrs", None, 3), ("EUS1-DataProcessingIA-Bytes", {"STANDARD"}, 0)],
)
def test_a_class_that_lacks_a_price_is_left_out(refresh, server, usage, left, code):
    change(server, LOGS, usage)
    found, table = refresh(HERE)
    assert found == code
    assert set(table["regions"][NAME].get("logs", {}).get("rates", ())) == (left or set())


@pytest.mark.parametrize(
    ("service", "usage", "section", "left"),
    [
        (EC2, "EUS1-EBS:SnapshotArchiveStorage", "snapshots", {"standard"}),
        (VPC, "EUS1-PublicIPv4:IdleAddress", "addresses", set()),
    ],
)
def test_prices_that_a_region_need_not_have_are_told_and_nothing_is_missing(
    refresh, server, capsys, service, usage, section, left
):
    change(server, service, usage)
    code, table = refresh(HERE)
    assert (code, set(table["regions"][NAME].get(section, {}).get("rates", ()))) == (0, left)
    assert f"{section} in {NAME}: not offered, or not priced" in capsys.readouterr().out


def test_a_price_that_a_region_had_is_missed_also_where_it_need_not_have_it(refresh, server, capsys):
    assert refresh(HERE)[0] == 0
    change(server, VPC, "EUS1-PublicIPv4:IdleAddress")
    code, table = refresh(HERE)
    assert (code, table["regions"][NAME]["addresses"]["rates"]) == (3, {"idle": {"hour": "0.005"}})
    assert f"addresses in {NAME}: no prices at all; the table keeps what it had" in capsys.readouterr().err


def test_two_prices_of_a_snapshot_are_none(refresh, server, capsys):
    rows = [*fake.volumes(HERE, "EUS1-"), fake.row("EUS1-EBS:SnapshotUsage", "GB-Mo", "0.06", HERE)]
    server.files[server.path(EC2, HERE)] = fake.text(EC2, rows)
    code, table = refresh(HERE)
    assert (code, set(table["regions"][NAME]["snapshots"]["rates"])) == (3, {"archive"})
    assert f"snapshots in {NAME}: standard has several prices for the same thing" in capsys.readouterr().err


@pytest.mark.parametrize("section", rates.PARSERS)
def test_each_section_takes_its_own_prices_out_of_all(section):
    rows = [*fake.volumes(HERE, "EUS1-")[:-3], *fake.logs(HERE, "EUS1-"), *fake.addresses(HERE, "EUS1-")]
    names = ("usageType", "Unit", "PricePerUnit", "Currency")
    every = [files.Price(*(row[name] for name in names)) for row in rows]
    found = rates.PARSERS[section](every, "USD")
    assert found.problems == found.absent == []
    assert found == rates.PARSERS[section]([price for price in every if rates.relevant(price)], "USD")


def test_each_file_is_read_once(refresh, server):
    refresh(HERE)
    files = [path for path, _ in server.asked if path.endswith("index.csv")]
    assert sorted(files) == sorted({server.path(service, HERE) for service in (EC2, LOGS, VPC)})


def test_a_price_that_is_gone_does_not_shrink_the_table(refresh, server, capsys):
    assert refresh(HERE)[0] == 0
    change(server, EC2, "EUS1-EBS:VolumeUsage.st1")
    before = json.loads(json.dumps(refresh(PRICED)[1]))
    code, table = refresh(HERE)
    assert code == 3
    assert table["regions"][NAME]["volumes"] == before["regions"][NAME]["volumes"]
    assert f"volumes in {NAME}: no price for st1 any more" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("usage", "values", "said"),
    [
        ("EUS1-EBS:VolumeUsage.gp2", {"Currency": "EUR"}, "is priced in 'EUR', and USD was expected"),
        ("EUS1-EBS:VolumeUsage.gp2", {"Unit": "GB-Hours"}, "by 'GB-Hours', and gb-mo or gb-month was expected"),
        ("EUS1-EBS:VolumeUsage.gp2", {"PricePerUnit": "a lot"}, "'a lot', which is no amount of USD"),
        ("EUS1-EBS:VolumeUsage.gp2", {"PricePerUnit": "-1"}, "'-1', which is no amount of USD"),
        ("EUS1-EBS:VolumeUsage.gp2", {"PricePerUnit": "NaN"}, "'NaN', which is no amount of USD"),
    ],
)
def test_a_price_that_cannot_be_right_refuses_the_file(refresh, server, capsys, usage, values, said):
    change(server, EC2, usage, **values)
    code, table = refresh(HERE)
    assert code == 3
    assert "volumes" not in table["regions"][NAME]
    assert "logs" in table["regions"][NAME]
    assert said in capsys.readouterr().err


def test_a_type_of_volume_that_the_table_does_not_have_may_be_priced_by_anything(refresh, server):
    rows = [*fake.volumes(HERE, "EUS1-"), fake.row("EUS1-EBS:VolumeUsage.gp9", "GB-Hours", "0.1", HERE)]
    server.files[server.path(EC2, HERE)] = fake.text(EC2, rows)
    code, table = refresh(HERE)
    assert (code, set(table["regions"][NAME]["volumes"]["rates"])) == (0, set(rates.VOLUMES))


@pytest.mark.parametrize("values", [{"PricePerUnit": "0.0000000000"}, {"TermType": "Reserved"}])
def test_terms_that_are_missing_or_free_are_no_price(refresh, server, values):
    change(server, EC2, "EUS1-EBS:VolumeUsage.gp2", **values)
    assert "gp2" not in refresh(HERE)[1]["regions"][NAME]["volumes"]["rates"]


@pytest.mark.parametrize(
    ("usage", "price", "kind"),
    [
        ("EUS1-EBS:VolumeUsage.gp2", "0.2", "gp2"),  # two prices for one thing
        ("EUS1-EBS:VolumeP-IOPS.io2.tier4", "0.01", "io2"),  # a tier whose beginning is not known
    ],
)
def test_what_has_several_meanings_is_not_guessed(refresh, server, usage, price, kind):
    unit = "IOPS-Mo" if "IOPS" in usage else "GB-Mo"
    rows = [*fake.volumes(HERE, "EUS1-"), fake.row(usage, unit, price, HERE)]
    server.files[server.path(EC2, HERE)] = fake.text(EC2, rows)
    code, table = refresh(HERE)
    assert code == 3
    assert set(rates.VOLUMES) - set(table["regions"][NAME]["volumes"]["rates"]) == {kind}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no price list file"),
        ("<html><body>Sign in to the proxy</body></html>\n", "no price list file"),
        ("x" * (files.LINE_LIMIT + 1), "more than 1048576 characters"),
        ("\xff", "no price list file"),
        (fake.text(EC2, []), "no prices at all; the table keeps what it had"),
        (fake.text(LOGS, fake.logs(HERE, "EUS1-")), "no price list file of AmazonEC2"),
        (fake.text(EC2, [], [c for c in fake.COLUMNS if c != "Currency"]), "columns TermType, Unit, PricePerUnit"),
        (fake.text(EC2, fake.volumes(HERE, "EUS1-")) + '"A","B"\n', "a row of 2 columns"),
        (fake.text(EC2, fake.volumes(OTHER, "APN1-")), "no prices at all"),
    ],
)
def test_a_file_that_is_empty_partial_or_of_something_else_changes_nothing(refresh, server, capsys, content, said):
    refresh(HERE)
    before = json.loads(json.dumps(refresh(HERE)[1]))["regions"]
    server.files[server.path(EC2, HERE)] = content
    server.files[server.path(LOGS, HERE)] = server.files[server.path(VPC, HERE)] = ""
    code, table = refresh(HERE)
    assert code == 3
    assert table["regions"] == before
    captured = capsys.readouterr()
    assert said in captured.err
    assert "stays as it was" in captured.out


def test_a_file_that_ends_early_after_a_row_is_noticed_by_its_length(refresh, server, capsys):
    server.short.add(server.path(EC2, HERE))
    code, table = refresh(HERE)
    assert (code, set(table["regions"][NAME])) == (3, {"currency", "logs", "addresses"})
    assert "cannot be read to its end" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content",
    ["", "{}", '{"offers": {}}', '{"offers": []}', '{"offers": {"AmazonEC2": {}}}', "<html></html>", "[1]"],
)
def test_an_index_that_is_empty_or_is_none_leaves_the_table_byte_for_byte(refresh, server, path, capsys, content):
    server.files[server.index] = content
    before = path.read_bytes()
    assert refresh()[0] == 3
    assert path.read_bytes() == before
    assert "MISSING: volumes of " in capsys.readouterr().err


@pytest.mark.parametrize("status", [403, 503])
def test_a_server_that_refuses_leaves_the_table_byte_for_byte(refresh, server, path, capsys, status):
    server.status = dict.fromkeys([server.index, server.path(EC2), server.path(LOGS), server.path(VPC)], status)
    before = path.read_bytes()
    assert refresh()[0] == 3
    assert path.read_bytes() == before
    assert f"HTTP status {status}" in capsys.readouterr().err
    assert len(server.asked) == (3 if status == 403 else 15)  # what may pass is tried five times


def test_a_server_that_is_not_there_leaves_the_table_byte_for_byte(refresh, server, path, capsys, monkeypatch):
    monkeypatch.setattr(server, "url", "http://127.0.0.1:9")
    before = path.read_bytes()
    assert refresh()[0] == 3
    assert path.read_bytes() == before
    assert "cannot be read" in capsys.readouterr().err


def test_a_region_that_left_the_list_stays_in_the_table_and_is_told(refresh, server, capsys):
    refresh(HERE, OTHER, PRICED)
    server.put(EC2, **{key(OTHER): fake.text(EC2, fake.volumes(OTHER, "APN1-"))})
    code, table = refresh()
    assert code == 3
    assert NAME in table["regions"]
    captured = capsys.readouterr()
    assert f"MISSING: volumes in {NAME}: the region is not in the price list of AmazonEC2" in captured.err
    assert "volumes in Europe (Spain): the region is not in the price list" in captured.out


def test_china_has_its_own_list_and_keeps_its_currency(server, path, capsys):
    server.put(EC2, **{key(CHINA): fake.text(EC2, fake.volumes(CHINA, "CNN1-"))})
    with fake.serving("cn") as china:
        china.put(EC2, **{key(CHINA): fake.text(EC2, fake.volumes(CHINA, "CNN1-", Currency="CNY"))})
        china.put(LOGS, **{key(CHINA): fake.text(LOGS, fake.logs(CHINA, "CNN1-", Currency="CNY"))})
        china.put(VPC, **{key(CHINA): fake.text(VPC, [])})  # an address costs nothing there, or is not in the list
        lists = [replace(real, url=made.url) for real, made in zip(command.LISTS, (server, china), strict=True)]
        assert command.main([CHINA], path, lists) == 0
        assert not any(CHINA in asked for asked, _ in server.asked)
        china.put(LOGS, **{key(CHINA): fake.text(LOGS, fake.logs(CHINA, "CNN1-"))})
        assert command.main([CHINA], path, lists) == 3
    assert "'USD', and CNY was expected" in capsys.readouterr().err
    table = read(path)
    assert table.regions["China (Beijing)"]["currency"] == "CNY"
    volume = Volume("v", f"{CHINA}a", "gp2", 100, datetime(2026, 1, 1, tzinfo=UTC))
    assert table.volume(CHINA, volume).monthly == Decimal("11.6")
    assert table.volume(CHINA, volume).usd is None


def test_the_lists_are_where_aws_documents_them():
    hosts = [f"https://pricing.{PRICED}.amazonaws.com", f"https://pricing.{CHINA}.amazonaws.com.cn"]
    assert [found.url for found in command.LISTS] == hosts
    assert [found.index for found in command.LISTS] == [
        "/offers/v1.0/aws/index.json",
        "/offers/v1.0/cn/index.json",
    ]
    assert {p for found in command.LISTS for p in found.partitions} <= set(region.known().values())


def test_a_large_file_is_read_in_little_memory(server):
    header, *rows = fake.text(EC2, fake.volumes(HERE, "EUS1-")).split('"SKU"')
    row = fake.text(EC2, [fake.row("EUS1-BoxUsage:m7i.large", "Hrs", "0.1", HERE)]).splitlines()[-1] + "\n"
    block = (row * 1000).encode()

    def large(stream: Any) -> None:
        stream.write((header + '"SKU"' + rows[0]).encode())
        for _ in range(60):
            stream.write(block)

    server.files[server.path(EC2, HERE)] = large
    file = files.OfferFile(urllib3.PoolManager(), server.url + server.path(EC2, HERE), EC2, HERE)
    tracemalloc.start()
    try:
        found = rates.volumes(file.prices(), "USD")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found.rates) == len(rates.VOLUMES)
    assert 60 * len(block) > 9_000_000
    assert peak < 3_000_000


@pytest.mark.parametrize(
    ("code", "said"), [("nowhere-1", "is not an AWS region"), (SOVEREIGN, "which has no public price list")]
)
def test_a_region_without_a_list_is_refused(refresh, path, capsys, code, said):
    assert refresh(code)[0] == 2
    assert said in capsys.readouterr().err
    assert json.loads(path.read_text(encoding="utf-8")) == analyse_prices.table()

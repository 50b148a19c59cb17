"""scripts/cost prints what a system costs, takes settings from the environment, and refuses in one sentence."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from lib.analyse.prices import OLD
from lib.cost import cli, report
from lib.cost.estimate import Estimate, Row, UseRow
from lib.cost.pricing import Prices
from lib.declared import read
from lib.declared.model import Declaration, Resource
from lib.declared.read import SYSTEMS

SYSTEM = SYSTEMS[0]
FOUND = Estimate(
    [
        Row("gateway", Decimal("0.045"), "hour", Decimal(2), ["a", "b"]),
        Row("key", Decimal(1), "month", Decimal(4), ["k"]),
        Row("half", Decimal("2.50"), "month", Decimal("0.50"), ["h"]),
    ],
    [UseRow("requests", Decimal("3.5000"), "million"), UseRow("time", Decimal("0.0000133334"), "GB-second")],
    {"traffic": "by the gigabyte"},
    {"queue": "no price"},
    Counter({"AWS::EC2::VPC": 1, "AWS::EC2::Subnet": 3}),
    {"eu-west-1"},
    {"2026-05-01", "2026-06-01"},
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """Return the settings that the estimate was asked for with; nothing is synthesised."""
    found = list[dict[str, str]]()

    def of(_system: str, environ: dict[str, str], _prices: object) -> Estimate:
        found.append(dict(environ))
        return FOUND

    monkeypatch.setattr(cli, "of", of)
    monkeypatch.delenv("ENVIRONMENT", raising=False)
    return found


def lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_the_table_has_each_row_and_the_sum(asked, capsys):
    assert cli.main([SYSTEM]) == 0
    shown = lines(capsys.readouterr().out)
    assert ["gateway", "2", "0.045", "/", "h", "0.090", "65.70"] in shown
    assert ["key", "4", "1.00", "/", "month", "0.005", "4.00"] in shown
    assert ["half", "0.5", "2.50", "/", "month", "0.002", "1.25"] in shown
    assert ["sum", "0.097", "70.95"] in shown


def test_the_table_names_uses_what_is_not_priced_and_whose_prices_they_are(asked, capsys):
    cli.main([SYSTEM])
    text = capsys.readouterr().out
    assert ["requests", "3.50", "/", "million"] in lines(text)
    assert ["time", "0.0000133334", "/", "GB-second"] in lines(text)
    assert ["traffic", "by", "the", "gigabyte"] in lines(text)
    assert ["queue", "no", "price"] in lines(text)
    assert "Free of charge: 4 resources of 2 types." in text
    assert "Prices of 2026-05-01 and 2026-06-01" in text
    assert "scripts/refresh_prices eu-west-1" in text


def test_numbers_stand_below_each_other():
    first, second = report.aligned([["a", "1.00"], ["long", "10.00"]])
    assert (first, second) == ("a      1.00", "long  10.00")


@pytest.mark.parametrize(("days", "old"), [(OLD, False), (OLD + 1, True)])
def test_prices_that_are_old_are_said_to_be(days, old):
    dated = (datetime.now(UTC).date() - timedelta(days=days)).isoformat()
    found = Estimate([], [], {}, {}, Counter(), set(), {datetime.now(UTC).date().isoformat(), dated})
    assert any(f"{days} days old" in line for line in report.notes(found)) is old


def test_what_has_no_price_at_all_has_no_age():
    assert len(report.notes(Estimate([], [], {}, {}, Counter(), set(), set()))) == 1


def test_what_is_priced_in_full_says_nothing_of_the_rest():
    whole = Estimate(FOUND.rows, FOUND.uses, {}, {}, FOUND.free, set(), FOUND.dates)
    assert "not priced" not in report.text("a title", whole)
    assert "scripts/refresh_prices eu-west-1" not in report.text("a title", whole)


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        ([], {}),
        (["--region", "eu-west-2"], {"AWS_REGION": "eu-west-2"}),
        (["--environment", "production"], {"ENVIRONMENT": "production"}),
    ],
)
def test_options_are_settings(asked, arguments, settings):
    cli.main([SYSTEM, *arguments])
    assert settings.items() <= asked[0].items()


def test_the_title_says_of_what_where_and_in_which_environment(asked, capsys):
    cli.main([SYSTEM, "--region", "eu-west-2", "--environment", "staging"])
    assert capsys.readouterr().out.startswith(f"{SYSTEM}, staging, eu-west-2, USD, 730 hours a month\n")


def test_programs_get_the_same_as_json(asked, capsys):
    assert cli.main([SYSTEM, "--json", "--region", "eu-west-2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["system"], found["environment"], found["region"]) == (SYSTEM, "dev", "eu-west-2")
    assert (found["hour"], found["month"]) == ("0.097", "70.95")
    assert found["standing"][0] == {
        "what": "gateway",
        "count": "2",
        "unit_price": "0.045",
        "per": "hour",
        "hour": "0.090",
        "month": "65.70",
        "resources": ["a", "b"],
    }
    assert found["uses"][0] == {"what": "requests", "unit_price": "3.50", "unit": "million"}
    assert found["not_priced"] == {"queue": "no price", "traffic": "by the gigabyte"}
    assert found["free"] == {"AWS::EC2::Subnet": 3, "AWS::EC2::VPC": 1}
    assert found["prices_of_another_region"] == ["eu-west-1"]
    assert found["price_dates"] == ["2026-05-01", "2026-06-01"]


def test_a_region_that_is_none_is_refused(capsys):
    assert cli.main([SYSTEM, "--region", "nowhere"]) == 2
    assert capsys.readouterr().err.startswith("scripts/cost: 'nowhere'")


def test_a_system_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["nothing"])
    assert stopped.value.code == 2
    assert "usage: scripts/cost" in capsys.readouterr().err


def test_what_nobody_pays_by_need_not_be_set(monkeypatch):
    seen = dict[str, str]()
    monkeypatch.setattr(read, "source", lambda _system, environ: seen.update(environ))
    key = Resource("AWS::KMS::Key", "key", {}, "us-east-1")
    monkeypatch.setattr(read, "view", lambda _source: Declaration("any", "cdk", "dev", "us-east-1", (key,)))
    found = cli.of(SYSTEM, {"ALARM_EMAIL": "me@example.com", "IMAGE": ""}, Prices.read())
    assert seen == {**cli.ASSUMED, "ALARM_EMAIL": "me@example.com"}
    assert [row.what for row in found.rows] == ["KMS key"]


def test_a_documents_rows_have_each_environment_and_the_sums():
    other = Estimate([FOUND.rows[1]], [FOUND.uses[0]], {}, {}, FOUND.free, set(), FOUND.dates)
    assert report.document({"dev": other, "production": FOUND}) == [
        ["gateway", "0.045 / h", "", "2: 65.70"],
        ["key", "1.00 / month", "4: 4.00", "4: 4.00"],
        ["half", "2.50 / month", "", "0.5: 1.25"],
        ["**sum, a month**", "", "**4.00**", "**70.95**"],
        ["**sum, an hour**", "", "**0.005**", "**0.097**"],
    ]


def test_a_documents_rows_of_use_name_what_has_no_price():
    assert report.used({"dev": FOUND}) == [
        ["requests", "3.50 / million"],
        ["time", "0.0000133334 / GB-second"],
        ["traffic", "not priced: by the gigabyte"],
    ]

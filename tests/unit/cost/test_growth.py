"""A load gives way where it is more than a part takes, and costs what it uses and what there has to be more of."""

import sys
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest

from lib.common.errors import SettingError
from lib.common.load import DAY_SECONDS, Limit, Load, Part, Servers, Store
from lib.cost import cli, growth
from lib.cost.growth import at
from lib.cost.pricing import REFERENCE, Prices
from lib.declared.read import SYSTEMS

HERE = "eu-west-1"
LOW, HIGH = Limit("a queue", Decimal(50), "a larger queue"), Limit("a door", Decimal(200), "a wider door")
LOAD = Load(
    "letters",
    Decimal(10),
    "QUEUE=10",
    (HIGH, LOW),
    (Part("shelf", Decimal(40), "shop", (("Shelf-Hours", Decimal(2), "hour"), ("Label", Decimal(1), "month"))),),
    {("post", "Stamp"): Decimal("0.5")},
)
PRICES = Prices(
    {
        REFERENCE: {
            "currency": "USD",
            "post": {"date": "2026-05-01", "rates": {"Stamp": "0.01"}},
            "shop": {"date": "2026-05-01", "rates": {"Shelf-Hours": "0.1", "Label": "3"}},
        }
    }
)


# Of the systems that say how they grow.
GROWING = [system for system in SYSTEMS if growth.module(system) is not None]


def kept(**others: object) -> Load:
    """Return the load with stores or servers."""
    return LOAD._replace(**others)  # type: ignore[arg-type]


def grown(factor: str) -> growth.Growth:
    return at(LOAD, Decimal(factor), HERE, PRICES)


@pytest.mark.parametrize(
    ("factor", "gives_way"), [("1", ()), ("5", ()), ("5.1", (LOW,)), ("20", (LOW,)), ("100", (LOW, HIGH))]
)
def test_what_takes_less_than_the_load_gives_way_the_lowest_first(factor, gives_way):
    found = grown(factor)
    assert found.gives_way == gives_way
    assert found.gives_way + found.holds == (LOW, HIGH)


def test_uses_cost_by_the_unit_all_month_long():
    (use, _) = grown("2").charges
    assert use.count == 20 * 730 * 3600 / 2
    assert use.amount == use.count * Decimal("0.01")


@pytest.mark.parametrize(("factor", "shelves"), [("0.1", 1), ("4", 1), ("4.1", 2), ("40", 10)])
def test_there_have_to_be_as_many_parts_as_take_the_load(factor, shelves):
    (_, part) = grown(factor).charges
    assert (part.count, part.amount) == (shelves, shelves * (2 * Decimal("0.1") * 730 + 3))


def test_the_sum_is_that_of_the_charges():
    assert grown("3").month == sum(charge.amount for charge in grown("3").charges)


def test_what_has_no_price_counts_nothing():
    assert at(LOAD, Decimal(2), HERE, Prices({})).month == 0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("342", "342"),
        ("342.5", "342.5"),
        ("2000.5", "2,000"),
        ("9999999", "9,999,999"),
        ("5256000000", "5,256 million"),
    ],
)
def test_numbers_are_written_for_people(value, words):
    assert growth.number(Decimal(value)) == words


def test_a_terminal_shows_what_gives_way_what_moves_it_and_the_sum():
    lines = growth.text(grown("10")).splitlines()
    assert lines[0] == "10 letters a second are what the settings are made for: QUEUE=10."
    assert lines[1] == "At 100 a second:"
    assert lines[4].split() == ["a", "queue", "50", "gives", "way", "a", "larger", "queue"]
    assert lines[5].split() == ["a", "door", "200", "holds"]
    assert lines[-1].split() == ["sum", growth.month(grown("10").month)]


def test_a_documents_rows_say_at_which_factor_each_limit_gives_way():
    first, queue, door, cost = growth.document(LOAD, HERE, PRICES)
    assert first == ["letters a second (QUEUE=10)", "10", "100", "1,000", "10,000", ""]
    assert queue == ["a queue", "50", "gives way", "gives way", "gives way", "a larger queue"]
    assert door == ["a door", "200", "", "gives way", "gives way", "a wider door"]
    assert cost[2] == growth.month(grown("10").month)


@pytest.mark.parametrize("system", GROWING)
def test_the_first_limit_of_a_system_is_not_below_its_own_load(system):
    own = growth.module(system)
    assert own is not None
    settings = cli.settings_of(system).read({"ENVIRONMENT": "staging"})
    found = own.of(settings)
    # What one sender may do says nothing of all of them.
    total = [limit for limit in found.limits if not limit.what.startswith("one sender")]
    assert min(limit.takes for limit in total) >= found.rate > 0
    assert all(limit.what and limit.moved_by for limit in found.limits)


@pytest.mark.parametrize("system", GROWING)
def test_every_use_and_part_of_a_system_has_a_price(system):
    own, prices = growth.module(system), Prices.read()
    assert own is not None
    found = own.of(cli.settings_of(system).read({"ENVIRONMENT": "staging"}))
    names = [(part.service, name) for part in found.parts for name, _, _ in part.prices] + list(found.uses)
    assert [each for each in names if prices.get(growth.Rate(*each), "us-east-1") is None] == []


def test_a_system_without_a_load_has_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "lib.mailbox", ModuleType("lib.mailbox"))
    assert growth.module("mailbox") is None


def test_a_load_that_cannot_be_imported_is_no_system_without_one(monkeypatch):
    def broken(_name: str) -> None:
        raise ModuleNotFoundError("No module named 'x'", name="x")

    monkeypatch.setattr(growth.importlib, "import_module", broken)
    with pytest.raises(ModuleNotFoundError):
        growth.module("payment")


@pytest.mark.parametrize("word", ["10x", "10", "2.5x"])
def test_the_command_takes_a_factor(word, capsys):
    assert cli.main([GROWING[0], "--load", word, "--region", HERE]) == 0
    assert "are what the settings are made for" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["0x", "ten", "-1", "1e9", "x"])
def test_the_command_refuses_what_is_no_factor(word, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([SYSTEMS[0], f"--load={word}"])
    assert stopped.value.code == 2
    assert f"{word!r} is no multiple of a load: write for example 10x" in capsys.readouterr().err


def test_the_command_says_that_a_system_has_no_load(monkeypatch, capsys):
    monkeypatch.setattr(growth, "module", lambda _system: None)
    assert cli.main([SYSTEMS[0], "--load", "10x"]) == 2
    assert "says nothing of its load" in capsys.readouterr().err


def test_a_setting_that_is_refused_is_no_load(monkeypatch):
    monkeypatch.setenv("ENVIRONMENT", "nowhere")
    with pytest.raises(SettingError):
        cli.loaded(SYSTEMS[0], {"ENVIRONMENT": "nowhere"}, Decimal(1))


@pytest.mark.parametrize(
    ("name", "constant", "unit"),
    [
        ("payment", "FUNCTION_RATE", "payments/s"),
        ("flask-api", "WORKER_RATE", "requests/s"),
        ("kinesis-pipeline", "CONSUMER_RATE", "events/s"),
    ],
)
def test_a_units_rate_is_the_readmes_figure(name, constant, unit):
    figures = (Path(__file__).resolve().parents[3] / "README.md").read_text(encoding="utf-8")
    assert f" {getattr(growth.module(name), constant):,} {unit}" in figures


@pytest.mark.parametrize(
    ("name", "rows", "logs"),
    [
        ("payment", "payment {:,} bytes", "payment {:,} bytes"),
        ("flask-api", "order of two products {:,} bytes", "order {:,} bytes"),
        ("kinesis-pipeline", "event {:,} bytes", "event of a batch of 100 {:,} bytes"),
    ],
)
def test_what_a_unit_leaves_is_the_readmes_figure(name, rows, logs):
    figures = (Path(__file__).resolve().parents[3] / "README.md").read_text(encoding="utf-8")
    own = growth.module(name)
    (left,) = (line for line in figures.splitlines() if line.startswith("| what one unit leaves in the database"))
    (logged,) = (line for line in figures.splitlines() if line.startswith("| what it leaves in CloudWatch Logs"))
    assert rows.format(own.ROW_BYTES) in left
    assert logs.format(own.LOG_BYTES) in logged


SHELF = Store("a shelf", 5, 10 * 5 * DAY_SECONDS * 3, "another shelf")  # full after three days at 10 a second


def test_what_fills_is_full_the_sooner_the_greater_the_load():
    assert (SHELF.days(Decimal(10)), SHELF.days(Decimal(30))) == (3, 1)


@pytest.mark.parametrize(("kept_days", "full"), [(0, 3), (3, 3), (2, None)])
def test_what_goes_before_it_is_full_never_fills(kept_days, full):
    assert SHELF._replace(kept_days=kept_days).days(Decimal(10)) == full


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, "never"),
        ("0.05", "1.2 hours"),
        ("1.9", "45.6 hours"),
        ("2", "2.0 days"),
        ("45", "45 days"),
        ("730", "2.0 years"),
        ("9999", "27 years"),
    ],
)
def test_times_are_read_as_people_say_them(found, words):
    assert growth.days(Decimal(found) if found else None) == words


def test_what_fills_is_shown_with_what_moves_it():
    load = kept(stores=(SHELF,))
    assert "another shelf" in growth.text(at(load, Decimal(1), HERE, PRICES))
    (row,) = (row for row in growth.document(load, HERE, PRICES) if row[0].startswith("a shelf"))
    assert row == ["a shelf: full after", "3.0 days", "7.2 hours", "0.7 hours", "0.1 hours", "another shelf"]


def test_a_load_that_fills_nothing_says_nothing_of_it():
    assert "fill" not in growth.text(grown("1"))


RATES = {"One:db.t4g.medium": "0.1", "One:db.m6g.large": "0.3", "One:db.r6g.large": "0.5"}
CLASSES = Prices({REFERENCE: {"currency": "USD", "AmazonRDS": {"date": "2026-05-01", "rates": RATES}}})


@pytest.mark.parametrize(
    ("factor", "what", "amount"),
    [
        ("4", None, 0),  # 40 a second are what 0.4 vCPU take
        ("4.1", "db.m6g.large in the place of db.t4g.medium", 2 * Decimal("0.2") * 730),
        ("20", "db.m6g.large in the place of db.t4g.medium", 2 * Decimal("0.2") * 730),
        ("21", "a class that the price table has not in the place of db.t4g.medium", 0),
    ],
)
def test_a_load_costs_the_cheapest_class_that_takes_it(factor, what, amount):
    load = kept(servers=Servers(100, "db.t4g.medium", "One:{}", 2), parts=(), uses={})
    found = [(charge.what, charge.count, charge.amount) for charge in at(load, Decimal(factor), HERE, CLASSES).charges]
    assert found == ([(what, 2, amount)] if what else [])


def test_a_class_without_a_price_is_compared_with_none():
    load = kept(servers=Servers(100, "db.t4g.micro", "One:{}", 1), parts=(), uses={})
    assert at(load, Decimal(100), HERE, CLASSES).charges == ()

"""A system's document says what is declared: its alarms, its environments, its settings' defaults and limits."""

import re

import pytest

from lib.common import setting_types
from lib.common.errors import SettingError
from lib.common.setting_types import ENVIRONMENTS, Setting, text_of
from lib.common.system_settings import SystemSettings
from tests.policy import changes_table, documents
from tests.policy.cases import SYSTEMS
from tests.policy.changes import Change

RANGE = re.compile(r"(\d+) to (\d+)")


def document(system):
    return documents.document(system).read_text(encoding="utf-8")


def read(system, environment, **values):
    return documents.settings_of(system).read({"ENVIRONMENT": environment, **values})


def declared(system):
    return documents.settings_of(system).declared().values()


@pytest.mark.parametrize("system", SYSTEMS)
def test_alarms_environments_and_settings_are_what_is_declared(system):
    text = document(system)
    assert documents.written(system, text) == text, "write them again: .venv/bin/python -m tests.policy.documents"


def test_the_table_of_changes_is_the_catalogue():
    text = changes_table.DOCUMENT.read_text(encoding="utf-8")
    written = documents.replaced(text, changes_table.HEAD, changes_table.rows())
    assert written == text, "write it again: .venv/bin/python -m tests.policy.documents"


@pytest.mark.parametrize(
    ("expected", "step", "words"),
    [
        ({}, "", "nothing"),
        ({}, "destroy", "everything is deleted"),
        (
            {"changed": {"A::B": 2, "C::D": 1}, "tags": True},
            "",
            "changed in place: 2 `A::B`, `C::D`; others get other tags",
        ),
        ({"refused": "no"}, "", "refused: “no”"),
        ({"refused_by": {"the stack": 1}}, "destroy", "refused by the protection of: the stack"),
        ({"created": {"A::B": 1}}, "creation fails", f"{changes_table.RESUMED}; created: `A::B`"),
    ],
)
def test_what_becomes_of_a_stack_is_said_in_words(expected, step, words):
    assert changes_table.outcome(Change("x", "shop", step=step, expected=expected)) == words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"after": {"A": "1"}}, "`A=1`"),
        ({"before": {"A": "1"}, "after": {"A": ""}, "environment": "dev"}, "`dev`; `A=1` → no `A`"),
        ({"after": {"VERSION": "next major"}, "parameters": {"P": "x"}}, "`VERSION`: next major, `P=x`"),
        ({"zones": ("ab", "bc")}, "zones `ab`, `bc`"),
    ],
)
def test_what_is_set_is_said_in_words(change, words):
    assert changes_table.settings(Change("x", "shop", **change)) == words


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_alarm_comes_with_what_to_look_at_first(system):
    rows = documents.table(document(system), documents.ALARMS) if documents.alarms(system) else []
    assert [row[0] for row in rows if not row[-1]] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_default_that_is_written_out_changes_nothing(system, environment):
    base = read(system, environment)
    written = {each.variable: text_of(base.values[each.attribute]) for each in declared(system)}
    assert written.keys() >= {each.variable for each in SystemSettings.declared().values()} != set()
    assert read(system, environment, **{name: text for name, text in written.items() if text}) == base


def limits_of(system):
    """Return the lowest and the highest value of each of a system's numbers, by variable."""
    limits = {each.variable: RANGE.fullmatch(each.kind.takes) for each in declared(system)}
    return {name: (int(found[1]), int(found[2])) for name, found in limits.items() if found}


def test_the_limits_of_numbers_are_found():
    """A system may have none; without any, the test below would try nothing."""
    assert sum(len(limits_of(system)) for system in SYSTEMS) >= 4


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_number_is_taken_within_its_limits_and_not_outside(system):
    ranges = limits_of(system)
    for end in (0, 1):
        assert read(system, "dev", **{name: str(both[end]) for name, both in ranges.items()})
    for name, (low, high) in ranges.items():
        for outside in (low - 1, high + 1):
            with pytest.raises(SettingError, match=f"^{name}='{outside}' is refused"):
                read(system, "dev", **{name: str(outside)})


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_setting_says_what_it_is_and_what_a_change_does(system):
    assert [each.variable for each in declared(system) if not (each.about and each.change and each.kind.takes)] == []


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((14, 30, 365), "`14`, `30`, `365`"),
        ((7, 7, 7), "`7`"),
        ((None, None, 9), "`5`, `5`, `9`"),
        ((None,) * 3, "`5`"),
    ],
)
def test_a_default_is_written_once_or_for_each_environment(values, text):
    days = Setting(setting_types.number(1, 365), "days", 5, alias="DAYS")
    files = [{} if value is None else {"DAYS": ("dev.toml", str(value))} for value in values]
    assert documents.default(days, files) == text


def test_a_changed_default_is_noticed():
    text = document("payment").replace("`14`, `30`, `365`", "`14`, `30`, `366`")
    assert documents.written("payment", text) != text


@pytest.mark.parametrize(
    ("head", "count"), [(("alarm", "x"), 0), (documents.ALARMS, 2)], ids=["no table", "two tables"]
)
def test_a_table_is_there_once(head, count):
    line = f"| {' | '.join(documents.ALARMS)} |\n|---|---|---|\n"
    with pytest.raises(ValueError, match=f"There are {count} tables"):
        documents.table(f"{line}\n{line}", head)


def without(text, head):
    """Return a document's text without the table that has this head."""
    return re.sub(rf"^\| {re.escape(' | '.join(head).strip())}.*\n(\|.*\n)+", "", text, flags=re.M)


@pytest.mark.parametrize("head", [documents.ALARMS, documents.PULUMI_SETTINGS], ids=["alarms", "settings"])
def test_a_missing_table_is_an_error(head):
    with pytest.raises(ValueError, match="There are 0 tables"):
        documents.written("payment", without(document("payment"), head))


def test_a_table_may_be_left_out_that_would_be_empty(monkeypatch):
    """A system without alarms, whose environments do not differ in what the table compares."""
    monkeypatch.setattr(documents, "alarms", lambda _system: {})
    text = without(document("payment"), documents.ALARMS)
    assert documents.written("payment", text) == text


def test_a_changed_threshold_is_noticed():
    text = document("payment").replace("`5XXError` > 5", "`5XXError` > 6")
    assert documents.written("payment", text) != text


@pytest.mark.parametrize(
    ("number", "text"), [(5.0, "5"), (0.1, "0.1"), (4 * 1024**3, "4 GiB"), (256 * 1024**2, "256 MiB"), (0, "0")]
)
def test_a_threshold_is_written_as_people_write_it(number, text):
    assert documents.amount(number) == text

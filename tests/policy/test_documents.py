"""A system's document says what is declared: its alarms, its environments, its settings' defaults and limits."""

import importlib
import re
from collections.abc import Iterator
from itertools import product

import pytest

from lib.common.errors import SettingError
from lib.common.setting_parsers import ENVIRONMENTS
from tests.policy import documents
from tests.policy.cases import SYSTEMS

# Defaults in words: of another file, of the stack's name, or none.
ELSEWHERE = re.compile(r"the files? lib/|what follows|the first of|none|nothing|the same|[a-z ]+ that goes with it")
RANGE = re.compile(r"(\d+) to (\d+)\b(?! lower-case)")
IN_PRODUCTION = re.compile(r"`?([^`]+?)`? in (production|dev)(?:, else `?([^`]+?)`?)?")


def text_of(system):
    return documents.document(system).read_text(encoding="utf-8")


def read(system, values):
    module = importlib.import_module(f"lib.{system.replace('-', '_')}.settings")
    return module.Settings.read(values)


def rows(system) -> Iterator[tuple[list[str], str, str]]:
    """Yield each row of the settings' table: the variables, their default, what they take."""
    text = text_of(system)
    heads = (("variable", "configuration", "default", "takes"), ("variable", "default", "takes"))
    (head,) = [head for head in heads if f"| {' | '.join(head)} |" in text]
    for row in documents.table(text, head):
        yield re.findall(r"`([A-Z_]+)`", row[0]), row[-2], row[-1]


def defaults(system) -> Iterator[tuple[str, str, str]]:
    """Yield environment, variable and default, for every default that is a value."""
    for names, default, _takes in rows(system):
        if ELSEWHERE.match(default):
            continue
        per_environment = default.split(", ")
        for place, environment in enumerate(ENVIRONMENTS):
            found = IN_PRODUCTION.fullmatch(default)
            if found:
                value, where, other = found.groups()
                opposite = {"true": "false", "false": "true"}.get(value, other)
                values = [value if environment == where else (other or opposite)] * len(names)
            elif len(per_environment) == len(ENVIRONMENTS) != len(names):
                values = per_environment[place].split(" and ")
            else:
                values = per_environment
            for name, value in zip(names, values, strict=len(names) == len(values)):
                plain = value.strip("`")
                if not ELSEWHERE.match(plain) and name != "ENVIRONMENT":
                    yield environment, name, plain


@pytest.mark.parametrize("system", SYSTEMS)
def test_alarms_and_environments_are_what_is_declared(system):
    text = text_of(system)
    assert documents.written(system, text) == text, "write them again: .venv/bin/python -m tests.policy.documents"


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_alarm_comes_with_what_to_look_at_first(system):
    assert [row[0] for row in documents.table(text_of(system), documents.ALARMS) if not row[-1]] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_default_that_is_written_out_changes_nothing(system):
    found = list(defaults(system))
    assert len({name for _environment, name, _value in found}) >= 6
    for environment, name, value in found:
        base = {"ENVIRONMENT": environment}
        assert read(system, {**base, name: value}) == read(system, base), f"{environment}: {name}={value}"


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_number_is_taken_within_its_limits_and_not_outside(system):
    tried = 0
    for names, _default, takes in rows(system):
        ranges = RANGE.findall(takes)
        limits = ranges * len(names) if len(ranges) == 1 else ranges[: len(names)]
        if not limits:
            continue
        for end in (0, 1):
            values = {name: limit[end] for name, limit in zip(names, limits, strict=True)}
            read(system, {"ENVIRONMENT": "dev", **values})
        for (name, limit), (end, step) in product(zip(names, limits, strict=True), ((0, -1), (1, 1))):
            with pytest.raises(SettingError, match=name):
                read(system, {"ENVIRONMENT": "dev", name: str(int(limit[end]) + step)})
            tried += 1
    assert tried >= 4


@pytest.mark.parametrize(
    ("head", "count"), [(("alarm", "x"), 0), (documents.ALARMS, 2)], ids=["no table", "two tables"]
)
def test_a_table_is_there_once(head, count):
    line = f"| {' | '.join(documents.ALARMS)} |\n|---|---|---|\n"
    with pytest.raises(ValueError, match=f"There are {count} tables"):
        documents.table(f"{line}\n{line}", head)


def test_a_changed_threshold_is_noticed():
    text = text_of("payment").replace("`5XXError` > 5", "`5XXError` > 6")
    assert documents.written("payment", text) != text


@pytest.mark.parametrize(
    ("number", "text"), [(5.0, "5"), (0.1, "0.1"), (4 * 1024**3, "4 GiB"), (256 * 1024**2, "256 MiB"), (0, "0")]
)
def test_a_threshold_is_written_as_people_write_it(number, text):
    assert documents.amount(number) == text

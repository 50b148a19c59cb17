"""The catalogue of changes as a table of docs/changes.md: from what the catalogue says, and the tests hold true."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.policy.changes import Change, changes

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "changes.md"
HEAD = ("change", "settings", "system", "what becomes of the stack")
WORDS: Mapping[str, str] = {
    "created": "created",
    "changed": "changed in place",
    "created_first": "replaced, the new one first",
    "deleted_first": "replaced, the old one deleted first",
    "deleted": "deleted",
    "refused_by": "refused by the protection of",
    "stays": "stays",
    "taken": "cannot have its name again",
}
NOTHING: Mapping[str, str] = {
    "": "nothing",
    "destroy": "everything is deleted",
    "create again": "no name is taken",
    "destroy again": "no name of a snapshot is taken",
    "creation fails": "everything is rolled back, and can be created again",
}
RESUMED = "what was created is in the state; the next deployment goes on"


def settings(change: Change) -> str:
    """Return what is set, before an arrow what was set; an environment that is not production is named."""
    sides = [", ".join(_assigned(found)) for found in (change.before, {**change.after, **change.parameters})]
    arrow = " → ".join(filter(None, sides))
    environment = "" if change.environment == "production" else f"`{change.environment}`"
    zones = f"zones `{'`, `'.join(change.zones)}`" if len(set(change.zones)) > 1 else ""
    return "; ".join(filter(None, (environment, arrow, zones)))


def _assigned(values: Mapping[str, str]) -> Iterator[str]:
    for name, value in values.items():
        words = f"`{name}`: {value}" if " " in value else f"`{name}={value}`"
        yield words if value else f"no `{name}`"


def outcome(change: Change) -> str:
    """Return what becomes of the stack, in words."""
    if change.refused:
        return f"refused: “{change.refused}”"
    parts = [f"{words}: {_counts(change.expected[kind])}" for kind, words in WORDS.items() if kind in change.expected]
    if change.step == "creation fails" and "created" in change.expected:
        parts.insert(0, RESUMED)
    return (
        "; ".join([*parts, *(["others get other tags"] if "tags" in change.expected else [])]) or NOTHING[change.step]
    )


def _counts(counts: Mapping[str, Any]) -> str:
    named = {(kind if " " in kind else f"`{kind}`"): number for kind, number in counts.items()}
    return ", ".join(f"{number} {kind}" if number > 1 else kind for kind, number in named.items())


def rows() -> list[list[str]]:
    """Return the table's rows: systems with the same outcome of a change are in one."""
    found = []
    for (what, chosen), group in groupby(changes(), key=lambda change: (change.what, settings(change))):
        systems: dict[str, list[str]] = {}
        for change in group:
            systems.setdefault(outcome(change), []).append(change.system)
        found += [[what, chosen, ", ".join(names), words] for words, names in systems.items()]
    return found

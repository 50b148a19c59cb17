"""The catalogue of changes (changes.toml): what users do to a deployed stack, and what becomes of it.

Each stack is synthesised once for the settings of a session.
"""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from lib.common import rds_versions
from lib.common.errors import SettingError
from lib.declared import cloudformation, pulumi_program, terraform_expressions
from lib.declared.model import Declaration
from lib.declared.read import SYSTEMS, Source, source, view
from tests.policy import code_changes, lifecycle
from tests.policy.cases import Case, production
from tests.policy.plan import KINDS, Counts, plan
from tests.policy.refusals import refusal

CATALOGUE = Path(__file__).parent / "changes.toml"
ENGINES = ("AWS::RDS::GlobalCluster", "AWS::RDS::DBCluster", "AWS::RDS::DBInstance")
LETTERS = "abc"
PREFIX = "AWS::"


@dataclass(frozen=True)
class Change:
    """One change of one system.

    Attributes:
        what: in words.
        system: whose.
        environment: of the deployed stack.
        before: settings of the deployed stack beside those of the case, and after them those of the deployment.
        after: what changes.
        parameters: CloudFormation's, given with the deployment.
        zones: letters of the zones that AWS lists, before and after.
        code: a change of the program, of :data:`tests.policy.code_changes.CHANGES`.
        step: no change but a step of the stack's life, of :data:`tests.policy.lifecycle.STEPS`.
        expected: what becomes of it: numbers of resources by type, for each kind; or the sentence that refuses it.
    """

    what: str
    system: str
    environment: str = "production"
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    zones: tuple[str, str] = (LETTERS, LETTERS)
    code: str = ""
    step: str = ""
    expected: Mapping[str, Any] = field(default_factory=dict)

    @property
    def refused(self) -> str:
        """The sentence that refuses the change, or a part of it."""
        return str(self.expected.get("refused", ""))

    def environ(self, side: int) -> dict[str, str]:
        """Return the settings: 0 before the change, 1 after it."""
        base = Case(self.system, self.environment).environ
        given = {**self.before, **(self.after if side else {})}
        known = {name: base[name] if value == "given" else value for name, value in given.items()}
        return {name: _version(self.system, value) for name, value in _named(self.system, {**base, **known})}

    def source(self, side: int) -> Source:
        """Return what is declared on one side of the change, in the tool's own form."""
        return _source(self.system, frozenset(self.environ(side).items()), self.zones[side], self.code if side else "")

    def declared(self, side: int) -> Declaration:
        """Return what is declared on one side of the change."""
        with _listed(self.zones[side]):
            return view(self.source(side))

    def outcome(self) -> dict[str, Any]:
        """Return what becomes of the stack, as the catalogue has it."""
        if self.step:
            return {kind: short(counts) for kind, counts in lifecycle.STEPS[self.step](self.declared(0)).items()}
        before = self.source(0)
        try:
            after = self.source(1)
        except SettingError as error:
            return {"refused": str(error)}
        if sentence := refusal(before, after, self.parameters):
            return {"refused": sentence}
        done = plan(self.declared(0), self.declared(1))
        counts: dict[str, Any] = {kind: short(found) for kind, found in done.counts().items()}
        return counts | ({"tags": True} if done.tags else {})

    def __str__(self) -> str:
        """Return the change's name in a test's name."""
        return f"{self.system}-{self.what}"


def short(counts: Counts) -> Counts:
    """Return counts without what every type's name begins with."""
    return {kind.removeprefix(PREFIX): number for kind, number in counts.items()}


def _listed(letters: str) -> ExitStack:
    """Return a context in which AWS lists these zones."""
    stack = ExitStack()
    for module in (pulumi_program, cloudformation, terraform_expressions):
        stack.enter_context(mock.patch.object(module, "ZONES", letters))
    return stack


@cache
def _source(system: str, environ: frozenset[tuple[str, str]], letters: str, code: str) -> Source:
    with _listed(letters), code_changes.CHANGES[code](system):
        return source(system, dict(environ))


@cache
def engine(system: str) -> rds_versions.Engine:
    """Return the engine of a system's database."""
    found = (resource for kind in ENGINES for resource in production(system).of(kind))
    return rds_versions.ENGINES[str(next(found).properties["Engine"])]


def _named(system: str, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield settings with the variable of the engine's version in the place of ``VERSION``."""
    for name, value in environ.items():
        yield (rds_versions.variable(engine(system).name) if name == "VERSION" else name), value


def _version(system: str, value: str) -> str:
    """Return a value, or the version that it describes."""
    if value not in ("earlier minor", "next major"):
        return value
    this, following = engine(system).majors[:2]
    return this.versions[1] if value == "earlier minor" else following.versions[0]


def changes() -> Iterator[Change]:
    """Yield every change of the catalogue for each of its systems that this checkout has.

    Raises:
        KeyError: an entry has a key that means nothing.
    """
    known = {"what", "environment", "from", "to", "parameters", "zones", "code", "step"}
    for entry in tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))["change"]:
        common = {key: value for key, value in entry.items() if key in known}
        if unknown := entry.keys() - known - set(SYSTEMS):
            raise KeyError(f"{entry['what']}: {', '.join(unknown)} is neither a key of a change nor a system.")
        renamed = {{"from": "before", "to": "after"}.get(key, key): value for key, value in common.items()}
        if "zones" in renamed:
            renamed["zones"] = tuple(renamed["zones"])
        for system in SYSTEMS:
            if system in entry:
                if unknown := entry[system].keys() - {*KINDS, *lifecycle.KINDS, "tags", "refused"}:
                    raise KeyError(f"{entry['what']}, {system}: {', '.join(unknown)} is nothing that can happen.")
                yield Change(**renamed, system=system, expected=entry[system])

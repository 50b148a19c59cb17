"""The real AWS provider plans changes of the catalogue as it says: created, deleted, replaced, changed in place.

Each resource that differs is planned on a state of its own, without what it refers to: what is changed because another
resource is replaced is left to the catalogue. Where no provider can be had, the tests are skipped with the reason.
"""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from lib.declared import pulumi_terraform
from lib.declared.read import TOOLS, Source
from lib.declared.terraform import Configuration
from tests.policy import changes
from tests.policy.changes import Change
from tests.policy.plan import Plan, plan
from tests.support import provider, provider_plan
from tests.support.provider import Provider

WHAT = (
    "A certificate for what is inside the network",
    "A third zone",
    "Another image",
    "Another port of the database",
    "Larger tasks",
    "One NAT gateway for all zones",
)
REPLACED = (("create", "delete"), ("delete", "create"))


def configuration(found: Source) -> dict[str, Any]:
    """Return a source as Terraform JSON."""
    return found.document if found.tool == "cdktf" else pulumi_terraform.configuration(found.document)


def planned_changes() -> dict[tuple[str, str], list[Change]]:
    """Return the changes that the provider plans, by system and environment: one plan has all of them."""
    found: dict[tuple[str, str], list[Change]] = {}
    for change in changes.changes():
        if change.what in WHAT and TOOLS[change.system] != "cdk" and (change.system, change.what) not in LEFT_OUT:
            found.setdefault((change.system, change.environment), []).append(change)
    return found


# Its secret has an ephemeral value, which is none in a plan of single resources.
LEFT_OUT = {("disaster-recovery", "Another port of the database")}
PLANNED = planned_changes()


@pytest.fixture(name="real", scope="module")
def fixture_real(tmp_path_factory: pytest.TempPathFactory) -> Provider:
    """The AWS provider that plans."""
    found = provider.find(tmp_path_factory.mktemp("provider"))
    if isinstance(found, str):
        pytest.skip(f"No AWS provider has planned: {found}")
    return found


def together(found: list[Change]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what differs in any of the changes as two configurations; each label ends in the change's number."""
    sides: tuple[dict[str, Any], dict[str, Any]] = ({"resource": {}}, {"resource": {}})
    for number, change in enumerate(found):
        both = [configuration(change.source(side)) for side in (0, 1)]
        for side, resources in enumerate(provider_plan.differing(*both)):
            sides[side]["provider"] = both[side]["provider"]
            for kind, group in resources.items():
                named = {f"{name}__{number}": body for name, body in group.items()}
                sides[side]["resource"].setdefault(kind, {}).update(named)
    return sides


def contradiction(action: tuple[str, ...], name: str, part: bool, expected: Plan, tool: str) -> str:
    """Return how a plan's action on a resource contradicts the catalogue's plan; nothing if it does not."""
    lines = {field.name: getattr(expected, field.name) for field in fields(Plan)}
    kinds = [kind for kind, found in lines.items() if name in {line.split(" ", 1)[1] for line in found}]
    replaced = {"created_first", "deleted_first"} & set(kinds)
    if part:
        fits = bool({"changed", "created", "deleted"} & set(kinds)) or action == ("no-op",)
    elif action in REPLACED:
        fits = bool(replaced) and (tool != "cdktf" or ("created_first" in kinds) == (action == REPLACED[0]))
    elif action == ("no-op",):
        fits = not replaced
    else:
        wanted = {"create": {"created"}, "delete": {"deleted"}, "update": {"changed", "tags"}}[action[0]]
        fits = bool(wanted & set(kinds))
    return (
        "" if fits else f"{name}: the provider plans {'/'.join(action)}, the catalogue {', '.join(kinds) or 'nothing'}"
    )


@pytest.mark.parametrize(("system", "environment"), PLANNED)
def test_the_provider_plans_what_the_catalogue_says(
    system: str, environment: str, real: Provider, tmp_path: Path
) -> None:
    """In one plan for each system and environment."""
    found = PLANNED[system, environment]
    before, after = together(found)
    done = provider_plan.planned(real, before, after, tmp_path)
    assert done.errors == []
    wrong, seen = [], set()
    for number, change in enumerate(found):
        views = [Configuration(configuration(change.source(side))) for side in (0, 1)]
        names = {address: view.names[owner] for view in views for address, owner in view.owners.items()}
        own = {address for view in views for address, owner in view.owners.items() if owner == address}
        expected = plan(change.declared(0), change.declared(1))
        for address, action in done.actions.items():
            base, _, mark = address.rpartition("__")
            if mark == str(number):
                seen.add(action)
                wrong.append(contradiction(action, names[base], base not in own, expected, TOOLS[system]))
    assert [line for line in wrong if line] == []
    assert seen - {("no-op",)}


@pytest.mark.parametrize(
    ("action", "fits"),
    [("update", True), ("create", False), ("delete", False), ("no-op", True), ("create/delete", False)],
)
def test_a_contradiction_is_named(action: str, fits: bool) -> None:
    """A twin: the catalogue has a change in place."""
    found = contradiction(tuple(action.split("/")), "a.b", False, Plan(changed=("A::B a.b",)), "cdktf")
    assert bool(found) != fits


@pytest.mark.parametrize(("tool", "fits"), [("cdktf", False), ("pulumi", True)])
def test_the_order_of_a_replacement_is_terraforms_own(tool: str, fits: bool) -> None:
    """Pulumi's order follows from the name, and Terraform knows nothing of it."""
    found = contradiction(REPLACED[1], "a.b", False, Plan(created_first=("A::B a.b",)), tool)
    assert bool(found) != fits

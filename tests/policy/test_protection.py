"""DELETION_PROTECTION alone decides what a tool refuses to delete, and ACCOUNT_ID alone where it deploys to."""

import dataclasses

import pytest

from lib.declared.model import Declaration
from lib.declared.read import SYSTEMS, source, view
from tests.policy.cases import ACCOUNT, Case, declared
from tests.policy.rules.production import PROTECTED, unprotected, unprotected_from_the_tool


def refused(declaration: Declaration) -> set[str]:
    """Return the names of what a plan may not destroy, and of stacks that may not be deleted."""
    resources = {r.name for r in declaration.resources if r.options.get("lifecycle", {}).get("prevent_destroy")}
    return resources | {target.name for target in declaration.targets if target.protected}


@pytest.mark.parametrize("environment", ["dev", "staging"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_made_to_be_destroyed_is_not_protected(system: str, environment: str) -> None:
    """Nothing has to be set before it is destroyed."""
    assert refused(declared(Case(system, environment))) == set()


@pytest.mark.parametrize("system", SYSTEMS)
def test_one_setting_ends_the_protection_of_production(system: str) -> None:
    """The tool's and AWS's own, so that what refuses is never found out one by one; what is kept stays kept."""
    case = Case(system, "production")
    protected = declared(case)
    ended = view(source(system, {**case.environ, "DELETION_PROTECTION": "false"}))
    assert refused(protected)
    assert not refused(ended)
    assert bool(list(unprotected(ended))) == any(ended.of(kind) for kind in (*PROTECTED, "AWS::DynamoDB::GlobalTable"))
    assert list(unprotected_from_the_tool(ended))
    kept = [{resource.name for resource in found.resources if resource.retained} for found in (protected, ended)]
    assert kept[0] == kept[1]


@pytest.mark.parametrize("system", SYSTEMS)
def test_without_an_account_any_is_deployed_to(system: str) -> None:
    """The setting is empty by default, and pins every provider when it is not."""
    case = Case(system, "dev")
    found = view(source(system, {name: value for name, value in case.environ.items() if name != "ACCOUNT_ID"}))
    assert {target.accounts for target in found.targets} == {()}
    pinned = declared(case).targets
    assert pinned == tuple(dataclasses.replace(target, accounts=(ACCOUNT,)) for target in found.targets)

"""Every rule finds nothing in what is declared, and finds what was broken on purpose, in each tool's own form."""

import importlib
import pkgutil

import pytest

from tests.policy import contract, rules, twins
from tests.policy.cases import CASES, SYSTEMS, TOOLS, Case, Twin, declared, production
from tests.policy.rule import RULES

for package in (rules, twins):
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
TWINS: list[Twin] = [
    twin
    for module in pkgutil.iter_modules(twins.__path__)
    for twin in importlib.import_module(f"{twins.__name__}.{module.name}").TWINS
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_rule_finds_nothing(case, rule):
    declaration = declared(case)
    found = list(rule.check(declaration)) if rule.applies_to(declaration) else []
    assert found == []


@pytest.mark.parametrize("twin", TWINS, ids=str)
def test_the_rule_finds_what_is_broken(twin):
    broken = twin.broken()
    before = set(twin.check(production(broken.system)))
    assert [found for found in twin.check(broken) if found not in before] != []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_rule_has_a_twin_in_each_tool_that_declares_its_types(rule):
    tools = {TOOLS[system] for system in SYSTEMS if rule.applies_to(production(system))}
    assert tools != set()
    assert tools - {twin.tool for twin in TWINS if twin.check == rule.check} == set()


def test_no_two_rules_have_the_same_name():
    names = [rule.name for rule in RULES]
    assert sorted(set(names)) == sorted(names)


def test_every_case_declares_what_the_rules_look_at():
    """Some resources of Terraform and Pulumi are parts of others in CloudFormation: most have to be there."""
    for system in SYSTEMS:
        known = (contract.FOLDER / f"{system}.txt").read_text(encoding="utf-8").splitlines()
        identities = [line for line in known if not line.startswith(contract.FACTS)]
        assert len(declared(Case(system, "production")).resources) >= 0.6 * len(identities) > 0

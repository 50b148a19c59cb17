"""What a rule is, and the list of all of them."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lib.declared.model import Declaration

Check = Callable[[Declaration], Iterator[str]]


@dataclass(frozen=True)
class Rule:
    """A check of a declaration.

    Attributes:
        check: yields what is wrong.
        types: CloudFormation's types of resources that it says something of; none for a rule about every resource.
        environments: where it holds.
        tools: the infrastructure-as-code tools that it holds for.
    """

    check: Check
    types: frozenset[str]
    environments: frozenset[str]
    tools: frozenset[str]

    @property
    def name(self) -> str:
        """The rule's name, which is its function's."""
        return self.check.__name__

    def applies_to(self, declaration: Declaration) -> bool:
        """Return whether the declaration has something that the rule says something of."""
        here = declaration.environment in self.environments and declaration.tool in self.tools
        return here and (not self.types or any(resource.type in self.types for resource in declaration.resources))


ENVIRONMENTS = frozenset({"dev", "staging", "production"})
TOOLS = frozenset({"cdk", "cdktf", "pulumi"})
# Those that deploy by Terraform's AWS provider: pulumi-aws is a bridge to it.
TERRAFORM = frozenset({"cdktf", "pulumi"})
RULES: list[Rule] = []


def rule(
    *types: str, environments: frozenset[str] = ENVIRONMENTS, tools: frozenset[str] = TOOLS
) -> Callable[[Check], Check]:
    """Add a check to the list of rules."""

    def register(check: Check) -> Check:
        RULES.append(Rule(check, frozenset(types), environments, tools))
        return check

    return register


def every() -> list[Rule]:
    """Return the rules of every module of tests/policy/rules."""
    package = importlib.import_module("tests.policy.rules")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return RULES

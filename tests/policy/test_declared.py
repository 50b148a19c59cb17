"""The view of every system is complete: all that a tool declares is in it, at a place that CloudFormation has."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from lib.declared import schemas
from lib.declared.model import DeclarationError, Resource
from lib.declared.pulumi_terraform import configuration
from lib.declared.read import SYSTEMS, TOOLS
from lib.declared.schemas import Node
from lib.declared.terraform import Configuration
from lib.declared.terraform_types import TYPES
from tests.policy.cases import CASES, Case, declared, source_of

PRODUCTION = [Case(system, "production") for system in SYSTEMS]
TERRAFORM = [case for case in PRODUCTION if TOOLS[case.system] != "cdk"]


def terraform(case: Case) -> dict[str, Any]:
    """Return a case's Terraform JSON."""
    document = source_of(case).document
    return configuration(document) if case.tool == "pulumi" else document


def groups(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield small configurations: each resource with the parts that are merged into it, or a part with its owner."""
    found = Configuration(content)
    together: dict[str, list[str]] = {}
    for address, owner in found.owners.items():
        together.setdefault(owner, []).append(address)
    for addresses in together.values():
        resources: dict[str, Any] = {}
        for address in addresses:
            kind, _, label = address.partition(".")
            resources.setdefault(kind, {})[label] = copy.deepcopy(found.bodies[address])
        yield {**content, "resource": resources}


def places(value: Any, holder: Any = None, key: Any = None) -> Iterator[tuple[Any, Any]]:
    """Yield every value that is no object and no list, as what holds it and its key there."""
    if isinstance(value, dict | list) and value:
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            if name != "//":
                yield from places(inner, value, name)
    elif value is not None:
        yield holder, key


def other(value: Any) -> Any:
    """Return another value of the same type."""
    if isinstance(value, bool):
        return not value
    return (
        f"{value}x" if isinstance(value, str) and "${" not in value else "x" if isinstance(value, str) else [value, 7]
    )


def unseen(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield each value of a configuration that could be another one, and nobody would see it in the view."""
    for group in groups(content):
        before = Configuration(group).view()
        for holder, key in places(group["resource"]):
            value = holder[key]
            holder[key] = other(value)
            try:
                if Configuration(group).view() == before:
                    yield f"{sorted(group['resource'])}: {key} = {value!r}"
            except DeclarationError:
                pass  # seen, and refused
            holder[key] = value


def misplaced(resource: Resource) -> Iterator[str]:
    """Yield the paths of properties that CloudFormation does not have."""
    if schemas.schema(resource.type):
        yield from _misplaced(resource.properties, schemas.template(resource.type), "")


def _misplaced(value: Any, node: Node | None, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _misplaced(inner, node and node.item, f"{path}.{index}")
    elif isinstance(value, dict) and node and not node.is_text:
        for key, inner in value.items():
            if node.fields and not node.member(key):
                yield f"{path}.{key}".removeprefix(".")
            yield from _misplaced(inner, node.member(key), f"{path}.{key}")


@pytest.mark.parametrize("case", TERRAFORM, ids=str)
def test_every_value_that_is_declared_is_seen_in_the_view(case):
    assert list(unseen(terraform(case))) == []


def test_the_check_notices_a_value_that_is_not_seen(monkeypatch):
    content = terraform(TERRAFORM[0])
    topics = {**content, "resource": {"aws_sns_topic": content["resource"]["aws_sns_topic"]}}
    forgetful = copy.copy(TYPES["aws_sns_topic"])
    object.__setattr__(forgetful, "prepare", lambda body, _context: {key: body[key] for key in body if key != "name"})
    monkeypatch.setitem(TYPES, "aws_sns_topic", forgetful)
    assert [found for found in unseen(topics) if "name = " in found]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_property_is_one_of_cloudformations(case):
    found = [f"{resource.name}: {path}" for resource in declared(case).resources for path in misplaced(resource)]
    assert found == []


def test_the_check_notices_a_property_that_is_none():
    properties = {"Tags": [{"Key": "k", "Worth": "v"}], "Nane": "n", "Environment": {"Variables": {"ANY": "v"}}}
    resource = Resource("AWS::Lambda::Function", "f", properties, "r")
    assert list(misplaced(resource)) == ["Tags.0.Worth", "Nane"]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_everything_that_is_referred_to_is_declared(case):
    found = [f"{resource.name}: {path} {token}" for resource, path, token in declared(case).undeclared()]
    assert found == []

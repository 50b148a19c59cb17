"""Checks every declared value against AWS's own models: CloudFormation's schemas, and the services' API models.

CloudFormation's schemas are those of the installed cfn-lint, the API models those of the installed botocore. Where a
property has no constraint in a schema, the operation that CloudFormation or a provider calls for it often has one.
A text with a reference in it is known after the deployment only, and is not checked.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

import botocore.session
import regex  # what cfn-lint reads the schemas' patterns with: they have \p{L}, which re does not know
from botocore.model import ListShape, MapShape, Shape, StructureShape

from lib.declared import schemas
from lib.declared.model import REFERENCE, Declaration, Resource
from tests.policy.operations import OPERATIONS

Checks = Iterator["Check"]
# A function's code is a file that each tool hands over in its own way; the view has no place for it.
ELSEWHERE = frozenset({("AWS::Lambda::Function", "Code")})


@dataclass(frozen=True)
class Check:
    """One value held against one constraint of one model.

    Attributes:
        path: the value's path in the resource, for example ``Tags.0.Value``.
        keyword: what is limited: ``enum``, ``pattern``, ``maxLength``, ``minimum`` and so on.
        limit: the model's constraint.
        value: what is declared, or its length or count.
        passed: whether the value keeps to the constraint.
        model: ``CloudFormation``, or the operation, for example ``lambda CreateFunction``.
    """

    path: str
    keyword: str
    limit: Any
    value: Any
    passed: bool
    model: str

    def __str__(self) -> str:
        """Return what is wrong."""
        return f"{self.path} is {self.value!r}, and {self.model} has {self.keyword} {self.limit!r}"


def checks(declaration: Declaration) -> Iterator[tuple[Resource, Check]]:
    """Yield every value with every constraint that a model has for it."""
    for resource in declaration.resources:
        schema = schemas.schema(resource.type)
        if schema:
            found = Walk(schema).value(resource.properties, schema, "")
            yield from ((resource, check) for check in found if (resource.type, check.path) not in ELSEWHERE)
        for service, operation, names in OPERATIONS.get(resource.type, ()):
            api = Api(f"{service} {operation}")
            shape = operation_input(service, operation)
            yield from ((resource, check) for check in api.members(renamed(resource.properties, names), shape, ""))


def unknown(value: Any) -> bool:
    """Return whether a value is known after the deployment only."""
    return isinstance(value, str) and bool(REFERENCE.search(value))


def number(value: Any) -> float | None:
    """Return a number, which may be written as a text, or None."""
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


@cache
def compiled(pattern: str) -> Any:
    """Return a pattern as cfn-lint reads it."""
    return regex.compile(pattern)


class Walk:
    """Walks through a resource's properties and CloudFormation's schema at the same time."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema

    def value(self, value: Any, schema: Mapping[str, Any], path: str) -> Checks:
        """Yield every check of a value and of what is inside it."""
        schema = self.resolved(schema)
        yield from self.own(value, schema, path)
        if isinstance(value, Mapping):
            yield from self.inside(value, schema, path)
        elif isinstance(value, list):
            yield from chain.from_iterable(
                self.value(item, schema.get("items", {}), f"{path}.{index}") for index, item in enumerate(value)
            )
        for part in schema.get("allOf", ()):
            yield from self.value(value, part, path)
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                yield from self.best(value, schema[keyword], path)

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a schema in the place of a reference to it; what stands beside the reference stays."""
        while "$ref" in schema:
            found: Any = self.schema
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = {**found, **{key: inner for key, inner in schema.items() if key != "$ref"}}
        return schema

    def best(self, value: Any, branches: Sequence[Mapping[str, Any]], path: str) -> Checks:
        """Yield the checks of the alternative that the value keeps to best."""
        found = [list(self.value(value, branch, path)) for branch in branches]
        yield from min(found, key=lambda branch: sum(not check.passed for check in branch))

    def inside(self, value: Mapping[str, Any], schema: Mapping[str, Any], path: str) -> Checks:
        """Yield the checks of an object's properties."""
        properties, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        for name in schema.get("required", ()):
            yield Check(f"{path}.{name}".lstrip("."), "required", name, value.get(name), name in value, CLOUDFORMATION)
        for key, inner in value.items():
            place = f"{path}.{key}".lstrip(".")
            if key in properties:
                yield from self.value(inner, properties[key], place)
                continue
            matching = [part for pattern, part in patterns.items() if compiled(pattern).search(key)]
            if schema.get("additionalProperties") is False:
                allowed = sorted([*properties, *patterns])
                yield Check(place, "properties", allowed, key, bool(matching), CLOUDFORMATION)
            for part in matching:
                yield from self.value(inner, part, place)

    @staticmethod
    def own(value: Any, schema: Mapping[str, Any], path: str) -> Checks:
        """Yield the checks of a value itself."""
        if unknown(value):
            return
        for keyword, limit in schema.items():
            kept = _kept(keyword, limit, value)
            if kept is not None:
                yield Check(path, keyword, limit, value, kept, CLOUDFORMATION)


CLOUDFORMATION = "CloudFormation"


def _kept(keyword: str, limit: Any, value: Any) -> bool | None:
    """Return whether a value keeps to a constraint, or None when the constraint says nothing of such a value."""
    if keyword in ("enum", "const"):
        options = [_word(option) for option in (limit if keyword == "enum" else [limit])]
        return None if isinstance(value, dict | list) else _word(value) in options
    if keyword == "pattern":
        return bool(compiled(limit).search(value)) if isinstance(value, str) else None
    if keyword == "uniqueItems":
        return _unique(value) or not limit if isinstance(value, list) else None
    for end, kind, size in (("Length", str, len), ("Items", list, len), ("imum", str | int | float, number)):
        if keyword in (f"min{end}", f"max{end}") and isinstance(value, kind):
            found = size(value)
            if found is not None:
                return bool(found >= limit if keyword.startswith("min") else found <= limit)
    return None


def _word(value: Any) -> str:
    """Return a value as CloudFormation compares it: 5 and "5", true and "true" are the same."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unique(items: list[Any]) -> bool:
    return len({json.dumps(item, sort_keys=True) for item in items}) == len(items)


@cache
def operation_input(service: str, operation: str) -> StructureShape:
    """Return the input of an operation."""
    model = botocore.session.get_session().get_service_model(service)
    shape = model.operation_model(operation).input_shape
    assert isinstance(shape, StructureShape)
    return shape


def plain(name: str) -> str:
    """Return a name as CloudFormation and a service's API write it alike."""
    return name.replace("_", "").lower()


def renamed(properties: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return properties by the names that the operation has for them."""
    return {names.get(key, key): value for key, value in properties.items()}


class Api:
    """Walks through a resource's properties and an operation's input at the same time, as far as names are equal."""

    def __init__(self, model: str) -> None:
        self.model = model

    def members(self, value: Mapping[str, Any], shape: StructureShape, path: str) -> Checks:
        """Yield the checks of an object's members that the operation has."""
        known = {plain(name): member for name, member in shape.members.items()}
        for key, inner in value.items():
            if plain(key) in known:
                yield from self.value(inner, known[plain(key)], f"{path}.{key}".lstrip("."))

    def value(self, value: Any, shape: Shape, path: str) -> Checks:
        """Yield the checks of a value and of what is inside it."""
        if isinstance(shape, StructureShape):
            if isinstance(value, Mapping):
                yield from self.members(value, shape, path)
        elif isinstance(shape, ListShape):
            items = value if isinstance(value, list) else []
            if isinstance(value, list):
                yield from self.size(len(value), "Items", shape, path)
            for index, item in enumerate(items):
                yield from self.value(item, shape.member, f"{path}.{index}")
        elif isinstance(shape, MapShape):
            yield from self.mapping(value, shape, path)
        else:
            yield from self.scalar(value, shape, path)

    def mapping(self, value: Any, shape: MapShape, path: str) -> Checks:
        """Yield the checks of a map; CloudFormation writes maps of tags as lists of keys and values."""
        if isinstance(value, list):
            value = {item.get("Key"): item.get("Value") for item in value if isinstance(item, Mapping)}
        for key, inner in value.items() if isinstance(value, Mapping) else ():
            yield from self.value(key, shape.key, f"{path}.{key} (its name)")
            yield from self.value(inner, shape.value, f"{path}.{key}")

    def size(self, length: int, what: str, shape: Shape, path: str) -> Checks:
        """Yield the checks of a length or a count."""
        if "min" in shape.metadata:
            limit = shape.metadata["min"]
            yield Check(path, f"min{what}", limit, length, length >= limit, self.model)
        if "max" in shape.metadata:
            limit = shape.metadata["max"]
            yield Check(path, f"max{what}", limit, length, length <= limit, self.model)

    def scalar(self, value: Any, shape: Shape, path: str) -> Checks:
        """Yield the checks of a text or a number."""
        if unknown(value) or value is None:
            return
        if shape.type_name == "string":
            text = (
                json.dumps(value, separators=(",", ":"), ensure_ascii=False)
                if isinstance(value, dict | list)
                else str(value)
            )
            if isinstance(value, dict | list) and REFERENCE.search(text):
                return
            yield from self.size(len(text), "Length", shape, path)
            if shape.metadata.get("enum"):
                yield Check(path, "enum", shape.enum, value, text in shape.enum, self.model)
            if shape.metadata.get("pattern"):
                pattern = shape.metadata["pattern"]
                yield Check(path, "pattern", pattern, value, matches(pattern, text), self.model)
        elif shape.type_name in ("integer", "long", "float", "double"):
            found = number(value)
            if found is not None:
                for name, kept in (("min", "minimum"), ("max", "maximum")):
                    if name in shape.metadata:
                        limit = float(shape.metadata[name])
                        passed = found >= limit if name == "min" else found <= limit
                        yield Check(path, kept, shape.metadata[name], value, passed, self.model)


def matches(pattern: str, text: str) -> bool:
    """Return whether a text matches a service's pattern, which is Java's and of all of the text."""
    return bool(regex.fullmatch(_java(pattern), text, regex.DOTALL))


@cache
def _java(pattern: str) -> str:
    """Return a pattern of Java as Python reads it: the same character classes have other names."""
    return re.sub(r"\\p\{Punct\}|\\p\{Graph\}|\\p\{Print\}", lambda m: f"[[:{m[0][3:-1].lower()}:]]", pattern)

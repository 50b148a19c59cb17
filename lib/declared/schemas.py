"""CloudFormation's own description of each resource type, from the data of the installed cfn-lint."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError

from lib.common import region
from lib.common.json_types import JsonMapping, JsonValue

# What Ref returns where it is not the type's primary identifier, or its last part that AWS makes:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html
REF = {"AWS::EC2::SecurityGroup": "GroupId"}


def _everywhere() -> str:
    """Return a region that has every type."""
    return region.global_region(next(name for name, partition in region.known().items() if partition == "aws"))


@lru_cache
def schema(resource_type: str) -> JsonMapping:
    """Return the JSON schema of a resource type; an empty one for a type that CloudFormation does not have."""
    try:
        loaded = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_everywhere(), resource_type)
    except ResourceNotFoundError:
        return {}
    return loaded.schema if resource_type.startswith("AWS::") else {}


def ref_attribute(resource_type: str) -> str:
    """Return the name of the attribute that ``Ref`` returns, for example ``VpcId``; ``Ref`` where none is known."""
    described = schema(resource_type)
    own = set(described.get("readOnlyProperties") or ())
    parts: list[str] = described.get("primaryIdentifier") or ["Ref"]
    made_by_aws = [part for part in parts if part in own] or parts
    return REF.get(resource_type, made_by_aws[-1].rpartition("/")[2])


@lru_cache
def read_only(resource_type: str) -> frozenset[str]:
    """Return the names of what only AWS sets, of the resource itself and not of a property's parts."""
    paths = schema(resource_type).get("readOnlyProperties") or ()
    return frozenset(path.rpartition("/")[2] for path in paths if path.count("/") == 2)


@lru_cache
def attributes(resource_type: str) -> frozenset[str]:
    """Return what ``Fn::GetAtt`` takes, for example ``Endpoint.Address``."""
    paths = schema(resource_type).get("readOnlyProperties") or ()
    return frozenset(path.removeprefix("/properties/").replace("/", ".") for path in paths)


@lru_cache
def create_only(resource_type: str) -> tuple[str, ...]:
    """Return the paths of what cannot be changed once the resource is there, for example ``MasterUsername``."""
    paths = schema(resource_type).get("createOnlyProperties") or ()
    return tuple(path.removeprefix("/properties/").replace("/", ".") for path in paths)


class Node:
    """A place in a type's schema: the properties of an object, the element of a list, or neither."""

    def __init__(self, content: JsonMapping, whole: JsonMapping) -> None:
        self.content, self._whole = _resolved(content, whole), whole

    @cached_property
    def fields(self) -> Mapping[str, JsonMapping]:
        """The schemas of the properties, also of those that only a variant has."""
        members: dict[str, JsonMapping] = {}
        for variant in self._variants(self.content):
            members = {**variant.get("properties", {}), **members}
        return members

    @cached_property
    def item(self) -> "Node | None":
        """The element of a list."""
        items = next((v["items"] for v in self._variants(self.content) if isinstance(v.get("items"), dict)), None)
        return Node(items, self._whole) if items is not None else None

    @property
    def is_text(self) -> bool:
        """Whether nothing but a text is taken."""
        return self.content.get("type") == "string"

    def member(self, name: str) -> "Node | None":
        """Return the node of a property, or of a key of a map."""
        member_schema: JsonValue = self.fields.get(name)
        if member_schema is None:
            patterns = self.content.get("patternProperties", {})
            member_schema = next((inner for pattern, inner in patterns.items() if re.search(pattern, name)), None)
        return Node(member_schema, self._whole) if isinstance(member_schema, dict) else None

    def at(self, path: str) -> "Node | None":
        """Return the node at a dotted path of properties."""
        node = self
        for name in path.split("."):
            if name not in node.fields:
                return None
            node = Node(node.fields[name], self._whole)
        return node

    def _variants(self, content: JsonMapping) -> Iterator[JsonMapping]:
        yield content
        for combined in ("allOf", "anyOf", "oneOf"):
            for variant in content.get(combined, ()):
                yield from self._variants(_resolved(variant, self._whole))


def _resolved(content: JsonMapping, whole: JsonMapping) -> JsonMapping:
    while "$ref" in content:
        target: JsonValue = whole
        for step in content["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        content = target
    return content


@lru_cache
def resource(resource_type: str) -> Node:
    """Return all properties, also those that only AWS sets and others refer to."""
    return Node(schema(resource_type), schema(resource_type))


@lru_cache
def template(resource_type: str) -> Node:
    """Return the properties that a template can give: those of the resource but for what only AWS sets."""
    described = schema(resource_type)
    given = {
        name: member for name, member in described.get("properties", {}).items() if name not in read_only(resource_type)
    }
    return Node({**described, "properties": given}, described)

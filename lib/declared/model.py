"""What is declared: resources with CloudFormation's types and property names, and questions about all of them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lib.common.json_types import JsonMapping, JsonValue

REFERENCE = re.compile(r"\$\{([^${}]+)\}")
POLICY_VARIABLE = re.compile(r"[\w-]+:")
# What only a statement of an IAM document has; a rule of AWS WAF has a Statement too, and none of these.
STATEMENT_KEYS = frozenset({"Effect", "Action", "NotAction", "Principal", "NotPrincipal", "Sid"})


class DeclarationError(ValueError):
    """Something declared that the view cannot show. The message names it and says what to add where."""


@dataclass(frozen=True)
class Resource:
    """One resource, as CloudFormation would write it.

    References stand in texts as ``${<resource name>.<Attribute>}``; JSON documents are parsed; the region, the account,
    the partition and the URL suffix are values.
    """

    type: str
    name: str
    properties: JsonMapping
    region: str
    references: frozenset[str] = frozenset()
    depends_on: frozenset[str] = frozenset()
    retained: bool = False
    source_type: str = ""
    # What the tool alone knows, by the tool's own names: deletion policies, timeouts, final snapshots.
    options: JsonMapping = field(default_factory=dict)
    # Which resource of the source declared a part, by the part's path, where it is not the resource of this name.
    origins: Mapping[str, str] = field(default_factory=dict)

    def at(self, path: str, default: JsonValue = None) -> JsonValue:
        """Return the value at a dotted path such as ``Tags.0.Value``, or a default where nothing is."""
        value: JsonValue = self.properties
        for step in path.split("."):
            if isinstance(value, Mapping) and step in value:
                value = value[step]
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            else:
                return default
        return value

    def origin(self, path: str) -> str:
        """Return the name of the source's resource that declared the value at a path."""
        parts = path.split(".")
        prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
        return next((self.origins[prefix] for prefix in prefixes if prefix in self.origins), self.name)


@dataclass(frozen=True)
class Target:
    """What a tool deploys through: one of its AWS providers, or a CDK stack.

    Attributes:
        name: the provider's address, or the stack's id.
        region: where to.
        accounts: the only accounts that it deploys to; none for any.
        protected: whether the tool refuses to delete everything that is deployed through it.
    """

    name: str
    region: str
    accounts: tuple[str, ...] = ()
    protected: bool = False


@dataclass(frozen=True)
class Declaration:
    """Everything that one system declares in one environment and region."""

    system: str
    tool: str
    environment: str
    region: str
    resources: tuple[Resource, ...]
    targets: tuple[Target, ...] = ()

    def of(self, resource_type: str) -> list[Resource]:
        """Return the resources of a type, for example ``AWS::EC2::SecurityGroup``."""
        return [resource for resource in self.resources if resource.type == resource_type]

    def one(self, resource_type: str, name_part: str = "") -> Resource:
        """Return the one resource of a type whose name has a part.

        Raises:
            LookupError: there is none, or more than one.
        """
        matching = [resource for resource in self.of(resource_type) if name_part in resource.name]
        if len(matching) != 1:
            names = ", ".join(resource.name for resource in matching) or "none"
            raise LookupError(f"{resource_type} with {name_part!r} in its name: {names}.")
        return matching[0]

    def get(self, name: str) -> Resource:
        """Return a resource by its name, also by the name of a part that was merged into it.

        Raises:
            LookupError: nothing of this name is declared.
        """
        for resource in self.resources:
            if name == resource.name:
                return resource
        for resource in self.resources:
            if name in resource.origins.values():
                return resource
        raise LookupError(f"{self.system} declares no {name!r}.")

    def referred(self, value: JsonValue) -> list[tuple[Resource, str]]:
        """Return the resources that a value refers to, each with the attribute, in the order of the text."""
        names = {resource.name: resource for resource in self.resources}
        return [(names[name], attribute) for name, attribute in references(value, frozenset(names))]

    def undeclared(self) -> Iterator[tuple[Resource, str, str]]:
        """Yield every reference to what is not declared, and every dependency on it, with its resource and its path.

        Variables of IAM policies are no references: they begin with a service and a colon.
        """
        names = frozenset(resource.name for resource in self.resources)
        for resource in self.resources:
            yield from ((resource, "depends_on", name) for name in sorted(resource.depends_on - names))
        for resource, path, text in self.strings():
            for token in REFERENCE.findall(text):
                if not POLICY_VARIABLE.match(token) and not references(f"${{{token}}}", names):
                    yield resource, path, token

    def statements(self) -> Iterator[tuple[Resource, str, JsonMapping]]:
        """Yield every statement of every IAM document with its resource and its path."""
        for resource in self.resources:
            for path, statement in _statements(resource.properties, ""):
                yield resource, path, statement

    def strings(self) -> Iterator[tuple[Resource, str, str]]:
        """Yield every text value with its resource and its path, for example ``Tags.0.Value``."""
        for resource in self.resources:
            for path, value in leaves(resource.properties):
                if isinstance(value, str):
                    yield resource, path, value


def listed(value: JsonValue) -> list[JsonValue]:
    """Return a value as a list: IAM takes one value, and lists of them, alike; None is no value."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def leaves(value: JsonValue, path: str = "") -> Iterator[tuple[str, JsonValue]]:
    """Yield every value that is neither mapping nor list, and every empty one, with its path."""
    start = f"{path}." if path else ""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{start}{key}")
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{start}{index}")
    else:
        yield path, value


def references(value: JsonValue, names: frozenset[str]) -> list[tuple[str, str]]:
    """Return (name, attribute) of every reference to one of these names: both may have dots."""
    pairs = []
    for token in REFERENCE.findall(value if isinstance(value, str) else json.dumps(value)):
        parts = token.split(".")
        for length in range(len(parts) - 1, 0, -1):
            if ".".join(parts[:length]) in names:
                pairs.append((".".join(parts[:length]), ".".join(parts[length:])))
                break
    return pairs


def parsed(text: str) -> JsonValue:
    """Return what a text says as JSON, if it is an object or a list, or else the text."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(text)
        except ValueError:
            pass
    return text


def _statements(value: JsonValue, path: str) -> Iterator[tuple[str, JsonMapping]]:
    start = f"{path}." if path else ""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "Statement":
                for index, statement in enumerate(listed(inner)):
                    if isinstance(statement, Mapping) and STATEMENT_KEYS & statement.keys():
                        yield f"{start}{key}.{index}", statement
            yield from _statements(inner, f"{start}{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _statements(inner, f"{start}{index}")

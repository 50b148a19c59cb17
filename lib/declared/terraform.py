"""From Terraform JSON to the view: each resource in CloudFormation's vocabulary, parts merged into what they belong to.

An argument's name is CloudFormation's but for underscores and case, which the type's schema spells; the tables in
:mod:`lib.declared.terraform_types` have what differs. An argument without a place is an error.
"""

import copy
from collections.abc import Iterator, Mapping

from lib.common.json_types import JsonMapping
from lib.declared.model import DeclarationError, Resource, Target, references
from lib.declared.terraform_convert import Converter, attribute
from lib.declared.terraform_expressions import Expressions
from lib.declared.terraform_types import TYPES
from lib.declared.terraform_types.model import Context, Json, Owner, ResourceType

# A value that Terraform keeps in its state: no provider has it, and AWS has no such resource.
OWN_TYPE = "terraform_data"
# Arguments of every resource that are Terraform's own: options keep what a rule may ask for.
META = frozenset({"//", "depends_on", "provider"})
LIFECYCLE = frozenset({"lifecycle", "timeouts"})


class Configuration:
    """A Terraform configuration whose view is asked for."""

    def __init__(self, content: JsonMapping) -> None:
        self.content = content
        self.bodies: dict[str, JsonMapping] = {
            f"{kind}.{label}": body
            for kind, named in content["resource"].items()
            for label, body in named.items()
            if kind != OWN_TYPE
        }
        self.names = {address: _name(address, body) for address, body in self.bodies.items()}
        self.providers: dict[str, JsonMapping] = {
            f"aws.{provider['alias']}" if "alias" in provider else "aws": provider
            for provider in content["provider"]["aws"]
        }
        self.expressions = Expressions(content, self.token, self.region)
        self.owners = {address: self._owner(address) for address in self.bodies}

    def view(self) -> tuple[Resource, ...]:
        """Return every resource; a part is in its owner's properties.

        Raises:
            DeclarationError: a type, an argument or an expression that has no place in the view.
        """
        parts: dict[str, list[str]] = {}
        for address, owner in self.owners.items():
            if owner != address:
                parts.setdefault(owner, []).append(address)
        resources: list[Resource] = []
        for address, owner in self.owners.items():
            if owner == address:
                resources += self._resources(address, parts.get(address, []))
        return tuple(resources)

    def targets(self) -> tuple[Target, ...]:
        """Return every provider."""
        return tuple(
            Target(name, str(provider["region"]), tuple(provider.get("allowed_account_ids", [])))
            for name, provider in self.providers.items()
        )

    def region(self, body: JsonMapping) -> str:
        """Return the region of a resource or data source: its own argument's, or its provider's."""
        return str(body.get("region") or self._provider(body)["region"])

    def token(self, kind: str, label: str, name: str) -> str:
        """Return what stands for an attribute of a resource; :meth:`Declaration.undeclared` finds what is none."""
        address = f"{kind}.{label}"
        owner = self.names[self.owners[address]] if address in self.bodies else address
        return f"${{{owner}.{attribute(self._type(address), name)}}}"

    def _provider(self, body: JsonMapping) -> JsonMapping:
        name = body.get("provider", "aws")
        if name not in self.providers:
            raise DeclarationError(f"the provider {name!r} is none of {', '.join(self.providers)}.")
        return self.providers[name]

    def _type(self, address: str) -> ResourceType:
        kind = address.partition(".")[0]
        if kind not in TYPES:
            raise DeclarationError(
                f"{kind} is not known ({address}): add it to a table of lib/declared/terraform_types."
            )
        return TYPES[kind]

    def _owner(self, address: str) -> str:
        """Return the address of the resource that this one is a part of, its own if it is none."""
        owner, body = self._type(address).owner, self.bodies[address]
        if not owner:
            return address
        for candidate, other in self.bodies.items():
            if candidate.startswith(f"{owner.type}.") and _linked(body, owner, candidate, other):
                return candidate
        links = ", ".join(f"{name}={body.get(name)!r}" for name in owner.links)
        raise DeclarationError(f"{address}: no {owner.type} is declared with {links}.")

    def _resources(self, address: str, parts: list[str]) -> Iterator[Resource]:
        properties, options, split = self._properties(address)
        origins: dict[str, str] = {}
        for part in parts:
            more, own, _split = self._properties(part)
            for path in _merge(properties, more, f"{address}: "):
                origins[path] = self.names[part]
            options |= {f"{self.names[part]}.{name}": value for name, value in own.items()}
        yield self._resource(address, properties, options, origins, parts)
        if split:
            yield self._second(address, split)

    def _resource(
        self, address: str, properties: Json, options: Json, origins: Mapping[str, str], parts: list[str]
    ) -> Resource:
        body, name = self.bodies[address], self.names[address]
        metadata = body["//"]["metadata"]
        waits = {
            self.owners.get(other, other)
            for part in (address, *parts)
            for other in self.bodies[part].get("depends_on", [])
        }
        names = frozenset(self.names.values())
        return Resource(
            type=self._type(address).type,
            name=name,
            properties=properties,
            region=self.region(body),
            references=frozenset(owner for owner, _ in references(properties, names)),
            depends_on=frozenset(self.names.get(other, other) for other in waits - {address}),
            retained=bool(metadata.get("retainOnDelete") or options.get("skip_destroy")),
            source_type=metadata.get("type", address.partition(".")[0]),
            options=options,
            origins=origins,
        )

    def _second(self, address: str, arguments: Json) -> Resource:
        split = self._type(address).split
        assert split  # noqa: S101  # only such a type has arguments of a second resource
        name = self.names[address]
        properties = {split.moved[argument]: value for argument, value in arguments.items()}
        properties[split.back] = f"${{{name}.{attribute(self._type(address), 'id')}}}"
        return Resource(
            type=split.type,
            name=f"{name}/{split.type.rpartition('::')[2]}",
            properties=properties,
            region=self.region(self.bodies[address]),
            references=frozenset(owner for owner, _ in references(properties, frozenset(self.names.values()))),
            source_type=address.partition(".")[0],
        )

    def _properties(self, address: str) -> tuple[Json, Json, Json]:
        """Return properties, options, and the arguments of a second resource."""
        kind, body = self._type(address), self.bodies[address]
        try:
            return self._converted(address, kind, body)
        except DeclarationError as error:
            raise DeclarationError(f"{address}: {error}") from error

    def _converted(self, address: str, kind: ResourceType, body: JsonMapping) -> tuple[Json, Json, Json]:
        own = {name: value for name, value in body.items() if name not in META | LIFECYCLE}
        arguments = copy.deepcopy(self.expressions.value(own))
        options = {name: copy.deepcopy(body[name]) for name in sorted(LIFECYCLE & body.keys())}
        arguments.pop("region", None)
        if kind.tagged:
            (default,) = self._provider(body).get("default_tags") or [{}]
            tags = {**default.get("tags", {}), **arguments.get("tags", {})}
            arguments |= {"tags": tags} if tags else {}
        context = Context(address.partition(".")[2], self.region(body), self._ephemeral())
        if kind.prepare:
            arguments = kind.prepare(arguments, context)
        for link in kind.owner.links if kind.owner else ():
            arguments.pop(link)
        moved = {name: arguments.pop(name) for name in (kind.split.moved if kind.split else ()) if name in arguments}
        converter = Converter(kind)
        properties = converter.resource(arguments)
        return properties, options | converter.options, moved

    def _ephemeral(self) -> Mapping[str, JsonMapping]:
        named: Mapping[str, JsonMapping] = self.content.get("ephemeral", {}).get(
            "aws_secretsmanager_random_password", {}
        )
        return named


def _name(address: str, body: JsonMapping) -> str:
    """Return the resource's name in the view: CDKTF's path begins with the stack's name, Pulumi's has none."""
    metadata = body["//"]["metadata"]
    path = metadata["path"].partition("/")[2] if "uniqueId" in metadata else metadata["path"]
    return f"{address.partition('.')[0]}.{path}"


def _linked(part: JsonMapping, owner: Owner, address: str, body: JsonMapping) -> bool:
    """Return whether each link of a part refers to the owner, or has the value that the owner has."""
    for link, counterpart in owner.links.items():
        value = part.get(link)
        refers = isinstance(value, str) and value.startswith(f"${{{address}.") and value.endswith("}")
        if value is None or not (refers or value == body.get(counterpart)):
            return False
    return True


def _merge(properties: Json, more: JsonMapping, where: str, path: str = "") -> Iterator[str]:
    """Merge a part's properties into the owner's, and yield the paths of what is new."""
    for key, value in more.items():
        here = f"{path}{key}"
        if key not in properties:
            properties[key] = value
            yield here
        elif isinstance(properties[key], dict) and isinstance(value, dict):
            yield from _merge(properties[key], value, where, f"{here}.")
        elif isinstance(properties[key], list) and isinstance(value, list):
            begin = len(properties[key])
            properties[key] += value
            yield from (f"{here}.{index}" for index in range(begin, len(properties[key])))
        elif properties[key] != value:
            raise DeclarationError(f"{where}{here} is declared twice, as {properties[key]!r} and as {value!r}.")

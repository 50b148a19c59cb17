"""A Pulumi program's registrations as Terraform JSON, the form in which the AWS provider itself can judge them.

pulumi-aws is a bridge to that provider, so every input has an argument there: one that has none is an error. The
syntax: https://developer.hashicorp.com/terraform/language/syntax/json
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from lib.common.json_types import JsonMapping, JsonObject, JsonValue
from lib.declared import pulumi_names as names
from lib.declared.model import DeclarationError
from lib.declared.pulumi_program import PROVIDER, TOKEN
from lib.declared.terraform_schema import Fields, Schema, Shape, schema
from lib.declared.terraform_versions import ADDED

Json = JsonObject
# A token, or text that Terraform would take for a template.
TEMPLATE = re.compile(rf"{TOKEN.pattern}|\$\{{|%\{{")


def address(kind: str, name: str) -> str:
    """Return how Terraform refers to a resource of Pulumi's."""
    return f"{names.terraform_type(kind)}.{label(name)}"


def label(name: str) -> str:
    """Return a Pulumi name as an identifier of Terraform's: letters, digits, underscores and hyphens."""
    return re.sub(r"^(?=[\d-])", "_", re.sub(r"[^\w-]", "_", name))


class _Writer:
    """Writes one resource."""

    def __init__(self, kind: str, name: str) -> None:
        self.schema: Schema = schema(kind)
        self.where = f"{kind}.{name}"
        self.lost: list[str] = []
        self.references: set[str] = set()

    def block(self, fields: Fields, inputs: JsonMapping, path: str = "") -> Json:
        """Return the arguments of a block; what has no place is noted."""
        written: Json = {}
        for name, value in inputs.items():
            if value is None:
                continue
            argument = names.argument(self.schema.type, name, fields)
            where = f"{path}{argument or names.snake(name)}"
            if argument:
                written[argument] = self.value(fields[argument], value, where)
            elif f"{self.schema.type}.{where}" in ADDED:
                written[names.snake(name)] = self.anything(value)
            else:
                self.lost.append(f"{self.where}: {path}{name} = {str(value)[:60]}")
        return written

    def value(self, shape: Shape, value: JsonValue, path: str) -> JsonValue:
        """Return a value as its argument takes it: Pulumi has a block that stands alone as a list or as an object."""
        if shape.kind == "list" and shape.item:
            return [self.value(shape.item, item, path) for item in (value if isinstance(value, list) else [value])]
        if isinstance(value, list) and len(value) == 1 and shape.kind != "any":
            value = value[0]
        if isinstance(value, dict):
            return self._object(shape, value, path)
        if isinstance(value, list) and shape.kind != "any":
            self.lost.append(f"{self.where}: {path} takes one {shape.kind}, not {len(value)}")
        return self.anything(value)

    def _object(self, shape: Shape, value: Json, path: str) -> JsonValue:
        if shape.kind == "block":
            return self.block(self.schema.blocks[shape.block], value, f"{path}.")
        if shape.kind == "map" and shape.item:
            return {self.text(key): self.value(shape.item, item, path) for key, item in value.items()}
        if shape.kind != "any":
            self.lost.append(f"{self.where}: {path} takes a {shape.kind}, not {str(value)[:60]}")
        return self.anything(value)

    def anything(self, value: JsonValue) -> JsonValue:
        """Return a value whose argument has no fields in the schema, such as a web ACL's statement, by the rule."""
        if isinstance(value, list):
            return [self.anything(item) for item in value]
        if isinstance(value, dict):
            return {_singular(name, item): self.anything(item) for name, item in value.items() if item is not None}
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        """Return text with Terraform's references in place of tokens, and nothing else that it takes for a template."""
        return TEMPLATE.sub(self._reference, text)

    def undeclared(self, addresses: Iterable[str]) -> list[str]:
        """Return the references to what the program does not declare."""
        return [f"{self.where}: {reference} is not declared" for reference in self.references.difference(addresses)]

    def _reference(self, match: re.Match[str]) -> str:
        if not match[1]:
            return f"{match[0][0]}{match[0]}"
        target = address(match[1], match[2])
        attribute, *rest = re.split(r"(?=\[0\])", match[3], maxsplit=1)
        known = schema(names.terraform_type(match[1])).attributes
        written = names.argument(names.terraform_type(match[1]), attribute, known)
        if not written:
            self.lost.append(f"{self.where}: {target} has no attribute {attribute!r} in Terraform")
        self.references.add(target)
        return f"${{{target}.{written}{names.snake(''.join(rest))}}}"


def _singular(name: str, value: JsonValue) -> str:
    """Return the name of an argument without a schema: a list of objects is a block that is repeated."""
    candidates = list(names.candidates("", name))
    return candidates[-1] if isinstance(value, list) and value and isinstance(value[0], dict) else candidates[0]


def configuration(document: JsonMapping) -> Json:
    """Return the Terraform JSON of what :func:`lib.declared.pulumi_program.record` has recorded.

    Each resource's ``//`` has ``metadata``: ``path`` is its Pulumi name; ``retainOnDelete`` and
    ``deleteBeforeReplace`` have no argument in Terraform.

    Raises:
        DeclarationError: an input, an output or an option that has no place in Terraform, all of them by name.
    """
    registrations = list(document["registrations"])
    resources = [item for item in registrations if item["type"] != PROVIDER]
    addresses = {item["urn"]: address(item["type"], item["name"]) for item in resources}
    lost = [f"{name}: two resources have this name in Terraform" for name in _twice(addresses.values())]
    written: Json = {}
    for item in resources:
        kind, _, name = addresses[item["urn"]].partition(".")
        written.setdefault(kind, {})[name] = _resource(item, addresses, lost)
    result = {
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}},
        "provider": {"aws": [_provider(item, lost) for item in registrations if item["type"] == PROVIDER]},
        "resource": written,
        "output": _outputs(document["outputs"], addresses, lost),
    }
    if lost:
        raise DeclarationError("What Terraform has no place for:\n" + "\n".join(sorted(lost)))
    return result


def _twice(addresses: Iterable[str]) -> list[str]:
    return [repeated for repeated, number in Counter(addresses).items() if number > 1]


def _provider(item: JsonMapping, lost: list[str]) -> Json:
    """Return a provider's configuration; Pulumi passes nested values of it as JSON."""
    writer = _Writer("provider", label(item["name"]))
    inputs = {
        name: json.loads(value) if isinstance(value, str) and value.startswith(("{", "[")) else value
        for name, value in item["inputs"].items()
    }
    body = writer.block(writer.schema.arguments, inputs)
    lost += writer.lost
    return {"alias": label(item["name"]), **body}


def _resource(item: JsonMapping, addresses: Mapping[str, str], lost: list[str]) -> Json:
    kind, _, name = addresses[item["urn"]].partition(".")
    options = item["options"]
    writer = _Writer(kind, name)
    body = writer.block(writer.schema.arguments, item["inputs"])
    # What is referred to comes first without being said.
    before = {addresses[urn] for urn in options["dependencies"] if urn in addresses} - writer.references
    if before:
        body["depends_on"] = sorted(before)
    if item["provider"]:
        body["provider"] = f"aws.{label(item['provider'].split('::')[-2])}"
    ignored = [names.argument(kind, name, writer.schema.arguments) for name in options["ignoreChanges"]]
    writer.lost += [
        f"{writer.where}: ignore_changes {name}"
        for name, argument in zip(options["ignoreChanges"], ignored, strict=True)
        if not argument
    ]
    lifecycle: Json = {"ignore_changes": ignored} if ignored else {}
    if options["createBeforeDelete"]:
        lifecycle["create_before_destroy"] = True
    if options["protect"]:
        lifecycle["prevent_destroy"] = True
    if lifecycle:
        body["lifecycle"] = lifecycle
    if options["customTimeouts"]:
        body["timeouts"] = dict(options["customTimeouts"])
    lost += writer.lost + writer.undeclared(addresses.values())
    kept = {key: options[key] for key in ("retainOnDelete", "deleteBeforeReplace") if options[key]}
    metadata = {"path": item["name"], "urn": item["urn"], "type": item["type"], **kept}
    return {"//": {"metadata": metadata}, **body}


def _outputs(values: JsonMapping, addresses: Mapping[str, str], lost: list[str]) -> Json:
    """Return what the program exports."""
    writer = _Writer("provider", "output")
    outputs = {name: {"value": writer.anything(value)} for name, value in values.items()}
    lost += writer.lost + writer.undeclared(addresses.values())
    return outputs

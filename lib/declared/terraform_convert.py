"""One resource's Terraform arguments as CloudFormation's properties, spelt by the schema of the type."""

from lib.common.json_types import JsonMapping, JsonValue
from lib.declared import schemas
from lib.declared.model import DeclarationError
from lib.declared.schemas import Node
from lib.declared.terraform_types.model import Json, ResourceType


def plain(name: str) -> str:
    """Return a name without what differs between the two vocabularies: case, underscores, a plural's s."""
    text = name.replace("_", "").lower()
    return text[:-1] if text.endswith("s") else text


def capital(name: str) -> str:
    """Return an argument's name as CloudFormation writes names; one that has capitals stays what it is."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_")) if name.islower() else name


def spelt(node: Node, name: str) -> str:
    """Return the property that an argument is, "" where there is none."""
    exact = [known for known in node.fields if known.lower() == name.replace("_", "").lower()]
    return next(iter(exact or (known for known in node.fields if plain(known) == plain(name))), "")


def attribute(kind: ResourceType, name: str) -> str:
    """Return what CloudFormation calls an attribute that others refer to."""
    if name in kind.attributes or name in kind.names:
        return kind.attributes.get(name) or kind.names[name]
    if name == "id":
        return schemas.ref_attribute(kind.type)
    arns = [known for known in schemas.read_only(kind.type) if known.endswith("Arn")]
    if name == "arn" and "Arn" not in arns and len(arns) == 1:
        return arns[0]
    return spelt(schemas.resource(kind.type), name) or capital(name)


def assign(properties: Json, path: str, value: JsonValue) -> None:
    """Put a value at a dotted path; two objects at one path are merged.

    Raises:
        DeclarationError: something else is there already.
    """
    *holders, last = path.split(".")
    for holder in holders:
        properties = properties.setdefault(holder, {})
    if isinstance(properties.get(last), dict) and isinstance(value, dict):
        for key, inner in value.items():
            assign(properties[last], key, inner)
    elif properties.setdefault(last, value) != value:
        raise DeclarationError(f"{path} is declared twice, as {properties[last]!r} and as {value!r}.")


class Converter:
    """Converts one resource's arguments; ``options`` has what is Terraform's own."""

    def __init__(self, kind: ResourceType) -> None:
        self.kind = kind
        self.options: Json = {}
        self.unplaced: list[str] = []

    def resource(self, arguments: JsonMapping) -> Json:
        """Return the properties.

        Raises:
            DeclarationError: arguments that have no place, all of them by name.
        """
        if self.kind.type.startswith("Terraform::"):
            return {capital(name): _pairs(value) if name == "tags" else value for name, value in arguments.items()}
        self.options = {name: value for name, value in arguments.items() if name in self.kind.options}
        rest = {name: value for name, value in arguments.items() if name not in self.options}
        node = schemas.template(self.kind.type)
        if self.kind.under:
            named = {name: value for name, value in rest.items() if name in self.kind.names}
            inner = {name: value for name, value in rest.items() if name not in named}
            properties = self._block(named, node, "")
            assign(properties, self.kind.under, self._block(inner, node.at(self.kind.under) or node, ""))
        else:
            properties = self._block(rest, node, "")
        if self.unplaced:
            raise DeclarationError(
                f"no place in {self.kind.type} for {', '.join(self.unplaced)}: add the name to a table of "
                "lib/declared/terraform_types."
            )
        return properties

    def _block(self, arguments: JsonMapping, node: Node, path: str) -> Json:
        result: Json = {}
        for name, value in arguments.items():
            where = f"{path}{name}"
            target = self.kind.names.get(where)
            if target == "":
                for block in value if isinstance(value, list) else [value]:
                    for key, inner in self._block(block, node, f"{where}.").items():
                        assign(result, key, inner)
                continue
            target = target or spelt(node, name)
            child = node.at(target) if target else None
            if child:
                assign(result, target, self._value(value, child, f"{where}."))
            else:
                self.unplaced.append(where)
        return result

    def _value(self, value: JsonValue, node: Node, path: str) -> JsonValue:
        if node.item:
            if isinstance(value, dict) and _is_map(value, node.item):
                return _pairs(value, "Key" if "Key" in node.item.fields else "Name")
            return [self._value(item, node.item, path) for item in (value if isinstance(value, list) else [value])]
        if node.fields and isinstance(value, list):
            if len(value) != 1:
                raise DeclarationError(f"{path[:-1]} takes one block in {self.kind.type}, not {len(value)}.")
            return self._value(value[0], node, path)
        if node.fields and isinstance(value, dict):
            return self._block(value, node, path)
        return value


def _is_map(value: JsonMapping, item: Node) -> bool:
    """Return whether an object is a map, such as tags, where the property is a list of keys and values."""
    if "Value" not in item.fields or not {"Key", "Name"} & item.fields.keys():
        return False
    return {spelt(item, name) for name in value} not in ({"Key", "Value"}, {"Name", "Value"})


def _pairs(value: JsonMapping, key: str = "Key") -> list[Json]:
    return [{key: name, "Value": inner} for name, inner in sorted(value.items())]

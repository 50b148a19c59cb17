"""From Pulumi's spelling to the AWS API's: names and types, guided by botocore's own description of an operation."""

from collections.abc import Mapping

from lib.common.json_types import JsonObject, JsonValue
from lib.local_cloud.errors import LocalCloudError

TRUTH = {"true": True, "false": False}
NUMBERS = {"integer": int, "long": int, "float": float, "double": float}


class Untranslatable(LocalCloudError):
    """An input that the API has no place for."""


def plain_name(name: str) -> str:
    """Return a name without what differs between the spellings: ``vpcId``, ``VpcId``, ``vpc_id``."""
    return name.replace("_", "").lower()


def member(shape: JsonValue, name: str, path: str, rename: Mapping[str, str]) -> str | None:
    """Return how a structure of the API spells an input, or None.

    Args:
        shape: botocore's description of the structure.
        name: the input's own name.
        path: the input's name with those above it, joined by dots: what ``rename`` goes by.
        rename: the API's names where more differs than the spelling: by path, or by name after a dot.
    """
    target = plain_name(rename.get(path) or rename.get(f".{name}") or name)
    return next((candidate for candidate in shape.members if plain_name(candidate) == target), None)


def translate(shape: JsonValue, value: JsonValue, rename: Mapping[str, str], path: str = "") -> JsonValue:
    """Return a value as the API takes it.

    Args:
        shape: botocore's description of what the API takes.
        value: what the program gives: numbers may be floats, a structure may be the only item of a list.
        rename: see :func:`member`.
        path: the value's name, for ``rename`` and for errors.

    Raises:
        Untranslatable: a name or a type that the API does not have there.
    """
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, value[0] if isinstance(value, list) and len(value) == 1 else value, rename, path)
    if kind == "list":
        items = value if isinstance(value, list) else _pairs(shape.member, value)
        return [translate(shape.member, item, rename, path) for item in items]
    if kind == "map" and isinstance(value, dict):
        return {key: translate(shape.value, item, rename, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, dict | list):
        raise Untranslatable(f"{path!r} is a {type(value).__name__}, and the API takes a {kind}")
    return _scalar(kind, value, path)


def _pairs(shape: JsonValue, value: JsonValue) -> list[JsonValue]:
    """Return a map as the pairs that many APIs take in its place, and any other single value as a list."""
    members = {plain_name(name): name for name in getattr(shape, "members", ())}
    key = members.get("name") or members.get("key")
    if not isinstance(value, dict) or not key or set(members) != {plain_name(key), "value"}:
        return [value]
    return [{key: name, members["value"]: item} for name, item in value.items()]


def _structure(shape: JsonValue, value: JsonValue, rename: Mapping[str, str], path: str) -> JsonObject:
    if not isinstance(value, dict):
        raise Untranslatable(f"{path!r} is a {type(value).__name__}, and the API takes a structure")
    result = {}
    for key, item in value.items():
        below = f"{path}.{key}" if path else key
        member_name = member(shape, key, below, rename)
        if member_name is None:
            raise Untranslatable(f"{below!r} has no place in the API's {shape.name}")
        if item is not None:
            result[member_name] = translate(shape.members[member_name], item, rename, below)
    return result


def _scalar(kind: str, value: JsonValue, path: str) -> JsonValue:
    """Return a value of a simple type; the messages never repeat it, as it may be a secret."""
    try:
        if kind in NUMBERS:
            number = NUMBERS[kind](value)
            if number != float(value):
                raise ValueError
            return number
        if kind == "boolean":
            return TRUTH[str(value).lower()]
    except (ValueError, KeyError, TypeError):
        raise Untranslatable(f"{path!r} is no {kind}, which the API takes") from None
    if kind == "string" and not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else f"{value:g}" if value % 1 else str(int(value))
    return value.encode() if kind == "blob" and isinstance(value, str) else value

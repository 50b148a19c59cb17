"""From a text to a valid event, or to the reason why it is none; the reason holds no value of the payload."""

import json
import os
from pathlib import Path

import fastjsonschema
from json_types import JsonObject, JsonValue

SCHEMA = json.loads(Path(__file__).with_name("event.schema.json").read_text(encoding="utf-8"))
if os.environ.get("UNKNOWN_FIELDS") == "refuse":
    SCHEMA["additionalProperties"] = False
validate = fastjsonschema.compile(SCHEMA)
DEEPEST = 32  # levels of nesting; json and PostgreSQL run out of stack far below, each at a depth of its own


class RepeatedName(ValueError):
    """An object has two members of one name: who reads the first of them sees another event than who reads the last."""


class NotJson(ValueError):
    """A text is not one value of JSON."""


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _object(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise RepeatedName
    return members


# Made once: json.loads() would make one for each record. No number is looked at here; integers are read as floats,
# for Python's have a limit of digits.
DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_int=float, object_pairs_hook=_object)


def _too_deep(body: JsonValue) -> bool:
    level = [body]
    for _ in range(DEEPEST):
        inner = (child for value in level for child in (value.values() if isinstance(value, dict) else value))
        level = [child for child in inner if isinstance(child, (dict, list))]
        if not level:
            return False
    return True


def is_object(text: str) -> bool:
    """Return whether a text is one object of JSON, whatever is in it."""
    try:
        return isinstance(DECODER.decode(text), dict)
    except RepeatedName:
        return text.rstrip().endswith("}")
    except (ValueError, RecursionError):
        return False


def parse(text: str) -> str:
    """Return the id of the event that a text is.

    Raises:
        NotJson: it is not one value of JSON.
        ValueError: it is, but no event.
    """
    try:
        body = DECODER.decode(text)
    except RepeatedName:
        raise NotJson("data: a name occurs twice in one object") from None
    except (ValueError, RecursionError):
        raise NotJson("not JSON") from None
    try:
        validate(body)
    except fastjsonschema.JsonSchemaValueException as error:
        # The message of the library quotes values in some rules; path and rule do not.
        raise ValueError(f"{error.name or 'data'}: breaks the rule {error.rule!r}") from None
    # Each level needs a bracket, so the few of an ordinary event settle it.
    if text.count("{") + text.count("[") > DEEPEST and _too_deep(body):
        raise ValueError(f"data: nested deeper than {DEEPEST} levels")
    return str(body["event_id"])

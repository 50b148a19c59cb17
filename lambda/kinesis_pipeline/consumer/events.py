"""From a Kinesis record to a valid event, or to the reason why it is none."""

import base64
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import fastjsonschema
from json_types import JsonObject, JsonValue

SCHEMA = json.loads(Path(__file__).with_name("event.schema.json").read_text(encoding="utf-8"))
if os.environ.get("UNKNOWN_FIELDS") == "refuse":
    SCHEMA["additionalProperties"] = False
validate = fastjsonschema.compile(SCHEMA)
DEEPEST = 32  # levels of nesting; json and PostgreSQL run out of stack far below, each at a depth of its own


@dataclass(frozen=True)
class Record:
    """One record of the stream: where it stood, and the original."""

    shard_id: str
    sequence_number: str
    raw: JsonObject


class Event(NamedTuple):
    """A valid event, its text as it was sent, and the record that carried it."""

    record: Record
    event_id: str
    text: str

    def json(self) -> str:
        """Return the event and its place in the stream, as JSON."""
        place = {
            "shard_id": self.record.shard_id,
            "sequence_number": self.record.sequence_number,
            "sub_sequence_number": 0,
            "arrived_at": self.record.raw["kinesis"]["approximateArrivalTimestamp"],
        }
        return f'{ENCODER.encode(place)[:-1]},"event":{self.text}}}'


class Poison(NamedTuple):
    """A record that will never be an event, and why; the reason holds no value of the payload."""

    record: Record
    reason: str


class RepeatedName(ValueError):
    """An object has two members of one name: who reads the first of them sees another event than who reads the last."""


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
ENCODER = json.JSONEncoder(check_circular=False)


def _too_deep(body: JsonValue) -> bool:
    level = [body]
    for _ in range(DEEPEST):
        inner = (child for value in level for child in (value.values() if isinstance(value, dict) else value))
        level = [child for child in inner if isinstance(child, (dict, list))]
        if not level:
            return False
    return True


def parse(data: str) -> tuple[JsonObject, str]:
    """Return the event in a record's data, in which numbers are approximate, and its text.

    Raises:
        ValueError: with a reason that is safe to log.
    """
    try:
        raw = base64.b64decode(data, validate=True)
        text = raw.decode(json.detect_encoding(raw))
        body = DECODER.decode(text)
    except RepeatedName:
        raise ValueError("data: a name occurs twice in one object") from None
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    try:
        validate(body)
    except fastjsonschema.JsonSchemaValueException as error:
        # The message of the library quotes values in some rules; path and rule do not.
        raise ValueError(f"{error.name or 'data'}: breaks the rule {error.rule!r}") from None
    # Each level needs a bracket, so the few of an ordinary event settle it.
    if text.count("{") + text.count("[") > DEEPEST and _too_deep(body):
        raise ValueError(f"data: nested deeper than {DEEPEST} levels")
    return body, text


def read(records: list[JsonObject]) -> tuple[list[Event], list[Poison]]:
    """Tell the valid events of a batch from its poison records."""
    events: list[Event] = []
    poison: list[Poison] = []
    for raw in records:
        record = Record(raw["eventID"].split(":")[0], raw["kinesis"]["sequenceNumber"], raw)
        try:
            body, text = parse(raw["kinesis"]["data"])
            events.append(Event(record, body["event_id"], text))
        except ValueError as error:
            poison.append(Poison(record, str(error)))
    return events, poison

"""From a Kinesis record to a valid event, or to the reason why it is none."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import fastjsonschema
from json_types import JsonObject, JsonValue

SCHEMA = json.loads(Path(__file__).with_name("event.schema.json").read_text(encoding="utf-8"))
validate = fastjsonschema.compile(SCHEMA)
DEEPEST = 32  # levels of nesting; json and PostgreSQL run out of stack far below, each at a depth of its own


@dataclass(frozen=True)
class Record:
    """One record of the stream: where it stood, and the original."""

    shard_id: str
    sequence_number: str
    raw: JsonObject


class Event(NamedTuple):
    """A valid event and the record that carried it."""

    record: Record
    body: JsonObject

    @property
    def event_id(self) -> str:
        """The event's own identity."""
        return str(self.body["event_id"])

    def row(self) -> JsonObject:
        """The event as a row of the table, by column."""
        arrived = self.record.raw["kinesis"]["approximateArrivalTimestamp"]
        return {
            "attributes": {},
            **self.body,
            "shard_id": self.record.shard_id,
            "sequence_number": self.record.sequence_number,
            "arrived_at": datetime.fromtimestamp(arrived, UTC).isoformat(),
        }


class Poison(NamedTuple):
    """A record that will never be an event, and why; the reason holds no value of the payload."""

    record: Record
    reason: str


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


DECODER = json.JSONDecoder(parse_constant=_no_constant)  # json.loads() would make one for each record


def _too_deep(body: JsonValue) -> bool:
    level = [body]
    for _ in range(DEEPEST):
        inner = (child for value in level for child in (value.values() if isinstance(value, dict) else value))
        level = [child for child in inner if isinstance(child, (dict, list))]
        if not level:
            return False
    return True


def parse(data: str) -> JsonObject:
    """Return the event in a record's data.

    Raises:
        ValueError: with a reason that is safe to log.
    """
    try:
        raw = base64.b64decode(data, validate=True)
        body = DECODER.decode(raw.decode(json.detect_encoding(raw), "surrogatepass"))
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    try:
        validate(body)
    except fastjsonschema.JsonSchemaValueException as error:
        # The message of the library quotes values in some rules; path and rule do not.
        raise ValueError(f"{error.name or 'data'}: breaks the rule {error.rule!r}") from None
    # Each level needs a bracket, so the few of an ordinary event settle it.
    if raw.count(b"{") + raw.count(b"[") > DEEPEST and _too_deep(body):
        raise ValueError(f"data: nested deeper than {DEEPEST} levels")
    return dict(body)


def read(records: list[JsonObject]) -> tuple[list[Event], list[Poison]]:
    """Tell the valid events of a batch from its poison records."""
    events: list[Event] = []
    poison: list[Poison] = []
    for raw in records:
        record = Record(raw["eventID"].split(":")[0], raw["kinesis"]["sequenceNumber"], raw)
        try:
            events.append(Event(record, parse(raw["kinesis"]["data"])))
        except ValueError as error:
            poison.append(Poison(record, str(error)))
    return events, poison

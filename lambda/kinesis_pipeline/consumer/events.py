"""From Kinesis records to valid events, or to the reasons why they are none.

A record holds one event, or several: an aggregate of the Kinesis Producer Library, or one event on each line
(https://jsonlines.org), each of them compressed or not. An event's identity is its own id; where it stood is the
record's sequence number and, among the events of the record, its sub-sequence number.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from json_types import JsonObject
from schema import NotJson, is_object, parse
from unpack import LARGEST_BYTES, MOST_EVENTS, TooLarge, UserRecord, inflate, is_aggregate, user_records

CHUNK_EVENTS, CHUNK_CHARACTERS = 1000, 8 * 1024 * 1024
ENCODER = json.JSONEncoder(check_circular=False)


class Record(NamedTuple):
    """One record of the stream, or one of several user records in it: where it stood, and the original.

    Args:
        shard_id: the shard's.
        sequence_number: the record's.
        raw: the record as Lambda delivers it.
        sub_sequence_number: the place among the user records in it.
        part: the user record, unless it is the whole record.
    """

    shard_id: str
    sequence_number: str
    raw: JsonObject
    sub_sequence_number: int = 0
    part: UserRecord | None = None

    def alone(self) -> JsonObject:
        """Return the record as if it had been put on the stream alone."""
        if self.part is None:
            return self.raw
        kinesis = {
            **self.raw["kinesis"],
            "partitionKey": self.part.partition_key,
            "data": base64.b64encode(self.part.data).decode(),
            "subSequenceNumber": self.sub_sequence_number,
        }
        return {**self.raw, "kinesis": kinesis}


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
            "sub_sequence_number": self.record.sub_sequence_number,
            "arrived_at": self.record.raw["kinesis"]["approximateArrivalTimestamp"],
        }
        return f'{ENCODER.encode(place)[:-1]},"event":{self.text}}}'


class Poison(NamedTuple):
    """A record that will never be an event, and why; the reason holds no value of the payload."""

    record: Record
    reason: str


@dataclass
class Chunk:
    """What is in some records that follow each other, and how many records they are."""

    events: list[Event] = field(default_factory=list)
    poison: list[Poison] = field(default_factory=list)
    records: int = 0
    characters: int = 0

    def is_full(self) -> bool:
        """Return whether this is as much as one statement takes, or one object of the failure bucket."""
        return len(self.events) + len(self.poison) >= CHUNK_EVENTS or self.characters >= CHUNK_CHARACTERS


class Found(NamedTuple):
    """What is in a user record: an event's id and text, or the reason why it is none."""

    user_record: UserRecord
    text: str
    event_id: str
    reason: str = ""


def _judge(user_record: UserRecord, text: str) -> Found:
    try:
        return Found(user_record, text, parse(text))
    except ValueError as error:
        return Found(user_record, text, "", str(error))


def _lines(user_record: UserRecord, text: str) -> list[Found]:
    """Return what is in a text that is not JSON: an event on each line, if any line is an object.

    An event that is broken and was written on several lines is one piece of poison, then.
    """
    lines = [line for line in text.split("\n", MOST_EVENTS) if line.strip()]
    if not any(map(is_object, lines)):
        return [_judge(user_record, text)]
    return [_judge(UserRecord(user_record.partition_key, line.encode()), line) for line in lines]


def _found(user_record: UserRecord, most: int) -> list[Found]:
    """Return what is in a user record, whose data may have so many bytes.

    Raises:
        TooLarge: they have more.
    """
    try:
        data = inflate(user_record.data, most)
        text = data.decode(json.detect_encoding(data))
        return [Found(user_record, text, parse(text))]
    except NotJson:
        return _lines(user_record, text)
    except UnicodeDecodeError:
        return [Found(user_record, "", "", "not JSON")]
    except TooLarge:
        raise
    except ValueError as error:
        return [Found(user_record, "", "", str(error))]


def _all_found(raw: JsonObject) -> tuple[list[Found], bool]:
    """Return what is in a record, and whether it is several user records or more.

    Raises:
        ValueError: the record is damaged, or holds too much; with a reason that is safe to log.
    """
    kinesis = raw["kinesis"]
    try:
        data = base64.b64decode(kinesis["data"], validate=True)
    except ValueError:
        raise ValueError("not JSON") from None
    aggregate = is_aggregate(data)
    found: list[Found] = []
    left = LARGEST_BYTES
    for user_record in user_records(data) if aggregate else [UserRecord(kinesis["partitionKey"], data)]:
        more = _found(user_record, left)
        left -= sum(len(each.text) for each in more)
        found += more
        if left < 0 or len(found) > MOST_EVENTS:
            raise TooLarge
    return found, aggregate or len(found) > 1


def _read(raw: JsonObject, chunk: Chunk) -> None:
    """Add what is in a record to a chunk."""
    whole = Record(raw["eventID"].split(":")[0], raw["kinesis"]["sequenceNumber"], raw)
    chunk.records += 1
    try:
        found, several = _all_found(raw)
    except ValueError as error:
        chunk.poison.append(Poison(whole, str(error)))
        return
    for number, (user_record, text, event_id, reason) in enumerate(found):
        record = whole._replace(sub_sequence_number=number, part=user_record) if several else whole
        chunk.characters += len(text)
        if reason:
            chunk.poison.append(Poison(record, reason))
        else:
            chunk.events.append(Event(record, event_id, text))


def chunks(records: Iterable[JsonObject]) -> Iterator[Chunk]:
    """Yield what is in the records of a batch, so much at a time that all of it may be more than the memory."""
    chunk = Chunk()
    for raw in records:
        _read(raw, chunk)
        if chunk.is_full():
            yield chunk
            chunk = Chunk()
    if chunk.records:
        yield chunk

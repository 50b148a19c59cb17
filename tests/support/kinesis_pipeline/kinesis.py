"""Records as Lambda presents those of a Kinesis stream."""

import base64
import hashlib
import itertools
from types import SimpleNamespace
from typing import Any

from lib.kinesis_pipeline.events import encode, make

SHARD = "shardId-000000000003"
_sources = itertools.count()


def events(count: int) -> list[dict[str, Any]]:
    """Return valid events that no other call returns."""
    return list(make(count, f"unit-{next(_sources)}"))


def event(**changes: Any) -> dict[str, Any]:
    """Return one valid event of its own, changed."""
    return {**events(1)[0], **changes}


def record(number: int, data: str) -> dict[str, Any]:
    """Return the record with a sequence number and with data as they are."""
    return {
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventName": "aws:kinesis:record",
        "eventID": f"{SHARD}:{number}",
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "key",
            "sequenceNumber": str(number),
            "data": data,
            "approximateArrivalTimestamp": 1767225600.25,
        },
    }


def read(consumer: SimpleNamespace, found: list[dict[str, Any]]) -> tuple[list[Any], list[Any]]:
    """Return the events and the poison in records."""
    chunks = list(consumer.events.chunks(found))
    return [each for chunk in chunks for each in chunk.events], [each for chunk in chunks for each in chunk.poison]


def _varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


def _field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def aggregate(*bodies: object, keys: tuple[str, ...] = ("a", "b"), hash_keys: bool = False) -> bytes:
    """Return bodies as the Kinesis Producer Library aggregates them; their partition keys are those given, in turn.

    https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
    """
    message = b"".join(_field(1, key.encode()) for key in keys)
    message += _field(2, b"1234") if hash_keys else b""
    for place, body in enumerate(bodies):
        data = body if isinstance(body, bytes) else encode(body)
        hash_key = b"\x10\x00" if hash_keys else b""
        message += _field(3, b"\x08" + _varint(place % len(keys)) + hash_key + _field(3, data))
    return b"\xf3\x89\x9a\xc2" + message + hashlib.md5(message, usedforsecurity=False).digest()


def lines(*bodies: object) -> bytes:
    """Return bodies as JSON Lines."""
    return b"".join((body if isinstance(body, bytes) else encode(body)) + b"\n" for body in bodies)


def records(*bodies: object, first: int = 1000) -> list[dict[str, Any]]:
    """Return one record for each body: bytes as they are, everything else as JSON."""
    return [
        record(first + place, base64.b64encode(body if isinstance(body, bytes) else encode(body)).decode())
        for place, body in enumerate(bodies)
    ]

"""Records as Lambda presents those of a Kinesis stream."""

import base64
import itertools
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


def records(*bodies: object, first: int = 1000) -> list[dict[str, Any]]:
    """Return one record for each body: bytes as they are, everything else as JSON."""
    return [
        record(first + place, base64.b64encode(body if isinstance(body, bytes) else encode(body)).decode())
        for place, body in enumerate(bodies)
    ]

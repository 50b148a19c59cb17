"""The audit trail of a payment: one record for each change, each bound to the one before it by its hash.

A record is the canonical JSON of an object (names sorted, no white space, UTF-8), with ``hash``: the SHA-256 of the
same JSON without that member. ``previous`` is the hash of the record before, so that none can be changed, left out,
moved or put in without changing all that follow; the last one's hash stands in the payment's row too.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import NamedTuple

from json_types import JsonMapping, JsonObject

VERSION = 1
MEMBERS = {"version", "payment_id", "sequence", "previous", "at", "event", "data", "hash"}
FIRST = "0" * 64  # what the first record has for a predecessor
_canonical = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
).encode


class Head(NamedTuple):
    """The end of a chain: how many records it has, and the hash of the last one."""

    sequence: int
    hash: str


class Entry(NamedTuple):
    """A record that is to be written: where to, what, and the end of the chain with it."""

    key: str
    body: str
    head: Head


NOTHING = Head(0, FIRST)


def prefix(payment_id: str, created: str) -> str:
    """Return what the keys of a payment's records begin with.

    Args:
        payment_id: the payment's id.
        created: when the payment was made, ISO 8601 in UTC. All its records are under that day, hence in one place.
    """
    return f"payments/{created[:10].replace('-', '/')}/{payment_id}/"


def object_key(payment_id: str, created: str, sequence: int) -> str:
    """Return the key of a record: six digits, so that a listing of the bucket is in the chain's order."""
    return f"{prefix(payment_id, created)}{sequence:06}.json"


def entry(previous: Head, *, payment_id: str, created: str, at: str, event: str, data: JsonMapping) -> Entry:
    """Return the record of one change.

    Args:
        previous: the end of the chain so far.
        payment_id: the payment that changed.
        created: when the payment was made, ISO 8601 in UTC.
        at: when the change was made, ISO 8601 in UTC.
        event: what happened.
        data: what it was before and after: texts and whole numbers only, which have one canonical form.
    """
    sequence = previous.sequence + 1
    record: JsonObject = {
        "version": VERSION,
        "payment_id": payment_id,
        "sequence": sequence,
        "previous": previous.hash,
        "at": at,
        "event": event,
        "data": data,
    }
    record["hash"] = digest = hashlib.sha256(_canonical(record).encode()).hexdigest()
    return Entry(object_key(payment_id, created, sequence), _canonical(record), Head(sequence, digest))


def read(body: bytes) -> JsonObject | None:
    """Return a record, or nothing when this is none: not canonical, not complete, or with another hash."""
    try:
        record = json.loads(body)
        unsealed = {name: value for name, value in record.items() if name != "hash"}
        sealed = hashlib.sha256(_canonical(unsealed).encode()).hexdigest() == record["hash"]
        sound = sealed and _canonical(record).encode() == body
    except (ValueError, KeyError, AttributeError, RecursionError):
        return None
    # repr: True and 1.0 equal 1 and are no number of a record.
    return record if sound and record.keys() == MEMBERS and repr(record["sequence"]).isdigit() else None


def verify_chain(bodies: Iterable[bytes], head: Head | None = None, start: Head | None = NOTHING) -> list[str]:
    """Return what is wrong with the records of one payment; nothing when the chain is whole.

    Args:
        bodies: the records as they are kept, in any order.
        head: the end of the chain as the payment's row has it. Without it, records that are missing at the end
            are not noticed, nor is a chain that was forged from its beginning.
        start: the end of the part of the chain that comes before these records; None when that cannot be read, so
            that nothing is known of what the first of them follows.
    """
    parsed = [read(body) for body in bodies]
    records = sorted((record for record in parsed if record is not None), key=lambda record: int(record["sequence"]))
    wrong = [f"{len(parsed) - len(records)} records are not as they were written"] if len(records) < len(parsed) else []
    end = start or NOTHING
    if start is None and records:
        end = Head(records[0]["sequence"] - 1, records[0]["previous"])
    for record in records:
        if record["payment_id"] != records[0]["payment_id"]:
            wrong.append(f"record {record['sequence']}: it is of another payment")
        elif record["sequence"] != end.sequence + 1:
            wrong.append(f"record {record['sequence']}: it follows record {end.sequence}")
        elif record["previous"] != end.hash:
            wrong.append(f"record {record['sequence']}: it was not written after record {end.sequence} as that is now")
        end = Head(record["sequence"], record["hash"])
    if head is not None and end != head:
        wrong.append(f"the chain ends with record {end.sequence}, and not with record {head.sequence} as it should be")
    return wrong

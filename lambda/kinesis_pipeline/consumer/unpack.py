"""What a producer puts around events: the Kinesis Producer Library's aggregates, and compression.

Lambda hands a record over as it is on the stream; only the Kinesis Client Library takes aggregates apart by itself:
https://docs.aws.amazon.com/streams/latest/dev/kinesis-record-deaggregation.html . The format is AWS's own
(https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md): four bytes, a message of
Protocol Buffers, and its MD5. AWS's Python library for it needs protobuf, a compiled wheel for one machine, and six,
which it does not declare; and it bounds nothing. Two kinds of message with four fields are less than that.

The texts of the errors are safe to log: they hold nothing of the payload.
"""

import hashlib
import zlib
from collections.abc import Iterator
from typing import NamedTuple

MAGIC = b"\xf3\x89\x9a\xc2"
DIGEST_BYTES = 16
COMPRESSED = (b"\x1f\x8b", b"x")  # gzip, and zlib with its usual window; no JSON begins so
LARGEST_BYTES = 8 * 1024 * 1024  # of a record's data without compression; on the stream a record has up to 10 MiB
MOST_EVENTS = 10_000  # in one record
# https://protobuf.dev/programming-guides/encoding/#structure
VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
LONGEST_VARINT = 10


class TooLarge(ValueError):
    """A record holds more than is taken from one."""

    def __init__(self) -> None:
        super().__init__(f"more than {LARGEST_BYTES} bytes or {MOST_EVENTS} events in one record")


class UserRecord(NamedTuple):
    """What a producer put, before it was put together with others."""

    partition_key: str
    data: bytes


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Return a number and where it ends."""
    value = 0
    for place, byte in enumerate(message[at : at + LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("a number without an end")


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield number and value of each field of a message."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == LENGTH:
            size, at = _varint(message, at)
        else:
            size = {EIGHT_BYTES: 8, FOUR_BYTES: 4}[kind]
        if at + size > len(message):
            raise ValueError("a field without an end")
        yield number, message[at : at + size]
        at += size


def _number(value: int | memoryview) -> int:
    if not isinstance(value, int):
        raise ValueError("a number was expected")
    return value


def _part(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("text, bytes or a message was expected")
    return value


def _user_records(message: memoryview) -> Iterator[UserRecord]:
    """Yield the user records of an AggregatedRecord: 1 is its table of partition keys, 3 its records."""
    keys: list[str] = []
    records: list[dict[int, int | memoryview]] = []
    for number, value in _fields(message):
        if number == 1:
            keys.append(bytes(_part(value)).decode())
        elif number == 3:
            records.append(dict(_fields(_part(value))))
    for record in records:  # 1 is the place of its partition key in the table, 3 its data
        yield UserRecord(keys[_number(record[1])], bytes(_part(record[3])))


def is_aggregate(data: bytes) -> bool:
    """Return whether a record's data begin as an aggregate does."""
    return data.startswith(MAGIC)


def user_records(data: bytes) -> list[UserRecord]:
    """Return what is in an aggregate, in its order: the place in the list is the sub-sequence number.

    Raises:
        ValueError: it is damaged.
    """
    message, digest = data[len(MAGIC) : -DIGEST_BYTES], data[-DIGEST_BYTES:]
    if hashlib.md5(message, usedforsecurity=False).digest() != digest:
        raise ValueError("aggregated record: its MD5 is another one")
    try:
        found = list(_user_records(memoryview(message)))
    except (ValueError, KeyError, IndexError):
        raise ValueError("aggregated record: not readable") from None
    return found


def inflate(data: bytes, most: int = LARGEST_BYTES) -> bytes:
    """Return data without their compression, if they have one: gzip, of any number of members, or zlib.

    Args:
        data: of a user record.
        most: bytes that may come out.

    Raises:
        TooLarge: more than that would come out.
        ValueError: they are damaged.
    """
    if not data.startswith(COMPRESSED):
        return data
    parts: list[bytes] = []
    left = most
    while data:
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # either format, by its header
        try:
            part = member.decompress(data, left + 1)
        except zlib.error:
            raise ValueError("compressed data: damaged") from None
        left -= len(part)
        if left < 0:
            raise TooLarge
        if not member.eof:
            raise ValueError("compressed data: incomplete")
        parts.append(part)
        data = member.unused_data
    return b"".join(parts)

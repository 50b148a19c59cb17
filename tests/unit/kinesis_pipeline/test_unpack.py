"""Aggregates of the Kinesis Producer Library and compression are read as producers write them, and are bounded."""

import gzip
import hashlib
import zlib
from contextlib import suppress
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.kinesis_pipeline.kinesis import aggregate

# As another implementation of the format writes one user record: https://hexdocs.pm/ex_kpl/
PUBLISHED = bytes(
    [
        *(243, 137, 154, 194, 10, 13, *b"partition_key", 26, 8, 8, 0, 26, 4, *b"data"),
        *(208, 54, 153, 218, 90, 34, 47, 163, 33, 8, 173, 27, 217, 85, 161, 78),
    ]
)


def sealed(message: bytes) -> bytes:
    """Return a message as an aggregate, whatever is in it."""
    return b"\xf3\x89\x9a\xc2" + message + hashlib.md5(message, usedforsecurity=False).digest()


def test_a_published_aggregate_is_read(consumer: SimpleNamespace) -> None:
    """And our own writer in the tests writes the same."""
    assert consumer.unpack.user_records(PUBLISHED) == [("partition_key", b"data")]
    assert aggregate(b"data", keys=("partition_key",)) == PUBLISHED


@given(bodies=st.lists(st.binary(max_size=400), max_size=20), hash_keys=st.booleans())
@settings(deadline=None)
def test_user_records_come_in_their_order(consumer: SimpleNamespace, bodies: list[bytes], hash_keys: bool) -> None:
    """With the partition key of each; tables and tags that nobody needs are passed over."""
    found = consumer.unpack.user_records(aggregate(*bodies, hash_keys=hash_keys))
    assert found == [("ab"[place % 2], body) for place, body in enumerate(bodies)]


def test_what_only_begins_like_an_aggregate_is_none(consumer: SimpleNamespace) -> None:
    """The Kinesis Client Library takes such a record for a user record; ours can be no JSON."""
    for data in (PUBLISHED[:-1], PUBLISHED[:4], PUBLISHED[:-20] + b"DATA" + PUBLISHED[-16:]):
        with pytest.raises(ValueError, match="aggregated record: its MD5 is another one"):
            consumer.unpack.user_records(data)


COMPRESSED = gzip.compress(b"data", mtime=0)  # the same in every process: tests are called after it


@pytest.mark.parametrize(
    "message",
    [
        b"\x0a\x05abc",
        b"\x1a\x04\x08\x00\x1a\x00",
        b"\x0a\x01a\x1a\x02\x1a\x00",
        b"\x0a\x01a\x1a\x02\x08\x00",
        b"\x0a\x01a\x1a\x04\x08\x01\x1a\x00",
        b"\x0a\x01a\x1a\x05\x0a\x01\x30\x1a\x00",
        b"\x0a\x01a\x18\x01",
        b"\x0a\x01a\x1a\x04\x08\x00\x18\x00",
        b"\x0a\x01\xff",
        b"\x0b\x0c",
        b"\x80",
        b"\x80" * 11,
        b"\x0d\x00",
    ],
    ids=[
        "cut short",
        "no table",
        "no place",
        "no data",
        "beyond the table",
        "place as text",
        "record as a number",
        "data as a number",
        "key in no UTF-8",
        "group",
        "number cut short",
        "number too long",
        "four bytes cut short",
    ],
)
def test_a_message_that_cannot_be_read_is_refused(consumer: SimpleNamespace, message: bytes) -> None:
    """Whatever is wrong with it; the reason holds nothing of it."""
    with pytest.raises(ValueError, match="aggregated record: not readable"):
        consumer.unpack.user_records(sealed(message))


def test_fields_that_the_format_does_not_have_are_passed_over(consumer: SimpleNamespace) -> None:
    """Of each kind, as Protocol Buffers wants it."""
    unknown = b"\x20\x07" + b"\x29" + b"8 bytes." + b"\x32\x02ab" + b"\x3d4byt"
    message = PUBLISHED[4:-16] + unknown
    assert consumer.unpack.user_records(sealed(message)) == [("partition_key", b"data")]


@settings(deadline=None)
@given(message=st.binary(max_size=60))
def test_any_message_is_read_or_refused(consumer: SimpleNamespace, message: bytes) -> None:
    """Never another exception."""
    with suppress(ValueError):
        consumer.unpack.user_records(sealed(message))


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress, lambda data: data], ids=["gzip", "zlib", "none"])
def test_compression_is_undone(consumer: SimpleNamespace, compress: object) -> None:
    """Recognised by how the data begin."""
    assert consumer.unpack.inflate(compress(b'{"a": 1}')) == b'{"a": 1}'  # type: ignore[operator]


def test_gzip_may_have_several_members(consumer: SimpleNamespace) -> None:
    """https://www.rfc-editor.org/rfc/rfc1952#section-2.2 ."""
    assert consumer.unpack.inflate(gzip.compress(b"[1,") + gzip.compress(b"2]")) == b"[1,2]"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (COMPRESSED[:-1], "compressed data: incomplete"),
        (COMPRESSED[:10], "compressed data: incomplete"),
        (COMPRESSED[:-8] + b"12345678", "compressed data: damaged"),
        (b"\x1f\x8bdata", "compressed data: damaged"),
        (b"x", "compressed data: incomplete"),
        (COMPRESSED + b"more", "compressed data: damaged"),
    ],
)
def test_damaged_compression_is_refused(consumer: SimpleNamespace, data: bytes, reason: str) -> None:
    """With a reason that holds nothing of it."""
    with pytest.raises(ValueError, match=f"^{reason}$"):
        consumer.unpack.inflate(data)


def test_the_limit_itself_may_come_out(consumer: SimpleNamespace) -> None:
    """And not a byte more, of one member or of several."""
    assert len(consumer.unpack.inflate(gzip.compress(b"7" * 100), 100)) == 100
    for bomb in (gzip.compress(b"7" * 101), gzip.compress(b"7" * 60) + gzip.compress(b"7" * 41)):
        with pytest.raises(consumer.unpack.TooLarge, match="more than 8388608 bytes or 10000 events in one record"):
            consumer.unpack.inflate(bomb, 100)

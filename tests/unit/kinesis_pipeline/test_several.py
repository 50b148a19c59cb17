"""Several events in one record, through the handler: each is stored or quarantined by itself, with its place in it."""

import base64
import gzip
import json
import tracemalloc
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from pg8000.native import Connection

from lib.kinesis_pipeline.events import encode
from tests.support.functions import Context
from tests.support.kinesis_pipeline.kinesis import SHARD, aggregate, event, events, lines, read, records

Handle = Callable[..., list[str]]
Quarantined = Callable[[], dict[str, str]]
TOO_LARGE = "more than 8388608 bytes or 10000 events in one record"


def places(sql: Connection) -> list[tuple[str, str, int]]:
    """Return event id, sequence number and sub-sequence number of each row."""
    rows = sql.run("SELECT event_id::text, sequence_number, sub_sequence_number FROM stored_events ORDER BY 2, 3")
    return [(found[0], found[1], found[2]) for found in rows]


PACKED = {
    "aggregate": aggregate,
    "lines": lines,
    "lines in gzip": lambda *bodies: gzip.compress(lines(*bodies)),
    "gzip in an aggregate": lambda *bodies: aggregate(*(gzip.compress(encode(body)) for body in bodies)),
    "lines in an aggregate": lambda *bodies: aggregate(lines(*bodies[:2]), lines(*bodies[2:])),
}


@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED)
def test_each_event_of_a_record_is_a_row(handle: Handle, sql: Connection, pack: Callable[..., bytes]) -> None:
    """With the record's sequence number and its own place in it."""
    first, *packed, last = events(7)
    assert handle(first, pack(*packed), last) == []
    rows = [(first, "1000", 0), *((body, "1001", place) for place, body in enumerate(packed)), (last, "1002", 0)]
    assert places(sql) == [(body["event_id"], number, sub) for body, number, sub in rows]


@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED)
def test_a_second_delivery_stores_nothing_twice(handle: Handle, sql: Connection, pack: Callable[..., bytes]) -> None:
    """An event's identity is its own id."""
    record = pack(*events(4))
    assert handle(record) == []
    assert handle(record, record) == []
    assert len(places(sql)) == 4


def test_one_event_in_gzip_is_a_row(handle: Handle, sql: Connection) -> None:
    """As if it had not been compressed."""
    body = event()
    assert handle(gzip.compress(encode(body))) == []
    assert places(sql) == [(body["event_id"], "1000", 0)]


def test_poison_in_an_aggregate_is_quarantined_alone(
    handle: Handle, sql: Connection, quarantined: Quarantined, aside: Callable[[], dict[str, Any]]
) -> None:
    """With its sub-sequence number, partition key and data, so that it can be put on the stream by itself."""
    refused = event(attributes={"note": "\x00"})
    assert handle(aggregate(event(), b"{", event(), refused, gzip.compress(b"x")[:9], event())) == []
    assert quarantined() == {
        "1000.1": "not JSON",
        "1000.3": "refused by the database (SQLSTATE 22P05)",
        "1000.4": "compressed data: incomplete",
    }
    assert [sub for _id, _number, sub in places(sql)] == [0, 2, 5]
    (kept,) = aside().values()
    alone = json.loads(kept["payload"])["Records"]
    assert [found["kinesis"]["subSequenceNumber"] for found in alone] == [1, 3, 4]
    assert [found["kinesis"]["partitionKey"] for found in alone] == ["b", "b", "a"]
    assert [base64.b64decode(found["kinesis"]["data"]) for found in alone[:2]] == [b"{", encode(refused)]
    assert {found["eventID"] for found in alone} == {f"{SHARD}:1000"}


def test_a_broken_line_is_quarantined_alone(handle: Handle, sql: Connection, quarantined: Quarantined) -> None:
    """Also the first one; blank lines are none."""
    assert handle(lines(b"{", event(), b" ", b'{"a":1,"a":2}', event(), b"[]")) == []
    assert quarantined() == {
        "1000": "not JSON",
        "1000.2": "data: a name occurs twice in one object",
        "1000.4": "data: breaks the rule 'type'",
    }
    assert [sub for _id, _number, sub in places(sql)] == [1, 3]


@pytest.mark.parametrize("changed", [lambda text: text, lambda text: text.replace("{", "{{", 1)])
def test_one_event_on_several_lines_is_one(consumer: SimpleNamespace, changed: Callable[[str], str]) -> None:
    """A producer that indents its JSON: the event as a whole, or one piece of poison when it is broken."""
    text = changed(json.dumps(event(attributes={"list": [1], "object": {}}), indent=2))
    valid, poison = read(consumer, records(text.encode()))
    assert len(valid) + len(poison) == 1


def test_an_array_of_events_is_poison(consumer: SimpleNamespace) -> None:
    """The schema is of one event; several stand on lines of their own."""
    _valid, poison = read(consumer, records(events(2)))
    assert [found.reason for found in poison] == ["data: breaks the rule 'type'"]


def test_a_damaged_aggregate_is_one_piece_of_poison(handle: Handle, quarantined: Quarantined, sql: Connection) -> None:
    """As it came."""
    damaged = aggregate(*events(3))[:-1] + b"?"
    assert handle(damaged, event()) == []
    assert list(quarantined().values()) == ["aggregated record: its MD5 is another one"]
    assert len(places(sql)) == 1


BOMBS = {
    "gzip": gzip.compress(b" " * 100_000_000),
    "gzip in an aggregate": aggregate(*[gzip.compress(b" " * 8_000_000)] * 50),
    "lines": b"{}\n" * 200_000,
    "lines in gzip": gzip.compress(b"{}\n" * 2_000_000),
    "aggregate": aggregate(*[b"{}"] * 10_001),
    "lines in an aggregate": aggregate(*[b"{}\n" * 200] * 200),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_record_that_holds_too_much_is_one_piece_of_poison(consumer: SimpleNamespace, bomb: bytes) -> None:
    """And takes a bounded part of the function's memory: 512 MiB."""
    tracemalloc.start()
    try:
        valid, poison = read(consumer, records(bomb))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert valid == []
    assert [found.reason for found in poison] == [TOO_LARGE]
    assert peak < 100 * 1024 * 1024


def test_what_is_read_is_stored_before_more_is_read(consumer: SimpleNamespace) -> None:
    """However much a batch holds, a part of it is in memory."""
    found = records(*(gzip.compress(encode(event(attributes={"x": "7" * 3_000_000}))) for _ in range(9)))
    chunks = consumer.events.chunks(found)
    assert [(chunk.records, chunk.characters < 12_000_000) for chunk in chunks] == [(3, True)] * 3


def test_as_much_as_one_record_may_hold_is_stored(handle: Handle, sql: Connection) -> None:
    """In several statements, each of a size that the database answers in time."""
    assert handle(gzip.compress(lines(*events(2_500))), event()) == []
    assert sql.run("SELECT count(*) FROM stored_events") == [[2_501]]


def test_a_record_that_is_not_done_comes_again_as_a_whole(
    consumer: SimpleNamespace, handle: Handle, sql: Connection, quarantined: Quarantined
) -> None:
    """Lambda knows no part of a record: what was stored of it is recognised then."""
    run, statements = consumer.handler.database.run, iter(range(99))

    def ends(*arguments: Any, **more: Any) -> Any:
        if next(statements) == 1:
            raise consumer.postgres.DatabaseUnavailable("slow")
        return run(*arguments, **more)

    consumer.handler.database.run = ends
    batch = [b"{", event(), aggregate(b"}", *events(1_500)), b"["]
    assert handle(*batch) == ["1002"]
    assert list(quarantined()) == ["1000"]
    assert sql.run("SELECT count(*) FROM stored_events") == [[1_000]]
    assert handle(*batch[2:], first=1002) == []
    assert sql.run("SELECT count(*) FROM stored_events") == [[1_501]]
    assert sorted(quarantined()) == ["1000", "1002", "1003"]


def test_more_poison_than_an_object_takes_comes_again(handle: Handle, quarantined: Quarantined) -> None:
    """The first records' is quarantined, and Lambda goes on behind them."""
    batch = [lines(*[b"{}"] * 600)] * 4
    assert handle(*batch) == ["1002"]
    assert len(quarantined()) == 1_200
    assert handle(*batch[2:], first=1002) == []
    assert len(quarantined()) == 2_400


def test_an_aggregate_without_user_records_is_done(handle: Handle, quarantined: Quarantined) -> None:
    """There is nothing in it that could be lost."""
    assert handle(aggregate(), context=Context(60.0)) == []
    assert quarantined() == {}

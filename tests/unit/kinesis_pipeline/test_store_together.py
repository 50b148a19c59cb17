"""Several consumers that store the same events at the same time: each event becomes one row, and none is lost."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from pg8000.native import Connection

from tests.support.database import TestServer
from tests.support.kinesis_pipeline.kinesis import event, events, read, records

# pylint: disable=redefined-outer-name


@pytest.fixture
def other(postgres: TestServer, sql: Connection) -> Iterator[Connection]:
    """Another consumer, in the middle of a transaction."""
    del sql
    with postgres.connect() as connection:
        connection.run("START TRANSACTION")
        yield connection


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Runs what has to wait."""
    with ThreadPoolExecutor() as made:
        yield made


def valid(consumer: SimpleNamespace, *bodies: object) -> list[Any]:
    """Return bodies as events."""
    found, poison = read(consumer, records(*bodies))
    assert poison == []
    return found


def insert(connection: Connection, body: dict[str, Any]) -> None:
    """Insert an event as the other consumer does."""
    names = [name for name in body if name != "attributes"]
    connection.run(
        f"INSERT INTO stored_events ({', '.join(names)}, attributes, shard_id, sequence_number, arrived_at) "
        f"VALUES ({', '.join(f':{name}' for name in names)}, CAST(:attributes AS jsonb), 's', '1', now())",
        **body,
    )


def wait_until_blocked(connection: Connection) -> None:
    """Return when another session waits for a lock."""
    deadline = time.monotonic() + 10
    while not connection.run("SELECT FROM pg_locks WHERE NOT granted"):
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.005)


def start(pool: ThreadPoolExecutor, consumer: SimpleNamespace, database: Any, *bodies: object) -> Future[Any]:
    """Store bodies in another thread."""
    return pool.submit(consumer.store.store, database, valid(consumer, *bodies), 10.0)


def test_an_event_stored_meanwhile_is_a_duplicate(
    consumer: SimpleNamespace, as_consumer: Callable[..., Any], other: Connection, pool: ThreadPoolExecutor
) -> None:
    """The statement sees the table as it was when it began, so it looks again."""
    same, new = events(2)
    insert(other, same)
    running = start(pool, consumer, as_consumer(), same, new)
    wait_until_blocked(other)
    other.run("COMMIT")
    assert running.result(10)[:3] == (1, 1, [])
    assert other.run("SELECT count(*) FROM stored_events") == [[2]]


def test_another_event_stored_meanwhile_is_a_conflict(
    consumer: SimpleNamespace, as_consumer: Callable[..., Any], other: Connection, pool: ThreadPoolExecutor
) -> None:
    """It is compared when it is looked at again."""
    body = event(amount="1.00")
    insert(other, body)
    running = start(pool, consumer, as_consumer(), body | {"amount": "2.00"})
    wait_until_blocked(other)
    other.run("COMMIT")
    stored, duplicates, (poison,), *_ = running.result(10)
    assert (stored, duplicates, poison.reason) == (0, 0, "another event was stored under this event_id")


def test_an_event_given_up_meanwhile_is_stored(
    consumer: SimpleNamespace, as_consumer: Callable[..., Any], other: Connection, pool: ThreadPoolExecutor
) -> None:
    """The other consumer died before its commit."""
    body = event()
    insert(other, body)
    running = start(pool, consumer, as_consumer(), body)
    wait_until_blocked(other)
    other.run("ROLLBACK")
    assert running.result(10)[:3] == (1, 0, [])
    assert other.run("SELECT count(*) FROM stored_events") == [[1]]


def test_a_deadlock_is_tried_again(
    consumer: SimpleNamespace, as_consumer: Callable[..., Any], other: Connection, pool: ThreadPoolExecutor
) -> None:
    """Two consumers wait for each other; the database ends one, which is ours if it asks first."""
    one, two = events(2)
    insert(other, one)
    running = start(pool, consumer, as_consumer(), two, one)  # has two, waits for one
    wait_until_blocked(other)
    ending = pool.submit(insert, other, two)  # has one, waits for two
    ending.result(10)
    other.run("COMMIT")
    assert running.result(10)[:3] == (0, 2, [])


def test_many_consumers_store_the_same_events_once(
    consumer: SimpleNamespace, as_consumer: Callable[..., Any], sql: Connection, pool: ThreadPoolExecutor
) -> None:
    """All of them at once, in different orders and batches: every event is one row, counted as stored once."""
    bodies = events(60)
    orders = [bodies, bodies[::-1], bodies[20:] + bodies[:20], bodies[::2] + bodies[1::2]]
    together = threading.Barrier(len(orders))

    def consume(order: list[dict[str, Any]]) -> tuple[int, int]:
        database, stored, duplicates = as_consumer(), 0, 0
        together.wait(10)
        for place in range(0, len(order), 15):
            found = consumer.store.store(database, valid(consumer, *order[place : place + 15]), 30.0)
            assert found[2] == []
            stored, duplicates = stored + found[0], duplicates + found[1]
        return stored, duplicates

    results = [running.result(60) for running in [pool.submit(consume, order) for order in orders]]
    assert sum(stored for stored, _ in results) == len(bodies)
    assert sum(duplicates for _, duplicates in results) == len(bodies) * (len(orders) - 1)
    assert sql.run("SELECT count(*), count(DISTINCT event_id) FROM stored_events") == [[60, 60]]

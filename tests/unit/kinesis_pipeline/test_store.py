"""Each event becomes one row, whatever is delivered again; what cannot be stored is told apart from the rest."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from pg8000.native import Connection

from tests.support.database import TestServer
from tests.support.kinesis_pipeline.kinesis import SHARD, event, events, read, records
from tests.support.tls_front import Front, trusted

# pylint: disable=redefined-outer-name

MARK = "Zq7-leak"
UNSTORABLE = {"note": f"\x00{MARK}"}
Store = Callable[..., tuple[int, int, list[Any]]]


@pytest.fixture
def store(consumer: SimpleNamespace, as_consumer: Callable[..., Any], sql: Connection) -> Store:
    """Stores bodies, each in a record of its own, through one Database."""
    del sql
    database = as_consumer()

    def run(*bodies: object, seconds: float = 10.0, through: Any = database) -> tuple[int, int, list[Any]]:
        valid, poison = read(consumer, records(*bodies))
        assert poison == []
        stored, duplicates, refused, unfinished, cause = consumer.store.store(through, valid, seconds)
        assert (unfinished, cause) == ([], "")
        return stored, duplicates, [(found.record.sequence_number, found.reason) for found in refused]

    return run


def ids(sql: Connection) -> list[str]:
    """Return the stored events' ids."""
    return [found for (found,) in sql.run("SELECT event_id::text FROM stored_events ORDER BY 1")]


def test_an_event_becomes_a_row_with_all_it_said(store: Store, sql: Connection) -> None:
    """Every column, as the type that the table gives it."""
    body = event(amount="-12.3400", occurred_at="2026-03-01T12:00:00+02:00", attributes={"a": [1, {"b": None}]})
    assert store(body) == (1, 0, [])
    ((*row, stored_at),) = sql.run("""
        SELECT event_id::text, event_type, source, occurred_at, customer_id, amount, currency, attributes, shard_id,
            sequence_number, arrived_at, stored_at FROM stored_events
    """)
    assert row == [
        body["event_id"],
        body["event_type"],
        body["source"],
        datetime(2026, 3, 1, 10, tzinfo=UTC),
        body["customer_id"],
        Decimal("-12.34"),
        body["currency"],
        {"a": [1, {"b": None}]},
        SHARD,
        "1000",
        datetime(2026, 1, 1, microsecond=250_000, tzinfo=UTC),
    ]
    assert abs((datetime.now(UTC) - stored_at).total_seconds()) < 60


def test_every_event_of_a_batch_is_stored(store: Store, sql: Connection) -> None:
    """The count is the number of rows."""
    bodies = events(40)
    assert store(*bodies) == (40, 0, [])
    assert ids(sql) == sorted(str(body["event_id"]) for body in bodies)


def test_no_events_are_no_work(consumer: SimpleNamespace, as_consumer: Callable[..., Any]) -> None:
    """A batch of nothing but poison does not wait for the database."""
    assert consumer.store.store(as_consumer(DB_PORT="1"), [], 0) == (0, 0, [], [], "")


def test_an_event_twice_in_a_batch_is_stored_once(store: Store, sql: Connection) -> None:
    """The second is a duplicate, and so is the third."""
    one, two = events(2)
    assert store(one, two, one, one) == (2, 2, [])
    assert len(ids(sql)) == 2


def test_an_event_delivered_again_is_a_duplicate(store: Store, sql: Connection) -> None:
    """In a later batch, among new ones."""
    one, two, three = events(3)
    assert store(one, two) == (2, 0, [])
    assert store(two, three) == (1, 1, [])
    assert len(ids(sql)) == 3


def test_an_event_spelled_differently_is_a_duplicate(store: Store) -> None:
    """Equal is what is equal in the database: numbers, moments, and objects without their order."""
    body = event(amount="7", occurred_at="2026-03-01T12:00:00+02:00", attributes={"a": 1, "b": 2})
    again = body | {"amount": "7.00", "occurred_at": "2026-03-01T10:00:00Z", "attributes": {"b": 2, "a": 1.0}}
    assert store(body, again) == (1, 1, [])


def test_an_event_under_another_record_is_a_duplicate(store: Store) -> None:
    """A producer that sent twice made two records of one event."""
    one, two = events(2)
    assert store(one) == (1, 0, [])
    assert store(two, one) == (1, 1, [])  # its sequence number is another one now


@pytest.mark.parametrize(
    "change",
    [
        {"event_type": "order_returned"},
        {"source": MARK},
        {"occurred_at": "2026-03-01T12:00:01Z"},
        {"customer_id": MARK},
        {"amount": "1.01"},
        {"currency": "CHF"},
        {"attributes": {"a": MARK}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_event_under_a_known_id_is_poison(store: Store, sql: Connection, change: dict[str, Any]) -> None:
    """Whatever differs; the first stays, its neighbours are stored, and the reason tells no value."""
    first = event(
        event_type="order_placed",
        occurred_at="2026-03-01T12:00:00Z",
        amount="1.00",
        currency="EUR",
        attributes={"a": 1},
    )
    assert store(first) == (1, 0, [])
    refused = [("1001", "another event was stored under this event_id")]
    assert store(event(), first | change, event()) == (2, 0, refused)
    kept = sql.run("SELECT source, amount FROM stored_events WHERE event_id = :id", id=first["event_id"])
    assert kept == [[first["source"], Decimal("1.00")]]


def test_another_event_under_the_same_id_in_one_batch_is_poison(store: Store) -> None:
    """The first in the stream wins."""
    body = event(amount="1.00")
    assert store(body, body | {"amount": "2.00"}) == (
        1,
        0,
        [("1001", "another event was stored under this event_id")],
    )


@pytest.mark.parametrize("place", [0, 1, 4, 6])
def test_what_the_database_refuses_is_alone(store: Store, sql: Connection, place: int) -> None:
    """The batch is halved until the row is found; all others are stored, and the reason tells no value."""
    bodies = events(7)
    bodies[place]["attributes"] = UNSTORABLE
    assert store(*bodies) == (6, 0, [(str(1000 + place), "refused by the database (SQLSTATE 22P05)")])
    assert ids(sql) == sorted(str(body["event_id"]) for body in bodies if body is not bodies[place])


def test_several_refused_rows_are_all_found(store: Store, sql: Connection) -> None:
    """Together with duplicates and another event under a known id; each with its own fate."""
    known, other = event(amount="1.00"), event()
    store(known)
    nul, late = event(attributes=UNSTORABLE), event(occurred_at="2026-01-01T00:00:00+23:00")
    good = events(3)
    stored, duplicates, refused = store(
        nul, good[0], known, late, known | {"amount": "2.00"}, good[1], other, nul, good[2]
    )
    assert (stored, duplicates) == (4, 1)
    assert sorted(refused) == [
        ("1000", "refused by the database (SQLSTATE 22P05)"),
        ("1003", "refused by the database (SQLSTATE 22009)"),
        ("1004", "another event was stored under this event_id"),
        ("1007", "refused by the database (SQLSTATE 22P05)"),
    ]
    assert len(ids(sql)) == 5


@pytest.mark.parametrize(
    ("written", "meant"),
    [("2026-01-31t10:00:00z", "2026-01-31 10:00:00+00"), ("2026-06-30T23:59:60Z", "2026-07-01 00:00:00+00")],
)
def test_a_time_that_rfc_3339_allows_is_stored(store: Store, sql: Connection, written: str, meant: str) -> None:
    """Small letters, and a leap second."""
    assert store(event(occurred_at=written)) == (1, 0, [])
    assert sql.run(
        "SELECT count(*) FROM stored_events WHERE occurred_at = CAST(:meant AS timestamptz)", meant=meant
    ) == [[1]]


def test_an_event_as_deep_as_allowed_is_stored(consumer: SimpleNamespace, store: Store) -> None:
    """The limit holds for what comes after it too."""
    deep: Any = {}
    for _ in range(consumer.schema.DEEPEST - 2):
        deep = {"x": deep}
    assert store(event(attributes=deep)) == (1, 0, [])


def test_without_time_nothing_is_tried(
    consumer: SimpleNamespace, as_consumer: Callable[..., Any], sql: Connection
) -> None:
    """The events come again, so nothing is lost."""
    valid, _poison = read(consumer, records(*events(3)))
    outcome = consumer.store.store(as_consumer(), valid, 0)
    assert outcome == (0, 0, [], valid, "no time left in this invocation")
    assert ids(sql) == []


def test_what_was_done_before_the_time_was_over_is_done(
    consumer: SimpleNamespace, as_consumer: Callable[..., Any], sql: Connection
) -> None:
    """The halves of a refused batch are written from the first on; what the time did not suffice for is named."""
    bodies = events(8)
    bodies[5]["attributes"] = UNSTORABLE
    valid, _poison = read(consumer, records(*bodies))
    database, tries = as_consumer(), iter(range(99))
    run = database.run

    def slow(*arguments: Any, **more: Any) -> Any:
        if next(tries) == 2:  # all, the first half, and then nothing any more
            raise consumer.postgres.DatabaseUnavailable("slow")
        return run(*arguments, **more)

    database.run = slow
    assert consumer.store.store(database, valid, 10.0) == (4, 0, [], valid[4:], "slow")
    assert len(ids(sql)) == 4


def test_a_batch_is_one_round_trip(store: Store, as_consumer: Callable[..., Any], postgres: TestServer) -> None:
    """Whatever its size, once the connection is made and the statement prepared; duplicates cost a second look."""
    with Front(postgres.server, trusted(postgres.server)) as front:
        database = as_consumer(DB_PORT=str(front.port))
        many = events(500)
        store(event(), through=database)
        before = front.turns
        assert store(event(), through=database)[0] == 1
        assert front.turns == before + 1
        assert store(*many, through=database)[0] == 500
        assert front.turns == before + 2
        store(*many, through=database)  # prepares the second look
        before = front.turns
        assert store(*many, through=database)[1] == 500
        assert front.turns == before + 2
        database.close()


def test_a_lost_answer_stores_nothing_twice(
    store: Store, as_consumer: Callable[..., Any], postgres: TestServer, sql: Connection
) -> None:
    """The rows were written when the connection broke: sent again, they are duplicates."""
    with Front(postgres.server, trusted(postgres.server)) as front:
        database = as_consumer(DB_PORT=str(front.port))
        store(event(), through=database)
        front.swallow = 1
        assert store(*events(3), through=database) == (0, 3, [])
        assert front.swallow == 0
        database.close()
    assert len(ids(sql)) == 4


def test_the_statement_names_every_column_of_the_table(consumer: SimpleNamespace, sql: Connection) -> None:
    """A migration that adds a column nobody fills is noticed here."""
    found = sql.run("""
        SELECT column_name FROM information_schema.columns
        WHERE table_name = 'stored_events' AND column_name <> 'stored_at'
    """)
    assert {name for (name,) in found} == set(consumer.store.COLUMNS)
    assert event().keys() | {"unmapped"} == set(consumer.store.BODY) | {"event_id"}


@pytest.mark.parametrize(
    "text", ['quote " inside', "back\\slash", "brace } , { comma", "'", "NULL", "", "\u00e9 \u4e2d \U0001f600", "\n\t"]
)
def test_any_text_in_the_attributes_comes_back_as_it_was(store: Store, sql: Connection, text: str) -> None:
    """Whatever would mean something to JSON or to SQL."""
    assert store(event(attributes={"note": text, text or "empty": [text]})) == (1, 0, [])
    assert sql.run("SELECT attributes FROM stored_events") == [[{"note": text, text or "empty": [text]}]]

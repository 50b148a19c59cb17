"""The table that holds events becomes the first part of the events by week; the code of before goes on with it."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pg8000.native import Connection

from tests.unit.kinesis_pipeline.test_weeks import OWN, monday

# pylint: disable=redefined-outer-name

COUNT = 25_000  # three portions of ids
# What the consumer of before says: one statement, in which the key of the table makes an event one row.
BEFORE = """
WITH inserted AS (
    INSERT INTO events (event_id, event_type, source, occurred_at, customer_id, amount, currency, attributes, shard_id,
                        sequence_number, arrived_at)
    SELECT CAST(:id AS uuid), 'order_placed', 's', now(), 'c', 1, 'EUR', '{}', 'shard', '1', now()
    ON CONFLICT (event_id) DO NOTHING RETURNING 1
)
SELECT count(*) FROM inserted
"""
NOW = BEFORE.replace("INTO events", "INTO stored_events").replace("CONFLICT (event_id)", "CONFLICT")
FILL = """
INSERT INTO events (event_id, event_type, source, occurred_at, customer_id, amount, currency, attributes, shard_id,
                    sequence_number, arrived_at, stored_at)
SELECT md5(n::text)::uuid, 'order_placed', 's', now(), 'c', 1, 'EUR', '{}', 'shard', '1', now(),
       now() - n * interval '1 minute'
FROM generate_series(1, CAST(:count AS int)) AS n
"""
SAME = """
SELECT count(*) FROM stored_events e FULL JOIN event_ids k USING (event_id)
WHERE e.stored_at IS DISTINCT FROM k.stored_at
"""
FIRST, NEW = "c4ca4238-a0b9-2382-0dcc-509a6f75849b", "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def before(load: Callable[[], Any], folder: Path, fresh: Connection) -> Any:
    """The function, whose migrations come one by one; the table of before holds events."""
    handler = load()
    add(folder, 1, 4)
    handler.migrate(30.0)
    fresh.run(FILL, count=COUNT)
    return handler


def add(folder: Path, first: int, last: int) -> None:
    """Add migrations by their numbers."""
    for path in OWN.glob("*.sql"):
        if first <= int(path.name[:4]) <= last:
            shutil.copy(path, folder)


def test_no_event_is_lost_or_moved(before: Any, folder: Path, fresh: Connection) -> None:
    """Each has its id, with the moment at which it was stored."""
    ((where,),) = fresh.run("SELECT pg_relation_filenode('events')")
    add(folder, 5, 9)
    before.migrate(60.0)
    assert fresh.run("SELECT count(*) FROM stored_events") == [[COUNT]]
    assert fresh.run(SAME) == [[0]]
    assert fresh.run("SELECT pg_relation_filenode('events')") == [[where]]


def test_the_table_of_before_takes_events_for_four_weeks_more(before: Any, folder: Path, fresh: Connection) -> None:
    add(folder, 5, 9)
    before.migrate(60.0)
    ((bound,),) = fresh.run("SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'events'")
    assert f"TO ('{monday(5)} 00:00:00+00')" in bound


@pytest.mark.parametrize("until", [4, 5, 6, 7, 8, 9])
def test_the_code_of_before_stores_each_event_once(before: Any, folder: Path, fresh: Connection, until: int) -> None:
    """Whichever migration was the last, also after a deployment that was taken back."""
    add(folder, 5, until)
    before.migrate(60.0)
    assert [fresh.run(BEFORE, id=each) for each in (FIRST, NEW, NEW)] == [[[0]], [[1]], [[0]]]
    assert fresh.run("SELECT count(*) FROM events") == [[COUNT + 1]]


def test_both_codes_know_each_other_s_events(before: Any, folder: Path, fresh: Connection) -> None:
    add(folder, 5, 9)
    before.migrate(60.0)
    other = NEW.replace("1", "2")
    assert [fresh.run(BEFORE, id=NEW), fresh.run(NOW, id=NEW)] == [[[1]], [[0]]]
    assert [fresh.run(NOW, id=other), fresh.run(BEFORE, id=other)] == [[[1]], [[0]]]
    assert fresh.run(SAME) == [[0]]


def test_an_event_that_comes_again_while_ids_are_written_keeps_its_moment(
    before: Any, folder: Path, fresh: Connection
) -> None:
    """It took its id before the row's was there, and was stored before."""
    add(folder, 5, 5)
    before.migrate(60.0)
    assert fresh.run(BEFORE, id=FIRST) == [[0]]
    assert fresh.run("SELECT count(*) FROM event_ids") == [[1]]
    add(folder, 6, 6)
    before.migrate(60.0)
    assert fresh.run(SAME.replace("stored_events", "events")) == [[0]]


def test_ids_are_kept_portion_by_portion(before: Any, folder: Path, fresh: Connection) -> None:
    """A run that is ended in the middle has done what it has done, and the next one goes on."""
    add(folder, 5, 5)
    before.migrate(60.0)
    fresh.run("ALTER TABLE event_ids ADD CONSTRAINT half CHECK (event_id < '80000000-0000-0000-0000-000000000000')")
    add(folder, 6, 6)
    with pytest.raises(Exception, match="23514"):
        before.migrate(60.0)
    ((done,),) = fresh.run("SELECT count(*) FROM event_ids")
    assert done == 10_001
    fresh.run("ALTER TABLE event_ids DROP CONSTRAINT half")
    assert before.migrate(60.0) == ["0006_known_ids.sql"]
    assert fresh.run("SELECT count(*) FROM event_ids") == [[COUNT]]


def test_events_are_stored_while_the_table_is_made_over(before: Any, folder: Path, fresh: Connection) -> None:
    """By the code of before, all the time; none is refused."""
    add(folder, 5, 9)
    ended, stored = threading.Event(), list[int]()

    def work() -> None:
        while not ended.is_set():
            stored.append(fresh.run(BEFORE.replace(":id", "gen_random_uuid()"))[0][0])

    thread = threading.Thread(target=work)
    thread.start()
    try:
        before.migrate(60.0)
    finally:
        ended.set()
        thread.join(30)
    assert stored
    assert set(stored) == {1}
    assert fresh.run("SELECT count(*) FROM stored_events") == [[COUNT + len(stored)]]
    assert fresh.run(SAME) == [[0]]

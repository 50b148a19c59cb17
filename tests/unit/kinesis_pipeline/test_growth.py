"""A connection that was made when the table was small is as quick when it is big: no batch reads all events."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from pg8000.native import Connection

from tests.support.kinesis_pipeline.kinesis import events, read, records
from tests.support.plans import rows_read

BATCHES = 8


def test_no_batch_reads_the_table_from_end_to_end(
    consumer: SimpleNamespace, as_consumer: Callable[..., Any], sql: Connection
) -> None:
    """An event that comes again is found by an index, however small the table was when PostgreSQL made the plan."""
    database = as_consumer()

    def store() -> None:
        for _ in range(BATCHES):
            valid, _poison = read(consumer, records(*events(3)))
            for stored in (3, 0):
                assert consumer.store.store(database, valid, 10.0).stored == stored

    store()
    sql.run("ANALYZE stored_events")
    sql.run("ANALYZE event_ids")
    before = rows_read(lambda statement: database.run(statement, seconds=5))
    store()
    after = rows_read(lambda statement: database.run(statement, seconds=5))
    assert {name: rows for name, rows in after.items() if name.startswith("event") and rows != before[name]} == {}

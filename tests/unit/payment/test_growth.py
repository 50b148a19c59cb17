"""A connection that was made when the tables were small is as quick when they are big: no request reads them all."""

from collections.abc import Callable

from pg8000.native import Connection

from tests.support.payment import Api
from tests.support.plans import rows_read

PAYMENTS = 8


def _pay(api: Api, name: str) -> None:
    for number in range(PAYMENTS):
        for _twice in range(2):
            paid = api.pay(f"{name}-{number}")
            assert paid.status == 201
            assert api.refund(paid.body["id"], f"{name}-refund-{number}", "1.00").status == 201
        assert api("GET", f"/payments/{paid.body['id']}").status == 200


def test_no_request_reads_a_table_from_end_to_end(another: Callable[[], Api], sql: Connection) -> None:
    """What it needs is found by an index, however small the table was when PostgreSQL made the plan."""
    api = another()
    database = api.modules.handler.database
    _pay(api, "before")
    sql.run("ANALYZE payments, idempotency_keys, ledger_entries, audit_outbox")
    before = rows_read(lambda statement: database.run(statement, seconds=5))
    _pay(api, "after")
    after = rows_read(lambda statement: database.run(statement, seconds=5))
    assert {table: rows - before[table] for table, rows in after.items() if rows != before[table]} == {}

"""Books to tamper with: payments and refunds of several kinds, a superuser's connection, and the verification."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from pg8000.native import Connection, identifier

from lib.local_cloud.servers.postgres import SUPERUSER, Postgres
from tests.support import payment
from tests.support.payment import Api, Bucket

Finding = tuple[str, str, str, str]


@contextmanager
def superuser(server: Postgres) -> Iterator[Connection]:
    """Yield a connection for which neither triggers nor foreign keys hold; checks and primary keys do."""
    socket = str(server.sockets / f".s.PGSQL.{server.port}")
    with Connection(SUPERUSER, database=payment.DATABASE, unix_sock=socket) as connection:
        connection.run("SET session_replication_role = replica")
        yield connection


def columns(connection: Connection, table: str) -> dict[str, str]:
    """Return the columns of a table that can be changed, with their types."""
    rows = connection.run(
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = 'public' AND table_name = :name AND is_generated = 'NEVER' ORDER BY ordinal_position",
        name=table,
    )
    return dict(map(tuple, rows))


@dataclass
class Books:
    """Everything that is kept, and what it was at the beginning."""

    connection: Connection
    drain: SimpleNamespace
    bucket: Bucket

    def __post_init__(self) -> None:
        self._objects = dict(self.bucket.objects)
        for table in payment.TABLES:
            self.connection.run(f"CREATE TEMPORARY TABLE saved_{table} AS TABLE public.{table}")

    def restore(self) -> None:
        """Make it as it was."""
        self.bucket.objects = dict(self._objects)
        for table in payment.TABLES:
            names = ", ".join(map(identifier, columns(self.connection, table)))
            self.connection.run(f"DELETE FROM {table}")
            self.connection.run(f"INSERT INTO {table} ({names}) SELECT {names} FROM saved_{table}")
        self.connection.run("DELETE FROM audit_findings")

    def verify(self, left: Any = None) -> list[Finding]:
        """Go over everything once, and return what is found: kind, subject, what, details."""
        self.connection.run("UPDATE audit_progress SET finished_at = NULL, position = '{}'")
        handler = self.drain.handler
        self.drain.verification.Verification(handler.database, handler.trail, left or (lambda: 30.0)).run()
        assert self.connection.run("SELECT finished_at IS NOT NULL FROM audit_progress") == [[True]]
        return [tuple(row) for row in self.connection.run("SELECT kind, subject, what, details FROM audit_findings")]

    def rows(self, table: str) -> list[str]:
        """Return where each row of a table is."""
        return [place for (place,) in self.connection.run(f"SELECT ctid::text FROM {table} ORDER BY 1")]


def fill(api: Api, bucket: Bucket) -> list[str]:
    """Make six payments in three currencies, with up to three refunds; some of their records wait in the outbox."""
    bodies = [
        {},
        {"reference": "order 1", "amount": "20.00"},
        {"currency": "JPY", "amount": "900"},
        {"currency": "KWD", "amount": "1.250", "reference": "order 2"},
        {"amount": "7.00"},
        {"currency": "JPY", "amount": "600"},
    ]
    bucket.chance = SimpleNamespace(random=lambda: 0.1)  # what fails, fails before anything is written
    parts = {"EUR": "2.50", "JPY": "300", "KWD": "0.250"}
    made = []
    for number, body in enumerate(bodies):
        bucket.failing = 1.0 if number == 5 else 0.0
        paid = api.pay(f"key-{number}", **body).body
        made.append(paid["id"])
        for refund in range(number % 4):
            bucket.failing = 1.0 if number == 3 and refund == 2 else bucket.failing
            reason = {"reason": "requested_by_customer"} if refund % 2 else {}
            currency = paid["currency"]
            reply = api.refund(paid["id"], f"refund-{number}-{refund}", parts[currency], currency, **reason)
            assert reply.status == 201
    bucket.failing = 0.0
    return made


def changes(table: str, name: str, kind: str) -> Iterator[str]:
    """Yield expressions of other values of a column, which the table's checks let pass."""
    column = identifier(name)
    special = {
        ("payments", "currency"): [f"CASE {column} WHEN 'EUR' THEN 'USD' ELSE 'EUR' END", "'XXX'"],
        ("payments", "refunded"): [f"CASE {column} WHEN 0 THEN 1 ELSE 0 END"],
        ("payments", "reference"): [f"CASE WHEN {column} IS NULL THEN 'x' END", f"COALESCE({column}, '') || 'x'"],
        ("ledger_entries", "account"): ["CASE WHEN posting LIKE 'pay%' THEN 'refunds' ELSE 'sales' END"],
        ("refunds", "reason"): [f"CASE WHEN {column} IS NULL THEN 'x' END"],
    }
    by_type = {
        "text": [f"COALESCE({column}, '') || 'x'"],
        "bigint": [f"{column} + 1"],
        "integer": [f"{column} + 1", f"{column} - 1", "2000000000"],
        "smallint": [f"{column} + 1"],
        "bytea": [f"sha256({column})", "''"],
        "timestamp with time zone": [f"{column} + interval '1 us'", f"{column} - interval '1 day'", "'infinity'"],
    }
    yield from special.get((table, name), by_type[kind])
    if (table, name) in {("payments", "caller"), ("payments", "idempotency_key"), ("refunds", "idempotency_key")}:
        yield "NULL"


def countdown(calls: int) -> Any:
    """Return a clock that says so many times that there is time."""
    rest = itertools.count(calls, -1)
    return lambda: float(next(rest))

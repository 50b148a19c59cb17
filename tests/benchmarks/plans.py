"""How PostgreSQL carries out every statement of the three systems when the tables are big.

For each statement: the plan of a connection that has been open for a while (the generic plan, with the settings of the
application's role), what it reads and by which index, and how long it took the second time. A statement that reads a
table from end to end, or many rows that it has no use for, is marked with "!"; the exit code is 1 when one of an
application's does. Beside them: the bytes
that a row takes with its indexes.

Statements in functions of PL/pgSQL have no plan of their own here: what they read in the tables' order is counted.

Usage: python tests/benchmarks/plans.py [--rows 1000000] [--systems kinesis-pipeline,payment,flask-api]
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pg8000.native import Connection, identifier, literal

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

# pylint: disable=wrong-import-position
from lib.common.json_types import JsonObject  # noqa: E402
from lib.flask_api.app import key_hashes, orders, products  # noqa: E402
from lib.flask_api.app.connection import PlannedEachTime  # noqa: E402
from lib.flask_api.users import API_USER as FLASK_USER  # noqa: E402
from lib.kinesis_pipeline.events import make  # noqa: E402
from lib.kinesis_pipeline.users import USERS as PIPELINE_USERS  # noqa: E402
from lib.local_cloud.names import HOST  # noqa: E402
from lib.payment.users import USERS as PAYMENT_USERS  # noqa: E402
from tests.support import database, functions  # noqa: E402
from tests.support.benchmark_rows import FLASK_API, KINESIS_PIPELINE, PAYMENT, WEEKS  # noqa: E402
from tests.support.plans import rows_read  # noqa: E402

SMALL = 10_000  # rows: a table of so many is read as fast as it is found in


@dataclass(frozen=True)
class Statement:
    """One statement, as the application has it.

    Args:
        name: module and constant.
        sql: with ``:name`` or ``$1`` for parameters.
        values: the parameters' values by name or number.
        role: whose settings hold; without one, the master user's.
    """

    name: str
    sql: str
    values: Mapping[str, object]
    role: str = ""


@dataclass(frozen=True)
class Measured:
    """What a statement did: steps as EXPLAIN names them, milliseconds, rows read in a table's order."""

    steps: list[str]
    milliseconds: float
    scanned: Mapping[str, int]


def positional(statement: Statement) -> tuple[str, list[str]]:
    """Return a statement with ``$1`` for its parameters, and their values as literals."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    sql = re.sub(r"(?<!:):([a-z_]+)\b", number, statement.sql)
    names = names or sorted(statement.values, key=int)
    return sql, [_literal(statement.values[name]) for name in names]


def _literal(value: object) -> str:
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'::bytea"
    if isinstance(value, list):
        return f"ARRAY[{', '.join(map(_literal, value))}]" if value else "'{}'"
    return str(literal(value)) if value is not None else "NULL"


def steps(plan: JsonObject) -> Iterator[str]:
    """Yield what a plan reads, each table or index once however many partitions it has."""
    name, relation = plan["Node Type"], plan.get("Relation Name", "")
    done = plan.get("Actual Loops", 1) > 0
    if relation and done and not plan.get("Operation"):
        by = f" by {plan['Index Name']}" if "Index Name" in plan else ""
        removed = sum(plan.get(f"Rows Removed by {cause}", 0) for cause in ("Filter", "Index Recheck"))
        more = f" (and {removed * plan['Actual Loops']:,.0f} rows for nothing)" if removed > SMALL else ""
        yield f"{name} {relation}{by}{more}"
    elif "Index Name" in plan and done:
        yield f"{name} {plan['Index Name']}"
    for each in plan.get("Plans", []):
        yield from steps(each)


def folded(found: list[str]) -> list[str]:
    """Return steps without their repetitions; the weeks of a table are one."""
    return list(dict.fromkeys(map(_week, found)))


def _week(text: str) -> str:
    return re.sub(r"events_\d{4}_\d\d_\d\d", "events_<week>", text)


def measure(connection: Connection, statement: Statement) -> Measured:
    """Carry a statement out twice, undo it, and return what the second time did."""
    sql, values = positional(statement)
    arguments = f"({', '.join(values)})" if values else ""
    connection.run("RESET ALL")
    for option in _options(connection, statement.role):
        connection.run(f"SET {option}")
    mode = "custom" if isinstance(statement.sql, PlannedEachTime) else "generic"
    connection.run(f"SET plan_cache_mode = force_{mode}_plan")
    connection.run(f"PREPARE measured AS {sql}")
    try:
        before = rows_read(connection.run)
        connection.run("BEGIN")
        connection.run(f"EXECUTE measured{arguments}")
        connection.run("ROLLBACK")
        after = rows_read(connection.run)
        connection.run("BEGIN")
        ((found,),) = connection.run(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE measured{arguments}")
        connection.run("ROLLBACK")
    finally:
        connection.run("DEALLOCATE measured")
    document = (json.loads(found) if isinstance(found, str) else found)[0]
    spent = document["Planning Time"] + document["Execution Time"]
    scanned: Counter[str] = Counter()
    for name, rows in after.items():
        scanned[_week(name)] += rows - before.get(name, 0)
    return Measured(folded(list(steps(document["Plan"]))), spent, scanned)


def _options(connection: Connection, role: str) -> list[str]:
    rows = connection.run(
        "SELECT unnest(setconfig) FROM pg_db_role_setting JOIN pg_roles r ON r.oid = setrole WHERE rolname = :role",
        role=role,
    )
    return [option for (option,) in rows]


def kinesis_pipeline(connection: Connection) -> list[Statement]:
    """Return the consumer's statements, on events of which half are there, and the database function's."""
    consumer = functions.load("kinesis_pipeline", "consumer")
    admin = functions.load("kinesis_pipeline", "database")
    ids = [found for (found,) in connection.run("SELECT event_id::text FROM event_ids ORDER BY random() LIMIT 50")]
    place = {"shard_id": "s", "sequence_number": "1", "sub_sequence_number": 0, "arrived_at": 1.0}
    events = [{**each, **({"event_id": ids[n]} if n < 50 else {})} for n, each in enumerate(make(100, "plans"))]
    batch = json.dumps([{**place, "event": event} for event in events])
    role = PIPELINE_USERS["consumer"]
    weeks = admin.weeks
    return [
        Statement("store.INSERT", consumer.store.INSERT, {"batch": batch}, role),
        Statement("store.CONFLICTS", consumer.store.CONFLICTS, {"batch": batch}, role),
        Statement("handler.REPORT", admin.handler.REPORT, {}),
        Statement("handler.REPORT_OF", admin.handler.REPORT_OF, {"source": "shop-7"}),
        Statement("weeks.MISSING", weeks.MISSING, {}),
        Statement("weeks.OLD", weeks.OLD.format(days=60), {}),
        Statement("weeks.FORGET", weeks.FORGET, {}),
        Statement("weeks.AHEAD_NOW", weeks.AHEAD_NOW, {}),
    ]


def payment(connection: Connection) -> list[Statement]:
    """Return the API's statements and the drain's."""
    api, drain = functions.load("payment", "api"), functions.load("payment", "drain")
    ((first, last),) = connection.run(
        "SELECT min(id), max(id) FROM (SELECT id FROM payments ORDER BY id OFFSET 5000 LIMIT 500) AS these"
    )
    ids = [each for (each,) in connection.run("SELECT id FROM payments ORDER BY id OFFSET 5000 LIMIT 500")]
    refunds = [each for (each,) in connection.run("SELECT id FROM refunds ORDER BY id OFFSET 500 LIMIT 500")]
    keys = [each for (each,) in connection.run("SELECT encode(key, 'hex') FROM idempotency_keys LIMIT 500")]
    ((refunded,),) = connection.run("SELECT payment_id FROM refunds ORDER BY id OFFSET 500 LIMIT 1")
    known = {"key": bytes.fromhex(keys[0]), "former": b"\x00" * 32}
    one = {**known, "payment_id": first, "caller": "firstkey00"}
    sql, books, chains = api.sql, drain.books, drain.chains
    part = {"first": first, "last": last, "most": 500}
    waiting = [each for (each,) in connection.run("SELECT object_key FROM audit_outbox LIMIT 40")]
    new = {
        **dict.fromkeys(("key", "former", "fingerprint"), b"\x01" * 32),
        "status": 201,
        "answer": "{}",
        "at": "2026-12-01T10:00:00Z",
        "posting": "pay_new",
        "caller": "firstkey00",
        "currency": "EUR",
        "amount": 250,
        "payment_method": "tok_visa_0001",
        "reference": None,
        "hash": "h",
        "object_key": "payments/new",
        "record": "{}",
    }
    # Their triggers, which look for rows by primary keys, are switched off.
    by_api = {
        "sql.CAPTURE": (sql.CAPTURE, {**new, "sequence": 1}),
        "sql.REFUND": (sql.REFUND, {**new, "payment_id": first, "reason": None, "sequence": 2}),
        "sql.KNOWN": (sql.KNOWN, known),
        "sql.BEFORE_REFUND": (sql.BEFORE_REFUND, one),
        "sql.PAYMENT": (sql.PAYMENT, {**one, "payment_id": refunded, "after": "", "most": 100}),
        "sql.WRITTEN": (sql.WRITTEN, {"object_key": waiting[0]}),
    }
    by_drain = {
        "delivery.PENDING": (drain.delivery.PENDING, {"after": "", "most": 40}),
        "delivery.DONE": (drain.delivery.DONE, {"keys": waiting}),
        "handler.STATE": (drain.handler.STATE, {}),
        "books.LEDGER": (books.LEDGER, part),
        "books.LEDGER_OF": (books.LEDGER_OF, one),
        "books.KEYS": (books.KEYS, {"first": keys[0], "most": 500}),
        "books.PAYMENTS": (books.PAYMENTS, {"ids": ids}),
        "books.REFUNDS": (books.REFUNDS, {"ids": refunds}),
        "books.OUTBOX": (books.OUTBOX, {"first": "", "most": 500}),
        "books.HEADS": (books.HEADS, {"ids": ids}),
        "chains.NEXT": (chains.NEXT, part),
        "chains.LAST": (chains.LAST, {}),
        "chains.WAITING": (chains.WAITING, {"keys": waiting}),
        "chains.REFUNDS": (chains.REFUNDS, {"ids": refunds}),
        "chains.KEYS": (chains.KEYS, {"keys": keys}),
        "verification.CREATED": (drain.verification.CREATED, {"id": first}),
        "verification.LATEST": (drain.verification.LATEST, {"most": 50}),
    }
    return [
        *(Statement(name, *each, PAYMENT_USERS["api"]) for name, each in by_api.items()),
        *(Statement(name, *each, PAYMENT_USERS["drain"]) for name, each in by_drain.items()),
    ]


def flask_api(connection: Connection) -> list[Statement]:
    """Return the API's statements; what its functions read is counted."""
    ((order,),) = connection.run("SELECT id::text FROM orders ORDER BY id OFFSET 5000 LIMIT 1")
    ((product,),) = connection.run("SELECT id::text FROM products ORDER BY id OFFSET 500 LIMIT 1")
    top = "ffffffff-ffff-ffff-ffff-ffffffffffff"
    new = ["00000000-0000-7000-8000-000000000000", "key", b"\x01" * 32, b"\x02" * 32, f"{{{product}}}", "{1}"]
    found = {
        "products.PAGE": (products.PAGE, [top, 51]),
        "products.PAGE_BY_NAME (one)": (products.PAGE_BY_NAME, [top, 51, "Product 77777"]),
        "products.PAGE_BY_NAME (all)": (products.PAGE_BY_NAME, [top, 51, "p"]),
        "products.SELECT": (products.SELECT, [product]),
        "products.UPDATE": (products.UPDATE, [product, None, None, 5, "{}"]),
        "products.INSERT": (products.INSERT, [new[0], "name", "1.00", "EUR", 5]),
        "orders.PAGE": (orders.PAGE, [top, 51]),
        "orders.SELECT": (orders.SELECT, [order]),
        "orders.PLACE": (orders.PLACE, [*new, '{"EUR": 2}']),
        "orders.CANCEL": (orders.CANCEL, [order]),
        "key_hashes.CLEAR": (key_hashes.CLEAR, [200]),
        "key_hashes.END": (key_hashes.END, []),
    }
    role = FLASK_USER
    return [
        Statement(name, sql, {str(n): value for n, value in enumerate(values, 1)}, role)
        for name, (sql, values) in found.items()
    ]


SYSTEMS = {
    "kinesis-pipeline": ("kinesis_pipeline", KINESIS_PIPELINE, kinesis_pipeline, ("event_ids",)),
    "payment": ("payment", PAYMENT, payment, ("idempotency_keys", "payments", "ledger_entries")),
    "flask-api": ("flask_api", FLASK_API, flask_api, ("orders", "order_lines")),
}


def provide(server: database.TestServer, folder: str, scratch: Path) -> Connection:
    """Return a connection to a database that a system's migrations have made, its weeks of long ago with it."""
    with server.connect() as first:
        first.run(f"CREATE DATABASE {identifier(folder)}")
    files = scratch / folder
    files.mkdir()
    for path in (ROOT / "lambda" / folder / "database" / "migrations").glob("*.sql"):
        (files / path.name).write_text(path.read_text(encoding="utf-8").replace("+ interval '5 weeks'", WEEKS))
    modules = functions.load(folder, "database")
    admin = modules.postgres.Database({**server.environ, "DB_NAME": folder}, secrets=server.secrets)
    modules.migrations.migrate(admin, files, 60.0)
    return Connection(
        database.USER,
        password=server.password,
        host=HOST,
        port=server.server.port,
        database=folder,
        ssl_context=database.verified(server.server),
    )


def table(connection: Connection, statements: list[Statement]) -> bool:
    """Print a line for each statement, and return whether an application's reads a big table from end to end."""
    bad = False
    for statement in statements:
        found = measure(connection, statement)
        big = {name: rows for name, rows in found.scanned.items() if rows > SMALL}
        wrong = bool(big) or any(step.endswith("for nothing)") for step in found.steps)
        bad |= wrong and bool(statement.role)
        told = "; ".join([*found.steps, *(f"{rows:,} rows of {name} in its order" for name, rows in big.items())])
        print(f"{'!' if wrong else ' '} {statement.name:28}{found.milliseconds:>12,.1f} ms  {told}", flush=True)
    return bad


def sizes(connection: Connection, tables: tuple[str, ...]) -> None:
    """Print the bytes that a row of each table takes, and each of its indexes."""
    for name in tables:
        ((rows, bytes_),) = connection.run(f"SELECT count(*), pg_table_size({literal(name)}) FROM {identifier(name)}")
        print(f"  {name}: {rows:,} rows, {bytes_ / rows:.0f} bytes each")
        for index, size in connection.run(
            "SELECT indexrelid::regclass::text, pg_relation_size(indexrelid) FROM pg_index "
            "WHERE indrelid = to_regclass(:name)",
            name=name,
        ):
            print(f"    {index}: {size / rows:.0f} bytes")


def main() -> int:
    """Print the tables and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, metavar="N", help="of the big tables (%(default)s)")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="which (%(default)s)")
    arguments = parser.parse_args()
    scratch = Path(tempfile.mkdtemp())
    server, bad = database.start(scratch), False
    try:
        for system in arguments.systems.split(","):
            folder, rows, statements, tables = SYSTEMS[system]
            with provide(server, folder, scratch) as connection:
                began = time.monotonic()
                for sql in rows:
                    connection.run(sql.format(rows=arguments.rows))
                connection.run("VACUUM ANALYZE")
                print(f"{system}: {arguments.rows:,} rows, filled in {time.monotonic() - began:.0f} s", flush=True)
                bad |= table(connection, statements(connection))
                sizes(connection, tables)
            with server.connect() as first:
                first.run(f"DROP DATABASE {identifier(folder)} WITH (FORCE)")
    finally:
        server.server.stop()
        shutil.rmtree(scratch)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())

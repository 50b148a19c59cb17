"""What the consumer's care costs: the whole real handler beside a bare INSERT, on the same server and table.

A is the handler as Lambda calls it: decode, validate, store each event once, log, count. B is a bare pg8000
that gets the events decoded and does one prepared multi-row ``INSERT ... VALUES ... ON CONFLICT DO NOTHING``
for each batch, which is the least that any consumer has to do. Both store the same events under other ids, and
both have TCP_NODELAY: pg8000 by itself has not, and then waits 40 ms for a delayed acknowledgement (--plain).

They run in turn (A B A B ...) in one process, so that the machine's mood meets both; the ratio is the median
of the pairs' ratios. It proves that exactly-once, poison and metrics cost less than 40 % at the batch size
that the stack uses: the exit code is 1 otherwise.

Usage: python tests/benchmarks/consumer_throughput.py [--seconds 1.0] [--rounds 9] [--plain]
"""

import argparse
import contextlib
import gc
import json
import os
import socket
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pg8000.native import Connection

ROOT = str(Path(__file__).resolve().parent.parent.parent)
sys.path.insert(0, ROOT)

# pylint: disable=wrong-import-position
from lib.kinesis_pipeline.events import encode, make  # noqa: E402
from lib.kinesis_pipeline.users import USERS  # noqa: E402
from lib.local_cloud.names import HOST  # noqa: E402
from tests.support import database, functions  # noqa: E402
from tests.support.kinesis_pipeline import event_source  # noqa: E402

SIZES = (1, 10, 100, 500)
GOAL_SIZE, GOAL = 100, 0.6
FIRST_EVENTS = {1: 100, 10: 500, 100: 2000, 500: 3000}
Batch = tuple[dict[str, Any], list[dict[str, Any]]]  # what A gets, what B gets


def batches(count: int, size: int) -> list[Batch]:
    """Return new events in batches of one size: as a Lambda event, and decoded for the bare insert."""
    result = []
    events = [{**event, "event_id": str(uuid.uuid4())} for event in make(count, "benchmark")]
    twins = [{**event, "event_id": str(uuid.uuid4())} for event in events]
    for start in range(0, count, size):
        shard = event_source.Shard("shardId-000000000000")
        for event in events[start : start + size]:
            shard.put(str(event["customer_id"]), encode(event))
        result.append(({"Records": shard.records}, twins[start : start + size]))
    return result


def bare(connection: Any, size: int) -> Callable[[list[dict[str, Any]]], None]:
    """Return the least there is: one INSERT for a batch, prepared once for its size."""
    columns = (
        "event_id",
        "event_type",
        "source",
        "occurred_at",
        "customer_id",
        "amount",
        "currency",
        "attributes",
        "shard_id",
        "sequence_number",
        "arrived_at",
    )
    rows = ", ".join(
        "(" + ", ".join(f"${row * len(columns) + number + 1}" for number in range(len(columns))) + ")"
        for row in range(size)
    )
    statement = connection.prepare(
        f"INSERT INTO stored_events ({', '.join(columns)}) VALUES {rows} ON CONFLICT DO NOTHING"
    )

    def insert(events: list[dict[str, Any]]) -> None:
        arrived = datetime.now(UTC).isoformat()
        values = [
            value
            for event in events
            for value in (
                *(event[name] for name in columns[:7]),
                json.dumps(event["attributes"]),
                "shard",
                "number",
                arrived,
            )
        ]
        statement.run(**{str(number): value for number, value in enumerate(values)})

    return insert


def pair(
    handle: Callable[[dict[str, Any]], None], insert: Callable[..., None], work: list[Batch]
) -> tuple[float, float]:
    """Return the events a second of A and of B on the same work, batch by batch in turn."""
    spent = [0.0, 0.0]
    gc.collect()
    for lambda_event, decoded in work:
        began = time.perf_counter()
        handle(lambda_event)
        between = time.perf_counter()
        insert(decoded)
        spent[0] += between - began
        spent[1] += time.perf_counter() - between
    count = sum(len(decoded) for _, decoded in work)
    return count / spent[0], count / spent[1]


def measure(consumer: Any, connection: Any, size: int, rounds: int, seconds: float) -> tuple[float, float, float]:
    """Return the medians for one batch size: events a second of A, of B, and the pairs' ratio."""
    context = functions.Context(60.0)

    def handle(event: dict[str, Any]) -> None:
        answer = consumer.handler.handler(event, context)
        assert answer == {"batchItemFailures": []}, answer

    insert = bare(connection, size)
    count = FIRST_EVENTS[size]
    ours, _ = pair(handle, insert, batches(count, size))  # warms up, and tells how much fits into a round
    count = max(size * 5, int(ours * seconds / 2) // size * size)
    pairs = [pair(handle, insert, batches(count, size)) for _ in range(rounds)]
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    )


def connect(server: database.TestServer, plain: bool) -> Connection:
    """Return the bare connection."""
    if plain:
        return server.connect()
    link = socket.create_connection((HOST, server.server.port), 10)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    tls = {"host": HOST, "ssl_context": database.verified(server.server)}
    return Connection(database.USER, password=server.password, database=database.DATABASE, sock=link, **tls)


def of_lambda() -> None:
    """Set what Lambda sets for the consumer."""
    os.environ.update(
        functions.OF_LAMBDA,
        POWERTOOLS_METRICS_NAMESPACE="benchmark",
        POWERTOOLS_SERVICE_NAME="benchmark",
        FAILURE_BUCKET="benchmark",
    )


@contextlib.contextmanager
def pipeline(folder: Path, plain: bool = False) -> Iterator[tuple[Any, Any]]:
    """Yield the consumer and a bare connection, on a server of their own with the schema of the stack."""
    server = database.start(folder)
    opened: list[Any] = []
    try:
        admin = functions.load("kinesis_pipeline", "database")
        admin.handler.database = admin.postgres.Database(server.environ, secrets=server.secrets)
        opened.append(admin.handler.database)
        admin.handler.migrate(60.0)
        consumer = functions.load("kinesis_pipeline", "consumer")
        consumer.handler.database = consumer.postgres.Database(
            {**server.environ, "DB_USER": USERS["consumer"]}, token=consumer.aws.auth_token
        )
        opened.append(consumer.handler.database)
        connection = connect(server, plain)
        opened.append(connection)
        yield consumer, connection
    finally:
        for each in opened:
            each.close()
        server.server.remove()


def main() -> int:
    """Measure, print the table, and return 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description="The consumer beside a bare INSERT.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.0, help="roughly, for one round")
    parser.add_argument("--plain", action="store_true", help="B without TCP_NODELAY")
    arguments = parser.parse_args()
    of_lambda()
    ratios = {}
    table = sys.stdout
    print(f"{'batch':>5}  {'handler/s':>10}  {'bare/s':>10}  {'ratio':>5}")
    with (
        tempfile.TemporaryDirectory(prefix="tap-benchmark-") as folder,
        open(os.devnull, "w", encoding="utf-8") as nowhere,
        contextlib.redirect_stdout(nowhere),  # logs and metrics are written, not seen
        pipeline(Path(folder), arguments.plain) as (consumer, connection),
    ):
        for size in SIZES:
            ours, theirs, ratios[size] = measure(consumer, connection, size, arguments.rounds, arguments.seconds)
            print(f"{size:>5}  {ours:>10,.0f}  {theirs:>10,.0f}  {ratios[size]:>5.2f}", file=table, flush=True)
    met = ratios[GOAL_SIZE] >= GOAL
    print(f"goal: at least {GOAL} at batch size {GOAL_SIZE}: {'met' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""What one unit of work leaves behind: bytes of the database, and bytes of log, for lib/<system>/load.py.

A payment, an order of two products and an event go through the real code, on a PostgreSQL of their own. The database's
bytes are those of all tables and indexes, after many units less after the first; the log's are what the function or the
server wrote, with what CloudWatch Logs counts for each line. What AWS's services write around it is added by name.

Usage: python tests/benchmarks/sizes.py [--units 3000]
"""

import argparse
import contextlib
import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = str(Path(__file__).resolve().parent.parent.parent)
sys.path.insert(0, ROOT)

# pylint: disable=wrong-import-position
from lib.common.access_log import FIELDS  # noqa: E402
from tests.benchmarks import consumer_throughput, flask_api, payment  # noqa: E402

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html: what each event counts besides.
LINE = 26
FIRST = 200  # units that are made before: tables have their first pages, statements their plans
SIZE = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind IN ('r', 'm')"
# What Lambda writes of an invocation, with traces:
# https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
REPORT = """REPORT RequestId: 79b4f56e-95b1-4643-9700-2807f4e68189\tDuration: 12.34 ms\tBilled Duration: 13 ms\t\
Memory Size: 1024 MB\tMax Memory Used: 112 MB\t
XRAY TraceId: 1-5759e988-bd862e3fe1be46a994272793\tSegmentId: 3fcb57574e3e93a2\tSampled: true\t
"""
OF_LAMBDA = (
    "START RequestId: 79b4f56e-95b1-4643-9700-2807f4e68189 Version: $LATEST\n",
    "END RequestId: 79b4f56e-95b1-4643-9700-2807f4e68189\n",
    REPORT,
)
# What API Gateway writes of a request, with values as long as they are mostly.
ACCESS = json.dumps(
    {
        **FIELDS,
        "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        "time": "01/Dec/2026:10:00:00 +0000",
        "ip": "203.0.113.178",
        "tls": "TLSv1.3",
        "cipher": "TLS_AES_128_GCM_SHA256",
        "method": "POST",
        "route": "/payments/{payment_id}/refunds",
        "status": "201",
        "latency": "25",
        "integrationLatency": "22",
        "error": "-",
    }
)


def counted(text: str) -> int:
    """Return how many bytes CloudWatch Logs counts for lines of a log."""
    return sum(len(line.encode()) + LINE for line in text.splitlines())


def measured(
    size: Callable[[], int], log: Callable[[], str], work: Callable[[int], None], units: int
) -> tuple[int, int]:
    """Return the bytes of the database and of the log that one unit leaves.

    Args:
        size: the database's bytes.
        log: everything that was logged until now.
        work: does so many units.
        units: how many are measured.
    """
    work(FIRST)
    bytes_before, log_before = size(), len(log())
    work(units)
    return round((size() - bytes_before) / units), round(counted(log()[log_before:]) / units)


def _payment(units: int) -> tuple[int, int]:
    written = io.StringIO()
    with contextlib.redirect_stdout(written), payment.service() as bench:

        def work(count: int) -> None:
            for _ in range(count):
                bench.capture()()

        return measured(lambda: int(bench.bare.run(SIZE)[0][0]), written.getvalue, work, units)


def _event(units: int) -> tuple[int, int]:
    written = io.StringIO()
    batch = 100
    consumer_throughput.of_lambda()
    with (
        tempfile.TemporaryDirectory(prefix="tap-benchmark-") as folder,
        contextlib.redirect_stdout(written),
        consumer_throughput.pipeline(Path(folder)) as (consumer, connection),
    ):

        def work(count: int) -> None:
            for event, _decoded in consumer_throughput.batches(count, batch):
                consumer.handler.handler(event, consumer_throughput.functions.Context(60.0))

        return measured(lambda: int(connection.run(SIZE)[0][0]), written.getvalue, work, units // batch * batch)


def _order(units: int) -> tuple[int, int]:
    from tests.support import flask_api as api_support

    with (
        tempfile.TemporaryDirectory(prefix="tap-benchmark-") as folder,
        flask_api.scene(Path(folder), 1) as (server, api, _only),
        api_support.Client(api.port) as client,
        api_support.connect(server) as connection,
    ):
        made = [client("POST", "/products", api_support.product(stock=1_000_000))[2]["id"] for _ in range(50)]

        def work(count: int) -> None:
            for number in range(count):
                pair = (made[number % 50], 1), (made[(number + 7) % 50], 2)
                status, *_rest = client("POST", "/orders", api_support.order(*pair), Idempotency_Key=api_support.key())
                assert status == 201

        def size() -> int:
            return int(connection.execute(SIZE).fetchone()[0])

        return measured(size, (Path(folder) / "log").read_text, work, units)


def rows(units: int) -> Iterator[tuple[str, int, str]]:
    """Yield what is printed: a system's unit, the bytes that it leaves in the database, and those of its logs."""
    invocation, access = sum(map(counted, OF_LAMBDA)), counted(ACCESS)
    stored, logged = _payment(units)
    yield (
        "payment",
        stored,
        f"{logged} and {invocation} of Lambda and {access} of API Gateway: {logged + invocation + access}",
    )
    stored, logged = _event(units)
    yield "event, of 100", stored, f"{logged} and {invocation / 100:.0f} of Lambda: {logged + invocation / 100:.0f}"
    stored, logged = _order(units)
    yield "order", stored, f"{logged}"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Bytes that one unit of work leaves behind.")
    parser.add_argument("--units", type=int, default=3000)
    arguments = parser.parse_args()
    table: Any = sys.stdout
    print(f"{'a unit':<14} {'in the database':>15}  in CloudWatch Logs")
    for name, stored, logged in rows(arguments.units):
        print(f"{name:<14} {stored:>15,}  {logged}", file=table, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

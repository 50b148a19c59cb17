"""What the payment API's care costs: the whole real handler beside its bare SQL, on the same server and tables.

A is the handler as Lambda calls it for POST /payments: it reads the event, looks for card numbers, validates, hashes,
stores, writes the audit record, logs, counts. B is a bare pg8000 that runs the same two prepared statements, with
values that were made before. Neither has a bucket: writing to S3 costs the same milliseconds whoever does it.
C is the handler's answer to a request that comes again, D is GET, E a refund, F a refused card number.

They run in turn (A B A B ...) in one process, so that the machine's mood meets both; the ratio is the median of the
rounds' ratios. Cold starts are fresh interpreters, in turn too. The exit code is 1 when the goal is missed: at least
half of the bare statements' payments a second.

Usage: python tests/benchmarks/payment.py [--rounds 9] [--requests 300] [--imports 9] [--profile]
"""

import argparse
import contextlib
import cProfile
import functools
import gc
import itertools
import json
import os
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

# pylint: disable=wrong-import-position
from lib.common import lambda_package, lambda_sources  # noqa: E402
from lib.local_cloud.servers.postgres import Postgres  # noqa: E402
from lib.local_cloud.servers.process import free_port  # noqa: E402
from tests.support import functions, payment  # noqa: E402

GOAL = 0.5
CONTEXT = functions.Context()
Call = Callable[[], object]


class Nowhere:
    """An S3 client that keeps nothing."""

    def put_object(self, **_call: Any) -> None:
        """Be PutObject, at once."""


class Bench:
    """The handler and a bare connection on one database, and calls that do one thing each."""

    def __init__(self, server: Postgres) -> None:
        self.modules = payment.load(server, "api")
        self.modules.handler.outbox.trail = self.modules.trail.Trail(Nowhere)
        self.bare = payment.connect(server)
        self.statements = [
            self.bare.prepare(text)
            for text in (
                self.modules.sql.CAPTURE,
                self.modules.sql.WRITTEN,
            )
        ]
        self._numbers = itertools.count()

    def close(self) -> None:
        """Close both connections."""
        self.bare.close()
        self.modules.handler.database.close()

    def invoke(self, event: dict[str, Any], status: int) -> Any:
        """Invoke the handler."""
        answer = self.modules.handler.handler(event, CONTEXT)
        assert answer["statusCode"] == status, answer
        return answer

    def capture(self, key: str = "") -> Call:
        """Return a call that makes a payment through the handler."""
        body = payment.payment(reference=f"order {next(self._numbers)}")
        event = payment.event("POST", "/payments", body, key=key or str(uuid.uuid4()))
        return functools.partial(self.invoke, event, 201)

    def bare_capture(self) -> Call:
        """Return a call that makes a payment by its statements alone."""
        at, payment_id = "2026-11-23T10:00:00.000000Z", self.modules.ids.new("pay")
        entry = self.modules.audit.entry(
            self.modules.audit.NOTHING,
            payment_id=payment_id,
            created=at,
            at=at,
            event="payment_captured",
            data={"amount": "12.50", "currency": "EUR", "payment_method": "tok_visa_of_ada", "reference": "order"},
        )
        values = {
            "key": os.urandom(32),
            "former": os.urandom(32),
            "caller": f"api-key:{payment.API_KEY}",
            "fingerprint": os.urandom(32),
            "status": 201,
            "answer": json.dumps({"id": payment_id, "rest": "x" * 230}),
            "at": at,
            "posting": payment_id,
            "currency": "EUR",
            "amount": 1250,
            "payment_method": "tok_visa_of_ada",
            "reference": "order",
            "sequence": 1,
            "hash": entry.head.hash,
            "object_key": entry.key,
            "record": entry.body,
        }

        def run() -> None:
            self.statements[0].run(**values)
            self.statements[1].run(object_key=entry.key)

        return run

    def again(self) -> Call:
        """Return a call that makes a payment which was made before."""
        call = self.capture()
        call()
        return call

    def _paid(self) -> str:
        location: str = self.capture()()["headers"]["Location"]  # type: ignore[index]
        return f"/{location}"

    def show(self) -> Call:
        """Return a call that looks at a payment."""
        return functools.partial(self.invoke, payment.event("GET", self._paid()), 200)

    def refund(self) -> Call:
        """Return a call that refunds a part of a payment."""
        body = {"amount": "2.50", "currency": "EUR"}
        event = payment.event("POST", f"{self._paid()}/refunds", body, key=str(uuid.uuid4()))
        return functools.partial(self.invoke, event, 201)

    def refuse(self) -> Call:
        """Return a call that sends a card number."""
        body = payment.payment(payment_method=payment.VISA)
        return functools.partial(self.invoke, payment.event("POST", "/payments", body, key="k"), 422)


def timed(calls: list[Call]) -> list[float]:
    """Return how many seconds each call took."""
    spent = []
    for call in calls:
        began = time.perf_counter()
        call()
        spent.append(time.perf_counter() - began)
    return spent


def requests(bench: Bench, rounds: int, count: int) -> dict[str, list[list[float]]]:
    """Return the seconds of every call by kind and round, the kinds taking turns call by call."""
    kinds: dict[str, Callable[[], Call]] = {
        "A payment": bench.capture,
        "B bare SQL": bench.bare_capture,
        "C again": bench.again,
        "D show": bench.show,
        "E refund": bench.refund,
        "F card refused": bench.refuse,
    }
    for make in kinds.values():
        timed([make() for _ in range(20)])
    spent: dict[str, list[list[float]]] = {name: [] for name in kinds}
    for _ in range(rounds):
        work = {name: [make() for _ in range(count)] for name, make in kinds.items()}
        for rows in spent.values():
            rows.append([])
        gc.collect()
        for place in range(count):
            for name, calls in work.items():
                spent[name][-1] += timed(calls[place : place + 1])
    return spent


def cold(rounds: int, package: Path) -> dict[str, list[float]]:
    """Return the seconds that a fresh interpreter takes for each import, beyond its own start.

    The package has no bytecode: pip writes none for another machine's Python, and Lambda's disk keeps none.
    """
    _files, paths = lambda_sources.modules("payment", "api")
    statements = {
        "handler": f"import sys; sys.path[:0] = {paths!r}; import handler",
        "its driver alone": "import pg8000.native",
        "boto3 alone": "import boto3",
        "handler from its package": f"import sys; sys.path.insert(0, {str(package)!r}); import handler",
    }
    spent: dict[str, list[float]] = {name: [] for name in statements}
    for _ in range(rounds + 1):  # the first writes bytecode
        for name, text in statements.items():
            timer = f"import time; t = time.perf_counter(); {text}; print(time.perf_counter() - t)"
            options = ["-B"] if "package" in name else []
            done = subprocess.run([sys.executable, *options, "-c", timer], capture_output=True, text=True, check=True)
            spent[name].append(float(done.stdout))
    return {name: values[1:] for name, values in spent.items()}


def starts(rounds: int) -> list[str]:
    """Return the lines to print about imports and packages."""
    packages = {name: lambda_package.build("payment", name) for name in ("api", "drain", "database")}
    with tempfile.TemporaryDirectory(prefix="tap-benchmark-") as folder:
        with zipfile.ZipFile(packages["api"]) as package:
            package.extractall(folder)
        middle = {name: statistics.median(values) * 1000 for name, values in cold(rounds, Path(folder)).items()}
    lines = [f"import of {name}: {value:.0f} ms" for name, value in middle.items()]
    return lines + [f"package of {name}: {path.stat().st_size / 1e6:.1f} MB" for name, path in packages.items()]


@contextlib.contextmanager
def service() -> Iterator[Bench]:
    """Yield the handler on a server of its own."""
    with tempfile.TemporaryDirectory(prefix="tap-benchmark-") as folder:
        server = Postgres(Path(folder) / "postgres", free_port())
        try:
            server.start()
            os.environ.update({**functions.OF_LAMBDA, **payment.environ(server)})
            payment.provide(server)
            bench = Bench(server)
            yield bench
            bench.close()
        finally:
            server.remove()


def table(spent: dict[str, list[list[float]]]) -> tuple[list[str], float]:
    """Return the lines to print, and the ratio of A to B in payments a second."""
    lines = [f"{'':<15} {'p50 ms':>7} {'p95 ms':>7} {'per second':>11} {'of bare':>8}"]
    ratios = {}
    for name, rows in spent.items():
        every = sorted(value for row in rows for value in row)
        pairs = zip(rows, spent["B bare SQL"], strict=True)
        ratios[name] = statistics.median(sum(bare) / sum(row) for row, bare in pairs)
        p50, p95 = every[len(every) // 2] * 1000, every[len(every) * 95 // 100] * 1000
        rate = statistics.median(len(row) / sum(row) for row in rows)
        lines.append(f"{name:<15} {p50:>7.2f} {p95:>7.2f} {rate:>11,.0f} {ratios[name]:>8.2f}")
    return lines, ratios["A payment"]


def main() -> int:
    """Measure, print, and return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description="The payment API beside its bare SQL.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=300, help="of each kind, in a round")
    parser.add_argument("--imports", type=int, default=9)
    parser.add_argument("--profile", action="store_true", help="show where payments spend their time, and stop")
    arguments = parser.parse_args()
    shown = sys.stdout
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere), service() as bench:
        if arguments.profile:
            calls = [bench.capture() for _ in range(arguments.requests * arguments.rounds)]
            with cProfile.Profile() as profile:
                timed(calls)
            pstats.Stats(profile, stream=shown).sort_stats("tottime").print_stats(35)
            return 0
        lines, ratio = table(requests(bench, arguments.rounds, arguments.requests))
    print("\n".join([*lines, *starts(arguments.imports)]))
    print(f"goal: at least {GOAL} of the bare payments: {'met' if ratio >= GOAL else 'MISSED'}")
    return 0 if ratio >= GOAL else 1


if __name__ == "__main__":
    raise SystemExit(main())

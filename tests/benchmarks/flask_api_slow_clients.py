"""What slow clients, a slow database and one locked product cost everybody else, and whether the process seems to live.

The API runs as its container does, one worker with eight threads, and beside it with gunicorn's own threads, which
read from and write to the clients themselves. Each disturbance lasts for some seconds. Meanwhile four customers read a
product and place an order in turn, over kept connections, each with up to ten seconds of patience; the health check
asks four times a second over a connection of its own and has five seconds, as the load balancer has.

No verdict: it prints a table. Times are in milliseconds; what got no answer counts as the time that was waited.

Usage: python tests/benchmarks/flask_api_slow_clients.py [--seconds 6] [--slow 100]
"""

import argparse
import contextlib
import http.client
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = str(Path(__file__).resolve().parent.parent.parent)
sys.path.insert(0, ROOT)

PATIENCE, HEALTH_PATIENCE = 10.0, 5.0
CUSTOMERS, LOCKED_CUSTOMERS, THREADS = 4, 16, 8
GTHREAD = ("--worker-class", "gthread")


@dataclass
class Measured:
    """Times in seconds, and what was answered."""

    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def ask(self, client: Any, *request: Any, **headers: str) -> None:
        """Send one request; 0 counts what got no answer."""
        began = time.monotonic()
        try:
            status = client(*request, **headers)[0]
        except (OSError, http.client.HTTPException):
            status = 0
        self.times.append(time.monotonic() - began)
        self.statuses[status] += 1

    def row(self) -> str:
        """Return median, 99th percentile and maximum, and the statuses."""
        times = sorted(self.times) or [0.0]
        shown = (times[len(times) // 2], times[int(len(times) * 0.99)], times[-1])
        counts = ", ".join(f"{status or 'none'}: {count}" for status, count in sorted(self.statuses.items()))
        return "  ".join(f"{each * 1000:>8,.1f}" for each in shown) + f"  {counts}"


def disturb(api: Any, server: Any, name: str, slow: int) -> contextlib.AbstractContextManager[object]:
    """Return what disturbs the API while it is entered."""
    from tests.support.flask_api import slow_clients

    if name == "nothing":
        return contextlib.nullcontext()
    if name in slow_clients.KINDS:
        # Each reader asks for megabytes, which cost the server much even when they are taken: three for each thread.
        return slow_clients.SlowClients(api.port, name, slow if name != "reader" else 3 * THREADS)
    return locked(api, server, everything=name == "slow database")


@contextlib.contextmanager
def locked(api: Any, server: Any, everything: bool) -> Iterator[None]:
    """Lock one product that many want to order, or every table for all."""
    from tests.support import flask_api

    stop = threading.Event()
    with flask_api.Client(api.port) as client, flask_api.connect(server) as holder:
        product = client("POST", "/products", flask_api.product(stock=1_000_000))[2]["id"]
        holder.execute("BEGIN")
        if everything:
            holder.execute("LOCK TABLE products, orders, order_lines IN ACCESS EXCLUSIVE MODE")
        else:
            holder.execute("SELECT FROM products WHERE id = %s FOR UPDATE", (product,))

        def order() -> None:
            with flask_api.Client(api.port, PATIENCE) as mine:
                while not stop.is_set():
                    body = flask_api.order((product, 1))
                    Measured().ask(mine, "POST", "/orders", body, Idempotency_Key=flask_api.key())
                    time.sleep(0.05)

        threads = [threading.Thread(target=order) for _ in range(LOCKED_CUSTOMERS)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        yield
        stop.set()
        holder.execute("ROLLBACK")
        for thread in threads:
            thread.join()


def measure(api: Any, seconds: float, product: str) -> tuple[Measured, Measured]:
    """Return what customers and the health check have seen."""
    from tests.support import flask_api

    customers, health, ends = Measured(), Measured(), time.monotonic() + seconds

    def shop() -> None:
        with flask_api.Client(api.port, PATIENCE) as client:
            while time.monotonic() < ends:
                customers.ask(client, "GET", f"/products/{product}")
                customers.ask(client, "POST", "/orders", flask_api.order((product, 1)), Idempotency_Key=flask_api.key())
                time.sleep(0.01)

    def check() -> None:
        while time.monotonic() < ends:
            with flask_api.Client(api.port, HEALTH_PATIENCE) as client:
                health.ask(client, "GET", "/health/live")
            time.sleep(0.25)

    work: list[Callable[[], None]] = [check, *[shop] * CUSTOMERS]
    threads = [threading.Thread(target=each) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return customers, health


def main() -> int:
    """Measure and print the table."""
    from lib.flask_api.app import COMMAND
    from lib.local_cloud.servers.postgres import Postgres
    from lib.local_cloud.servers.process import free_port
    from tests.support import flask_api
    from tests.support.flask_api import slow_clients

    parser = argparse.ArgumentParser(description="What slow clients cost everybody else.")
    parser.add_argument("--seconds", type=float, default=6.0, help="for each disturbance")
    parser.add_argument("--slow", type=int, default=100, help="slow connections of each kind")
    chosen = parser.parse_args()
    head = f"{'median':>8}  {'p99':>8}  {'most':>8}"
    print(f"{'':>9}  {'':>14}  {'':>9}  {head}  answers")
    with tempfile.TemporaryDirectory(prefix="tap-benchmark-") as folder, contextlib.ExitStack() as stack:
        server = Postgres(Path(folder) / "postgres", free_port())
        stack.callback(server.remove)
        server.start()
        flask_api.provide(server)
        for way, more in (("gthread", GTHREAD), ("waitress", ())):
            for name in ("nothing", *slow_clients.KINDS, "slow database", "locked product"):
                # A fresh one each time: what a disturbance leaves behind would be the next one's.
                environ = flask_api.environ(server, WEB_CONCURRENCY="1", WEB_THREADS=str(THREADS))
                api = flask_api.Gunicorn(environ, command=(*COMMAND[:-1], *more, COMMAND[-1]))
                api.start(Path(folder) / "log")
                with flask_api.Client(api.port) as client:
                    product = client("POST", "/products", flask_api.product(stock=1_000_000))[2]["id"]
                    if name == "reader":
                        slow_clients.prepare(client)
                try:
                    with disturb(api, server, name, chosen.slow):
                        customers, health = measure(api, chosen.seconds, product)
                finally:
                    api.stop(signal.SIGKILL)
                print(f"{way:>9}  {name:>14}  customers  {customers.row()}")
                print(f"{'':>9}  {'':>14}     health  {health.row()}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

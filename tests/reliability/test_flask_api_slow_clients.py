"""Slow clients of five kinds hold on to the API: everybody else is answered as before, and the process seems to live.

tests/benchmarks/flask_api_slow_clients.py has the figures beside those of a server that gives each client a thread.
"""

import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.local_cloud.servers.postgres import Postgres
from lib.local_cloud.servers.process import free_port
from tests.support import flask_api
from tests.support.flask_api import Client, Gunicorn, slow_clients
from tests.support.flask_api.slow_clients import SlowClients

# pylint: disable=redefined-outer-name

THREADS, SLOW, ORDERS = 4, 40, 60
HEALTH_SECONDS = 5.0  # of the load balancer's patience; lib/flask_api/load_balancer.py


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A server of this file's own."""
    with tempfile.TemporaryDirectory(prefix="tap-shop-") as folder:
        server = Postgres(Path(folder) / "postgres", free_port())
        try:
            server.start()
            flask_api.provide(server)
            yield server
        finally:
            server.remove()


@pytest.fixture
def api(postgres: Postgres, tmp_path: Path) -> Iterator[Gunicorn]:
    """One process with fewer threads than there are slow clients."""
    server = Gunicorn(flask_api.environ(postgres, WEB_CONCURRENCY="1", WEB_THREADS=str(THREADS)))
    yield server.start(tmp_path / "log")
    assert server.stop() == 0


def health(port: int, ends: threading.Event, times: list[float]) -> None:
    """Ask for life as the load balancer does, each time over a connection of its own."""
    while not ends.is_set():
        began = time.monotonic()
        with Client(port, HEALTH_SECONDS) as client:
            assert client("GET", "/health/live")[0] == 200
        times.append(time.monotonic() - began)
        ends.wait(0.1)


@pytest.mark.parametrize("kind", slow_clients.KINDS)
def test_slow_clients_cost_nobody_else_an_answer(api: Gunicorn, kind: str) -> None:
    """Ten for each thread, of those who ask for megabytes three. With a thread for each, nobody would get an answer."""
    count = SLOW if kind != "reader" else 3 * THREADS
    ends, asked, times = threading.Event(), list[float](), list[float]()
    with Client(api.port) as client:
        if kind == "reader":
            slow_clients.prepare(client)
        product = client("POST", "/products", flask_api.product(stock=10_000))[2]["id"]
        with SlowClients(api.port, kind, count):
            check = threading.Thread(target=health, args=(api.port, ends, asked))
            check.start()
            for _ in range(ORDERS):
                began = time.monotonic()
                answer = client("POST", "/orders", flask_api.order((product, 1)), Idempotency_Key=flask_api.key())
                times.append(time.monotonic() - began)
                assert answer[0] == 201
            ends.set()
            check.join()
    shown = f"median {sorted(times)[ORDERS // 2] * 1000:.0f} ms, most {max(times) * 1000:.0f} ms"
    print(f"{count} x {kind}: {ORDERS} orders, {shown}; {len(asked)} health checks, most {max(asked) * 1000:.0f} ms")
    assert max(times) < 3
    assert max(asked) < 2

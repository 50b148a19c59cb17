"""Requests for a row that somebody has locked leave threads to the others, and find out when it is free again."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from lib.flask_api.app import rows as module
from lib.flask_api.app.database import DatabaseUnavailable
from lib.flask_api.app.rows import Rows
from tests.support import flask_api
from tests.support.database import TestServer
from tests.support.flask_api import Client, Gunicorn

# pylint: disable=redefined-outer-name


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.2)


@pytest.fixture
def rows() -> Rows:
    """For four threads: two of them may have the same row."""
    return Rows(4)


def enter(rows: Rows, *names: str) -> None:
    """Have some rows, and succeed at once."""
    with rows.held(names):
        pass


def time_out(rows: Rows, *names: str, code: str = "55P03") -> None:
    """Wait for some rows in vain."""
    with pytest.raises(DatabaseUnavailable, match="busy"), rows.held(names):
        raise DatabaseUnavailable("busy", code)


def test_too_many_for_one_row_are_refused_and_others_are_not(rows: Rows) -> None:
    """Soon, and at once when it has been so for a while."""
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(rows.held(["a"]))
        for least, most in ((0.1, 1.0), (0.0, 0.05)):
            began = time.monotonic()
            with pytest.raises(DatabaseUnavailable, match="too many wait"):
                enter(rows, "b", "a")
            assert least <= time.monotonic() - began < most
        enter(rows, "b", "c")
    enter(rows, "a")


def test_who_waits_goes_on_when_another_is_done(rows: Rows) -> None:
    """A product that many want at once is no locked one."""
    with rows.held(["a"]), ThreadPoolExecutor(1) as pool:
        with rows.held(["a"]):
            third = pool.submit(enter, rows, "a")
            time.sleep(module.STALL_SECONDS / 2)
            assert not third.done()
        third.result(module.STALL_SECONDS / 4)


def test_many_who_succeed_are_never_refused(rows: Rows) -> None:
    """However many there are, and however long one of them takes."""
    with rows.held(["a"]), ThreadPoolExecutor(8) as pool:
        ends = time.monotonic() + 3 * module.STALL_SECONDS
        counts = list(pool.map(lambda _: self_service(rows, ends), range(8)))
    assert min(counts) > 10


def self_service(rows: Rows, ends: float) -> int:
    """Have the row again and again; return how often."""
    count = 0
    while time.monotonic() < ends:
        with rows.held(["a"]):
            time.sleep(0.001)
        count += 1
    return count


@pytest.mark.parametrize("code", ["55P03", "57014"])
def test_after_a_timeout_one_at_a_time_tries(rows: Rows, code: str) -> None:
    """First nobody, then one, and all again when it has succeeded."""
    time_out(rows, "a", code=code)
    with pytest.raises(DatabaseUnavailable, match="in vain"):
        enter(rows, "a")
    enter(rows, "b")
    time.sleep(module.PAUSE_SECONDS)
    with rows.held(["a"]), pytest.raises(DatabaseUnavailable, match="in vain"):
        enter(rows, "a")
    with rows.held(["a"]), rows.held(["a"]):
        pass


@pytest.mark.parametrize("code", ["40P01", ""])
def test_another_failure_suspects_no_row(rows: Rows, code: str) -> None:
    """A deadlock has ended; a server that does not answer is not the row's fault."""
    time_out(rows, "a", code=code)
    enter(rows, "a")


def test_a_defect_and_a_refusal_leave_nothing_behind(rows: Rows) -> None:
    """Whatever ends the request."""
    with pytest.raises(ValueError, match="any"), rows.held(["a"]):
        raise ValueError("any")
    enter(rows, "a")
    assert not rows._rows


def test_of_several_rows_those_that_others_got_are_not_suspected(rows: Rows) -> None:
    """An order of a locked product and of another one fails; orders of the other one alone go on."""
    with pytest.raises(DatabaseUnavailable), rows.held(["locked", "free"]):
        with rows.held(["free"]):
            time.sleep(0.001)
        raise DatabaseUnavailable("busy", "55P03")
    enter(rows, "free")
    with pytest.raises(DatabaseUnavailable):
        enter(rows, "locked")


def test_suspects_are_forgotten(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those for which nobody asks again: the process lives for weeks."""
    time_out(rows, "a")
    monkeypatch.setattr(module, "FORGET_SECONDS", -1)
    time_out(rows, "b")
    assert rows._suspects.keys() == {"b"}


def test_one_thread_may_have_every_row() -> None:
    """Half of one is one."""
    enter(Rows(1), "a")


@pytest.fixture
def running(postgres: TestServer, settings: object, sql: object, tmp_path: Path) -> Iterator[Gunicorn]:
    """The API as a container runs it, with four threads."""
    del settings, sql
    server = Gunicorn(flask_api.environ(postgres.server, WEB_CONCURRENCY="1", WEB_THREADS="4"))
    yield server.start(tmp_path / "log")
    assert server.stop() == 0


def test_one_locked_product_stops_no_order_of_another(running: Gunicorn, postgres: TestServer) -> None:
    """Ten customers want it all the time; the health check and customers of another product notice nothing."""
    stop, statuses, times = threading.Event(), set[int](), list[float]()
    with Client(running.port) as client, flask_api.connect(postgres.server) as holder:
        wanted, other = (client("POST", "/products", flask_api.product(stock=10_000))[2]["id"] for _ in range(2))

        def order(client: Client, product: str) -> Any:
            return client("POST", "/orders", flask_api.order((product, 1)), Idempotency_Key=flask_api.key())

        def want() -> None:
            with Client(running.port) as mine:
                while not stop.is_set():
                    statuses.add(order(mine, wanted)[0])
                    time.sleep(0.02)

        holder.execute("BEGIN")
        holder.execute("SELECT FROM products WHERE id = %s FOR UPDATE", (wanted,))
        threads = [threading.Thread(target=want) for _ in range(10)]
        for thread in threads:
            thread.start()
        ends = time.monotonic() + 4
        while time.monotonic() < ends:
            began = time.monotonic()
            assert order(client, other)[0] == 201
            assert client("GET", "/health/live")[0] == 200
            times.append(time.monotonic() - began)
        assert statuses == {503}
        holder.execute("ROLLBACK")
        flask_api.until(lambda: 201 in statuses)
        stop.set()
        for thread in threads:
            thread.join()
    print(f"{len(times)} orders of another one, median {sorted(times)[len(times) // 2]:.3f} s, most {max(times):.3f} s")
    assert max(times) < 1.5

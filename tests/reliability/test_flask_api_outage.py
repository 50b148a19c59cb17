"""PostgreSQL is killed under load: no order is lost or doubled, nobody sees worse than 503, and it recovers."""

import contextlib
import http.client
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from lib.flask_api.app.key_hashes import KeyHashes
from lib.local_cloud.servers.postgres import Postgres
from lib.local_cloud.servers.process import free_port
from tests.support import flask_api
from tests.support.flask_api import Client, Gunicorn
from tests.support.flask_api.traffic import DROPPED, Load

# pylint: disable=redefined-outer-name

DOWN_SECONDS = 1.0
FORGED = b"forged".ljust(32)
RECOVERY_SECONDS = 4.0  # after the server accepts connections again


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A server of this file's own, for it gets killed; not below pytest's folder, which is closed to others."""
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
    """The API, on empty tables."""
    with flask_api.connect(postgres) as connection:
        flask_api.empty(connection)
    server = Gunicorn(flask_api.environ(postgres, WEB_CONCURRENCY="2", WEB_THREADS="4"))
    yield server.start(tmp_path / "log")
    assert server.stop() == 0


def kill(server: Postgres) -> None:
    """Kill PostgreSQL with all its processes (-9), and wait until they are gone."""
    postmaster = server.process()
    assert postmaster is not None
    postmaster.suspend()  # it starts no further process meanwhile
    family = [postmaster, *postmaster.children(recursive=True)]
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


def abort(server: Postgres) -> None:
    """Let PostgreSQL end at once, telling its clients."""
    server.stop(signal.SIGQUIT)


def answers(client: Client, path: str) -> int:
    """Return the status of a GET."""
    try:
        return client("GET", path)[0]
    except (OSError, http.client.HTTPException):
        return DROPPED


@pytest.mark.parametrize("end", [kill, abort])
def test_no_order_is_lost_or_doubled_when_the_database_dies(postgres: Postgres, api: Gunicorn, end: Any) -> None:
    """Each acknowledged order exists once, the stock adds up, and there is no 5xx but 503, and none afterwards."""
    with Client(api.port) as client, Load(api.port).stock_up() as load:
        load.more(40)
        down = time.monotonic()
        end(postgres)
        flask_api.until(lambda: answers(client, "/health/ready") == 503)
        began = time.monotonic()
        assert answers(client, "/health/live") == 200
        assert time.monotonic() - began < 1.4  # less than a request waits for a connection
        time.sleep(max(0.0, down + DOWN_SECONDS - time.monotonic()))
        assert postgres.start()
        back = time.monotonic()
        flask_api.until(lambda: answers(client, "/health/ready") == 200)
        ready = time.monotonic() - back
        load.more(40)
    recovered = next(moment for moment, status in load.answers if moment > back and status == 201) - back
    print(f"ready after {ready:.2f} s, first order after {recovered:.2f} s; {load.statuses()}")
    with flask_api.connect(postgres) as connection:
        assert load.verdict(connection) == []
    assert load.statuses().keys() == {201, 503}
    assert load.statuses(before=down).keys() == {201}
    assert load.statuses(since=back + RECOVERY_SECONDS).keys() <= {201}
    assert max(ready, recovered) < RECOVERY_SECONDS
    levels = {line["level"] for line in api.lines()}
    assert levels <= {"info", "warning"}  # an outage is no defect


def test_the_verdict_can_be_unfavourable(postgres: Postgres, api: Gunicorn) -> None:
    """The same one, on books that somebody has changed."""
    with Load(api.port).stock_up() as load:
        load.more(5)
    keys = sorted(load.placed)
    with flask_api.connect(postgres) as connection:
        assert load.verdict(connection) == []
        forge(connection, keys)
        found = load.verdict(connection)
    for beginning in (
        f"lost: {keys[0]}",
        f"never acknowledged: {FORGED.hex()}",
        f"another id: {keys[1]}",
        "lines of",
        "stock of",
    ):
        assert [text for text in found if text.startswith(beginning)], beginning


def forge(connection: psycopg.Connection[Any], keys: list[str]) -> None:
    """Lose an order, invent one, give one another id, and take from the stock."""
    hashes = [KeyHashes("").digest(key) for key in keys[:2]]
    ids = "SELECT id FROM orders WHERE key_hash = ANY(%s)"
    connection.execute(f"DELETE FROM order_lines WHERE order_id IN ({ids})", (hashes,))
    connection.execute("DELETE FROM orders WHERE key_hash = ANY(%s)", (hashes,))
    for digest in (hashes[1], FORGED):
        connection.execute(
            "INSERT INTO orders (id, key_hash, fingerprint, currency, total) "
            "VALUES (gen_random_uuid(), %s, '', 'EUR', 1)",
            (digest,),
        )
    connection.execute("UPDATE products SET stock = stock - 1")

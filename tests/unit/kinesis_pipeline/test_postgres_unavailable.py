"""A real server that stops, starts, hangs up, keeps silent or turns read-only is waited for, within the time."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pg8000.native import Connection

from lib.local_cloud.names import HOST
from tests.support.database import USER, TestServer

# pylint: disable=redefined-outer-name

Connect = Callable[..., Any]
BACKEND = "SELECT pg_backend_pid()"


@pytest.fixture
def running(postgres: TestServer) -> Iterator[TestServer]:
    """The server, which runs again afterwards."""
    yield postgres
    postgres.server.start()


def after(seconds: float, action: Callable[[], object]) -> threading.Timer:
    """Do something in a moment, in another thread."""
    timer = threading.Timer(seconds, action)
    timer.start()
    return timer


def test_a_database_that_stops_and_starts_is_waited_for(running: TestServer, connect: Connect) -> None:
    """The statement runs on a new connection, prepared again."""
    database = connect()
    assert database.run("SELECT CAST(:n AS int)", seconds=5, n=1) == [[1]]
    running.server.stop()
    starting = after(0.3, running.server.start)
    assert database.run("SELECT CAST(:n AS int)", seconds=20, n=2) == [[2]]
    starting.join()


def test_a_database_that_stays_away_is_told(consumer: SimpleNamespace, running: TestServer, connect: Connect) -> None:
    """The cause is named, and nothing of the host."""
    running.server.stop()
    began = time.monotonic()
    with pytest.raises(consumer.postgres.DatabaseUnavailable) as caught:
        connect().run("SELECT 1", seconds=0.5)
    assert str(caught.value) == "no answer from the database within 0 s (ConnectionRefusedError)"
    assert time.monotonic() - began < 0.5


def test_a_server_that_never_answers_is_given_up(consumer: SimpleNamespace, connect: Connect) -> None:
    """As during a failover, when packets get lost: each try ends by itself."""
    with socket.create_server((HOST, 0)) as silent:
        rescue = after(3, silent.close)  # from a test that would wait forever
        began = time.monotonic()
        with pytest.raises(consumer.postgres.DatabaseUnavailable, match=r"\(TimeoutError\)"):
            connect(answer_seconds=0.2, DB_PORT=str(silent.getsockname()[1])).run("SELECT 1", seconds=0.3)
        assert 0.2 <= time.monotonic() - began < 1
        rescue.cancel()
        rescue.join()


def test_an_answer_that_never_comes_is_given_up(consumer: SimpleNamespace, connect: Connect) -> None:
    """On a connection that worked before; the next statement gets another one."""
    database = connect(answer_seconds=0.2)
    ((before,),) = database.run(BACKEND, seconds=5)
    with pytest.raises(consumer.postgres.DatabaseUnavailable):
        database.run("SELECT pg_sleep(1)", seconds=0.1)
    assert database.run(BACKEND, seconds=5) != [[before]]


def test_a_killed_connection_is_made_again(connect: Connect, sql: Connection) -> None:
    """With the statement prepared on the new one."""
    database = connect()
    ((before,),) = database.run("SELECT pg_backend_pid() WHERE CAST(:n AS int) = 1", seconds=5, n=1)
    assert sql.run("SELECT pg_terminate_backend(:pid, 5000)", pid=before) == [[True]]
    ((now,),) = database.run("SELECT pg_backend_pid() WHERE CAST(:n AS int) = 1", seconds=5, n=1)
    assert now != before


def test_a_primary_that_became_read_only_is_left(connect: Connect, sql: Connection) -> None:
    """After a failover the old address may lead to the old primary for a moment."""
    write = "INSERT INTO stored_events SELECT * FROM stored_events WHERE CAST(:n AS int) = 1"
    sql.run(f"ALTER ROLE {USER} SET default_transaction_read_only = on")
    promoted = after(0.15, lambda: sql.run(f"ALTER ROLE {USER} RESET default_transaction_read_only"))
    try:
        database = connect()
        assert database.run("SHOW default_transaction_read_only", seconds=5) == [["on"]]
        assert database.run(write, seconds=10, n=1) == []
        assert database.run("SHOW default_transaction_read_only", seconds=5) == [["off"]]
    finally:
        promoted.join()

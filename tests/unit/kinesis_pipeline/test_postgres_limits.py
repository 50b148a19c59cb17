"""The server gives up before its client does, and a request ends at its deadline however late each packet is."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from lib.local_cloud.names import HOST
from tests.support.database import TestServer
from tests.support.tls_front import Authority, Front

# pylint: disable=redefined-outer-name

Connect = Callable[..., Any]
BACKEND = "SELECT pg_backend_pid()"
LOCKED = "UPDATE locked SET n = n + 1 WHERE id = CAST(:id AS int)"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def locked(sql: Connection, postgres: TestServer) -> Iterator[Connection]:
    """A connection that holds a row's lock until the test commits."""
    sql.run("CREATE TABLE locked AS SELECT 1 AS id, 0 AS n")
    with postgres.connect() as holder:
        holder.run("START TRANSACTION")
        holder.run("UPDATE locked SET n = 0")
        yield holder
        holder.run("COMMIT")
    sql.run("DROP TABLE locked")


def test_the_server_s_limits_are_below_the_client_s(connect: Connect) -> None:
    """The lock's below the statement's, else nobody learns that it was a lock."""
    database = connect(answer_seconds=10.0)
    shown = [
        database.run(f"SHOW {name}", seconds=5)
        for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    ]
    assert shown == [[["6s"]], [["8s"]], [["10s"]]]


def test_a_locked_row_leaves_nobody_waiting(
    consumer: SimpleNamespace, connect: Connect, locked: Connection, sql: Connection
) -> None:
    """Many callers give up, and so do their backends: soon, and not when the lock is free."""
    del locked
    databases = [connect(answer_seconds=0.5) for _ in range(12)]

    def call(database: Any) -> float:
        began = time.monotonic()
        with pytest.raises(consumer.postgres.DatabaseUnavailable):
            database.run(LOCKED, seconds=1.5, id=1)
        return time.monotonic() - began

    with ThreadPoolExecutor(len(databases)) as pool:
        took = list(pool.map(call, databases))
    deadline = time.monotonic() + 0.5  # who gave up by the clock left a backend, for less than this
    while sql.run(WAITING) != [[0]]:
        assert time.monotonic() < deadline
    assert max(took) < 2.5  # of which 1.5 are the callers' own


def test_a_lock_that_is_released_in_time_is_waited_for(connect: Connect, locked: Connection, sql: Connection) -> None:
    """On the same connection: it is as good as before."""
    database = connect(answer_seconds=0.5)
    before = database.run(BACKEND, seconds=5)
    releasing = threading.Timer(0.6, lambda: locked.run("COMMIT"))
    releasing.start()
    assert database.run(LOCKED, seconds=10, id=1) == []
    releasing.join()
    assert sql.run("SELECT n FROM locked") == [[1]]
    assert database.run(BACKEND, seconds=5) == before


def test_a_try_that_cannot_end_in_time_is_not_begun(
    consumer: SimpleNamespace, connect: Connect, locked: Connection, sql: Connection
) -> None:
    """Its backend would wait for the lock although nobody waits for it."""
    del locked
    database = connect(answer_seconds=1.0)  # of which 0.6 s are for a lock
    began = time.monotonic()
    with pytest.raises(consumer.postgres.DatabaseUnavailable):
        database.run(LOCKED, seconds=1.1, id=1)
    assert time.monotonic() - began < 1.0
    assert sql.run(WAITING) == [[0]]


def test_a_statement_without_end_is_ended_by_the_server(consumer: SimpleNamespace, connect: Connect) -> None:
    """The connection stays."""
    database = connect(answer_seconds=0.5)
    before = database.run(BACKEND, seconds=5)
    with pytest.raises(consumer.postgres.DatabaseUnavailable, match=r"\(SQLSTATE 57014\)$"):
        database.run("SELECT pg_sleep(30)", seconds=0.6)
    assert database.run(BACKEND, seconds=5) == before


@contextmanager
def late(port: int, seconds: float) -> Iterator[int]:
    """Pipe to a server and back, each packet of the server late; yield the port."""

    def pipe(source: socket.socket, target: socket.socket, pause: float) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                time.sleep(pause)
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def serve(client: socket.socket) -> None:
        with client, socket.create_connection((HOST, port)) as server:
            answers = threading.Thread(target=pipe, args=(server, client, seconds))
            answers.start()
            pipe(client, server, 0.0)
            answers.join()

    def listen() -> None:
        with suppress(OSError):
            while True:
                client, _address = listener.accept()
                threads.append(threading.Thread(target=serve, args=(client,)))
                threads[-1].start()

    with socket.create_server((HOST, 0)) as listener:
        threads = [threading.Thread(target=listen)]
        threads[0].start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(10)


def test_a_slow_server_is_given_up_at_the_deadline(
    consumer: SimpleNamespace, connect: Connect, postgres: TestServer, tmp_path: Path
) -> None:
    """Each packet comes within the time for an answer, and there are many."""
    authority = Authority(tmp_path)
    environ = {"DB_CA_FILE": str(authority.file), "DB_HOST": "localhost"}
    with Front(postgres.server, authority.serve("localhost")) as front, late(front.port, 0.3) as port:
        database = connect(answer_seconds=1.0, DB_PORT=str(port), **environ)
        began = time.monotonic()
        with pytest.raises(consumer.postgres.DatabaseUnavailable, match=r"\(TimeoutError\)$"):
            database.run("SELECT CAST(:n AS int)", seconds=1.5, n=1)
        assert 0.9 < time.monotonic() - began < 1.8
        database.close()


def test_a_slow_server_that_is_quick_enough_is_waited_for(connect: Connect, postgres: TestServer) -> None:
    """It is the sum that counts."""
    with late(postgres.server.port, 0.02) as port:
        database = connect(DB_PORT=str(port))
        assert database.run("SELECT CAST(:n AS int)", seconds=10, n=1) == [[1]]
        database.close()


def test_without_time_nothing_is_sent(consumer: SimpleNamespace, connect: Connect) -> None:
    """The caller has nothing left to wait with."""
    with pytest.raises(
        consumer.postgres.DatabaseUnavailable, match=r"^no answer from the database within 0 s \(no time left\)$"
    ):
        connect(lambda: pytest.fail("it asks for the password")).run("SELECT 1", seconds=0)


def test_a_statement_whose_result_has_another_type_is_prepared_again(connect: Connect, sql: Connection) -> None:
    """A migration came while the function was warm; the caller notices nothing."""
    sql.run("CREATE TABLE altered AS SELECT 1 AS n")
    try:
        database = connect()
        read = "SELECT * FROM altered WHERE CAST(:id AS int) = 1"
        assert database.run(read, seconds=5, id=1) == [[1]]
        sql.run("ALTER TABLE altered ALTER n TYPE text, ADD more int DEFAULT 2")
        assert database.run(read, seconds=5, id=1) == [["1", 2]]
    finally:
        sql.run("DROP TABLE altered")


def test_what_the_server_cannot_do_is_raised_as_it_is(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """After one more try, without a pause: the code says the same of a statement that never works."""
    monkeypatch.setattr(time, "sleep", lambda _seconds: pytest.fail("it waits"))
    raising = "DO $$ BEGIN RAISE EXCEPTION 'unsupported' USING ERRCODE = '0A000'; END $$"
    with pytest.raises(DatabaseError, match="0A000"):
        connect().run(raising, seconds=10)

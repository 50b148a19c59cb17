"""One connection that is kept, prepared statements, and a password that may change at any time."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from pg8000.exceptions import InterfaceError

from tests.support.database import DATABASE, USER, Secrets, TestServer

# pylint: disable=redefined-outer-name

Connect = Callable[..., Any]
BACKEND = "SELECT pg_backend_pid()"


@pytest.fixture
def rotating(postgres: TestServer) -> Iterator[TestServer]:
    """The server, which has its first password again afterwards."""
    before = postgres.password
    yield postgres
    postgres.rotate(before)


def test_rows_come_back(connect: Connect) -> None:
    """With parameters and without."""
    database = connect()
    assert database.run("SELECT 1, 'two'", seconds=5) == [[1, "two"]]
    assert database.run("SELECT CAST(:n AS int), CAST(:t AS text)", seconds=5, n=3, t=None) == [[3, None]]


def test_a_statement_without_rows_returns_none(connect: Connect) -> None:
    """An empty list, with parameters and without."""
    database = connect()
    assert database.run("SET application_name = 'x'", seconds=5) == []
    assert database.run("SELECT 1 WHERE CAST(:n AS int) = 2", seconds=5, n=1) == []


def test_one_connection_serves_all(connect: Connect) -> None:
    """It is kept between invocations."""
    database = connect()
    assert database.run(BACKEND, seconds=5) == database.run(BACKEND, seconds=5)


def test_the_connection_wastes_no_time(connect: Connect) -> None:
    """A small packet is sent at once, and a dead peer is noticed between two invocations."""
    database = connect()
    database.run("SELECT 1", seconds=5)
    found = database._connection._usock  # pylint: disable=protected-access  # nothing else shows it
    assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_a_statement_is_prepared_once(connect: Connect) -> None:
    """However often it runs."""
    database = connect()
    for number in range(3):
        database.run("SELECT CAST(:n AS int)", seconds=5, n=number)
    assert database.run("SELECT count(*) FROM pg_prepared_statements", seconds=5) == [[1]]


@pytest.mark.parametrize(
    ("environ", "name"), [({}, "tap"), ({"AWS_LAMBDA_FUNCTION_NAME": "the-function"}, "the-function")]
)
def test_the_server_knows_who_asks(connect: Connect, environ: dict[str, str], name: str) -> None:
    """The function's name stands in pg_stat_activity and in the server's log."""
    assert connect(**environ).run("SELECT current_setting('application_name')", seconds=5) == [[name]]


def test_nothing_happens_before_the_first_statement(consumer: SimpleNamespace) -> None:
    """A function is imported without the network."""
    database = consumer.postgres.Database({}, secrets=lambda: pytest.fail("asked"))
    database.close()


def test_the_secret_is_read_once(postgres: TestServer, connect: Connect) -> None:
    """Credentials outlive the connection; Secrets Manager is neither quick nor free."""
    secrets = postgres.secrets()
    database = connect(lambda: secrets)
    database.run("SELECT 1", seconds=5)
    database.close()
    database.run("SELECT 1", seconds=5)
    assert secrets.asked == 1


def test_a_rotated_password_is_read_again(
    rotating: TestServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, and with the client there is."""
    secrets, clients = rotating.secrets(), []
    database = connect(lambda: clients.append(secrets) or secrets)
    database.run("SELECT 1", seconds=5)
    database.close()
    rotating.rotate("second-Password.2")
    secrets.password = rotating.password
    monkeypatch.setattr(time, "sleep", lambda _seconds: pytest.fail("it waits"))
    assert database.run("SELECT 1", seconds=5) == [[1]]
    assert (secrets.asked, len(clients)) == (2, 1)


def test_a_secret_that_changes_after_the_database_is_waited_for(rotating: TestServer, connect: Connect) -> None:
    """RDS sets both, one after the other: the secret is read at each try."""
    secrets = rotating.secrets()
    rotating.rotate("third-Password.3")
    late = Secrets(USER, rotating.password)
    answers = iter([secrets, secrets, secrets, late])
    client = SimpleNamespace(get_secret_value=lambda SecretId: next(answers).get_secret_value(SecretId=SecretId))
    assert connect(lambda: client).run("SELECT 1", seconds=10) == [[1]]
    assert (secrets.asked, late.asked) == (3, 1)


def test_closing_twice_is_closing(connect: Connect) -> None:
    """And the next statement works."""
    database = connect()
    database.run("SELECT 1", seconds=5)
    database.close()
    database.close()
    assert database.run("SELECT 1", seconds=5) == [[1]]


def test_closing_a_broken_connection_is_closing(connect: Connect) -> None:
    """Whatever the driver says to it."""
    database = connect()
    database.run("SELECT 1", seconds=5)
    broken = database._connection  # pylint: disable=protected-access  # no other way to break it on this side
    with suppress(InterfaceError):
        broken.close()
    database.close()
    assert database.run("SELECT current_database()", seconds=5) == [[DATABASE]]

"""Nobody gets the token who cannot prove to be the database, and no answer is waited for without end."""

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from lib.flask_api.app import connection as module
from lib.flask_api.app.connection import Connection, parameters
from lib.flask_api.app.credentials import Credentials
from lib.flask_api.app.settings import Settings
from lib.flask_api.users import API_USER
from tests.support import flask_api
from tests.support.database import TestServer
from tests.support.tls_front import Authority, Front

# pylint: disable=redefined-outer-name

NAME = "localhost"
Connect = Callable[..., Connection]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Whom the API trusts here."""
    return Authority(tmp_path)


@pytest.fixture
def connect(postgres: TestServer, settings: Settings, authority: Authority) -> Connect:
    """Makes a connection through a front."""
    del settings

    def make(front: Front, credentials: Credentials | None = None, **environ: str) -> Connection:
        given = flask_api.environ(postgres.server) | {
            "DB_HOST": NAME,
            "DB_PORT": str(front.port),
            "DB_CA_FILE": str(authority.file),
            **environ,
        }
        credentials = credentials or Credentials()
        return Connection.connect(**parameters(Settings.read(given)), credentials=credentials)

    return make


def ask(connection: Connection, statement: str = "SELECT 1", seconds: float = 5.0) -> Any:
    """Return the one value that a statement gives, and close the connection."""
    try:
        return connection.rows(statement, (), time.monotonic() + seconds)[0][0]
    finally:
        connection.close()


def test_the_right_name_and_authority_are_accepted(
    connect: Connect, authority: Authority, postgres: TestServer
) -> None:
    """The bytes go through TLS."""
    with Front(postgres.server, authority.serve(NAME)) as front:
        connection = connect(front)
        assert connection.pgconn.ssl_in_use
        assert ask(connection, "SELECT 1 + 1") == 2
        assert front.asked == [True]


def test_another_authority_is_refused(connect: Connect, tmp_path: Path, postgres: TestServer) -> None:
    """Not a byte of PostgreSQL's protocol gets through, so no password either."""
    (tmp_path / "other").mkdir()
    with Front(postgres.server, Authority(tmp_path / "other").serve(NAME)) as front:
        with pytest.raises(psycopg.OperationalError, match=r"certificate verify failed|SSL error"):
            connect(front)
        assert front.turns == 0


def test_another_name_is_refused(connect: Connect, authority: Authority, postgres: TestServer) -> None:
    """A certificate of the right authority for another server is no proof."""
    with Front(postgres.server, authority.serve("other.example")) as front:
        with pytest.raises(psycopg.OperationalError, match=r"other\.example"):
            connect(front)
        assert front.turns == 0


def test_a_server_without_tls_never_sees_the_user(connect: Connect, postgres: TestServer) -> None:
    """It refuses TLS, and the connection ends there."""
    with Front(postgres.server, None) as front:
        with pytest.raises(psycopg.OperationalError, match="does not support SSL"):
            connect(front)
        assert (front.asked, front.turns) == ([True], 1)  # the question for TLS, and no more


def test_by_default_only_the_authorities_of_rds_are_trusted(
    connect: Connect, authority: Authority, postgres: TestServer
) -> None:
    """Those of the system are not: everybody can get a certificate from one of those."""
    with Front(postgres.server, authority.serve(NAME)) as front:
        with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
            connect(front, DB_CA_FILE="")
        assert front.turns == 0


class Signing(Credentials):
    """Credentials with tokens of the test's own."""

    def __init__(self, token: str = "a-token-of-mine") -> None:
        super().__init__()
        self.made, self.asked, self.told = token, list[tuple[str, int, str]](), list[str]()

    def token(self, host: str, port: int, user: str) -> str:
        self.asked.append((host, port, user))
        return self.made

    def refused(self, user: str) -> None:  # type: ignore[override]  # pylint: disable=arguments-differ  # static there
        self.told.append(user)


@pytest.fixture
def front(postgres: TestServer, authority: Authority) -> Any:
    """A way to the server that counts."""
    with Front(postgres.server, authority.serve(NAME)) as made:
        yield made


def test_each_connection_has_a_token_of_its_own(connect: Connect, front: Front) -> None:
    """For the address and the user of the settings; it is valid for 15 minutes, and a connection may live longer."""
    credentials = Signing()
    for _ in range(2):
        assert ask(connect(front, credentials), "SELECT current_user") == API_USER
    assert credentials.asked == [(NAME, front.port, API_USER)] * 2
    assert credentials.told == []


def test_a_refused_token_is_told(connect: Connect, front: Front) -> None:
    """With the user, and not with the token: the words end in the log. Nobody in this server has that name."""
    credentials = Signing()
    with pytest.raises(psycopg.OperationalError) as caught:
        connect(front, credentials, DB_USER="nobody")
    assert credentials.told == ["nobody"]
    assert "a-token-of-mine" not in str(caught.value)


def test_a_server_that_is_away_has_refused_no_token(connect: Connect) -> None:
    """Nobody asked for one."""
    credentials = Signing()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        connect(SimpleNamespace(port=1), credentials)
    assert credentials.told == []


def test_the_server_ends_what_takes_too_long(connect: Connect, front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """By statement_timeout; the connection is as good as before."""
    monkeypatch.setattr(module, "STATEMENT_SECONDS", 0.3)
    connection = connect(front)
    began = time.monotonic()
    with pytest.raises(psycopg.errors.QueryCanceled):
        connection.rows("SELECT pg_sleep(9)", (), began + 9)
    assert time.monotonic() - began < 5
    assert ask(connection) == 1


def test_an_answer_that_does_not_come_is_given_up(connect: Connect, front: Front) -> None:
    """The deadline is the caller's: a server that hangs knows no timeouts."""
    connection = connect(front)
    began = time.monotonic()
    with pytest.raises(psycopg.OperationalError):
        ask(connection, "SELECT pg_sleep(9)", 0.2)
    assert 0.15 < time.monotonic() - began < 5


def test_a_statement_is_prepared_once(connect: Connect, front: Front) -> None:
    """The second run is one round trip, without parsing and planning."""
    connection = connect(front)
    later = time.monotonic() + 5
    connection.rows("SELECT $1::int", (1,), later)
    before = front.turns
    assert connection.rows("SELECT $1::int", (2,), later) == [(2,)]
    assert front.turns == before + 1
    assert ask(connection, "SELECT statement FROM pg_prepared_statements WHERE statement = 'SELECT $1::int'")


def test_a_statement_whose_plan_depends_on_its_values_is_not_prepared(connect: Connect, front: Front) -> None:
    """PostgreSQL would keep one plan for all values, whatever the first of them were."""
    connection, later = connect(front), time.monotonic() + 5
    for number in range(8):
        assert connection.rows(module.PlannedEachTime("SELECT $1::int + 0"), (number,), later) == [(number,)]
    kept = ask(connection, "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%+ 0'")
    assert kept == 0


def test_times_are_in_utc(connect: Connect, front: Front) -> None:
    """PostgreSQL writes them into the answers."""
    assert ask(connect(front), "SHOW TimeZone") == "UTC"


def test_a_connection_without_its_limits_is_none(
    postgres: TestServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is closed, and whoever asked for it is told."""
    del settings
    made: list[Connection] = []
    execute = Connection.execute

    def noted(self: Connection, *arguments: Any, **options: Any) -> Any:
        made.append(self)
        return execute(self, *arguments, **options)

    monkeypatch.setattr(module, "session", lambda: b"SET lock_timeout = 'never'")
    monkeypatch.setattr(Connection, "execute", noted)
    given = Settings.read(flask_api.environ(postgres.server))
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        Connection.connect(**parameters(given), credentials=Credentials())
    assert [connection.closed for connection in made] == [True]

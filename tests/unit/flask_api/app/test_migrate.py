"""The schema is brought up to date once, by whichever task comes first, and never half."""

import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lib.flask_api.app import migrate
from lib.flask_api.app.connection import Connection
from lib.flask_api.app.credentials import Credentials
from lib.flask_api.app.settings import Settings
from tests.support import flask_api
from tests.support.database import TestServer

# pylint: disable=redefined-outer-name

NUMBERS = itertools.count()


@pytest.fixture
def place(postgres: TestServer) -> Iterator[Settings]:
    """A database of the test's own, empty."""
    name = f"migrate_{next(NUMBERS)}"
    postgres.server.provide(flask_api.USER, flask_api.PASSWORD, name)
    yield Settings.read(flask_api.environ(postgres.server, name))
    with postgres.server.administrator() as admin:
        admin.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def connection(place: Settings) -> Iterator[Connection]:
    """A connection as migrations get it."""
    made = migrate.connect(place, Credentials(place.db_password, ""), 5)
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two migrations, the second of which needs the first."""
    (tmp_path / "0001_a.sql").write_text("CREATE TABLE a (id int); INSERT INTO a VALUES (1);")
    (tmp_path / "0002_b.sql").write_text("CREATE TABLE b AS SELECT id + 1 AS id FROM a;")
    return tmp_path


def tables(connection: Connection) -> set[str]:
    """Return the names of the tables that are there."""
    return {name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def test_files_are_applied_in_the_order_of_their_names(connection: Connection, folder: Path) -> None:
    """Each with all its statements."""
    assert migrate.apply(connection, folder) == ["0001_a.sql", "0002_b.sql"]
    assert connection.execute("SELECT id FROM b").fetchall() == [(2,)]


def test_what_was_applied_is_not_applied_again(connection: Connection, folder: Path) -> None:
    """A new file is."""
    migrate.apply(connection, folder)
    (folder / "0003_c.sql").write_text("CREATE TABLE c ();")
    assert migrate.apply(connection, folder) == ["0003_c.sql"]


def test_an_edited_file_is_refused(connection: Connection, folder: Path) -> None:
    """What runs elsewhere already would otherwise differ without anybody's noticing."""
    migrate.apply(connection, folder)
    (folder / "0001_a.sql").write_text("CREATE TABLE a (id bigint);")
    with pytest.raises(migrate.MigrationChanged, match=r"^0001_a\.sql differs from what was applied: restore it"):
        migrate.apply(connection, folder)


def test_a_failing_file_leaves_nothing_behind(connection: Connection, folder: Path) -> None:
    """Neither its first half nor its name; the files before it stay."""
    (folder / "0002_b.sql").write_text("CREATE TABLE half (); SELECT 1 / 0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate.apply(connection, folder)
    assert tables(connection) == {"schema_migrations", "a"}
    (folder / "0002_b.sql").write_text("CREATE TABLE whole ();")
    assert migrate.apply(connection, folder) == ["0002_b.sql"]


def test_an_older_version_starts_on_a_newer_schema(connection: Connection, folder: Path) -> None:
    """A deployment is rolled back; the schema is not."""
    migrate.apply(connection, folder)
    (folder / "0002_b.sql").unlink()
    assert not migrate.apply(connection, folder)


def test_of_several_tasks_one_does_it(place: Settings, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """The others wait for it, and find it done."""
    (folder / "0002_b.sql").write_text("SELECT pg_sleep(0.2); CREATE TABLE b ();")
    monkeypatch.setattr(migrate.apply, "__defaults__", (folder,))
    barrier = threading.Barrier(5)

    def start(_number: int) -> list[str]:
        barrier.wait(10)
        return migrate.run(place, 5)

    with ThreadPoolExecutor(5) as pool:
        results = sorted(pool.map(start, range(5)))
    assert results == [[], [], [], [], ["0001_a.sql", "0002_b.sql"]]


def test_a_migration_may_take_longer_than_a_request(connection: Connection) -> None:
    """Building an index of a large table does."""
    assert connection.execute("SHOW statement_timeout").fetchall() == [("0",)]


def test_the_connection_is_closed_afterwards(place: Settings, postgres: TestServer) -> None:
    """The workers are forked from this process, and a connection belongs to one."""
    migrate.run(place, 5)
    statement = "SELECT count(*) FROM pg_stat_activity WHERE datname = :name AND backend_type = 'client backend'"
    with postgres.server.administrator() as admin:
        flask_api.until(lambda: admin.run(statement, name=place.db_name) == [[0]])


def test_the_real_migrations_are_numbered_without_a_gap() -> None:
    """Two branches that add the same number are noticed when they meet."""
    names = sorted(path.name for path in migrate.FOLDER.iterdir())
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.sql", name) for name in names)


def away(settings: Settings) -> Settings:
    """Return settings that lead to nobody."""
    return Settings(**{**vars(settings), "db_port": 1})


def test_a_database_that_is_away_is_waited_for(
    place: Settings, monkeypatch: pytest.MonkeyPatch, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """A failover is no reason to give up."""
    real, failures = Connection.connect, iter([psycopg.OperationalError("away")] * 2)

    def connect(**keywords: Any) -> Connection:
        for error in failures:
            raise error
        return real(**keywords)

    monkeypatch.setattr(migrate.Connection, "connect", connect)
    monkeypatch.setattr(migrate, "PAUSE_SECONDS", 0.01)
    assert migrate.run(place, 5) == ["0001_shop.sql"]
    assert [line["message"] for line in lines()] == [*["waiting for the database: away"] * 2, "migrated"]


def test_waiting_ends(settings: Settings) -> None:
    """So that ECS hears of it."""
    began = time.monotonic()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        migrate.run(away(settings), 0.1)
    assert time.monotonic() - began < 5


@pytest.fixture
def _logging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate.logs, "configure", lambda level: None)


@pytest.mark.usefixtures("_logging")
def test_it_can_be_run_by_hand(place: Settings, postgres: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the environment of a task."""
    for name, value in flask_api.environ(postgres.server, place.db_name).items():
        monkeypatch.setenv(name, value)
    assert migrate.main() == 0
    with flask_api.connect(postgres.server, place.db_name) as found:
        assert found.execute("SELECT count(*) FROM products").fetchall() == [(0,)]


@pytest.mark.usefixtures("_logging")
def test_what_is_wrong_is_said_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a traceback."""
    assert migrate.main() == 1
    assert capsys.readouterr().err == "DB_HOST is missing: write the name of the database server.\n"

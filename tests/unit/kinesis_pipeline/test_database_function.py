"""Each migration is applied once and completely, whoever else migrates (lambda/common/migrations.py)."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from lib.local_cloud.names import HOST
from tests.support import functions
from tests.support.database import USER, TestServer

# pylint: disable=redefined-outer-name

Write = Callable[[str, str], None]
Load = Callable[[], Any]
FRESH = "fresh"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The migrations of the test."""
    return tmp_path


@pytest.fixture
def write(folder: Path) -> Write:
    """Writes a migration."""

    def put(name: str, text: str) -> None:
        (folder / name).write_text(text, encoding="utf-8")

    return put


@pytest.fixture
def fresh(postgres: TestServer) -> Iterator[Connection]:
    """A connection to a database in which nothing has been made."""
    with postgres.connect() as server:
        server.run(f"CREATE DATABASE {FRESH}")
        try:
            with Connection(
                USER, password=postgres.password, host=HOST, port=postgres.server.port, database=FRESH
            ) as connection:
                yield connection
        finally:
            server.run(f"DROP DATABASE {FRESH} WITH (FORCE)")


@pytest.fixture
def load(fresh: Connection, postgres: TestServer, folder: Path) -> Iterator[Load]:
    """Loads the function, each time another instance of it, on the fresh database and the test's migrations."""
    del fresh
    made: list[Any] = []

    def instance() -> Any:
        modules = functions.load("kinesis_pipeline", "database")
        environ = postgres.environ | {"DB_NAME": FRESH}
        modules.handler.database = modules.postgres.Database(environ, secrets=postgres.secrets)
        modules.handler.MIGRATIONS = folder
        made.append(modules.handler)
        return modules.handler

    yield instance
    for handler in made:
        handler.database.close()


def tables(connection: Connection) -> set[str]:
    """Return the names of the tables there are."""
    return {name for (name,) in connection.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def wait_until_blocked(connection: Connection) -> None:
    """Return when a session waits for a lock."""
    deadline = time.monotonic() + 10
    while not connection.run("SELECT FROM pg_locks WHERE NOT granted"):
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.005)


def test_migrations_are_applied_in_the_order_of_their_names(load: Load, write: Write) -> None:
    """However the folder lists them; other files are none."""
    for number in (4, 2, 6, 1, 5, 3):  # each needs the one before it
        write(f"000{number}.sql", f"CREATE TABLE t{number} AS SELECT {f'* FROM t{number - 1}' if number > 1 else '1'}")
    write("README.md", "no SQL")
    assert load().handler({"action": "migrate"}, None) == {"applied": [f"000{number}.sql" for number in range(1, 7)]}


def test_a_migration_is_applied_once(load: Load, write: Write, fresh: Connection) -> None:
    """Again and again, by this instance or by another one; a new file is applied alone."""
    write("0001.sql", "CREATE TABLE numbers (n int); INSERT INTO numbers VALUES (1)")
    handler = load()
    assert handler.migrate() == ["0001.sql"]
    assert handler.migrate() == []
    write("0002.sql", "INSERT INTO numbers VALUES (2)")
    assert load().migrate() == ["0002.sql"]
    assert fresh.run("SELECT n FROM numbers ORDER BY n") == [[1], [2]]
    assert fresh.run("SELECT name, length(sha256) FROM schema_migrations ORDER BY 1") == [
        ["0001.sql", 64],
        ["0002.sql", 64],
    ]


def test_the_text_of_a_migration_is_sent_as_it_is(load: Load, write: Write, fresh: Connection) -> None:
    """Whatever means something to Python, to the driver or to PL/pgSQL: quotes, braces, colons, percents, umlauts."""
    text = "it''s {0} {name} :name %s %% \\ \"ü\" $1 $$"
    write("0001_o'clock.sql", f"CREATE TABLE texts AS SELECT '{text}' AS t -- no semicolon: {{}}")
    assert load().migrate() == ["0001_o'clock.sql"]
    assert fresh.run("SELECT t FROM texts") == [[text.replace("''", "'")]]
    assert load().migrate() == []


def test_an_edited_migration_is_refused(load: Load, write: Write, fresh: Connection) -> None:
    """What was applied stays as it is; nothing after it is applied."""
    write("0001.sql", "CREATE TABLE one (a int)")
    load().migrate()
    write("0001.sql", "CREATE TABLE one (a int, b int)")
    write("0002.sql", "CREATE TABLE two (a int)")
    handler = load()
    with pytest.raises(
        handler.migrations.MigrationChanged, match=r"^0001\.sql differs from what was applied: restore it"
    ):
        handler.migrate()
    assert tables(fresh) == {"schema_migrations", "one"}


def test_a_migration_that_fails_leaves_nothing_behind(load: Load, write: Write, fresh: Connection) -> None:
    """Neither its tables nor its entry; the ones before it stay, and it is applied when it is right."""
    write("0001.sql", "CREATE TABLE one (a int)")
    write("0002.sql", "CREATE TABLE two (a int); INSERT INTO two VALUES (1); SELECT nothing FROM nowhere")
    with pytest.raises(DatabaseError, match="42P01"):
        load().migrate()
    assert tables(fresh) == {"schema_migrations", "one"}
    write("0002.sql", "CREATE TABLE two (a int)")
    assert load().migrate() == ["0002.sql"]
    assert tables(fresh) == {"schema_migrations", "one", "two"}


def test_two_that_begin_at_the_same_time_apply_it_once(load: Load, write: Write, fresh: Connection) -> None:
    """On a database in which even the list of migrations is missing."""
    write("0001.sql", "CREATE TABLE numbers (n int); INSERT INTO numbers VALUES (1)")
    handlers = [load() for _ in range(4)]
    together = threading.Barrier(len(handlers))

    def migrate(handler: Any) -> None:
        together.wait(10)
        handler.migrate()

    with ThreadPoolExecutor(len(handlers)) as pool:
        list(pool.map(migrate, handlers))
    assert fresh.run("SELECT n FROM numbers") == [[1]]
    assert fresh.run("SELECT name FROM schema_migrations") == [["0001.sql"]]


def test_the_list_of_migrations_that_another_makes_is_waited_for(load: Load, fresh: Connection) -> None:
    """Of two CREATE TABLE IF NOT EXISTS at the same time PostgreSQL fails one, so only one may be at it."""
    handler = load()
    fresh.run("START TRANSACTION")
    fresh.run(handler.migrations.TABLE)
    with ThreadPoolExecutor() as pool:
        migrating = pool.submit(handler.migrate)
        wait_until_blocked(fresh)
        fresh.run("COMMIT")
        assert migrating.result(10) == []
    assert tables(fresh) == {"schema_migrations"}


def test_a_migration_that_another_applied_meanwhile_is_left_alone(load: Load, write: Write, fresh: Connection) -> None:
    """It was missing when this one looked, and is there when its turn comes."""
    write("0001.sql", "CREATE TABLE numbers (n int); INSERT INTO numbers VALUES (1)")
    slow, quick = load(), load()
    run = slow.database.run

    def overtaken(sql: str, **options: Any) -> Any:
        if "numbers" in sql:
            assert quick.migrate() == ["0001.sql"]
        return run(sql, **options)

    slow.database.run = overtaken
    slow.migrate()
    assert fresh.run("SELECT n FROM numbers") == [[1]]


def test_a_migration_waits_for_another_migration(load: Load, write: Write, fresh: Connection) -> None:
    """Two different ones of a database never run at the same time."""
    handler = load()
    handler.migrate()
    write("0001.sql", "CREATE TABLE one (a int)")
    run, reached, locked = handler.database.run, threading.Event(), threading.Event()

    def held(sql: str, **options: Any) -> Any:
        if "TABLE one" in sql:
            reached.set()
            assert locked.wait(10)
        return run(sql, **options)

    handler.database.run = held
    with ThreadPoolExecutor() as pool:
        migrating = pool.submit(handler.migrate)
        assert reached.wait(10)
        fresh.run("START TRANSACTION")
        fresh.run(f"SELECT pg_advisory_xact_lock({handler.migrations.LOCK})")
        locked.set()
        wait_until_blocked(fresh)
        fresh.run("COMMIT")
        assert migrating.result(10) == ["0001.sql"]


def test_the_pipeline_s_own_migrations_make_the_table_of_events(load: Load, fresh: Connection) -> None:
    """From nothing; what the consumer's statement needs is tested with the consumer."""
    handler = load()
    handler.MIGRATIONS = Path(handler.__file__).with_name("migrations")
    assert handler.migrate()[0] == "0001_events.sql"
    assert tables(fresh) == {"schema_migrations", "events"}

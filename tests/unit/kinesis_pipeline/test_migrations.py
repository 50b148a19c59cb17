"""What a migration waits for, and what it never makes others wait for (lambda/common/migrations.py)."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from lib.local_cloud.names import HOST
from tests.support import functions
from tests.support.database import USER, TestServer
from tests.unit.kinesis_pipeline.conftest import FRESH

# pylint: disable=redefined-outer-name

Write = Callable[[str, str], None]
Load = Callable[[], Any]
SECONDS = 30.0
INDEX = "-- no transaction\nCREATE {unique}INDEX CONCURRENTLY IF NOT EXISTS {name} ON numbers (n)"
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('by_n')"


@pytest.fixture
def numbers(load: Load, write: Write, fresh: Connection) -> Connection:
    """The fresh database with a table, of which an index is wanted."""
    write("0001.sql", "CREATE TABLE numbers (n int); INSERT INTO numbers VALUES (1), (2)")
    load().migrate(SECONDS)
    return fresh


@pytest.fixture
def another(postgres: TestServer, fresh: Connection) -> Iterator[Connection]:
    """Another connection to the fresh database."""
    del fresh
    with Connection(USER, password=postgres.password, host=HOST, port=postgres.server.port, database=FRESH) as found:
        yield found


@contextmanager
def migrating(handler: Any) -> Iterator[list[Any]]:
    """Migrate in another thread; yield a list to which its result is added."""
    result: list[Any] = []

    def work() -> None:
        try:
            result.append(handler.migrate(SECONDS))
        except handler.migrations.DatabaseUnavailable as error:
            result.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield result
    finally:
        thread.join(60)


def test_an_index_is_built_without_a_transaction(load: Load, write: Write, numbers: Connection) -> None:
    """PostgreSQL refuses it within one; it is recorded, and not built again."""
    write("0002.sql", INDEX.format(unique="", name="by_n"))
    assert load().migrate(SECONDS) == ["0002.sql"]
    assert numbers.run(VALID) == [[True]]
    assert load().migrate(SECONDS) == []


def test_an_index_that_failed_halfway_is_dropped_and_built_again(load: Load, write: Write, numbers: Connection) -> None:
    """It is there, invalid, and IF NOT EXISTS would take it."""
    numbers.run("INSERT INTO numbers VALUES (1)")
    write("0002.sql", INDEX.format(unique="UNIQUE ", name="by_n"))
    handler = load()
    with pytest.raises(Exception, match=r"^SQLSTATE 23505$"):
        handler.migrate(SECONDS)
    assert numbers.run(VALID) == [[False]]
    assert numbers.run("SELECT name FROM schema_migrations") == [["0001.sql"]]
    numbers.run("DELETE FROM numbers WHERE ctid = (SELECT max(ctid) FROM numbers)")
    assert load().migrate(SECONDS) == ["0002.sql"]
    assert numbers.run(VALID) == [[True]]


def test_an_index_that_another_session_leaves_invalid_is_built_again(
    load: Load, write: Write, numbers: Connection
) -> None:
    """The statement did nothing, for the index was there: what counts is what is there afterwards."""
    write("0002.sql", INDEX.format(unique="", name="by_n"))
    handler = load()
    once, said = handler.database.once, list[str]()

    def invalid_once(sql: str, **options: Any) -> Any:
        said.append(sql)
        rows = once(sql, **options)
        return [[]] if sql == handler.migrations.INVALID and said.count(sql) == 2 else rows

    handler.database.once = invalid_once
    assert handler.migrate(SECONDS) == ["0002.sql"]
    assert len([sql for sql in said if sql.startswith("-- no transaction")]) == 2
    assert numbers.run(VALID) == [[True]]


def test_an_index_whose_answer_was_lost_is_not_built_twice(load: Load, write: Write, numbers: Connection) -> None:
    """It was built; the connection broke, and the record was not written."""
    write("0002.sql", INDEX.format(unique="", name="by_n"))
    handler = load()
    once, lost = handler.database.once, []

    def losing(sql: str, **options: Any) -> Any:
        rows = once(sql, **options)
        if sql.startswith("-- no transaction") and not lost:
            lost.append(numbers.run("SELECT to_regclass('by_n')::oid"))
            handler.database.close()
            raise handler.migrations.DatabaseUnavailable("lost")
        return rows

    handler.database.once = losing
    assert handler.migrate(SECONDS) == ["0002.sql"]
    assert numbers.run("SELECT to_regclass('by_n')::oid") == lost[0]


def test_two_build_one_index(load: Load, write: Write, numbers: Connection) -> None:
    """The one that waits has no snapshot, for which the other one would wait: neither is a deadlock's victim."""
    write("0002.sql", INDEX.format(unique="", name="by_n"))
    handlers = [load() for _ in range(3)]
    with migrating(handlers[0]) as first, migrating(handlers[1]) as second, migrating(handlers[2]) as third:
        pass
    assert sorted([first, second, third]) == [[[]], [[]], [["0002.sql"]]]
    assert numbers.run(VALID) == [[True]]


def test_a_migration_waits_for_another_migration(
    load: Load, write: Write, numbers: Connection, another: Connection
) -> None:
    """Whatever that one does; it holds nothing that others need meanwhile."""
    handler = load()
    write("0002.sql", "CREATE TABLE two ()")
    another.run(f"SELECT pg_advisory_lock({handler.migrations.LOCK})")
    with migrating(handler) as result:
        time.sleep(0.3)
        assert result == []
        assert numbers.run("SELECT count(*) FROM pg_locks WHERE NOT granted") == [[0]]
        another.run(f"SELECT pg_advisory_unlock({handler.migrations.LOCK})")
    assert result == [["0002.sql"]]


def test_the_lock_is_given_back(load: Load, numbers: Connection) -> None:
    """With the connection, also when nothing was to be done."""
    handler = load()
    handler.migrate(SECONDS)
    deadline = time.monotonic() + 5
    while numbers.run("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") != [[0]]:
        assert time.monotonic() < deadline


def test_a_migration_behind_a_long_transaction_lets_others_pass(
    load: Load, write: Write, numbers: Connection, another: Connection
) -> None:
    """Whoever comes after it would wait for it, and it for the transaction: so it waits for a second at most."""
    write("0002.sql", "ALTER TABLE numbers ADD more int")
    handler = load()
    handler.migrations.PAUSE_SECONDS = 0.3
    another.run("START TRANSACTION")
    another.run("SELECT FROM numbers")
    with migrating(handler) as result:
        deadline = time.monotonic() + 10
        while not numbers.run("SELECT FROM pg_locks WHERE NOT granted"):
            assert time.monotonic() < deadline, "it does not wait"
        began = time.monotonic()
        assert numbers.run("SELECT count(*) FROM numbers") == [[2]]  # which queues behind ALTER TABLE
        assert time.monotonic() - began < 2.0
        assert result == []
        another.run("COMMIT")
    assert result == [["0002.sql"]]
    assert numbers.run("SELECT more FROM numbers") == [[None], [None]]


def test_an_index_waits_for_a_long_transaction_without_giving_up(
    load: Load, write: Write, numbers: Connection, another: Connection
) -> None:
    """It keeps nobody waiting, and giving up would leave it invalid."""
    write("0002.sql", INDEX.format(unique="", name="by_n"))
    handler = load()
    handler.migrations.LOCK_SECONDS = 0.1
    another.run("START TRANSACTION")
    another.run("INSERT INTO numbers VALUES (3)")
    with migrating(handler) as result:
        time.sleep(1.0)
        assert numbers.run("INSERT INTO numbers VALUES (4)") is None
        assert result == []
        assert numbers.run("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%CONCURRENTLY%'")[0][0] >= 1
        another.run("COMMIT")
    assert result == [["0002.sql"]]
    assert numbers.run(VALID) == [[True]]


def test_waiting_ends_with_the_time(load: Load, write: Write, numbers: Connection, another: Connection) -> None:
    """And says what was waited for; nothing is applied."""
    write("0002.sql", "ALTER TABLE numbers ADD more int")
    handler = load()
    another.run("START TRANSACTION")
    another.run("SELECT FROM numbers")
    began = time.monotonic()
    with pytest.raises(
        handler.migrations.DatabaseUnavailable,
        match=r"^the database could not be migrated in time \(SQLSTATE 55P03\)$",
    ):
        handler.migrate(2.0)
    assert time.monotonic() - began < 4.0
    another.run("COMMIT")
    assert numbers.run("SELECT name FROM schema_migrations") == [["0001.sql"]]


def test_another_migration_without_end_is_told(load: Load, numbers: Connection, another: Connection) -> None:
    """A sentence, for whoever deploys."""
    handler = load()
    another.run(f"SELECT pg_advisory_lock({handler.migrations.LOCK})")
    with pytest.raises(handler.migrations.DatabaseUnavailable, match=r"\(another migration is running\)$"):
        handler.migrate(0.1)
    del numbers


def test_a_migration_may_take_longer_than_a_request(load: Load, write: Write, fresh: Connection) -> None:
    """The limits of the connection are for requests."""
    write("0001.sql", "SELECT pg_sleep(1); CREATE TABLE limits AS SELECT current_setting('statement_timeout') AS most")
    handler = load()
    handler.database._answer_seconds = 0.5  # pylint: disable=protected-access  # the server's limit is below that
    assert handler.migrate(SECONDS) == ["0001.sql"]
    assert fresh.run("SELECT most FROM limits") == [["0"]]
    assert handler.database.run("SHOW statement_timeout", seconds=5) == [["400ms"]]


def test_the_time_is_the_function_s_own(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less what its answer needs."""
    handler, given = load(), list[float]()
    monkeypatch.setattr(handler.migrations, "migrate", lambda _database, _folder, seconds: given.append(seconds) or [])
    handler.handler({"action": "migrate"}, functions.Context(900.0))
    assert given == [900.0 - handler.migrations.MARGIN_SECONDS]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("CREATE INDEX CONCURRENTLY IF NOT EXISTS a ON b (c)", "make '-- no transaction' the file's first line"),
        ("drop index concurrently if exists a", "make '-- no transaction' the file's first line"),
        ("-- no transaction\nCREATE INDEX CONCURRENTLY a ON b (c)", "IF NOT EXISTS and the index's name"),
        ("-- no transaction\nCREATE UNIQUE INDEX CONCURRENTLY ON b (c)", "IF NOT EXISTS and the index's name"),
        ("-- no transaction\nDROP INDEX CONCURRENTLY a", "DROP INDEX CONCURRENTLY IF EXISTS and the index's name"),
    ],
)
def test_what_would_fail_halfway_is_refused_before_anything_is_applied(
    load: Load, write: Write, fresh: Connection, text: str, words: str
) -> None:
    """With the file, and how to write it."""
    write("0001.sql", "CREATE TABLE one ()")
    write("0002.sql", text)
    handler = load()
    with pytest.raises(handler.migrations.MigrationRefused, match=r"^0002\.sql: ") as caught:
        handler.migrate(SECONDS)
    assert words in str(caught.value)
    assert fresh.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [[0]]


@pytest.mark.parametrize(
    ("text", "index", "lock"),
    [
        ("-- no transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS by_n ON numbers (n)", "by_n", 0.0),
        ('-- no transaction\ncreate  unique index\nconcurrently if not  exists "By ""n" on n (n)', '"By ""n"', 0.0),
        ("-- no transaction\n-- CREATE INDEX CONCURRENTLY a\nDROP INDEX CONCURRENTLY IF EXISTS by_n;", "", 0.0),
        ("-- no transaction\nREINDEX INDEX CONCURRENTLY by_n", "", 0.0),
        ("-- no transaction\nALTER TYPE mood ADD VALUE 'calm'", "", 1.0),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY view", "", 1.0),
        ("-- there is no transaction that writes it\nCREATE TABLE a ()", "", 1.0),
    ],
)
def test_a_migration_is_read(load: Load, write: Write, tmp_path: Any, text: str, index: str, lock: float) -> None:
    """The index that it builds, and how long it may wait for a lock."""
    write("0001.sql", text)
    (migration,) = load().migrations.read(tmp_path)
    assert (migration.index, migration.lock_seconds) == (index, lock)
    assert migration.in_transaction == (not text.startswith("-- no transaction\n"))


def test_a_statement_that_is_wrong_is_told(load: Load, write: Write, numbers: Connection) -> None:
    """Two statements are a transaction for PostgreSQL, whatever the first line says."""
    write("0002.sql", INDEX.format(unique="", name="by_n") + "; SELECT 1")
    with pytest.raises(DatabaseError, match="25001"):
        load().migrate(SECONDS)
    assert numbers.run("SELECT name FROM schema_migrations") == [["0001.sql"]]


def test_a_broken_connection_in_the_middle_is_made_again(load: Load, write: Write, numbers: Connection) -> None:
    """With the lock and the limits, which went with the other one."""
    write("0002.sql", "CREATE TABLE IF NOT EXISTS two AS SELECT current_setting('lock_timeout') AS most")
    handler = load()
    once, killed = handler.database.once, []

    def killing(sql: str, **options: Any) -> Any:
        if "TABLE IF NOT EXISTS two" in sql and not killed:
            ((pid,),) = once("SELECT pg_backend_pid()", seconds=5)
            killed.append(numbers.run("SELECT pg_terminate_backend(:pid, 5000)", pid=pid))
        return once(sql, **options)

    handler.database.once = killing
    assert handler.migrate(SECONDS) == ["0002.sql"]
    assert killed == [[[True]]]
    assert numbers.run("SELECT most FROM two") == [["1s"]]

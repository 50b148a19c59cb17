"""Each migration is applied once and completely, whoever else migrates (lambda/common/migrations.py)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from tests.support import functions

Write = Callable[[str, str], None]
Load = Callable[[], Any]
SECONDS = 30.0


def tables(connection: Connection) -> set[str]:
    """Return the names of the tables there are."""
    return {name for (name,) in connection.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def test_migrations_are_applied_in_the_order_of_their_names(load: Load, write: Write) -> None:
    """However the folder lists them; other files are none."""
    for number in (4, 2, 6, 1, 5, 3):  # each needs the one before it
        write(f"000{number}.sql", f"CREATE TABLE t{number} AS SELECT {f'* FROM t{number - 1}' if number > 1 else '1'}")
    write("README.md", "no SQL")
    assert load().handler({"action": "migrate"}, functions.Context()) == {
        "applied": [f"000{number}.sql" for number in range(1, 7)]
    }


def test_a_migration_is_applied_once(load: Load, write: Write, fresh: Connection) -> None:
    """Again and again, by this instance or by another one; a new file is applied alone."""
    write("0001.sql", "CREATE TABLE numbers (n int); INSERT INTO numbers VALUES (1)")
    handler = load()
    assert handler.migrate(SECONDS) == ["0001.sql"]
    assert handler.migrate(SECONDS) == []
    write("0002.sql", "INSERT INTO numbers VALUES (2)")
    assert load().migrate(SECONDS) == ["0002.sql"]
    assert fresh.run("SELECT n FROM numbers ORDER BY n") == [[1], [2]]
    assert fresh.run("SELECT name, length(sha256) FROM schema_migrations ORDER BY 1") == [
        ["0001.sql", 64],
        ["0002.sql", 64],
    ]


def test_the_text_of_a_migration_is_sent_as_it_is(load: Load, write: Write, fresh: Connection) -> None:
    """Whatever means something to Python, to the driver or to PL/pgSQL: quotes, braces, colons, percents, umlauts."""
    text = "it''s {0} {name} :name %s %% \\ \"ü\" $1 $$"
    write("0001_o'clock.sql", f"CREATE TABLE texts AS SELECT '{text}' AS t -- no semicolon: {{}}")
    assert load().migrate(SECONDS) == ["0001_o'clock.sql"]
    assert fresh.run("SELECT t FROM texts") == [[text.replace("''", "'")]]
    assert load().migrate(SECONDS) == []


def test_an_edited_migration_is_refused(load: Load, write: Write, fresh: Connection) -> None:
    """What was applied stays as it is; nothing after it is applied."""
    write("0001.sql", "CREATE TABLE one (a int)")
    load().migrate(SECONDS)
    write("0001.sql", "CREATE TABLE one (a int, b int)")
    write("0002.sql", "CREATE TABLE two (a int)")
    handler = load()
    with pytest.raises(
        handler.migrations.MigrationChanged, match=r"^0001\.sql differs from what was applied: restore it"
    ):
        handler.migrate(SECONDS)
    assert tables(fresh) == {"schema_migrations", "one"}


def test_a_migration_that_fails_leaves_nothing_behind(load: Load, write: Write, fresh: Connection) -> None:
    """Neither its tables nor its entry; the ones before it stay, and it is applied when it is right."""
    write("0001.sql", "CREATE TABLE one (a int)")
    write("0002.sql", "CREATE TABLE two (a int); INSERT INTO two VALUES (1); SELECT nothing FROM nowhere")
    with pytest.raises(DatabaseError, match="42P01"):
        load().migrate(SECONDS)
    assert tables(fresh) == {"schema_migrations", "one"}
    write("0002.sql", "CREATE TABLE two (a int)")
    assert load().migrate(SECONDS) == ["0002.sql"]
    assert tables(fresh) == {"schema_migrations", "one", "two"}


def test_two_that_begin_at_the_same_time_apply_it_once(load: Load, write: Write, fresh: Connection) -> None:
    """On a database in which even the list of migrations is missing."""
    write("0001.sql", "CREATE TABLE numbers (n int); INSERT INTO numbers VALUES (1)")
    handlers = [load() for _ in range(4)]
    together = threading.Barrier(len(handlers))

    def migrate(handler: Any) -> None:
        together.wait(10)
        handler.migrate(SECONDS)

    with ThreadPoolExecutor(len(handlers)) as pool:
        list(pool.map(migrate, handlers))
    assert fresh.run("SELECT n FROM numbers") == [[1]]
    assert fresh.run("SELECT name FROM schema_migrations") == [["0001.sql"]]


def test_the_pipeline_s_own_migrations_make_the_table_of_events(load: Load, fresh: Connection) -> None:
    """From nothing; what the consumer's statement needs is tested with the consumer."""
    handler = load()
    handler.MIGRATIONS = Path(handler.__file__).with_name("migrations")
    assert handler.migrate(SECONDS)[0] == "0001_events.sql"
    assert tables(fresh) == {
        "schema_migrations",
        "stored_events",
        "events",
        "events_without_week",
        "event_ids",
    }

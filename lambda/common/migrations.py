"""Numbered SQL files that make a database's tables, each applied once and completely, whoever else migrates too."""

import hashlib
from pathlib import Path

from pg8000.native import literal
from postgres import Database

LOCK = 7_210_401  # any number, the same for every function: it keeps two migrations of one database apart
WAIT_SECONDS = 240.0  # a database that has just been created may not answer at once; building an index takes time
READ_SECONDS = 10.0

# IF NOT EXISTS alone is not enough: of two that create at the same time, one fails. The lock ends with the transaction.
# https://www.postgresql.org/docs/17/explicit-locking.html#ADVISORY-LOCKS
TABLE = f"""
DO $tap$ BEGIN
    PERFORM pg_advisory_xact_lock({LOCK});
    CREATE TABLE IF NOT EXISTS schema_migrations (
        name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
END $tap$
"""
# One statement, hence one transaction, which can be sent again when the answer to the first was lost.
_MIGRATION = """
DO $tap$ BEGIN
    PERFORM pg_advisory_xact_lock({lock});
    IF NOT EXISTS (SELECT FROM schema_migrations WHERE name = {name}) THEN
        EXECUTE {text};
        INSERT INTO schema_migrations (name, sha256) VALUES ({name}, {digest});
    END IF;
END $tap$
"""


class MigrationChanged(Exception):
    """A migration that was applied before has another text now."""


def applied(database: Database) -> list[str]:
    """Return the names of the migrations that were applied, in their order.

    Raises:
        DatabaseError: nothing was migrated yet.
        DatabaseUnavailable: the database cannot be reached.
    """
    rows = database.run("SELECT name FROM schema_migrations ORDER BY name", seconds=READ_SECONDS)
    return [name for (name,) in rows]


def migrate(database: Database, folder: Path) -> list[str]:
    """Apply what is missing, each migration in one transaction, and return the names applied.

    Args:
        database: where to; it has to wait WAIT_SECONDS for one answer.
        folder: holds the files ``NNNN_<name>.sql``, which are applied in the order of their names.

    Raises:
        MigrationChanged: an applied file was edited; add a new file instead.
        DatabaseUnavailable: the database cannot be reached.
        DatabaseError: the SQL of a migration is wrong; nothing of that one is applied.
    """
    database.run(TABLE, seconds=WAIT_SECONDS)
    known = dict(database.run("SELECT name, sha256 FROM schema_migrations", seconds=READ_SECONDS))
    added: list[str] = []
    for path in sorted(folder.glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        digest = hashlib.sha256(text.encode()).hexdigest()
        if path.name not in known:
            parts = {"name": literal(path.name), "text": literal(text), "digest": literal(digest)}
            database.run(_MIGRATION.format(lock=LOCK, **parts), seconds=WAIT_SECONDS)
            added.append(path.name)
        elif known[path.name] != digest:
            raise MigrationChanged(
                f"{path.name} differs from what was applied: restore it, and put the change into a new file."
            )
    return added

"""Numbered SQL files, each applied once and whole, whoever else migrates at the same time."""

import hashlib
from pathlib import Path

from pg8000.native import literal
from postgres import Database

FOLDER = Path(__file__).with_name("migrations")
LOCK = 7_210_402  # any number: it keeps two migrations of this database apart
WAIT_SECONDS = 240.0  # a database that has just been created may not answer at once; building an index takes time
REPORT_SECONDS = 10.0

# IF NOT EXISTS alone is not enough: of two that create at the same time, one fails.
LEDGER = f"""
DO $tap$ BEGIN
    PERFORM pg_advisory_xact_lock({LOCK});
    CREATE TABLE IF NOT EXISTS schema_migrations (
        name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
END $tap$
"""
# One statement, hence one transaction, which can be sent again when the answer to the first was lost.
MIGRATION = """
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


def migrate(database: Database) -> list[str]:
    """Apply what is missing, each migration in one transaction, and return the names applied.

    Raises:
        MigrationChanged: an applied file was edited; add a new file instead.
    """
    database.run(LEDGER, seconds=WAIT_SECONDS)
    known = dict(database.run("SELECT name, sha256 FROM schema_migrations", seconds=REPORT_SECONDS))
    applied: list[str] = []
    for path in sorted(FOLDER.glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        digest = hashlib.sha256(text.encode()).hexdigest()
        if path.name not in known:
            parts = {"name": literal(path.name), "text": literal(text), "digest": literal(digest)}
            database.run(MIGRATION.format(lock=LOCK, **parts), seconds=WAIT_SECONDS)
            applied.append(path.name)
        elif known[path.name] != digest:
            raise MigrationChanged(
                f"{path.name} differs from what was applied: restore it, and put the change into a new file."
            )
    return applied

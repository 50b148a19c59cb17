"""Brings the database to the schema that this version needs: ``python -m app.migrate``, and whenever a task starts."""

import hashlib
import logging
import sys
import time
from pathlib import Path

import psycopg

from . import logs
from .connection import Connection, parameters
from .credentials import Credentials
from .settings import SettingError, Settings

logger = logging.getLogger("shop.migrate")
FOLDER = Path(__file__).with_name("migrations")
LOCK = 7_210_402  # any number: it keeps two migrations of this database apart
WAIT_SECONDS = 60.0  # a failover takes about half of it
PAUSE_SECONDS = 0.5
LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
"""


class MigrationChanged(Exception):
    """A migration that was applied before has another text now."""


def connect(settings: Settings, credentials: Credentials, seconds: float) -> Connection:
    """Return a connection without limits of time for statements, waiting for a database that is away.

    Raises:
        psycopg.OperationalError: it is still away after that many seconds.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection = Connection.connect(**parameters(settings), credentials=credentials)
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise
            logger.warning("waiting for the database: %s", error)
            time.sleep(PAUSE_SECONDS)
        else:
            connection.execute("SET statement_timeout = 0")  # building an index takes its time
            return connection


def apply(connection: Connection, folder: Path = FOLDER) -> list[str]:
    """Apply what is missing in the order of the names, each file in one transaction; return the names applied.

    Of several that start at the same time, one does it and the others wait. What the database has and the folder has
    not is left alone: then an older version of the program is starting, which has to run with the newer schema.

    Raises:
        MigrationChanged: an applied file was edited.
    """
    connection.execute("SELECT pg_advisory_lock($1)", (LOCK,))  # it goes with the connection
    connection.execute(LEDGER)
    known: dict[str, str] = dict(connection.execute("SELECT name, sha256 FROM schema_migrations").fetchall())
    applied = []
    for path in sorted(folder.glob("*.sql")):
        text = path.read_bytes()
        digest = hashlib.sha256(text).hexdigest()
        if path.name not in known:
            with connection.transaction():
                connection.execute(text, prepare=False)  # it holds several statements
                connection.execute("INSERT INTO schema_migrations (name, sha256) VALUES ($1, $2)", (path.name, digest))
            applied.append(path.name)
        elif known[path.name] != digest:
            raise MigrationChanged(
                f"{path.name} differs from what was applied: restore it, and put the change into a new file."
            )
    return applied


def run(settings: Settings, seconds: float = WAIT_SECONDS) -> list[str]:
    """Migrate the database of the settings, over a connection that is closed afterwards; return the names applied.

    Raises:
        MigrationChanged: an applied file was edited.
        psycopg.Error: the database is away, or a migration is wrong.
    """
    connection = connect(settings, Credentials(settings.db_password, settings.db_secret_arn), seconds)
    try:
        applied = apply(connection)
    finally:
        connection.close()
    logger.info("migrated", extra={"fields": {"applied": applied}})
    return applied


def main() -> int:
    """Migrate the database that the environment names; return the exit code."""
    try:
        settings = Settings.read()
        logs.configure(settings.log_level)
        run(settings)
    except (SettingError, MigrationChanged, psycopg.Error) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Numbered SQL files that make a database's tables, each applied once, whoever else migrates too.

A file is one transaction. One whose first line is ``-- no transaction`` is one statement that PostgreSQL does not run
in a transaction, such as ``CREATE INDEX CONCURRENTLY``. It may run twice, so it says ``IF NOT EXISTS`` or
``IF EXISTS``.
"""

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pg8000.native import literal
from postgres import Database, DatabaseUnavailable, Row

LOCK = 7_210_401  # any number, the same for every function: it keeps two migrations of one database apart
MARGIN_SECONDS = 10.0  # kept back from a function's time limit, for its answer
READ_SECONDS = 10.0
PAUSE_SECONDS = 2.0  # between two tries
# Whoever waits for a table's lock makes everybody wait who comes later. So a migration gives up soon, lets them pass
# and tries again. https://www.postgresql.org/docs/17/explicit-locking.html#LOCKING-TABLES
LOCK_SECONDS = 1.0

# Not pg_advisory_lock: who waits in it has a snapshot, which CREATE INDEX CONCURRENTLY waits for, in the session that
# has the lock. https://www.postgresql.org/docs/17/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
# The lock goes with the connection. So does the connection's life with a function that is killed, once the statement
# that it was in has ended: the next run waits for that.
SESSION = f"""
SELECT pg_try_advisory_lock({LOCK}), set_config('lock_timeout', '{{}}', false),
       set_config('statement_timeout', '0', false), set_config('idle_in_transaction_session_timeout', '0', false)
"""
TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
"""
KNOWN = "SELECT name, sha256 FROM schema_migrations ORDER BY name"
_RECORD = "INSERT INTO schema_migrations (name, sha256) VALUES ({name}, {digest}) ON CONFLICT (name) DO NOTHING"
# One statement, hence one transaction, which can be sent again when the answer to the first was lost.
_MIGRATION = """
DO $tap$ BEGIN
    IF NOT EXISTS (SELECT FROM schema_migrations WHERE name = {name}) THEN
        EXECUTE {text};
        INSERT INTO schema_migrations (name, sha256) VALUES ({name}, {digest});
    END IF;
END $tap$
"""
# What is left of CREATE INDEX CONCURRENTLY when it fails: no query uses it, and every write maintains it.
INVALID = "SELECT FROM pg_index WHERE indexrelid = to_regclass(CAST(:index AS text)) AND NOT indisvalid"
_NO_TRANSACTION = re.compile(r"--\s*no transaction\s*$", re.MULTILINE)
_COMMENT = re.compile(r"--.*")
_CONCURRENTLY = re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE)
_INDEX = re.compile(
    r"""\b(?P<verb>CREATE(?:\s+UNIQUE)?|DROP)\s+INDEX\s+CONCURRENTLY
    (?P<safe>\s+IF(?:\s+NOT)?\s+EXISTS\s+(?P<name>"(?:[^"]|"")+"|[^\s";]+))?""",
    re.IGNORECASE | re.VERBOSE,
)


class MigrationChanged(Exception):
    """A migration that was applied before has another text now."""


class MigrationRefused(Exception):
    """A migration that could not be applied, or not twice; the message says how to write it."""


@dataclass(frozen=True)
class Migration:
    """One file."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        """What the file is recognised by."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def in_transaction(self) -> bool:
        """Whether it is one transaction; otherwise it is one statement outside of any."""
        return _NO_TRANSACTION.match(self.text) is None

    @property
    def lock_seconds(self) -> float:
        """How long it may wait for a lock; 0 is without end: what is concurrent keeps nobody else waiting."""
        return LOCK_SECONDS if self.in_transaction or not _CONCURRENTLY.search(self._statement) else 0.0

    @cached_property
    def _statement(self) -> str:
        return _COMMENT.sub("", self.text)

    @property
    def index(self) -> str:
        """The index that it creates concurrently, as it is written; nothing when it creates none."""
        found = _INDEX.search(self._statement)
        return found["name"] if found and found["verb"].upper() != "DROP" else ""

    def check(self) -> None:
        """Refuse what fails halfway or at the second time.

        Raises:
            MigrationRefused: naming the file, and what to write.
        """
        found = _INDEX.search(self._statement)
        if found and self.in_transaction:
            raise MigrationRefused(
                f"{self.name}: {found['verb']} INDEX CONCURRENTLY does not run in a transaction: make "
                "'-- no transaction' the file's first line, and this its only statement."
            )
        if found and not found["safe"]:
            safe = "IF EXISTS" if found["verb"].upper() == "DROP" else "IF NOT EXISTS"
            raise MigrationRefused(
                f"{self.name}: it may run twice, when its answer is lost: write {found['verb']} INDEX CONCURRENTLY "
                f"{safe} and the index's name."
            )


def read(folder: Path) -> list[Migration]:
    """Return the migrations of a folder, the files ``NNNN_<name>.sql``, in the order of their names.

    Raises:
        MigrationRefused: one could not be applied, or not twice.
    """
    found = [Migration(path.name, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.sql"))]
    for migration in found:
        migration.check()
    return found


def applied(database: Database) -> list[str]:
    """Return the names of the migrations that were applied, in their order.

    Raises:
        DatabaseError: nothing was migrated yet.
        DatabaseUnavailable: the database cannot be reached.
    """
    return [name for name, _digest in database.run(KNOWN, seconds=READ_SECONDS)]


def migrate(database: Database, folder: Path, seconds: float) -> list[str]:
    """Apply what is missing, each migration once, and return the names applied.

    Args:
        database: where to; its connection is closed afterwards.
        folder: holds the files.
        seconds: how long it may take altogether: waiting for the database, for another migration, for locks.

    Raises:
        MigrationChanged: an applied file was edited; add a new file instead.
        MigrationRefused: a file could not be applied, or not twice.
        DatabaseUnavailable: the database cannot be reached, or is locked, for all that time.
        DatabaseError: the SQL of a migration is wrong; nothing of that one is applied, unless it is no transaction.
        DataRejected: its data contradict a constraint; the same holds.
    """
    migrations = read(folder)
    run = Run(database, time.monotonic() + seconds)
    try:
        run.locked(LOCK_SECONDS, lambda: database.once(TABLE, seconds=READ_SECONDS))
        known = dict(run.locked(LOCK_SECONDS, lambda: database.once(KNOWN, seconds=READ_SECONDS)))
        for migration in migrations:
            if known.get(migration.name, migration.digest) != migration.digest:
                raise MigrationChanged(
                    f"{migration.name} differs from what was applied: restore it, and put the change into a new file."
                )
            if migration.name not in known:
                run.apply(migration)
        return [migration.name for migration in migrations if migration.name not in known]
    finally:
        database.close()  # and the lock with it


@dataclass
class Run:
    """Work on a database that nobody else does at the same time, and that ends at a moment."""

    database: Database
    until: float  # of time.monotonic()

    def left(self) -> float:
        """Return the seconds that are left."""
        return self.until - time.monotonic()

    def locked(self, lock_seconds: float, work: Callable[[], list[Row]]) -> list[Row]:
        """Do a piece of work while nobody else migrates; again while the database or a lock is not to be had."""
        while True:
            try:
                session = SESSION.format(f"{lock_seconds * 1000:.0f}")
                if self.database.once(session, seconds=READ_SECONDS)[0][0]:
                    return work()
                cause = "another migration is running"
            except DatabaseUnavailable as error:
                cause = str(error)
            if self.left() <= PAUSE_SECONDS + LOCK_SECONDS:  # the server would still wait when nobody else does
                raise DatabaseUnavailable(f"the database could not be migrated in time ({cause})")
            time.sleep(PAUSE_SECONDS)

    def apply(self, migration: Migration) -> None:
        """Apply a migration, and record it."""
        work = self._transaction if migration.in_transaction else self._statement
        self.locked(migration.lock_seconds, lambda: work(migration))

    def _transaction(self, migration: Migration) -> list[Row]:
        parts = {part: literal(getattr(migration, part)) for part in ("name", "text", "digest")}
        return self.database.once(_MIGRATION.format(**parts), seconds=self.left())

    def _statement(self, migration: Migration) -> list[Row]:
        """Run what cannot be in a transaction, without what an earlier try has left."""
        index = migration.index
        if index and self._invalid(index):
            self.database.once(f"DROP INDEX CONCURRENTLY IF EXISTS {index}", seconds=self.left())
        self.database.once(migration.text, seconds=self.left())
        if index and self._invalid(index):  # IF NOT EXISTS takes one that another session could not finish
            raise DatabaseUnavailable(f"the index {index} is invalid")
        record = _RECORD.format(name=literal(migration.name), digest=literal(migration.digest))
        return self.database.once(record, seconds=READ_SECONDS)

    def _invalid(self, index: str) -> bool:
        return bool(self.database.once(INVALID, seconds=READ_SECONDS, index=index))

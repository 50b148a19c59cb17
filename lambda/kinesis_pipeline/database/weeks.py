"""The events' weeks: made before they begin, and gone when all that is in them is old enough.

A week is a partition of ``stored_events`` and begins on Monday at midnight, UTC. Days would be seven times as many:
each statement that looks for an event takes a lock on every one of them, and the server's locks are counted.
https://www.postgresql.org/docs/17/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-BEST-PRACTICES
https://www.postgresql.org/docs/17/runtime-config-locks.html
"""

import os
import time
from dataclasses import dataclass

from migrations import LOCK_SECONDS, Run
from postgres import Database, Row

AHEAD = 4  # weeks that are there before they begin
STEP_SECONDS = 30.0  # for one step, when nobody else has the lock that it needs
PORTION = 10_000  # ids that go in one transaction

_PARTS = """
WITH part AS (
    SELECT c.relname AS name,
           CAST(COALESCE(substring(bound FROM $$FROM \\('([^']+)'\\)$$), '-infinity') AS timestamptz) AS first,
           CAST(substring(bound FROM $$TO \\('([^']+)'\\)$$) AS timestamptz) AS until
    FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid, LATERAL pg_get_expr(c.relpartbound, c.oid) AS bound
    WHERE inhparent = to_regclass('public.stored_events') AND bound <> 'DEFAULT'
)
"""
# This week, those ahead, and those of events for which there was none.
MISSING = f"""
{_PARTS}
SELECT to_char(monday, 'YYYY-MM-DD'), to_char(monday + interval '1 week', 'YYYY-MM-DD')
FROM (
    SELECT date_trunc('week', now() AT TIME ZONE 'UTC') + number * interval '1 week' AS monday
    FROM generate_series(0, {AHEAD}) AS number
    UNION SELECT date_trunc('week', stored_at AT TIME ZONE 'UTC') FROM events_without_week
) AS week
WHERE NOT EXISTS (SELECT FROM part WHERE monday AT TIME ZONE 'UTC' >= first AND monday AT TIME ZONE 'UTC' < until)
ORDER BY monday
"""  # noqa: S608 - the parts are this module's constants
# Who inserts waits no longer than the move takes: nobody does, while there are weeks for what comes. A table that is no
# part yet has no trigger: what is moved keeps the id that it has. One statement, hence one transaction, which can be
# sent again when the answer to the first was lost. The dates are the database's own.
MAKE = """
DO $tap$ BEGIN
    IF to_regclass('public.{name}') IS NULL THEN
        CREATE TABLE public.{name} (LIKE public.stored_events INCLUDING DEFAULTS, PRIMARY KEY (event_id));
        LOCK TABLE public.events_without_week IN ACCESS EXCLUSIVE MODE;
        WITH moved AS (
            DELETE FROM public.events_without_week WHERE stored_at >= '{first} UTC' AND stored_at < '{until} UTC'
            RETURNING *
        )
        INSERT INTO public.{name} SELECT * FROM moved;
        ALTER TABLE public.stored_events ATTACH PARTITION public.{name}
            FOR VALUES FROM ('{first} UTC') TO ('{until} UTC');
    END IF;
END $tap$
"""
OLD = f"""
{_PARTS} SELECT name FROM part WHERE until <= now() - {{days}} * interval '24 hours' ORDER BY until
"""  # noqa: S608  # as above
DROP = "DROP TABLE IF EXISTS public.{name}"
# Behind their weeks: an event that comes again in between is known by its id, and not stored a second time. No id is of
# an event that is still there, also of one without a week.
FORGET = f"""
{_PARTS}, gone AS (
    DELETE FROM event_ids WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM event_ids
        WHERE stored_at < (SELECT min(first) FROM part)
          AND stored_at < (SELECT COALESCE(min(stored_at), 'infinity') FROM events_without_week)
        ORDER BY stored_at LIMIT {PORTION}
    )) RETURNING 1
)
SELECT count(*) FROM gone
"""  # noqa: S608  # as above
AHEAD_NOW = f"""
{_PARTS}
SELECT CAST(floor(extract(epoch FROM max(until) - now()) / extract(epoch FROM interval '168 hours')) AS integer)
FROM part
"""  # noqa: S608  # as above


@dataclass(frozen=True)
class Done:
    """What a run has done.

    Args:
        made: names of the weeks that are there now.
        dropped: names of those that are gone, with their events.
        forgotten: how many ids are gone.
        ahead: for how many weeks from now on there are parts.
    """

    made: list[str]
    dropped: list[str]
    forgotten: int
    ahead: int


def keep(database: Database, seconds: float, days: int) -> Done:
    """Make the weeks that are missing, and let go those whose events are all older than so many days.

    Each step is a transaction of its own, and a run that ends in between has the next one go on. While a step waits for
    a lock, which is for a second at the most, whoever comes later waits too.

    Args:
        database: where; its connection is closed afterwards, and with it the lock that keeps two runs apart.
        seconds: how long it may take altogether.
        days: how long an event is kept at least.

    Raises:
        DatabaseUnavailable: the database cannot be reached, or a migration or a lock was in the way all that time.
        DatabaseError: there is no table of events yet.
    """
    run = Run(database, time.monotonic() + seconds)

    def do(statement: str) -> list[Row]:
        return run.locked(LOCK_SECONDS, lambda: database.once(statement, seconds=STEP_SECONDS))

    try:
        made = do(MISSING)
        for first, until in made:
            do(MAKE.format(name=_name(first), first=first, until=until))
        dropped = [name for (name,) in do(OLD.format(days=days))]
        for name in dropped:
            do(DROP.format(name=name))
        forgotten, portion = 0, PORTION
        while portion == PORTION and run.left() > STEP_SECONDS:
            ((portion,),) = do(FORGET)
            forgotten += portion
        ((ahead,),) = do(AHEAD_NOW)
        return Done([_name(first) for first, _until in made], dropped, forgotten, ahead)
    finally:
        database.close()


def _name(monday: str) -> str:
    return f"events_{monday.replace('-', '_')}"


def retention_days() -> int:
    """Return the days that an event is kept, of the function's environment."""
    return int(os.environ["EVENT_RETENTION_DAYS"])

"""Writing events: a batch is one statement and one round trip, each event is one row.

PostgreSQL reads the texts of the events by itself: jsonb holds numbers exactly, and Python's floats do not.
"""

import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from events import CHUNK_EVENTS, Event, Poison
from postgres import Database, DatabaseUnavailable, DataRejected

# How a column is read from an event. What the schema lets pass has one of these forms, but for what PostgreSQL refuses.
BODY = {
    "event_type": "event->>'event_type'",
    "source": "event->>'source'",
    "occurred_at": "CAST(event->>'occurred_at' AS timestamptz)",
    "customer_id": "event->>'customer_id'",
    "amount": "CAST(event->>'amount' AS numeric)",
    "currency": "event->>'currency'",
    "attributes": "COALESCE(event->'attributes', '{}')",
}
KNOWN = ", ".join(f"'{name}'" for name in ("event_id", *BODY))
# A timestamp has microseconds, RFC 3339 any number of digits: the fraction of the second is kept where it has more.
BODY["unmapped"] = f"""
    event - ARRAY[{KNOWN}] || CASE WHEN event->>'occurred_at' ~ '[.][0-9]{{6}}[0-9]*[1-9]'
        THEN jsonb_build_object('occurred_at', CAST(substring(event->>'occurred_at' FROM '[.][0-9]+') AS numeric))
        ELSE '{{}}' END
"""
PLACE = {
    "shard_id": "shard_id",
    "sequence_number": "sequence_number",
    "sub_sequence_number": "sub_sequence_number",
    "arrived_at": "to_timestamp(arrived_at)",
}
COLUMNS = {"event_id": "CAST(event->>'event_id' AS uuid)", **BODY, **PLACE}

# One parameter, so that a batch of any size is the same prepared statement.
INCOMING = f"""
    SELECT {", ".join(f"{read} AS {name}" for name, read in COLUMNS.items())}
    FROM jsonb_to_recordset(CAST(:batch AS jsonb)) AS record(
        shard_id text, sequence_number text, sub_sequence_number integer, arrived_at float8, event jsonb)
"""  # noqa: S608 - the parts are this module's constants
# The table itself takes the events whose ids are new, and lets the others pass: migration 0005_event_ids.sql. Each part
# has a key as well, which never contradicts it.
INSERT = f"""
WITH inserted AS (
    INSERT INTO stored_events ({", ".join(COLUMNS)}) {INCOMING} ON CONFLICT DO NOTHING RETURNING 1
)
SELECT count(*) FROM inserted
"""  # noqa: S608  # as above
# The insert has waited for whoever was inserting the same event, so every event of the batch is there now; or was, and
# went with its week, and its id has yet to go. The id says in which week to look.
CONFLICTS = f"""
SELECT i.event_id::text FROM ({INCOMING}) AS i JOIN event_ids k USING (event_id)
JOIN stored_events e ON e.event_id = k.event_id AND e.stored_at = k.stored_at
WHERE ({", ".join(f"i.{name}" for name in BODY)}) IS DISTINCT FROM ({", ".join(f"e.{name}" for name in BODY)})
"""  # noqa: S608  # as above


class Outcome(NamedTuple):
    """What became of events.

    Args:
        stored: how many are rows now.
        duplicates: how many had been stored before.
        refused: what can never be stored.
        unfinished: nothing is known of these; deliver them again.
        cause: why there are unfinished ones, or nothing.
    """

    stored: int
    duplicates: int
    refused: list[Poison]
    unfinished: list[Event]
    cause: str


def _write(database: Database, batch: Sequence[Event], deadline: float) -> tuple[int, list[Poison]]:
    """Write events with distinct ids: how many were inserted, and those under whose id another event is stored.

    Raises:
        DataRejected: an event of the batch cannot be stored; the database does not say which.
        DatabaseUnavailable: the time is over.
    """
    if time.monotonic() >= deadline:
        raise DatabaseUnavailable("no time left in this invocation")
    text = f"[{','.join([event.json() for event in batch])}]"
    ((inserted,),) = database.run(INSERT, seconds=deadline - time.monotonic(), batch=text)
    if inserted == len(batch):
        return inserted, []
    # Only a batch with events that were there before takes a second look.
    others = {event_id for (event_id,) in database.run(CONFLICTS, seconds=deadline - time.monotonic(), batch=text)}
    reason = "another event was stored under this event_id"
    return inserted, [Poison(event.record, reason) for event in batch if event.event_id in others]


def _rounds(events: Iterable[Event]) -> list[list[Event]]:
    """Return events in groups with distinct ids, of a statement's size.

    An event that occurs twice is a duplicate or a conflict in the second group.
    """
    rounds: list[list[Event]] = []
    occurrences: Counter[str] = Counter()
    for event in events:
        number = occurrences[event.event_id]
        occurrences[event.event_id] += 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(event)
    return [group[at : at + CHUNK_EVENTS] for group in rounds for at in range(0, len(group), CHUNK_EVENTS)]


def store(database: Database, events: list[Event], seconds: float) -> Outcome:
    """Store events, each once, until the time is over.

    The database names no row when it refuses a batch, so the batch is halved until the row stands alone.

    Args:
        database: where to.
        events: valid events; the same id may occur more than once.
        seconds: how long to go on, trying again while the database is unavailable.
    """
    deadline, cause = time.monotonic() + seconds, ""
    stored, done = 0, 0
    refused: list[Poison] = []
    waiting = deque(_rounds(events))
    while waiting and not cause:
        batch = waiting.popleft()
        try:
            inserted, others = _write(database, batch, deadline)
        except DataRejected as error:
            if len(batch) == 1:
                refused.append(Poison(batch[0].record, f"refused by the database ({error})"))
                done += 1
            else:
                middle = len(batch) // 2
                waiting.extendleft((batch[middle:], batch[:middle]))
        except DatabaseUnavailable as error:
            waiting.appendleft(batch)
            cause = str(error)
        else:
            stored, done = stored + inserted, done + len(batch)
            refused += others
    return Outcome(
        stored, done - stored - len(refused), refused, [event for batch in waiting for event in batch], cause
    )

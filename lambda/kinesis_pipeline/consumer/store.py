"""Writing a batch of events: one statement, one round trip, each event once."""

import json
import time
from collections.abc import Iterable, Sequence

from events import Event, Poison
from postgres import Database, DatabaseUnavailable, DataRejected

COLUMNS = {
    "event_id": "uuid",
    "event_type": "text",
    "source": "text",
    "occurred_at": "timestamptz",
    "customer_id": "text",
    "amount": "numeric",
    "currency": "char(3)",
    "attributes": "jsonb",
    "shard_id": "text",
    "sequence_number": "text",
    "arrived_at": "timestamptz",
}
BODY = ("event_type", "source", "occurred_at", "customer_id", "amount", "currency", "attributes")
ENCODER = json.JSONEncoder(check_circular=False)  # attributes come out of JSON; the check takes as long as the rest

# One parameter for each column, so that a batch of any size is the same prepared statement.
INCOMING = f"unnest({', '.join(f'CAST(:{name} AS {kind}[])' for name, kind in COLUMNS.items())})"
INSERT = f"""
WITH inserted AS (
    INSERT INTO events ({", ".join(COLUMNS)}) SELECT * FROM {INCOMING} ON CONFLICT (event_id) DO NOTHING RETURNING 1
)
SELECT count(*) FROM inserted
"""  # noqa: S608 - the parts are this module's constants
# The insert has waited for whoever was inserting the same event, so every event of the batch is there now.
CONFLICTS = f"""
SELECT i.event_id::text FROM {INCOMING} AS i({", ".join(COLUMNS)}) JOIN events e USING (event_id)
WHERE ({", ".join(f"i.{name}" for name in BODY)}) IS DISTINCT FROM ({", ".join(f"e.{name}" for name in BODY)})
"""  # noqa: S608  # as above


def _array(values: Iterable[str]) -> str:
    """Return PostgreSQL's text for an array: https://www.postgresql.org/docs/17/arrays.html#ARRAYS-INPUT."""
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return '{"' + '","'.join(quoted) + '"}'


def _columns(batch: Sequence[Event]) -> dict[str, str]:
    """Return a batch by column."""
    rows = [event.row() for event in batch]
    for row in rows:
        row["attributes"] = ENCODER.encode(row["attributes"])
    return {name: _array([row[name] for row in rows]) for name in COLUMNS}


def _write(database: Database, batch: Sequence[Event], deadline: float) -> tuple[int, list[Poison]]:
    """Write events with distinct ids: how many were inserted, and what cannot be stored.

    The database names no row when it refuses a batch, so the batch is halved until the row stands alone.
    """
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise DatabaseUnavailable("no time left in this invocation")
    columns = _columns(batch)
    try:
        ((inserted,),) = database.run(INSERT, seconds=seconds, **columns)
    except DataRejected as error:
        if len(batch) == 1:
            return 0, [Poison(batch[0].record, f"refused by the database ({error})")]
        middle = len(batch) // 2
        first, second = (_write(database, half, deadline) for half in (batch[:middle], batch[middle:]))
        return first[0] + second[0], first[1] + second[1]
    if inserted == len(batch):
        return inserted, []
    # Only a batch with events that were there before takes a second look.
    others = {event_id for (event_id,) in database.run(CONFLICTS, seconds=deadline - time.monotonic(), **columns)}
    reason = "another event was stored under this event_id"
    return inserted, [Poison(event.record, reason) for event in batch if event.event_id in others]


def store(database: Database, events: list[Event], seconds: float) -> tuple[int, int, list[Poison]]:
    """Store events, each once.

    Args:
        database: where to.
        events: valid events; the same id may occur more than once.
        seconds: how long to go on trying while the database is unavailable.

    Returns:
        How many were stored now, how many had been stored before, and what cannot be stored.

    Raises:
        DatabaseUnavailable: some may be stored and some not; deliver the batch again.
    """
    deadline = time.monotonic() + seconds
    stored, total = 0, len(events)
    refused: list[Poison] = []
    while events:
        # An id that occurs twice comes into the next round: it is a duplicate or a conflict then.
        batch: dict[str, Event] = {}
        events = [event for event in events if batch.setdefault(event.event_id, event) is not event]
        inserted, poison = _write(database, list(batch.values()), deadline)
        stored += inserted
        refused += poison
    return stored, total - stored - len(refused), refused

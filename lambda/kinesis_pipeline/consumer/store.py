"""Writing a batch of events: one statement, one round trip, each event once."""

import json
import time
from collections.abc import Sequence

from events import Event, Poison
from postgres import Database, DatabaseAway, DataRejected

COLUMNS = {
    "event_id": "uuid", "event_type": "text", "source": "text", "occurred_at": "timestamptz", "customer_id": "text",
    "amount": "numeric", "currency": "char(3)", "attributes": "jsonb", "shard_id": "text", "sequence_number": "text",
    "arrived_at": "timestamptz",
}  # fmt: skip
BODY = ("event_type", "source", "occurred_at", "customer_id", "amount", "currency", "attributes")

# One parameter, so that a batch of any size is the same prepared statement. Only what was not inserted
# comes back. "events" is read as it was before the statement: a row that another consumer inserted
# meanwhile is not seen, which is why its event is looked at again.
STATEMENT = f"""
WITH incoming AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(CAST(:batch AS jsonb)) AS r({", ".join(f"{n} {t}" for n, t in COLUMNS.items())})
), inserted AS (
    INSERT INTO events ({", ".join(COLUMNS)}) SELECT {", ".join(COLUMNS)} FROM incoming
    ON CONFLICT (event_id) DO NOTHING RETURNING event_id
)
SELECT i.event_id::text, CASE WHEN e.event_id IS NULL THEN 'again'
    WHEN ({", ".join(f"i.{n}" for n in BODY)}) IS NOT DISTINCT FROM ({", ".join(f"e.{n}" for n in BODY)})
        THEN 'duplicate'
    ELSE 'conflict' END
FROM incoming i LEFT JOIN events e USING (event_id)
WHERE NOT EXISTS (SELECT FROM inserted n WHERE n.event_id = i.event_id)
"""  # noqa: S608 - the parts are this module's constants


def _write(database: Database, batch: Sequence[Event], deadline: float) -> tuple[dict[str, str], list[Poison]]:
    """Write events with distinct ids: what was not inserted by id, and what the database refuses.

    The database names no row when it refuses a batch, so the batch is halved until the row stands alone.
    """
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise DatabaseAway("no time left in this invocation")
    try:
        rows = database.run(STATEMENT, seconds=seconds, batch=json.dumps([event.row() for event in batch]))
    except DataRejected as error:
        if len(batch) == 1:
            return {batch[0].event_id: "refused"}, [Poison(batch[0].record, f"refused by the database ({error})")]
        middle = len(batch) // 2
        (first, refused), (second, also) = (
            _write(database, half, deadline) for half in (batch[:middle], batch[middle:])
        )
        return first | second, refused + also
    return dict(rows), []


def store(database: Database, events: list[Event], seconds: float) -> tuple[int, int, list[Poison]]:
    """Store events, each once.

    Args:
        database: where to.
        events: valid events; the same id may occur more than once.
        seconds: how long to go on trying while the database is away.

    Returns:
        How many were stored now, how many had been stored before, and what cannot be stored.

    Raises:
        DatabaseAway: some may be stored and some not; deliver the batch again.
    """
    deadline = time.monotonic() + seconds
    stored = duplicates = 0
    refused: list[Poison] = []
    while events:
        batch: dict[str, Event] = {}
        later = [event for event in events if batch.setdefault(event.event_id, event) is not event]
        fates, rejected = _write(database, list(batch.values()), deadline)
        refused += rejected
        stored += len(batch) - len(fates)
        duplicates += sum(fate == "duplicate" for fate in fates.values())
        refused += [
            Poison(event.record, "another event was stored under this event_id")
            for event_id, event in batch.items() if fates.get(event_id) == "conflict"
        ]  # fmt: skip
        events = [event for event_id, event in batch.items() if fates.get(event_id) == "again"] + later
    return stored, duplicates, refused

"""The audit trail's second attempt: what waits in the outbox goes to the bucket, on a schedule.

It answers with a report, and verifies the chains that it has added to, and a few others in each run.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import aws
from audit import Head, prefix, verify_chain
from aws_lambda_powertools.metrics import MetricUnit
from json_types import JsonObject
from postgres import Database
from telemetry import count, logger, publish
from trail import Trail, TrailConflict, TrailUnavailable

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

ANSWER_SECONDS = 5.0
BATCH, WRITERS = 40, 8
# Kept back from the function's time limit: a batch, or a chain, that has begun while S3 does not answer; the batch's
# rows; the state.
MARGIN_SECONDS = BATCH / WRITERS * aws.LONGEST_SECONDS + 2 * ANSWER_SECONDS
VERIFIED = 20  # chains for each run: a listing for each, and an object for each change
SAMPLED = 5  # chains that nobody has touched: what was changed behind the service's back shows in none of its own work
WRITTEN, CONFLICT = "", "conflict"

database = Database(token=aws.auth_token, answer_seconds=ANSWER_SECONDS)
trail = Trail(lambda: aws.clients(connections=WRITERS)("s3"))

PENDING = """
SELECT object_key, body FROM audit_outbox WHERE object_key > CAST(:after AS text) ORDER BY object_key
LIMIT CAST(:most AS integer)
"""
DONE = "DELETE FROM audit_outbox WHERE object_key = ANY (CAST(:keys AS text[]))"
STATE = """
SELECT count(*), COALESCE(round(extract(epoch FROM clock_timestamp() - min(created_at)), 1), 0)::float
FROM audit_outbox
"""
LATEST = "SELECT id FROM payments ORDER BY id DESC LIMIT CAST(:most AS integer)"
# From a few pages of the table, however large it is.
SAMPLE = """
SELECT id FROM payments
TABLESAMPLE SYSTEM (LEAST(100, 100 * 32 * 8192.0 / GREATEST(pg_relation_size('payments'), 1)))
ORDER BY random() LIMIT CAST(:most AS integer)
"""
HEAD = """
SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), audit_sequence, audit_hash
FROM payments WHERE id = CAST(:payment_id AS text)
"""
WAITING = """
SELECT object_key, body FROM audit_outbox
WHERE object_key > CAST(:first AS text) AND object_key < CAST(:first AS text) || '~'
"""


def _write(row: list[str]) -> str:
    """Write one record and return what stands in its way, if anything does."""
    key, body = row
    try:
        trail.write(key, body)
    except TrailUnavailable as error:
        return str(error)
    except TrailConflict:
        logger.error("another audit record is in the bucket", extra={"key": key})
        return CONFLICT
    return WRITTEN


def drain(left: Callable[[], float]) -> tuple[list[str], Counter[str]]:
    """Write what waits, oldest payments first.

    Args:
        left: tells how many seconds there are for it.

    Returns:
        The keys of the records that are in the bucket now, and how many are not, by what stood in their way.
    """
    after, written, failed = "", list[str](), Counter[str]()
    trail.connect()
    with ThreadPoolExecutor(WRITERS) as pool:
        while left() > 0:
            rows = database.run(PENDING, seconds=left(), after=after, most=BATCH)
            if not rows:
                break
            after = rows[-1][0]
            fates = list(pool.map(_write, rows))
            done = [key for (key, _), fate in zip(rows, fates, strict=True) if fate == WRITTEN]
            if done:
                database.run(DONE, seconds=max(ANSWER_SECONDS, left()), keys=done)
            written += done
            failed += Counter(fate for fate in fates if fate != WRITTEN)
            if set(fates).isdisjoint({WRITTEN, CONFLICT}):
                break  # the bucket is away: the next run tries again
    return written, failed


def chain(payment_id: str) -> list[str]:
    """Return what is wrong with the audit records of a payment; nothing when all is well.

    What waits in the outbox counts as written: it was committed with its change, and will be.

    Raises:
        TrailUnavailable: the bucket cannot be read now.
    """
    wrong = ["there is no such payment"]
    for _ in range(2):  # a change while this looks makes the chain longer than it should be; not twice
        rows = database.run(HEAD, seconds=ANSWER_SECONDS, payment_id=payment_id)
        if not rows:
            break
        day, *head = rows[0]
        first = prefix(payment_id, day)
        # In this order: a record that leaves the outbox in between is in the bucket by then.
        records = {key: body.encode() for key, body in database.run(WAITING, seconds=ANSWER_SECONDS, first=first)}
        records |= {key: trail.read(key) for key in trail.keys(first)}
        wrong = verify_chain(records.values(), Head(*head))
        if not wrong:
            break
    return wrong


def verify(payment_ids: Sequence[str], left: Callable[[], float]) -> JsonObject:
    """Return how many chains are whole, what is wrong with the others, and how many were not looked at."""
    whole, broken = 0, dict[str, list[str]]()
    with suppress(TrailUnavailable):  # so are the next ones
        for payment_id in payment_ids:
            if left() <= 0:
                break
            wrong = chain(payment_id)
            if wrong:
                broken[payment_id] = wrong
                logger.error("the audit trail is broken", extra={"payment_id": payment_id, "wrong": wrong})
            whole += not wrong
    return {"whole": whole, "broken": broken, "unread": len(payment_ids) - whole - len(broken)}


def _run(left: Callable[[], float]) -> JsonObject:
    """Drain, and tell how it went."""
    written, failed = drain(left)
    changed = dict.fromkeys(key.split("/")[4] for key in written)
    sample = database.run(SAMPLE, seconds=left(), most=SAMPLED) if left() > 0 else []
    chosen = dict.fromkeys([*list(changed)[:VERIFIED], *(payment_id for (payment_id,) in sample)])
    chains = verify(list(chosen), left)
    count("AuditWritten", len(written))
    count("AuditMismatch", failed[CONFLICT] + len(chains["broken"]))
    return {"written": len(written), "failed": dict(failed), "chains": chains}


def _report(event: JsonObject, left: Callable[[], float]) -> JsonObject:
    """Verify the chains that are named, or those of the latest payments."""
    payment_ids = event.get("payments")
    if payment_ids is None:
        rows = database.run(LATEST, seconds=ANSWER_SECONDS, most=int(event.get("latest", VERIFIED)))
        payment_ids = [payment_id for (payment_id,) in rows]
    chains = verify(list(dict.fromkeys(payment_ids)), left)
    count("AuditMismatch", len(chains["broken"]))
    return {"chains": chains}


def handler(event: JsonObject, context: "LambdaContext") -> JsonObject:
    """Drain the outbox, on a schedule; or verify without draining, for ``{"action": "report"}``.

    A report takes ``"payments": [id, …]``, or ``"latest": number`` of payments.

    Raises:
        ValueError: another action.
        DatabaseUnavailable: nothing can be read from the outbox; the next run tries again.
    """
    action = event.get("action", "drain")
    if action not in ("drain", "report"):
        raise ValueError(f"action {action!r} is unknown: use 'report', or none to drain.")
    until: float = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS

    def left() -> float:
        return until - time.monotonic()

    try:
        result = _report(event, left) if action == "report" else _run(left)
        ((pending, oldest),) = database.run(STATE, seconds=ANSWER_SECONDS)
        count("AuditPending", pending)
        count("AuditOldestSeconds", oldest, MetricUnit.Seconds)
        result |= {"pending": pending, "oldest_seconds": oldest}
        logger.info(action, extra=result)
        return result
    finally:
        publish()

"""The audit trail's second attempt, and its verification: on a schedule, or by hand.

What waits in the outbox goes to the bucket; then everything that is kept is held against everything else, a part in
each run, in a pass that begins again.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import aws
from aws_lambda_powertools.metrics import MetricUnit
from delivery import ANSWER_SECONDS, MARGIN_SECONDS, WRITERS, Delivery
from findings import Findings, mismatch
from json_types import JsonObject
from postgres import Database
from telemetry import count, logger, publish
from trail import Trail
from verification import Verification

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

LATEST = 20  # payments of a report that names none
DELIVERY = 0.5  # of the time: what waits comes first, but a long outbox must not keep the verification from its work
ACTIONS = ("drain", "report", "findings", "acknowledge")

database = Database(token=aws.auth_token, answer_seconds=ANSWER_SECONDS)
trail = Trail(lambda: aws.clients(connections=WRITERS)("s3"))

STATE = """
SELECT count(*), COALESCE(round(extract(epoch FROM clock_timestamp() - min(created_at)), 1), 0)::float
FROM audit_outbox
"""


def _run(left: Callable[[], float]) -> JsonObject:
    """Drain, verify, and tell how it went."""
    kept = (1 - DELIVERY) * left()
    delivery = Delivery(database, trail, lambda: left() - kept)
    delivery.run()
    result = {"written": delivery.written, "failed": dict(delivery.failed), **_waiting()}
    count("AuditWritten", delivery.written)
    count("AuditRefused", sum(delivery.failed.values()))
    verification = Verification(database, trail, left)
    what = "another object is in the bucket than the record that waits"
    verification.findings.keep(mismatch(key, what) for key in delivery.conflicts)
    progress = verification.run()
    mismatches, unreadable = verification.findings.open()
    count("AuditVerified", progress.verified)
    count("AuditPassSeconds", progress.age, MetricUnit.Seconds)
    count("AuditMismatch", mismatches)
    count("AuditUnreadable", unreadable)
    return {
        **result,
        "verified": progress.verified,
        "pass_seconds": round(progress.age, 1),
        "mismatches": mismatches,
        "unreadable": unreadable,
    }


def _waiting() -> JsonObject:
    """Return, and count, what waits in the outbox: whatever becomes of the verification, somebody has looked."""
    ((pending, oldest),) = database.run(STATE, seconds=ANSWER_SECONDS)
    count("AuditPending", pending)
    count("AuditOldestSeconds", oldest, MetricUnit.Seconds)
    return {"pending": pending, "oldest_seconds": oldest}


def _report(event: JsonObject, left: Callable[[], float]) -> JsonObject:
    """Verify the payments that are named, or the latest ones."""
    verification = Verification(database, trail, left)
    payment_ids = event.get("payments")
    if payment_ids is None:
        payment_ids = verification.latest(int(event.get("latest", LATEST)))
    return {"chains": verification.report(list(dict.fromkeys(payment_ids))), **_waiting()}


def handler(event: JsonObject, context: "LambdaContext") -> JsonObject:
    """Drain the outbox and verify, on a schedule; or what ``action`` says.

    ``{"action": "report"}`` verifies ``"payments": [id, ...]``, or ``"latest": number`` of payments.
    ``{"action": "findings"}`` shows what the verification has found, ``{"action": "acknowledge"}`` closes some of it:
    see :meth:`findings.Findings.acknowledge`.

    Raises:
        ValueError: another action, or an acknowledgement that lacks something.
        DatabaseUnavailable: nothing can be read from the outbox; the next run tries again.
    """
    action = event.get("action", "drain")
    if action not in ACTIONS:
        raise ValueError(f"action {action!r} is unknown: use one of {', '.join(ACTIONS[1:])}, or none to drain.")
    if action == "findings":
        return Findings(database).list()
    if action == "acknowledge":
        return Findings(database).acknowledge(event)
    until: float = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS

    def left() -> float:
        return until - time.monotonic()

    try:
        result = _report(event, left) if action == "report" else _run(left)
        logger.info(action, extra=result)
        return result
    finally:
        publish()

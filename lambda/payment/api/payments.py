"""What the service does: payments are captured once, refunded in parts, and looked at."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import answers
import audit
import ids
import problems
import sql
from callers import Once
from deadline import Deadline
from json_body import money_in
from keyed_hash import KeyedHash
from money import Money
from postgres import Database, Row
from problem_types import CURRENCY_MISMATCH, REFUND_TOO_LARGE
from problems import Problem
from processor import Processor
from web import Response

CREATED = 201
PAGE = 1000  # refunds of one answer: a load balancer sends no body of more than 1 MB
REPLAYED = {"Idempotent-Replayed": "true"}


class Outcome(NamedTuple):
    """What became of a request: the response, what happened, and the audit record that is to be written."""

    response: Response
    event: str
    payment_id: str
    entry: audit.Entry | None = None


def _now() -> str:
    return f"{datetime.now(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


@dataclass
class Payments:
    """The operations, on a database and with a processor of their own."""

    database: Database
    processor: Processor
    hashes: KeyedHash

    def once(self, key: str, caller: str) -> Once:
        """Return what a request with that key of that caller is known by.

        Raises:
            ConnectionError: the key of the hashes cannot be read.
        """
        return Once(caller, self.hashes.digest(caller, key), hashlib.sha256(key.encode()).digest())

    def capture(self, body: Mapping[str, str], once: Once, deadline: Deadline) -> Outcome:
        """Make a payment, or find the one that was made under this key.

        Raises:
            Problem: the body means nothing, or the key was used for something else.
        """
        paid, at, payment_id = money_in(body), _now(), ids.new("pay")
        method, reference = body["payment_method"], body.get("reference")
        self.processor.capture(paid, method, once=once.digest.hex())
        answer = answers.capture_answer(payment_id, paid, method, reference, at)
        entry = audit.entry(
            audit.NOTHING,
            payment_id=payment_id,
            created=at,
            at=at,
            event="payment_captured",
            data={
                "amount": str(paid),
                "currency": paid.currency,
                "payment_method": method,
                "reference": reference,
                "caller": once.caller,
                "idempotency_key": once.digest.hex(),
            },
        )
        mark = answers.capture_fingerprint(paid, method, reference)
        ((claimed,),) = self.database.run(
            sql.CAPTURE,
            seconds=deadline.left(),
            key=once.digest,
            former=once.former,
            caller=once.caller,
            fingerprint=mark,
            status=CREATED,
            answer=answer,
            at=at,
            posting=payment_id,
            currency=paid.currency,
            amount=paid.minor,
            payment_method=method,
            reference=reference,
            sequence=entry.head.sequence,
            hash=entry.head.hash,
            object_key=entry.key,
            record=entry.body,
        )
        if not claimed:
            (known,) = self.database.run(sql.KNOWN, seconds=deadline.left(), key=once.digest, former=once.former)
            if known != [mark, CREATED, answer]:  # which is its own first try, whose answer was lost
                return _replay(known, mark)
        return Outcome(Response(CREATED, answer, _location(payment_id)), "captured", payment_id, entry)

    def refund(self, payment_id: str, body: Mapping[str, str], once: Once, deadline: Deadline) -> Outcome:
        """Give a part of a payment back, or find the refund that was made under this key.

        Raises:
            Problem: there is no such payment, less is left of it, the body means nothing, or the key was used before.
        """
        asked = money_in(body)
        mark = answers.refund_fingerprint(payment_id, asked, body.get("reason"))
        tried: dict[str, audit.Entry] = {}
        while True:
            (row,) = self.database.run(
                sql.BEFORE_REFUND,
                seconds=deadline.left(),
                key=once.digest,
                former=once.former,
                caller=once.caller,
                payment_id=payment_id,
            )
            if row[2] in tried:  # its own try, whose answer was lost
                return Outcome(Response(CREATED, row[2]), "refunded", payment_id, tried[row[2]])
            if row[2] is not None:
                return _replay(row[:3], mark)
            before = _checked(_Before(*row[3:]), asked)
            self.processor.refund(asked, payment_id, once=once.digest.hex())
            refund_id, at, answer, entry = _refunded(before, payment_id, asked, body.get("reason"), once)
            tried[answer] = entry
            ((claimed,),) = self.database.run(
                sql.REFUND,
                seconds=deadline.left(),
                key=once.digest,
                fingerprint=mark,
                status=CREATED,
                answer=answer,
                at=at,
                posting=refund_id,
                payment_id=payment_id,
                currency=asked.currency,
                amount=asked.minor,
                reason=body.get("reason"),
                sequence=entry.head.sequence,
                hash=entry.head.hash,
                object_key=entry.key,
                record=entry.body,
            )
            if claimed:
                return Outcome(Response(CREATED, answer), "refunded", payment_id, entry)
            # Another refund came first, or another request with this key, or this was done and its answer lost.

    def show(self, payment_id: str, caller: str, after: str, deadline: Deadline) -> Outcome:
        """Return a payment of a caller as it is now, with a page of its refunds.

        Where there are more, the header ``Link`` leads to the next page (RFC 8288).

        Args:
            payment_id: the payment.
            caller: who asks.
            after: the last refund of the page before; empty for the first page.
            deadline: when the answer is due.

        Raises:
            Problem: the caller has no such payment.
        """
        rows = self.database.run(
            sql.PAYMENT, seconds=deadline.left(), payment_id=payment_id, caller=caller, after=after, most=PAGE + 1
        )
        if not rows:
            raise no_payment()
        status, currency, amount, refunded, method, reference, at, refunds = rows[0]
        page = (refunds or [])[:PAGE]
        more = len(refunds or ()) > PAGE
        link = {"Link": f'<{payment_id}?refunds_after={page[-1][0]}>; rel="next"'} if more else {}
        answer = json.dumps(
            {
                "id": payment_id,
                "status": status,
                "amount": str(Money(amount, currency)),
                "currency": currency,
                "refunded": str(Money(refunded, currency)),
                "payment_method": method,
                "reference": reference,
                "created_at": at,
                "refunds": [
                    {"id": refund_id, "amount": str(Money(part, currency)), "reason": reason, "created_at": moment}
                    for refund_id, part, reason, moment in page
                ],
            }
        )
        return Outcome(Response(200, answer, link), "shown", payment_id)


class _Before(NamedTuple):
    """A payment before a refund; all of it is None when there is no such payment."""

    currency: str | None
    amount: int
    refunded: int
    sequence: int
    hash: str
    created: str


def no_payment() -> Problem:
    """Return the refusal of a request for a payment that is not there."""
    return Problem(problems.PAYMENT_NOT_FOUND, "Look at the id: it is part of the answer to POST /payments.")


def _location(payment_id: str) -> dict[str, str]:
    # Relative to the request's own path: in front of that, API Gateway has the name of the stage.
    return {"Location": f"payments/{payment_id}"}


def _replay(known: Row, mark: bytes) -> Outcome:
    """Return the answer that was given under a key before.

    Raises:
        Problem: it was given to another request.
    """
    fingerprint, status, answer = known
    if fingerprint != mark:
        advice = "Send a new key with a new request, and the same body with a used key."
        raise Problem(problems.IDEMPOTENCY_CONFLICT, advice)
    first = json.loads(answer)
    location = {} if "payment_id" in first else _location(first["id"])
    return Outcome(
        Response(status, answer, {**location, **REPLAYED}), "replayed", str(first.get("payment_id", first["id"]))
    )


def _checked(before: _Before, asked: Money) -> _Before:
    """Return a payment from which that much may be given back.

    Raises:
        Problem: it may not.
    """
    if before.currency is None:
        raise no_payment()
    if asked.currency != before.currency:
        raise Problem(CURRENCY_MISMATCH, f"The payment is in {before.currency}.")
    left = before.amount - before.refunded
    if asked.minor > left:
        raise Problem(REFUND_TOO_LARGE, f"{Money(left, before.currency)} {before.currency} can be refunded.")
    return before


def _refunded(
    before: _Before, payment_id: str, asked: Money, reason: str | None, once: Once
) -> tuple[str, str, str, audit.Entry]:
    """Return a new refund: its id, its moment, the answer, the audit record."""
    refund_id, at, refunded = ids.new("ref"), _now(), before.refunded + asked.minor
    data = answers.given_back(asked, reason, refunded, before.amount)
    entry = audit.entry(
        audit.Head(before.sequence, before.hash),
        payment_id=payment_id,
        created=before.created,
        at=at,
        event="payment_refunded",
        data={"refund_id": refund_id, "caller": once.caller, "idempotency_key": once.digest.hex(), **data},
    )
    return refund_id, at, answers.refund_answer(refund_id, payment_id, data, at), entry

"""Chains of audit records, read from the bucket and held against the rows, a part at a time."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby, takewhile
from typing import TypeAlias

from audit import Head, object_key, read, verify_chain
from comparison import Key, Payment, Refund, Rows, compare, end
from findings import UNREADABLE, Finding, mismatch
from json_types import JsonObject
from postgres import Database
from trail import Trail, TrailMissing, TrailRefused, TrailUnavailable

SECONDS = 5.0
PAYMENTS, RECORDS, READERS = 50, 200, 8  # of one step: rows, objects, and how many objects at once
_HEX = re.compile("[0-9a-f]{2,128}")
_MOMENT = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
# In one statement, hence of one moment.
_PAYMENT = f"""
SELECT p.id, p.caller, p.currency, p.amount, p.refunded, p.status, p.payment_method, p.reference,
       COALESCE({_MOMENT.format("p.created_at")}, ''), p.audit_sequence, p.audit_hash,
       encode(p.idempotency_key, 'hex'), r.count, r.sum
FROM payments p
CROSS JOIN LATERAL (SELECT count(*), COALESCE(sum(amount), 0) AS sum FROM refunds WHERE payment_id = p.id) r
"""  # noqa: S608  # the parts are this module's constants
NEXT = f"""
{_PAYMENT} WHERE p.id >= CAST(:first AS text) AND p.id <= CAST(:last AS text) ORDER BY p.id LIMIT CAST(:most AS integer)
"""
LAST = "SELECT COALESCE(max(id), '') FROM payments"
WAITING = "SELECT object_key, body FROM audit_outbox WHERE object_key = ANY (CAST(:keys AS text[]))"
REFUNDS = f"""
SELECT id, payment_id, amount, reason, {_MOMENT.format("created_at")}, encode(idempotency_key, 'hex')
FROM refunds WHERE id = ANY (CAST(:ids AS text[]))
"""  # noqa: S608  # as above
KEYS = f"""
SELECT encode(key, 'hex'), encode(fingerprint, 'hex'), status, body, {_MOMENT.format("created_at")}
FROM idempotency_keys WHERE key = ANY (SELECT decode(each, 'hex') FROM unnest(CAST(:keys AS text[])) AS each)
"""  # noqa: S608  # as above


@dataclass(frozen=True)
class Reached:
    """How far a chain was verified.

    Args:
        payment_id: whose it is.
        sequence: the number of the last record.
        hash: its hash; None when it could not be read.
        refunded: what was given back by then, in minor units; None as well.
    """

    payment_id: str
    sequence: int = 0
    hash: str | None = Head(0, "0" * 64).hash
    refunded: int | None = 0


Fate: TypeAlias = bytes | TrailUnavailable | None  # a record, or why there is none; None when there was no time


def _last(payment: Payment) -> int:
    """Return which record a chain is followed to: a forged number must not make this read without end."""
    return min(payment.sequence, payment.refunds + 1 + RECORDS)


@dataclass
class Step:
    """A part of the work: what was found, how many chains came to their end, and where the next part begins.

    Args:
        found: what is wrong.
        verified: the payments whose chains were verified to their end.
        reached: the chain to continue with, if one was begun.
        more: whether there is more to do at all.
    """

    found: list[Finding] = field(default_factory=list)
    verified: list[str] = field(default_factory=list)
    reached: Reached | None = None
    more: bool = True


@dataclass(frozen=True)
class Chains:
    """Reads chains.

    Args:
        database: where the rows are.
        trail: where the records are.
        left: tells how many seconds there are.
        insist: whether a bucket that does not answer at all is taken for objects that cannot be read.
    """

    database: Database
    trail: Trail
    left: Callable[[], float]
    insist: bool = False

    def last(self) -> str:
        """Return the last payment that there is now: a pass goes no further, or new ones would keep it from its end."""
        ((last,),) = self.database.run(LAST, seconds=SECONDS)
        return str(last)

    def step(self, first: str, last: str, reached: Reached | None) -> Step:
        """Verify some payments from one on, and the first of them from where it was left.

        Args:
            first: the least id.
            last: the greatest.
            reached: how far the first payment's chain was verified.

        Raises:
            TrailUnavailable: the bucket does not answer; nothing is known.
        """
        rows = self.database.run(NEXT, seconds=SECONDS, first=first, last=last, most=PAYMENTS)
        payments = [Payment(*row)._replace(given_back=int(row[-1])) for row in rows]
        if not payments:
            return Step(more=False)
        plan: list[tuple[Payment, Reached, range]] = []
        room = RECORDS
        for payment in payments:
            start = reached if reached and reached.payment_id == payment.id else Reached(payment.id)
            plan.append((payment, start, range(start.sequence + 1, min(_last(payment), start.sequence + room) + 1)))
            room -= len(plan[-1][2])
            if room <= 0:
                break
        return self._verify(plan)

    def _verify(self, plan: Sequence[tuple[Payment, Reached, range]]) -> Step:
        fates = self._read([object_key(p.id, p.created, number) for p, _, numbers in plan for number in numbers])
        bodies = [fate for fate in fates.values() if isinstance(fate, bytes)]
        rows = self._named([record for record in map(read, bodies) if record is not None])
        result = Step()
        for payment, start, numbers in plan:
            chain = [(number, fates.get(object_key(payment.id, payment.created, number))) for number in numbers]
            known = list(takewhile(lambda each: each[1] is not None, chain))
            result.reached = self._chain(payment, start, known, rows, result.found)
            if len(known) < len(chain) or result.reached.sequence < _last(payment):
                return result  # there was no time, or no room, for the rest
            result.found += end(payment, result.reached.refunded)
            result.verified.append(payment.id)
            result.reached = None
        return result

    def _chain(
        self, payment: Payment, start: Reached, known: Sequence[tuple[int, Fate]], rows: Rows, found: list[Finding]
    ) -> Reached:
        """Verify a stretch of a chain, and return how far it is verified now."""
        reached = start
        for readable, stretch in groupby(known, lambda each: isinstance(each[1], bytes)):
            part = list(stretch)
            if readable:
                reached = self._stretch(payment, reached, dict(part), rows, found)
            else:
                found += [self._unread(payment, number, fate) for number, fate in part]
                reached = Reached(payment.id, part[-1][0], None, None)
        return reached

    @staticmethod
    def _stretch(
        payment: Payment, reached: Reached, part: Mapping[int, Fate], rows: Rows, found: list[Finding]
    ) -> Reached:
        """Verify records that follow each other, and return how far the chain is verified then."""
        bodies = [fate for fate in part.values() if isinstance(fate, bytes)]
        records, last = [read(body) for body in bodies], max(part)
        begin = None if reached.hash is None else Head(reached.sequence, reached.hash)
        head = Head(payment.sequence, payment.hash) if last == payment.sequence else None
        found += [mismatch(payment.id, wrong) for wrong in verify_chain(bodies, head, begin)]
        for number, record in zip(part, records, strict=True):
            if record is None or record["sequence"] != number:
                found.append(mismatch(payment.id, f"record {number} is not as it was written"))
        sound = [record for record in records if record is not None]
        compared, refunded = compare(payment, sound, rows, reached.refunded)
        found += compared
        if records[-1] is None:
            return Reached(payment.id, last, None, None)
        return Reached(payment.id, last, records[-1]["hash"], refunded)

    @staticmethod
    def _unread(payment: Payment, number: int, fate: Fate) -> Finding:
        if isinstance(fate, TrailMissing):
            return mismatch(payment.id, f"record {number} is missing")
        key = object_key(payment.id, payment.created, number)
        return Finding(UNREADABLE, payment.id, f"record {number} cannot be read", f"{key}: {fate!s}")

    def _read(self, keys: Sequence[str]) -> Mapping[str, Fate]:
        """Return records by their keys: what waits in the outbox counts as written, for it was committed and will be.

        In this order: a record that leaves the outbox in between is in the bucket by then.
        """
        waiting = dict(self.database.run(WAITING, seconds=SECONDS, keys=list(keys))) if keys else {}
        asked = [key for key in keys if key not in waiting]
        self.trail.connect()
        with ThreadPoolExecutor(READERS) as pool:
            fates = list(pool.map(self._one, asked))
        away = [fate for fate in fates if isinstance(fate, TrailUnavailable) and not isinstance(fate, TrailRefused)]
        if away and len(away) == len(fates) and not self.insist:
            raise away[0]
        return {**dict(zip(asked, fates, strict=True)), **{key: body.encode() for key, body in waiting.items()}}

    def _one(self, key: str) -> Fate:
        if self.left() <= 0:
            return None
        try:
            return self.trail.read(key)
        except TrailUnavailable as error:
            return error

    def _named(self, records: Iterable[JsonObject]) -> Rows:
        """Return the rows that records name."""
        data = [record["data"] for record in records if isinstance(record["data"], dict)]
        ids = [each for each in (part.get("refund_id") for part in data) if isinstance(each, str) and each.isascii()]
        ids = [each for each in ids if each.isprintable()]
        keys = [each for each in (part.get("idempotency_key") for part in data) if isinstance(each, str)]
        keys = [each for each in keys if _HEX.fullmatch(each) and len(each) % 2 == 0]
        refunds = self.database.run(REFUNDS, seconds=SECONDS, ids=ids) if ids else []
        rows = self.database.run(KEYS, seconds=SECONDS, keys=keys) if keys else []
        return Rows({row[0]: Refund(*row) for row in refunds}, {row[0]: Key(*row) for row in rows})

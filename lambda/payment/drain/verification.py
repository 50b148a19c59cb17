"""The verification of everything: every record, row, posting, key and object once in each pass, a part in each run.

How far it is stands in the database. A run continues where the one before ended, and a pass begins when the one before
is as old as it may be.
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

from books import AFTER, Books, Part
from chains import Chains, Reached
from findings import Finding, Findings, mismatch
from json_types import JsonObject
from postgres import Database
from telemetry import logger
from trail import Trail, TrailUnavailable

VARIABLE = "AUDIT_PASS_HOURS"
SECONDS = 5.0
TRIES = 3  # runs in which the bucket does not answer at one place: then what is there cannot be read, and it goes on
PHASES = ("chains", "ledger", "keys", "outbox", "objects")

STATE = """
SELECT position, extract(epoch FROM clock_timestamp() - began_at)::float,
       extract(epoch FROM clock_timestamp() - COALESCE(finished_at, began_at))::float, finished_at IS NULL
FROM audit_progress
"""
# Only from where it was: should two run at once, one of them stops. Twice when an answer is lost.
_FROM = "WHERE position IN (CAST(:before AS text), CAST(:position AS text)) RETURNING position"
_MOVE = "UPDATE audit_progress SET position = CAST(:position AS text)"
BEGIN = f"{_MOVE}, began_at = now() {_FROM}"
MOVE = f"{_MOVE} {_FROM}"
FINISH = f"{_MOVE}, finished_at = now() {_FROM}"
NOTHING = "{}"
CREATED = """
SELECT COALESCE(to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), '') FROM payments WHERE id = CAST(:id AS text)
"""
LATEST = "SELECT id FROM payments ORDER BY id DESC LIMIT CAST(:most AS integer)"


@dataclass(frozen=True)
class Position:
    """Where a pass is.

    Args:
        phase: an index of :data:`PHASES`.
        first: where the next part of the phase begins.
        last: the last payment whose chain belongs to the pass.
        reached: how far the first chain of it is verified.
        tries: how many runs found no bucket here.
        payments: how many payments the pass has verified.
    """

    phase: int = 0
    first: str = ""
    last: str = ""
    reached: Reached | None = None
    tries: int = 0
    payments: int = 0

    @property
    def text(self) -> str:
        """What is kept of it."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, text: str) -> "Position | None":
        """Return a kept position; none when there is no pass under way, or somebody wrote another text."""
        try:
            found: JsonObject = json.loads(text)
            reached = found.pop("reached")
            position = cls(reached=None if reached is None else Reached(**reached), **found)
            complete = position.phase in range(len(PHASES)) and found.keys() | {"reached"} == asdict(position).keys()
            return position if complete else None
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


class Progress(NamedTuple):
    """What a run has done.

    Args:
        verified: payments whose chains it verified to their end.
        age: seconds since a pass has gone over everything.
    """

    verified: int
    age: float


@dataclass
class Verification:
    """The comparison of everything with everything.

    Args:
        database: the tables.
        trail: the bucket.
        left: tells how many seconds there are.
    """

    database: Database
    trail: Trail
    left: Callable[[], float]

    def __post_init__(self) -> None:
        self.findings = Findings(self.database)
        self._books = Books(self.database, self.trail)

    def run(self) -> Progress:
        """Continue the pass, or begin one; until there is no time, or the pass has gone over everything."""
        ((text, began, age, never),) = self.database.run(STATE, seconds=SECONDS)
        position, verified = Position.of(text), 0
        hours = float(os.environ.get(VARIABLE, "24"))
        due = never or began >= hours * 3600 or text != NOTHING
        if position is None and due and self.left() > 0:
            last = Chains(self.database, self.trail, self.left).last()
            text, position = self._moved(BEGIN, text, Position(last=last))
        while position is not None and self.left() > 0:
            after = self._part(position)
            verified += after.payments - position.payments
            if after.phase == len(PHASES):
                text, _ = self._moved(FINISH, text, None)
                self.findings.forget_readable()
                logger.info("audit pass finished", extra={"payments": after.payments})
                return Progress(verified, 0.0)
            text, position = self._moved(MOVE, text, after)
            if after.tries:
                break
        return Progress(verified, age)

    def _moved(self, statement: str, before: str, position: Position | None) -> tuple[str, Position | None]:
        """Keep a position; return none when another run has moved on from the one before."""
        text = position.text if position else NOTHING
        rows = self.database.run(statement, seconds=SECONDS, before=before, position=text)
        return text, position if rows else None

    def _part(self, position: Position) -> Position:
        """Do one part of the work, and return where the next one begins."""
        try:
            found, after = self._chains(position) if position.phase == 0 else self._other(position)
        except TrailUnavailable as error:
            logger.warning("the audit trail cannot be read", extra={"cause": str(error)})
            return replace(position, tries=position.tries + 1)
        self.findings.keep(found)
        return after

    def _chains(self, position: Position) -> tuple[Sequence[Finding], Position]:
        chains = Chains(self.database, self.trail, self.left, insist=position.tries >= TRIES)
        step = chains.step(position.first, position.last, position.reached)
        if not step.more:
            return step.found, Position(position.phase + 1, payments=position.payments)
        first = step.verified[-1] + AFTER if step.verified else position.first
        payments = position.payments + len(step.verified)
        return step.found, replace(position, first=first, reached=step.reached, tries=0, payments=payments)

    def _other(self, position: Position) -> tuple[Sequence[Finding], Position]:
        part: Part = getattr(self._books, PHASES[position.phase])(position.first)
        if part.first is None:
            return part.found, Position(position.phase + 1, payments=position.payments)
        return part.found, replace(position, first=part.first, tries=0)

    def latest(self, most: int) -> list[str]:
        """Return the latest payments."""
        return [payment_id for (payment_id,) in self.database.run(LATEST, seconds=SECONDS, most=most)]

    def report(self, payment_ids: Sequence[str]) -> JsonObject:
        """Verify some payments from the beginning of their chains to the end, and return what is wrong with each.

        Nothing of it is kept. ``unread`` counts those for which there was no time, or no bucket.
        """
        result: JsonObject = {"whole": 0, "broken": {}, "unreadable": {}, "unread": len(payment_ids)}
        for payment_id in payment_ids:
            try:
                found = self._payment(payment_id)
            except TrailUnavailable as error:
                logger.warning("the audit trail cannot be read", extra={"cause": str(error)})
                break
            if found is None:
                break
            result["unread"] -= 1
            wrong = [f"{each.what}: {each.details}".removesuffix(": ") for each in found if each.kind == "mismatch"]
            unreadable = [each.details for each in found if each.kind == "unreadable"]
            result["broken"] |= {payment_id: wrong} if wrong else {}
            result["unreadable"] |= {payment_id: unreadable} if unreadable and not wrong else {}
            result["whole"] += not found
        return result

    def _payment(self, payment_id: str) -> list[Finding] | None:
        """Return what is wrong with a payment; nothing when there was no time to look."""
        rows = self.database.run(CREATED, seconds=SECONDS, id=payment_id)
        if not rows:
            return [mismatch(payment_id, "there is no such payment")]
        chains, reached, found = Chains(self.database, self.trail, self.left), None, list[Finding]()
        while self.left() > 0:
            step = chains.step(payment_id, payment_id, reached)
            found += step.found
            if step.verified:
                found += self._books.ledger_of(payment_id)
                return [*found, *self._books.beyond(payment_id, rows[0][0], self.left)]
            reached = step.reached
        return None

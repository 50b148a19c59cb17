"""What the verification finds: kept in the database until somebody acknowledges it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from json_types import JsonObject
from postgres import Database
from telemetry import logger

MISMATCH, UNREADABLE = "mismatch", "unreadable"
SECONDS = 5.0
MOST, SHOWN, LOGGED = 10_000, 100, 20  # open ones; shown at once; lines of the log for each part of a run

RECORD = """
INSERT INTO audit_findings (kind, subject, what, details)
SELECT kind, subject, what, details
FROM json_to_recordset(CAST(:found AS json)) AS f (kind text, subject text, what text, details text)
WHERE (SELECT count(*) FROM audit_findings WHERE acknowledged_at IS NULL) < CAST(:most AS integer)
ON CONFLICT (kind, subject, what) DO UPDATE SET seen_at = now(), details = EXCLUDED.details, acknowledged_at =
    CASE WHEN audit_findings.details = EXCLUDED.details THEN audit_findings.acknowledged_at END
"""
# What was unreadable in one pass and not in the next can be read again.
READABLE = """
DELETE FROM audit_findings WHERE kind = 'unreadable' AND seen_at < (SELECT began_at FROM audit_progress)
"""
OPEN = """
SELECT count(*) FILTER (WHERE kind = 'mismatch'), count(*) FILTER (WHERE kind = 'unreadable')
FROM audit_findings WHERE acknowledged_at IS NULL
"""
LIST = """
SELECT id, kind, subject, what, details, to_char(found_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       to_char(seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM audit_findings WHERE acknowledged_at IS NULL ORDER BY id LIMIT CAST(:most AS integer)
"""
ACKNOWLEDGE = """
UPDATE audit_findings SET acknowledged_at = now(), acknowledged_by = CAST(:name AS text), reason = CAST(:reason AS text)
WHERE id = ANY (CAST(:ids AS bigint[])) AND acknowledged_at IS NULL RETURNING id
"""


class Finding(NamedTuple):
    """Something that is not as it should be.

    Args:
        kind: ``mismatch``, or ``unreadable`` when nothing is known.
        subject: the payment, the posting, or the key of an object.
        what: what is wrong; without a value of the data, for it is logged.
        details: the values on both sides.
    """

    kind: str
    subject: str
    what: str
    details: str = ""


def mismatch(subject: str, what: str, row: object = "", record: object = "") -> Finding:
    """Return that two sides differ.

    Args:
        subject: see :class:`Finding`.
        what: as well.
        row: what the table says, if that is it.
        record: what the other side says.
    """
    details = f"{row!r} in the table, {record!r} on the other side" if row != record else ""
    return Finding(MISMATCH, subject, what, details[:500])


@dataclass
class Findings:
    """The table."""

    database: Database

    def keep(self, found: Iterable[Finding]) -> None:
        """Keep what was found, once each, and log it. One that was acknowledged with other values is open again."""
        by_name = {finding[:3]: finding for finding in found}
        for finding in list(by_name.values())[:LOGGED]:
            extra = {"subject": finding.subject, "what": finding.what}
            logger.error(f"audit: {finding.kind}", extra=extra)
        # What PostgreSQL does not take as text, whoever wrote it, must not hide what was found.
        rows = [
            {name: text.encode("ascii", "backslashreplace").decode().replace("\0", "\\0") for name, text in row.items()}
            for row in (finding._asdict() for finding in by_name.values())
        ]
        if rows:
            self.database.run(RECORD, seconds=SECONDS, found=json.dumps(rows), most=MOST)

    def forget_readable(self) -> None:
        """Remove what could not be read before, and was in the pass that has ended."""
        self.database.run(READABLE, seconds=SECONDS)

    def open(self) -> tuple[int, int]:
        """Return how many mismatches and unreadable objects nobody has acknowledged."""
        ((mismatches, unreadable),) = self.database.run(OPEN, seconds=SECONDS)
        return mismatches, unreadable

    def list(self) -> JsonObject:
        """Return the oldest ones that nobody has acknowledged, and how many there are."""
        names = ("id", "kind", "subject", "what", "details", "found_at", "seen_at")
        rows = self.database.run(LIST, seconds=SECONDS, most=SHOWN)
        return {"findings": [dict(zip(names, row, strict=True)) for row in rows], "open": sum(self.open())}

    def acknowledge(self, event: JsonObject) -> JsonObject:
        """Close findings: somebody has looked at them.

        Args:
            event: ``findings``, their numbers; ``by``, who it is; ``reason``, what came of it.

        Raises:
            ValueError: a member is missing.
        """
        ids, name, reason = (event.get(part) for part in ("findings", "by", "reason"))
        numbers = isinstance(ids, list) and ids and all(repr(each).isdigit() for each in ids)  # True is none
        if not (numbers and name and reason):
            raise ValueError(
                'an acknowledgement has "findings", a list of their numbers, "by", who it is, and "reason": '
                "give all three."
            )
        rows = self.database.run(ACKNOWLEDGE, seconds=SECONDS, ids=ids, name=str(name), reason=str(reason))
        acknowledged = sorted(each for (each,) in rows)
        logger.warning("findings acknowledged", extra={"findings": acknowledged, "by": name, "reason": reason})
        return {"acknowledged": acknowledged, "open": sum(self.open())}

"""What was found and what was measured, as JSON, as a table, and as an exit code."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from json_types import JsonObject

VERSION = 1  # of the report's form
CLEAN, FINDINGS, INCOMPLETE = 0, 1, 3
YOUNG_HOURS = 1.0  # until the first backup of something new is there
LATEST_MINUTES = 30  # Aurora and DynamoDB can restore to some five minutes ago
SKEW_MINUTES = 5  # by which a clock may be ahead of ours: what is later than that is not known to be good


class Finding(NamedTuple):
    """Something that is not as it should be; ``incomplete``: that could not be looked at."""

    check: str
    region: str
    code: str
    detail: str
    incomplete: bool = False


@dataclass
class Part:
    """What one check has to say of one region."""

    findings: list[Finding] = field(default_factory=list)
    measured: JsonObject = field(default_factory=dict)


@dataclass
class Report:
    """Everything, of both regions."""

    began: datetime
    findings: list[Finding] = field(default_factory=list)
    measured: dict[str, JsonObject] = field(default_factory=dict)  # by region

    def add(self, region: str, part: Part) -> None:
        """Take a part in."""
        self.findings += part.findings
        self.measured.setdefault(region, {}).update(part.measured)

    @property
    def incomplete(self) -> list[Finding]:
        """What could not be looked at."""
        return [finding for finding in self.findings if finding.incomplete]

    @property
    def wrong(self) -> list[Finding]:
        """What is not as it should be."""
        return [finding for finding in self.findings if not finding.incomplete]

    @property
    def code(self) -> int:
        """The exit code; what could not be looked at outweighs what was found."""
        return INCOMPLETE if self.incomplete else FINDINGS if self.wrong else CLEAN

    def worst(self, name: str) -> float | None:
        """Return the largest value that was measured in any region, or None."""
        values = [each[name] for each in self.measured.values() if each.get(name) is not None]
        return max(values, default=None)

    def json(self) -> JsonObject:
        """Return the report as it is stored."""
        return {
            "version": VERSION,
            "system": "disaster-recovery",
            "began": stamp(self.began),
            "ended": stamp(now()),
            "result": {CLEAN: "clean", FINDINGS: "findings", INCOMPLETE: "incomplete"}[self.code],
            "findings": [finding._asdict() for finding in self.findings],
            "measured": self.measured,
        }

    def table(self) -> str:
        """Return the report as a person reads it."""
        rows = [("region", "check", "finding", "")]
        rows += [(each.region, each.check, each.code, each.detail) for each in self.findings]
        if len(rows) == 1:
            rows += [("all", "all", "none", "")]
        lines = _aligned(rows)
        rows = [("region", "measured", "", "")]
        for region, measured in sorted(self.measured.items()):
            rows += [(region, name, str(value), "") for name, value in sorted(measured.items())]
        return "\n".join([*lines, "", *_aligned(rows), "", f"result: {self.json()['result']}"])


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def now() -> datetime:
    """Return the time, which knows its zone."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def hours(earlier: datetime, later: datetime) -> float:
    """Return the hours between two moments."""
    return round((later - earlier).total_seconds() / 3600, 2)


def future(earlier: datetime, moment: datetime) -> bool:
    """Tell whether something that has been is still to come."""
    return earlier - moment > timedelta(minutes=SKEW_MINUTES)


def too_old(name: str, latest: datetime | None, born: datetime, moment: datetime) -> str:
    """Return what is wrong with the last moment that something can be restored to; nothing when all is well.

    Args:
        name: of the table or cluster.
        latest: that moment; None: there is none, as of something that was just made.
        born: when it was made.
        moment: now.
    """
    if latest is None:
        young = hours(born, moment) < YOUNG_HOURS
        return "" if young else f"{name} does not say to which moment it can be restored at the latest."
    if future(latest, moment):
        return f"{name} can be restored to {stamp(latest)} at the latest, which is in the future."
    late = moment - latest > timedelta(minutes=LATEST_MINUTES)
    return f"{name} can be restored to {stamp(latest)} at the latest." if late else ""


def too_short(name: str, earliest: datetime | None, least: float, born: datetime, moment: datetime) -> str:
    """Return what is wrong with how far back something can be restored; nothing when all is well.

    Args:
        name: of the table or cluster.
        earliest: the earliest moment that it can be restored to; None: none.
        least: hours.
        born: when it was made: nothing can be restored to before that.
        moment: now.
    """
    if earliest is None:
        return f"{name} cannot be restored to any moment."
    if future(earliest, moment):
        return f"{name} can be restored to {stamp(earliest)} at the earliest, which is in the future."
    if hours(earliest, moment) >= min(least, hours(born, moment) - YOUNG_HOURS):
        return ""
    return f"{name} can be restored to {stamp(earliest)} at the earliest: {least:g} h are wanted."

"""Adds findings up as they come, so that no list of them has to be held."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from lib.analyse.ignore import key
from lib.analyse.model import rank

DIMENSIONS = ("severity", "region", "owner", "type")
NO_OWNER = "(none)"
Sum = list[Any]  # how many, and US dollars a month


@dataclass
class Tally:
    """Numbers and sums of one check: in all, and by severity, region, owner and type. Ignored findings only count."""

    count: int = 0
    ignored: int = 0
    unpriced: int = 0
    monthly: Decimal = Decimal(0)
    columns: tuple[str, ...] = ()
    by: dict[str, dict[str, Sum]] = field(default_factory=lambda: {name: {} for name in DIMENSIONS})

    def add(self, row: Mapping[str, Any]) -> None:
        """Count one finding of the report."""
        if row["ignored"]:
            self.ignored += 1
            return
        cost = Decimal(str(row["monthly_usd"] or 0))
        self.count += 1
        self.unpriced += bool(row["unpriced"])
        self.monthly += cost
        for name in DIMENSIONS:
            entry = self.by[name].setdefault(row[name] or NO_OWNER, [0, Decimal(0)])
            entry[0] += 1
            entry[1] += cost

    def public(self) -> dict[str, Any]:
        """Return the tally as the report has it, the dearest first."""
        dimensions = {
            f"by_{name}": {
                key: {"count": count, "monthly_usd": float(cost)}
                for key, (count, cost) in sorted(found.items(), key=lambda item: (-item[1][1], -item[1][0], item[0]))
            }
            for name, found in self.by.items()
        }
        return {
            "count": self.count,
            "ignored": self.ignored,
            "unpriced": self.unpriced,
            "monthly_usd": float(self.monthly),
            **dimensions,
        }


@dataclass
class Totals:
    """The tallies of every check."""

    checks: dict[str, Tally] = field(default_factory=dict)
    suppressions: set[str] = field(default_factory=set)

    def add(self, row: Mapping[str, Any]) -> None:
        """Count one finding of the report."""
        if row["ignored"]:
            self.suppressions.add(key(row["ignored"]))
        tally = self.checks.get(row["check"])
        if tally is None:
            tally = self.checks[row["check"]] = Tally(columns=tuple(row["details"]))
        tally.add(row)

    def merge(self, other: "Totals") -> None:
        """Add another piece of work's totals."""
        self.suppressions |= other.suppressions
        for check, theirs in other.checks.items():
            mine = self.checks.setdefault(check, Tally(columns=theirs.columns))
            mine.count += theirs.count
            mine.ignored += theirs.ignored
            mine.unpriced += theirs.unpriced
            mine.monthly += theirs.monthly
            for name, found in theirs.by.items():
                for value, (count, cost) in found.items():
                    entry = mine.by[name].setdefault(value, [0, Decimal(0)])
                    entry[0] += count
                    entry[1] += cost

    def above(self, least: str) -> int:
        """Return how many findings are at least that grave."""
        severities = ((s, e[0]) for tally in self.checks.values() for s, e in tally.by["severity"].items())
        return sum(count for severity, count in severities if rank(severity) >= rank(least))

    def columns(self) -> list[str]:
        """Return the names of every detail that the findings have."""
        return list(dict.fromkeys(name for _, tally in sorted(self.checks.items()) for name in tally.columns))

    def public(self) -> dict[str, Any]:
        """Return the totals as the report has them."""
        return {check: tally.public() for check, tally in sorted(self.checks.items())}

"""Adds findings up as they come, so that no list of them has to be held."""

from dataclasses import dataclass, field
from decimal import Decimal

from lib.analyse.model import rank
from lib.analyse.suppressions import key
from lib.common.json_types import JsonMapping, JsonObject

DIMENSIONS = ("severity", "account", "region", "owner", "type")
NO_OWNER = "(none)"


@dataclass
class Sum:
    """How many findings, and what they cost a month; currencies are never added to each other.

    ``priced`` have a price in US dollars, ``unpriced`` should have one and have none.
    """

    count: int = 0
    priced: int = 0
    unpriced: int = 0
    monthly: Decimal = Decimal(0)
    other: dict[str, Decimal] = field(default_factory=dict)

    def add(self, amount: Decimal | None, currency: str | None, *, unpriced: bool) -> None:
        """Count one finding: ``amount`` is what it costs a month, in its currency, where that is known."""
        self.count += 1
        self.unpriced += unpriced
        if amount is None:
            return
        if currency == "USD":
            self.priced += 1
            self.monthly += amount
        else:
            self._add_other(str(currency), amount)

    def _add_other(self, currency: str, amount: Decimal) -> None:
        self.other[currency] = self.other.get(currency, Decimal(0)) + amount

    def merge(self, other: "Sum") -> None:
        """Add another sum."""
        self.count += other.count
        self.priced += other.priced
        self.unpriced += other.unpriced
        self.monthly += other.monthly
        for currency, amount in other.other.items():
            self._add_other(currency, amount)

    def public(self) -> JsonObject:
        """Return the sum as the report has it: no dollars where nothing of it has a price in dollars is null, not 0."""
        known = self.priced or not (self.unpriced or self.other)
        return {
            "count": self.count,
            "monthly_usd": float(self.monthly) if known else None,
            "unpriced": self.unpriced,
            "monthly_other_currencies": {name: float(amount) for name, amount in sorted(self.other.items())},
        }


@dataclass
class CheckSummary:
    """Numbers and sums of one check: in all, and by each of :data:`DIMENSIONS`. Ignored findings only count."""

    all: Sum = field(default_factory=Sum)
    ignored: int = 0
    columns: tuple[str, ...] = ()
    by: dict[str, dict[str, Sum]] = field(default_factory=lambda: {name: {} for name in DIMENSIONS})

    def add(self, row: JsonMapping) -> None:
        """Count one finding of the report."""
        if row["ignored"]:
            self.ignored += 1
            return
        cost, currency, unpriced = row["monthly_cost"], row["currency"], bool(row["unpriced"])
        amount = None if cost is None else Decimal(str(cost))
        self.all.add(amount, currency, unpriced=unpriced)
        for name in DIMENSIONS:
            sums, value = self.by[name], row[name] or NO_OWNER
            entry = sums.get(value)
            if entry is None:
                entry = sums[value] = Sum()
            entry.add(amount, currency, unpriced=unpriced)

    def merge(self, other: "CheckSummary") -> None:
        """Add another piece of work's summary of the same check."""
        self.all.merge(other.all)
        self.ignored += other.ignored
        for name, sums in other.by.items():
            for value, entry in sums.items():
                self.by[name].setdefault(value, Sum()).merge(entry)

    def public(self) -> JsonObject:
        """Return the summary as the report has it, the most expensive first."""
        dimensions = {
            f"by_{name}": {
                value: entry.public()
                for value, entry in sorted(sums.items(), key=lambda item: (-item[1].monthly, -item[1].count, item[0]))
            }
            for name, sums in self.by.items()
        }
        return {**self.all.public(), "ignored": self.ignored, **dimensions}


@dataclass
class Totals:
    """The sums of every check."""

    checks: dict[str, CheckSummary] = field(default_factory=dict)
    suppressions: set[str] = field(default_factory=set)

    def add(self, row: JsonMapping) -> None:
        """Count one finding of the report."""
        if row["ignored"]:
            self.suppressions.add(key(row["ignored"]))
        summary = self.checks.get(row["check"])
        if summary is None:
            summary = self.checks[row["check"]] = CheckSummary(columns=tuple(row["details"]))
        summary.add(row)

    def merge(self, other: "Totals") -> None:
        """Add another piece of work's totals."""
        self.suppressions |= other.suppressions
        for check, theirs in other.checks.items():
            self.checks.setdefault(check, CheckSummary(columns=theirs.columns)).merge(theirs)

    def above(self, least: str) -> int:
        """Return how many findings are at least that severe."""
        severities = ((s, e.count) for summary in self.checks.values() for s, e in summary.by["severity"].items())
        return sum(count for severity, count in severities if rank(severity) >= rank(least))

    def columns(self) -> list[str]:
        """Return the names of every detail that the findings have."""
        return list(dict.fromkeys(name for _, summary in sorted(self.checks.items()) for name in summary.columns))

    def public(self) -> JsonObject:
        """Return the totals as the report has them."""
        return {check: summary.public() for check, summary in sorted(self.checks.items())}

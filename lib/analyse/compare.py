"""Compares a run with an earlier report.json: what is new, and what is gone.

Nothing is called new where the earlier run did not read everything, and nothing gone where this one did not.
"""

import dataclasses
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from lib.analyse.checkpoint import Coverage
from lib.analyse.model import EVERY, UNKNOWN, Check, WorkItem, rank
from lib.analyse.options import Options
from lib.common.errors import SettingError
from lib.common.json_types import JsonMapping, JsonObject, JsonValue

NEW, GONE, KNOWN, NOT_COMPARED = CHANGES = ("new", "gone", "known", "not-compared")
VERSION = "1"  # of the reports' schema, before the first point: https://semver.org/
FILE = "report.json"
# What a finding that is gone is shown with.
FIELDS = (
    "check",
    "id",
    "arn",
    "account",
    "region",
    "type",
    "severity",
    "title",
    "owner",
    "monthly_usd",
    "monthly_cost",
    "currency",
)
# These decide where is looked and how it is told: coverage says the first, and the second changes no finding.
_FREE = {
    "regions",
    "all_regions",
    "skip_regions",
    "profile",
    "roles",
    "organization",
    "checks",
    "owner_tag",
    "streams",
    "log_tags",
    "ignore",
}
_SHOWN = 5  # pieces that a sentence names


def _key(finding: JsonMapping) -> tuple[str, str, str, str]:
    return finding["check"], finding["account"], finding["region"], finding["arn"]


class Comparison:
    """An earlier report, and what became of its findings.

    Args:
        path: where it was read.
        report: what it holds.

    Raises:
        SettingError: it is no report of a version that can be compared.
    """

    def __init__(self, path: Path, report: JsonValue) -> None:
        refused = f"--compare {path} is not valid: "
        try:
            version = str(report["schema_version"])
            if version.partition(".")[0] != VERSION:
                raise SettingError(f"{refused}its schema version is {version}: use a report of version {VERSION}.x.")
            self.path, self.started_at, self.complete = path, str(report["started_at"]), bool(report["complete"])
            self.options: JsonMapping = dict(report["options"])
            self._checks: Collection[str] = set(report["checks"])
            self._findings = {_key(row): ({n: row[n] for n in FIELDS}, row["ignored"]) for row in report["findings"]}
            entries = report["coverage"]
            self._read = {
                WorkItem(e["account"], e["region"], e["collector"]) for e in entries if e["status"] == "complete"
            }
            self.accounts = {e["account"] for e in entries} - {UNKNOWN, EVERY}
        except (KeyError, TypeError, AttributeError) as error:
            text = f"{refused}it is no report.json ({error!r}): name one, or its folder."
            raise SettingError(text) from None
        self._collectors: Mapping[str, str] = {}
        self._public: JsonObject | None = None

    @classmethod
    def read(cls, path: Path | None) -> "Comparison | None":
        """Read an earlier report, or the one in a folder; None when none is named.

        Raises:
            SettingError: it cannot be read, or is not a report.
        """
        if path is None:
            return None
        file = path / FILE if path.is_dir() else path
        try:
            report = json.loads(file.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as error:
            raise SettingError(
                f"--compare {file} cannot be read: {error}. Name a report.json, or its folder."
            ) from None
        return cls(file, report)

    def check_options(self, options: Options) -> None:
        """Check that both runs were asked the same: findings would seem new or gone by the question alone.

        Raises:
            SettingError: they were not.
        """
        defaults = dataclasses.asdict(Options())
        asked = {name: value for name, value in options.asked().items() if name not in _FREE}
        earlier = {name: self.options.get(name, defaults[name]) for name in asked}
        if not (options.older_than or earlier["older_than"]):  # nothing is left out by the time of detachment
            asked.pop("detach_times")
        other = [name for name, value in asked.items() if json.dumps(value) != json.dumps(earlier[name])]
        if other:
            values = ", ".join(f"--{name.replace('_', '-')} {earlier[name]!r}" for name in other)
            raise SettingError(
                f"--compare {self.path} is not of the same question: that run had {values}. Give the same, or another "
                "report."
            )

    def check_accounts(self, accounts: Collection[str]) -> None:
        """Check that both runs have an account in common.

        Raises:
            SettingError: they have none.
        """
        if accounts and self.accounts and self.accounts.isdisjoint(accounts):
            raise SettingError(
                f"--compare {self.path} is of {', '.join(sorted(self.accounts))}, and this run of "
                f"{', '.join(sorted(accounts))}: name a report of the same account."
            )

    def change(self, finding: JsonMapping, collector: str) -> str:
        """Return whether a finding of this run is new, known, or cannot be compared."""
        if _key(finding) in self._findings:
            return KNOWN
        read = WorkItem(finding["account"], finding["region"], collector) in self._read
        return NEW if read and finding["check"] in self._checks else NOT_COMPARED

    def mark(self, line: str) -> str:
        """Return a finding, as a line of JSON, with what became of it."""
        finding = json.loads(line)
        return json.dumps({**finding, "change": self.change(finding, self._collectors[finding["check"]])}) + "\n"

    def finish(self, lines: Iterable[str], coverage: Mapping[WorkItem, Coverage], checks: Sequence[Check]) -> None:
        """Compare, at the end of a run: its findings, what it read, and the checks that ran."""
        self._collectors = {check.id: check.collector for check in checks}
        counts, unread_then, unread_now = Counter[tuple[str, str]](), set[WorkItem](), set[WorkItem]()
        seen = self._count(lines, counts, unread_then)
        gone, unknown = self._missing(seen, coverage, unread_now)
        counts.update((row["check"], GONE) for row in gone)
        total = {name: sum(n for (_, change), n in counts.items() if change == name) for name in CHANGES}
        names = sorted({check for check, _ in counts})
        self._public = {
            "file": str(self.path),
            "started_at": self.started_at,
            "complete": self.complete,
            **{name.replace("-", "_"): number for name, number in total.items()},
            "earlier_not_compared": unknown,
            "by_check": {c: {name: counts[c, name] for name in (NEW, GONE, KNOWN)} for c in names},
            "notices": [
                *_told("the earlier run did not read", unread_then),
                *_told("this run did not read", unread_now),
            ],
            "gone_findings": gone,
        }

    def _count(
        self, lines: Iterable[str], counts: Counter[tuple[str, str]], unread: set[WorkItem]
    ) -> set[tuple[str, ...]]:
        """Count this run's findings by check and change; return their keys."""
        seen: set[tuple[str, ...]] = set()
        for line in lines:
            finding = json.loads(line)
            collector = self._collectors[finding["check"]]
            seen.add(_key(finding))
            if not finding["ignored"]:
                change = self.change(finding, collector)
                counts[finding["check"], change] += 1
                if change == NOT_COMPARED:
                    unread.add(WorkItem(finding["account"], finding["region"], collector))
        return seen

    def _missing(
        self, seen: Collection[tuple[str, ...]], coverage: Mapping[WorkItem, Coverage], unread: set[WorkItem]
    ) -> tuple[list[JsonObject], int]:
        """Return the earlier findings that are gone, the most severe first, and the number of those not compared."""
        gone, unknown = [], 0
        for key, (row, ignored) in self._findings.items():
            if key in seen or ignored:
                continue
            work_item = WorkItem(row["account"], row["region"], self._collectors.get(row["check"], row["check"]))
            if work_item in coverage and coverage[work_item].status == "complete":
                gone.append(row)
            else:
                unknown += 1
                unread.add(work_item)
        return sorted(gone, key=lambda row: (-rank(row["severity"]), -(row["monthly_usd"] or 0), row["arn"])), unknown

    def public(self) -> JsonObject | None:
        """Return the comparison as the report has it; None before the run has ended."""
        return self._public

    def sentences(self) -> list[str]:
        """Return the comparison for the last lines of a run."""
        if self._public is None:
            return []
        public = self._public
        incomplete = "" if self.complete else ", which was incomplete"
        parts = [
            f"{name} {', '.join(f'{check} {n[name]}' for check, n in public['by_check'].items() if n[name])}"
            for name in (NEW, GONE)
            if public[name]
        ]
        text = f"{public[NEW]} new, {public[GONE]} gone, {public[KNOWN]} as before"
        checks = f" ({'; '.join(parts)})" if parts else ""
        first = f"Since the report of {self.started_at}{incomplete}: {text}{checks}."
        return [first, *public["notices"]]


def _told(what: str, work_items: Collection[WorkItem]) -> list[str]:
    """Return a sentence that names pieces which could not be compared."""
    if not work_items:
        return []
    names = [f"{work_item.collector} in {work_item.region} of {work_item.account}" for work_item in sorted(work_items)]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return [f"Not compared, for {what} them: {', '.join(names[:_SHOWN])}{more}."]

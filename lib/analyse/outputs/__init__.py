"""The reports, one format a file. Each takes the report's head and a way to read the findings, line by line."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import IO

from lib.analyse import region_names
from lib.analyse.model import EVERY, UNKNOWN
from lib.analyse.notices import notices
from lib.analyse.reported import Reported
from lib.common.errors import SettingError
from lib.common.json_types import JsonMapping, JsonObject

SCHEMA_VERSION = "1.2.0"
VERSION = "1.0.0"
FILES = {
    "json": "report.json",
    "csv": "report.csv",
    "html": "report.html",
    "sarif": "report.sarif",
    "ocsf": "report.ocsf.json",
}
NOT_PRICED = "not priced"
Lines = Callable[[], Iterator[str]]


def moment(value: datetime | None) -> str | None:
    """Return a time as the reports write it."""
    return value.isoformat(timespec="seconds") if value else None


def head(run: Reported) -> JsonObject:
    """Return the report without its findings."""
    coverage = sorted(run.coverage.items())
    checks = run.totals.public()
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "analyse", "version": VERSION},
        "started_at": moment(run.now),
        "finished_at": moment(run.finished_at),
        "complete": run.complete,
        "accounts": {
            number: {"name": run.plan.names.get(number)}
            for number in sorted({work_item.account for work_item in run.coverage} - {UNKNOWN, EVERY})
        },
        "options": {key: value for key, value in run.options.asked().items() if key != "ignore"},
        "prices": _prices(run),
        "checks": {
            check.id: {
                "title": check.title,
                "description": check.description or f"{check.title}.",
                "advice": check.advice,
                "security": check.security,
            }
            for check in run.checks
        },
        "summary": {
            "findings": sum(check_totals["count"] for check_totals in checks.values()),
            "ignored": sum(check_totals["ignored"] for check_totals in checks.values()),
            "by_check": checks,
        },
        "coverage": [asdict(entry) for _, entry in coverage],
        "ignore_expired": [entry.public() for entry in run.suppressions.expired],
        "notices": notices(run),
        "comparison": run.comparison.public() if run.comparison else None,
    }


def _prices(run: Reported) -> JsonObject:
    """Return how old the prices of the regions are that were looked at, and what a reader should know of that."""
    codes = sorted({work_item.region for work_item in run.coverage} & set(region_names.names()))
    return {
        "date": run.prices.date,
        "currency": run.prices.currency,
        "regions": {code: run.prices.dates(code) for code in codes},
        "warnings": run.prices.warnings(codes, run.now.date()),
    }


def amount(row: JsonMapping) -> str:
    """Return what a finding costs a month for a reader: dollars without their name, other currencies with it."""
    if row["monthly_usd"] is not None:
        return f"{row['monthly_usd']:,.2f}"
    return f"{row['monthly_cost']:,.2f} {row['currency']}" if row["monthly_cost"] is not None else NOT_PRICED


def total(entry: JsonMapping, usd: str = "", every: str = "") -> str:
    """Return what a sum of findings costs a month for a reader, with how many of them have no price.

    ``usd`` stands behind dollars, ``every`` behind each amount. Empty where nothing has or should have a price.
    """
    other = [f"{value:,.2f} {currency}{every}" for currency, value in entry["monthly_other_currencies"].items()]
    dollars = [f"{entry['monthly_usd']:,.2f}{usd}{every}"] if entry["monthly_usd"] else []
    missing = []
    if entry["unpriced"]:
        missing = [NOT_PRICED if entry["unpriced"] == entry["count"] else f"{entry['unpriced']} {NOT_PRICED}"]
    return ", ".join([*dollars, *other, *missing])


def told(finding: JsonMapping) -> str:
    """Return what a message adds about a finding's price: why there is none, where there should be one."""
    return f"; {NOT_PRICED}: {finding['unpriced']}" if finding["unpriced"] else ""


def write(run: Reported, formats: Sequence[str]) -> list[Path]:
    """Write reports, each by one rename at its end, and return their paths.

    While the run goes on, the findings of the pieces that have ended are in.

    Raises:
        SettingError: what is on disk is not what was found, so no report can be written.
    """
    first, paths = head(run), []
    for name in formats:
        module = import_module(f"lib.analyse.outputs.{name}_report")
        path = run.options.output / FILES[name]
        fresh = path.with_name(f".{path.name}.new")
        with fresh.open("w", encoding="utf-8", newline="") as file:
            module.write(file, first, lambda: _counted(run, first), run.totals.columns())
        fresh.replace(path)
        paths.append(path)
    return paths


def remove(folder: Path, formats: Sequence[str]) -> None:
    """Remove the reports of an earlier run in formats that this one does not write."""
    for name in set(FILES) - set(formats):
        (folder / FILES[name]).unlink(missing_ok=True)


def _counted(run: Reported, first: JsonMapping) -> Iterator[str]:
    """Yield the findings; raises SettingError when they are not as many of each check as the sums say."""
    counts, comparison = Counter[str](), run.comparison if first["comparison"] else None
    for line in run.checkpoint.lines(sorted(run.settled)):
        counts[line.split('"', 4)[3]] += 1  # the check comes first, and parsing every line takes ten times as long
        yield comparison.mark(line) if comparison else line
    sums = {check: totals["count"] + totals["ignored"] for check, totals in first["summary"]["by_check"].items()}
    if counts != sums:
        raise SettingError(
            f"No report is written: the run found {sums or 'nothing'}, and {run.checkpoint.folder} holds "
            f"{dict(counts) or 'nothing'}. Something else changed the folder: run again, without --resume."
        )


def account(first: JsonMapping, number: str) -> str:
    """Return an account for a reader: its number, with its name where that is known."""
    name = first["accounts"].get(number, {}).get("name")
    return f"{name} ({number})" if name else number


def gaps(first: JsonMapping) -> list[JsonMapping]:
    """Return what was not looked at, of a report's head."""
    return [entry for entry in first["coverage"] if entry["status"] != "complete"]


def joined(file: IO[str], lines: Iterable[str]) -> None:
    """Write lines of JSON as the members of a list; those that end with a line feed keep it."""
    separator = "\n"
    for line in lines:
        file.write(separator + line)
        separator = ","

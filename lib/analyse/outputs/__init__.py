"""The reports, one format a file. Each takes the report's head and a way to read the findings, line by line."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lib.analyse.run import Run

SCHEMA_VERSION = "1.0.0"
VERSION = "1.0.0"
FILES = {
    "json": "report.json",
    "csv": "report.csv",
    "html": "report.html",
    "sarif": "report.sarif",
    "ocsf": "report.ocsf.json",
}
Lines = Callable[[], Iterator[str]]


def moment(value: datetime | None) -> str | None:
    """Return a time as the reports write it."""
    return value.isoformat(timespec="seconds") if value else None


def head(run: "Run") -> dict[str, Any]:
    """Return the report without its findings."""
    coverage = sorted(run.coverage.items())
    checks = run.totals.public()
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "analyse", "version": VERSION},
        "started_at": moment(run.now),
        "finished_at": moment(run.finished_at),
        "complete": run.complete,
        "options": {key: value for key, value in run.options.asked().items() if key != "ignore"},
        "prices": {"date": run.prices.date, "currency": run.prices.currency},
        "checks": {check.id: {"title": check.title, "advice": check.advice} for check in run.checks},
        "summary": {
            "findings": sum(found["count"] for found in checks.values()),
            "ignored": sum(found["ignored"] for found in checks.values()),
            "by_check": checks,
        },
        "coverage": [asdict(entry) for _, entry in coverage],
        "ignore_expired": [entry.public() for entry in run.ignores.expired],
    }


def write(run: "Run", formats: Sequence[str]) -> list[Path]:
    """Write reports, each by one rename at its end, and return their paths.

    While the run goes on, the findings of pieces that are complete are in; at its end, also those of the others.
    """
    first, paths = head(run), []
    settled = [u for u, entry in sorted(run.coverage.items()) if run.finished_at or entry.status == "complete"]
    for name in formats:
        module = import_module(f"lib.analyse.outputs.{name}_report")
        path = run.options.output / FILES[name]
        fresh = path.with_name(f".{path.name}.new")
        with fresh.open("w", encoding="utf-8", newline="") as file:
            module.write(file, first, lambda: run.spool.lines(settled), run.totals.columns())
        fresh.replace(path)
        paths.append(path)
    return paths


def joined(file: IO[str], lines: Iterable[str]) -> None:
    """Write lines of JSON as the members of a list; those that end with a line feed keep it."""
    separator = "\n"
    for line in lines:
        file.write(separator + line)
        separator = ","

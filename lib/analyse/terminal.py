"""What is seen while the auditor runs and at its end: a table on a terminal, plain lines elsewhere."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from lib.analyse import outputs
from lib.analyse.model import rank
from lib.common.json_types import JsonObject

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from lib.analyse.run import Run

ROWS = 15
STYLES = {"info": "dim", "low": "cyan", "medium": "yellow", "high": "red", "critical": "bold white on red"}


def summary(run: "Run") -> Iterator[str]:
    """Yield the lines that say what was found, what it costs, and what was not looked at."""
    first = outputs.head(run)
    for check, totals in first["summary"]["by_check"].items():
        severities = ", ".join(f"{entry['count']} {name}" for name, entry in _by_severity(totals["by_severity"]))
        text = outputs.total(totals, " USD", " a month")
        cost = f", {text}" if text else ""
        ignored = f", {totals['ignored']} ignored" if totals["ignored"] else ""
        yield f"{check}: {totals['count']}{f' ({severities})' if severities else ''}{cost}{ignored}"
        for dimension in ("account", "region", "owner", "type"):
            entries = list(totals[f"by_{dimension}"].items())
            if dimension == "account" and len(first["accounts"]) == 1:
                continue
            texts = [f"{outputs.account(first, key)} {e['count']}{_cost(e)}" for key, e in entries[:5]]
            if texts:
                yield f"  by {dimension}: {', '.join(texts)}{', …' if len(entries) > 5 else ''}"
    yield from first["prices"]["warnings"]
    for entry in first["ignore_expired"]:
        yield f"ignore entry expired on {entry['expires']}: {entry['reason']}"
    yield from first["notices"]
    yield from run.comparison.sentences() if run.comparison else ()
    gaps = [entry for entry in first["coverage"] if entry["status"] != "complete"]
    for entry in gaps:
        accepted = f"accepted until {entry['accepted']['expires']}, " if entry["accepted"] else ""
        yield (
            f"{accepted}NOT LOOKED AT {'in part' if entry['status'] == 'partial' else ''}: {entry['collector']} in "
            f"{entry['region']} of {outputs.account(first, entry['account'])}: {entry['reason']}"
        ).replace(" :", ":")
    if not gaps:
        yield f"Everything was looked at: {sum(entry['items'] for entry in first['coverage'])} resources."
    reports = ", ".join(outputs.FILES[name] for name in run.options.formats)
    yield f"Reports: {reports} in {run.options.output.absolute()}"
    yield _scope(run, first)


def _scope(run: "Run", first: JsonObject) -> str:
    """Return which accounts and regions a run was about: an empty result says nothing without them."""
    accounts, regions = (
        sorted({getattr(work_item, name) for work_item in run.coverage}) for name in ("account", "region")
    )
    accounts = [outputs.account(first, number) for number in accounts]
    only = ", the default region only (--region or --all-regions for others)" if run.options.default_region else ""
    return f"Scope: account {', '.join(accounts)} in {', '.join(regions)}{only}."


def _cost(entry: JsonObject) -> str:
    text = outputs.total(entry)
    return f" ({text})" if text else ""


def _by_severity(severities: JsonObject) -> list[tuple[str, Any]]:
    return sorted(severities.items(), key=lambda item: -rank(item[0]))


def worst(run: "Run") -> list[JsonObject]:
    """Return the most severe findings, the most expensive first, without holding them all."""
    import heapq

    report = run.options.output / outputs.FILES["json"]
    with report.open(encoding="utf-8") as file:
        lines = (line.removeprefix(",") for line in file)
        findings = (json.loads(line) for line in lines if line.startswith('{"check": '))
        kept = (row for row in findings if not row["ignored"] and row["severity"] != "info")
        return heapq.nlargest(ROWS, kept, key=lambda row: (rank(row["severity"]), row["monthly_usd"] or 0))


def _console(file: IO[str]) -> "Console":
    """Return rich's console; rich itself would end the program with status 1 when nobody reads."""
    from rich.console import Console

    class Patient(Console):
        """A console that leaves it to its caller what a closed pipe means."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Patient(file=file)


class Screen:
    """Prints to a terminal or to a log: progress only to a terminal."""

    def __init__(self, out: IO[str], err: IO[str], *, quiet: bool) -> None:
        self._out, self._err, self._quiet = out, err, quiet
        self._status: Status | None = None

    def progress(self, run: "Run") -> None:
        """Show how far the run is; the last call, when it has finished, clears the line."""
        if self._quiet or not self._err.isatty():
            return
        with suppress(OSError, ValueError):  # a terminal that is gone is no reason to end the run
            self._progress(run)

    def _progress(self, run: "Run") -> None:
        if self._status is None:
            self._status = _console(self._err).status("")
            self._status.start()
        entries = list(run.coverage.values())
        done = sum(entry.status != "none" for entry in entries)
        resources, findings = sum(entry.items for entry in entries), sum(entry.findings for entry in entries)
        self._status.update(f"{done} of {len(entries)} pieces, {resources:,} resources, {findings:,} findings")
        if run.finished_at:
            self._status.stop()
            self._status = None

    def summary(self, run: "Run") -> None:
        """Print the most severe findings as a table on a terminal, and the sums."""
        if self._quiet:
            return
        try:
            if self._out.isatty():
                self._table(run)
            for line in islice(summary(run), 200):
                print(line, file=self._out)
            self._out.flush()
        except (BrokenPipeError, UnicodeError):  # the reports are written: who does not read changes no exit status
            with suppress(OSError):  # Python writes the rest at its end: https://docs.python.org/3/library/signal.html
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())

    def _table(self, run: "Run") -> None:
        from rich.table import Table
        from rich.text import Text

        rows = worst(run)
        if not rows:
            return
        table = Table(title=f"The {len(rows)} most severe findings", title_justify="left")
        for name in ("Severity", "What", "Where", "Id", "Owner"):
            table.add_column(name, overflow="fold")
        table.add_column("USD/month", justify="right")
        for row in rows:
            cost = "" if row["check"] == "open-ingress" else outputs.amount(row)
            cells = (row["title"], row["region"], row["id"], row["owner"] or "", cost)
            table.add_row(Text(row["severity"], STYLES[row["severity"]]), *map(Text, cells))
        _console(self._out).print(table)

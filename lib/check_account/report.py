"""The rows as a table for people and as JSON for programs."""

import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict

from lib.check_account.model import Row, Verdict

HEAD = ("WHAT", "WHERE", "NEEDED", "FOUND", "VERDICT")
LONGEST = 60  # characters of a cell; what is longer goes on in the next line
LOCAL = (
    "(emulator): the emulator on {url} answered. That says nothing about an AWS account, and the exit status does not "
    "follow it."
)


def table(rows: Sequence[Row], *, emulator: bool = False) -> str:
    """Return the rows in columns, and below each one the command that makes it right.

    Args:
        rows: the rows.
        emulator: whether an emulator answered: what it lacks is then no reason to change a setting.
    """
    cells = [(row.what, row.region or "account", row.needed, row.found, _word(row, emulator)) for row in rows]
    widths = [min(LONGEST, max(map(len, column))) for column in zip(HEAD, *cells, strict=True)]
    lines = _lines(HEAD, widths)
    for row, line in zip(rows, cells, strict=True):
        lines += _lines(line, widths)
        # Not wrapped: it is meant to be copied.
        lines += [f"    fix: {row.fix}"] if row.fix and (row.calls or not emulator) else []
    return "\n".join(lines)


def _word(row: Row, emulator: bool) -> str:
    answered = emulator and row.verdict in (Verdict.OK, Verdict.CHANGE)
    return f"{row.verdict.value} (emulator)" if answered else row.verdict.value


def _lines(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    columns = [
        textwrap.wrap(cell, width, break_on_hyphens=False) or [""] for cell, width in zip(cells, widths, strict=True)
    ]
    lines = []
    for number in range(max(map(len, columns))):
        parts = [column[number] if number < len(column) else "" for column in columns]
        lines.append("  ".join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip())
    return lines


def summary(rows: Sequence[Row]) -> str:
    """Return how many rows there are of each verdict."""
    numbers = {verdict: sum(row.verdict is verdict for row in rows) for verdict in Verdict}
    return ", ".join(f"{number} {verdict.value}" for verdict, number in numbers.items() if number)


def as_json(rows: Sequence[Row], emulator: str) -> str:
    """Return the rows as JSON, with who answered.

    Args:
        rows: the rows.
        emulator: the emulator's address, or '' when AWS answered.
    """
    shown = [{name: value for name, value in asdict(row).items() if name != "calls"} for row in rows]
    return json.dumps({"answered_by": emulator or "AWS", "rows": shown}, indent=2)

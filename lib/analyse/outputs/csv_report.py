"""report.csv: for spreadsheets. One row a finding, one column a detail."""

import csv
import json
from collections.abc import Mapping, Sequence
from typing import IO, Any

from lib.analyse.outputs import Lines

COLUMNS = (
    "check", "id", "arn", "account", "region", "type", "severity", "title", "owner", "monthly_usd", "estimate",
    "unpriced", "ignored", "tags",
)  # fmt: skip


_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: Any) -> Any:
    """Return a value as a cell. A text that a spreadsheet would take for a formula is made a text by an apostrophe.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, (dict, list)):
        return json.dumps(value) if value else ""
    return value


def write(file: IO[str], _head: Mapping[str, Any], lines: Lines, columns: Sequence[str]) -> None:
    """Write a header and a row for each finding, the ignored ones with the reason."""
    rows = csv.writer(file)
    rows.writerow([*COLUMNS, *columns])
    index = {name: number for number, name in enumerate(columns, len(COLUMNS))}
    width = len(columns)
    for line in lines():
        found = json.loads(line)
        found["ignored"] = found["ignored"] and found["ignored"]["reason"]
        row = [cell(found[name]) for name in COLUMNS] + [""] * width
        for name, value in found["details"].items():
            row[index[name]] = cell(value)
        rows.writerow(row)

"""report.csv: for spreadsheets. One row a finding, one column a detail."""

import csv
import json
import re
from collections.abc import Sequence
from typing import IO

from lib.analyse.compare import FIELDS
from lib.analyse.outputs import NOT_PRICED, Lines, gaps
from lib.common.json_types import JsonMapping, JsonValue

COLUMNS = (*FIELDS, "estimate", "unpriced", "ignored", "tags", "account_name", "change")


BOM = "\ufeff"  # without it Excel takes UTF-8 for the machine's own character set
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# A spreadsheet shows 012345678901 as 1.23457E+10 and 1-2 as a day: such texts lose what they say.
_NUMBER = re.compile(r"\d+([.,]\d+)?([eE][+-]?\d+)?|\d+[-/]\d+([-/]\d+)?")


def cell(value: JsonValue) -> JsonValue:
    """Return a value as a cell; an apostrophe keeps a text that a spreadsheet would take for something else.

    Formulas: https://owasp.org/www-community/attacks/CSV_Injection
    Numbers and dates: numbers of accounts, tags such as 0042.
    """
    if isinstance(value, str):
        if value[:1].isalpha():  # nearly every cell, and the rest takes five times as long
            return value
        return f"'{value}" if value.startswith(_FORMULA) or _NUMBER.fullmatch(value) else value
    if isinstance(value, (dict, list)):
        return json.dumps(value) if value else ""
    return value


GAP = "not-looked-at"  # stands in place of a check's id


def _name(head: JsonMapping, number: str) -> str:
    return head["accounts"].get(number, {}).get("name") or ""


def gap(entry: JsonMapping, head: JsonMapping) -> list[JsonValue]:
    """Return the row for what was not looked at: it has no severity and no price."""
    values = {"check": GAP, "id": entry["collector"], "type": entry["status"], "title": entry["reason"]}
    values["ignored"] = entry["accepted"]["reason"] if entry["accepted"] else ""
    values |= {"account": entry["account"], "region": entry["region"], "account_name": _name(head, entry["account"])}
    return [cell(values.get(name, "")) for name in COLUMNS]


def write(file: IO[str], head: JsonMapping, lines: Lines, columns: Sequence[str]) -> None:
    """Write a header, a row for each piece that was not looked at, and one for each finding.

    The ignored findings have the reason.
    """
    file.write(BOM)
    rows = csv.writer(file)
    rows.writerow([*COLUMNS, *columns])
    index = {name: number for number, name in enumerate(columns, len(COLUMNS))}
    width = len(columns)
    for entry in gaps(head):
        rows.writerow(gap(entry, head) + [""] * width)
    for line in lines():
        finding = json.loads(line)
        for name in ("monthly_usd", "monthly_cost"):
            if finding[name] is None and finding["unpriced"]:
                finding[name] = NOT_PRICED
        finding["account_name"] = _name(head, finding["account"])
        finding["ignored"] = finding["ignored"] and finding["ignored"]["reason"]
        row = [cell(finding.get(name, "")) for name in COLUMNS] + [""] * width
        for name, value in finding["details"].items():
            row[index[name]] = cell(value)
        rows.writerow(row)

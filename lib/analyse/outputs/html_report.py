"""report.html: one file to open, to send and to keep: charts, tables that sort and filter, nothing from a network."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from lib.analyse.outputs import Lines, joined
from lib.common.json_types import JsonMapping

_FOLDER = Path(__file__).parent
_FINDINGS = "{{findings}}"


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def safe(text: str) -> str:
    """Return JSON that cannot end the element it stands in, whatever a tag or a description says."""
    return text.replace("<", "\\u003c")


def write(file: IO[str], head: JsonMapping, lines: Lines, _columns: Sequence[str]) -> None:
    """Write the page; the findings are in it as data, a line each."""
    page = _read("page.html").replace("{{css}}", _read("page.css")).replace("{{js}}", _read("page.js"))
    before, after = page.replace("{{head}}", safe(json.dumps(head))).split(_FINDINGS)
    file.write(before + "[")
    joined(file, map(safe, lines()))
    file.write("]" + after)

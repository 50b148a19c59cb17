"""report.json: for dashboards and programs. Its schema is ``lib/analyse/report.schema.json``."""

import json
from collections.abc import Mapping, Sequence
from typing import IO, Any

from lib.analyse.outputs import Lines, joined


def write(file: IO[str], head: Mapping[str, Any], lines: Lines, _columns: Sequence[str]) -> None:
    """Write the head and, one a line, the findings."""
    file.write(json.dumps(head, indent=2)[:-2])
    file.write(',\n  "findings": [')
    joined(file, lines())
    file.write("\n  ]\n}\n")

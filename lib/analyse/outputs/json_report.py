"""report.json: for dashboards and programs. Its schema is ``lib/analyse/report.schema.json``."""

import json
from collections.abc import Sequence
from typing import IO

from lib.analyse.outputs import Lines, joined
from lib.common.json_types import JsonMapping


def write(file: IO[str], head: JsonMapping, lines: Lines, _columns: Sequence[str]) -> None:
    """Write the head and, one a line, the findings."""
    file.write(json.dumps(head, indent=2)[:-2])
    file.write(',\n  "findings": [')
    joined(file, lines())
    file.write("\n  ]\n}\n")

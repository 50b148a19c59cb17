"""What the emulator's IAM was asked while a system was deployed: the calls of the deployment alone."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lib.local_cloud import cli

STEP = "step"


@contextmanager
def steps_marked(file: Path) -> Iterator[None]:
    """Write the title of each step of ``scripts/up`` between the calls that the emulator writes."""
    step = cli.step

    @contextmanager
    def marking(title: str) -> Iterator[Any]:
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({STEP: title}) + "\n")
        with step(title) as report:  # pylint: disable=contextmanager-generator-missing-cleanup  # the step's own
            yield report

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli, "step", marking)
        yield


def of_deployment(file: Path, system: str) -> list[dict[str, str]]:
    """Return the calls that were made while a system was deployed, in order."""
    found, title = [], ""
    for line in file.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        title = entry.get(STEP, title)
        if STEP not in entry and title.startswith(f"{system}: deployed"):
            found.append(entry)
    return found

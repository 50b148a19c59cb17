"""Findings on disk while a run is under way: one file for each piece of work, so that a killed run can go on.

``<folder>/.analyse/<account>.<region>.<collector>.jsonl`` holds findings, ``….done`` says that they are all, and
``….learned`` what was dear to find out. ``run.json`` says what the run was asked for.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lib.analyse.model import Unit
from lib.analyse.tally import Totals
from lib.common.errors import SettingError

FOLDER = ".analyse"


def write_atomically(path: Path, text: str) -> None:
    """Replace a file by one rename: whoever reads it sees the old one or the new one, whole."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


@dataclass
class Coverage:
    """What became of one piece of work. ``status``: complete, partial (some of it is missing) or none."""

    account: str
    region: str
    collector: str
    status: str = "none"
    reason: str = "not started"
    calls: int = 0
    items: int = 0
    findings: int = 0
    notes: list[str] = field(default_factory=list)


class Spool:
    """The folder of a run's pieces."""

    def __init__(self, output: Path) -> None:
        self.folder = output / FOLDER

    def begin(self, asked: Mapping[str, Any], *, resume: bool) -> None:
        """Start afresh, or go on with what an earlier run left.

        Raises:
            SettingError: there is nothing to go on with, or it was asked for something else.
        """
        path = self.folder / "run.json"
        if resume:
            if not path.is_file():
                raise SettingError(f"There is no interrupted run in {self.folder.parent}: leave --resume out.")
            earlier = json.loads(path.read_text(encoding="utf-8"))
            other = sorted(name for name in asked if asked[name] != earlier.get(name))
            if other:
                raise SettingError(
                    f"The interrupted run in {self.folder.parent} had other values for {', '.join(other)}: give the "
                    "same options with --resume, or leave it out to begin again."
                )
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        write_atomically(path, json.dumps(asked))

    def path(self, unit: Unit, ending: str) -> Path:
        """Return the file of a piece of work."""
        return self.folder / f"{unit.account}.{unit.region}.{unit.collector}.{ending}"

    def finished(self, unit: Unit) -> Coverage | None:
        """Return what became of a piece that an earlier run completed, or None."""
        path = self.path(unit, "done")
        return Coverage(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None

    def finish(self, unit: Unit, coverage: Coverage) -> None:
        """Keep that a piece is complete."""
        write_atomically(self.path(unit, "done"), json.dumps(asdict(coverage)))

    def learned(self, unit: Unit) -> dict[str, Any]:
        """Return what earlier runs found out; a line cut short by a kill is left out."""
        path, found = self.path(unit, "learned"), dict[str, Any]()
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            try:
                key, value = json.loads(line)
            except ValueError:
                continue
            found[key] = value
        return found

    def lines(self, units: Sequence[Unit]) -> Iterator[str]:
        """Yield the findings of pieces of work, each as a line of JSON with its line feed."""
        for unit in units:
            path = self.path(unit, "jsonl")
            if path.is_file():
                with path.open(encoding="utf-8") as file:
                    yield from file

    def totals(self, unit: Unit) -> Totals:
        """Return the sums of one piece, read again."""
        found = Totals()
        for line in self.lines([unit]):
            found.add(json.loads(line))
        return found

    def remove(self) -> None:
        """Remove everything: the reports hold it."""
        shutil.rmtree(self.folder, ignore_errors=True)

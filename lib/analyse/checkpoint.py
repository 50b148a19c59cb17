"""Findings on disk while a run is under way: one file for each piece of work, so that a killed run can go on.

``<folder>/.analyse/<account>.<region>.<collector>.jsonl`` holds findings, ``….done`` says that they are all, how many,
when they were read and by what they were judged, and ``….learned`` what was expensive to find out. ``run.json`` says
what the run was asked for, and of which account.
"""

import fcntl
import json
import shutil
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from lib.analyse.model import WorkItem
from lib.analyse.summary import Totals
from lib.common.errors import SettingError
from lib.common.json_types import JsonMapping, JsonObject

FOLDER, LOCK = ".analyse", ".analyse.lock"
MAX_AGE = timedelta(hours=6)  # of what a resumed run takes over: an account has changed by the next day


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
    read_at: str | None = None
    unmatched: list[str] = field(default_factory=list)
    accepted: dict[str, str] | None = None

    @property
    def settled(self) -> bool:
        """Whether it keeps no run from being complete: it was read, or the ignore file accepts that it cannot be."""
        return self.status == "complete" or self.accepted is not None


@contextmanager
def locked(output: Path) -> Iterator[None]:
    """Hold a folder for one run; the operating system lets go of it when the program ends, however it ends.

    Raises:
        SettingError: another run holds it.
    """
    with (output / LOCK).open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingError(
                f"Another run is writing to {output}: wait for its end, or give this one its own folder (--output)."
            ) from None
        yield


class Checkpoint:
    """The folder of a run's pieces.

    Args:
        output: the folder of the reports.
        now: when this run began, aware.
        basis: what decides how a resource is judged beside the options, such as the prices; pieces of another are
            read again.
    """

    def __init__(self, output: Path, now: datetime, basis: str = "") -> None:
        self.folder, self.now, self.basis = output / FOLDER, now, basis
        self.notices: list[str] = []

    def begin(self, asked: JsonMapping, *, resume: bool) -> None:
        """Start afresh, or go on with what an earlier run left.

        Raises:
            SettingError: there is nothing to go on with, or it was asked for something else.
        """
        path = self.folder / "run.json"
        if resume:
            if not path.is_file():
                raise SettingError(f"There is no interrupted run in {self.folder.parent}: leave --resume out.")
            earlier = self._earlier(path)
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

    def _earlier(self, path: Path) -> JsonObject:
        try:
            options: JsonObject = {**json.loads(path.read_text(encoding="utf-8"))}
        except (ValueError, TypeError):
            raise SettingError(f"{path} cannot be read: leave --resume out to begin again.") from None
        return options

    def belongs_to(self, account: str) -> None:
        """Keep which account the credentials at hand are of.

        Raises:
            SettingError: the run that is resumed was of another account.
        """
        path = self.folder / "run.json"
        asked = self._earlier(path)
        earlier = asked.setdefault("account", account)
        if earlier != account:
            raise SettingError(
                f"The interrupted run in {self.folder.parent} was of account {earlier}, and the credentials are of "
                f"{account}: use the same credentials with --resume, or leave it out to begin again."
            )
        write_atomically(path, json.dumps(asked))

    def path(self, work_item: WorkItem, ending: str) -> Path:
        """Return the file of a piece of work."""
        return self.folder / f"{work_item.account}.{work_item.region}.{work_item.collector}.{ending}"

    def finished(self, work_item: WorkItem) -> Coverage | None:
        """Return what became of a piece that an earlier run completed, or None: it has to be done (again, a notice)."""
        path = self.path(work_item, "done")
        if not path.is_file():
            return None
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            coverage = Coverage(**kept["coverage"])
            why = self._stale(datetime.fromisoformat(kept["coverage"]["read_at"]))
            why = why or ("" if kept["basis"] == self.basis else "was judged by other prices or suppressions")
            why = why or ("" if kept["content"] == self._content(work_item) else "is not what was written to it")
        except (ValueError, KeyError, TypeError):
            why = "cannot be read"
        if not why:
            return coverage
        self.notices.append(
            f"{work_item.collector} in {work_item.region} of {work_item.account} was read again: what an earlier run "
            f"left {why}."
        )
        path.unlink()
        return None

    def finish(self, work_item: WorkItem, coverage: Coverage) -> None:
        """Keep that a piece is complete; its findings must have been written."""
        kept = {"coverage": asdict(coverage), "basis": self.basis, "content": self._content(work_item)}
        write_atomically(self.path(work_item, "done"), json.dumps(kept))

    def _stale(self, read_at: datetime) -> str:
        return "" if timedelta(0) <= self.now - read_at <= MAX_AGE else f"is of {read_at.isoformat(timespec='seconds')}"

    def _content(self, work_item: WorkItem) -> list[int]:
        """Return how many findings a piece has, and a checksum of them."""
        number = checksum = 0
        path = self.path(work_item, "jsonl")
        if path.is_file():
            with path.open("rb") as file:
                while chunk := file.read(1 << 20):
                    number, checksum = number + chunk.count(b"\n"), zlib.crc32(chunk, checksum)
        return [number, checksum]

    def learned(self, work_item: WorkItem) -> JsonObject:
        """Return what earlier runs found out not long ago; a line cut short by a kill is left out."""
        path, remembered = self.path(work_item, "learned"), JsonObject()
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            try:
                key, value, moment = json.loads(line)
                if not self._stale(datetime.fromisoformat(moment)):
                    remembered[key] = value
            except (ValueError, TypeError):
                continue
        return remembered

    def lines(self, work_items: Sequence[WorkItem]) -> Iterator[str]:
        """Yield the findings of pieces of work, each as a line of JSON with its line feed."""
        for work_item in work_items:
            path = self.path(work_item, "jsonl")
            if path.is_file():
                with path.open(encoding="utf-8") as file:
                    yield from file

    def totals(self, work_item: WorkItem) -> Totals:
        """Return the sums of one piece, read again."""
        totals = Totals()
        for line in self.lines([work_item]):
            totals.add(json.loads(line))
        return totals

    def remove(self) -> None:
        """Remove everything: the reports hold it."""
        shutil.rmtree(self.folder, ignore_errors=True)

"""How slow replication between the local cloud's two regions is to be, or whether it is cut: a file."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from lib.local_cloud.errors import LocalCloudError

FILE = "replication.json"
AURORA, TABLE = "aurora", "table"
# PostgreSQL's own time limits of a connection are minutes; a lag of an hour is for a figure, and not for a wait.
LONGEST_SECONDS = 600.0


@dataclass(frozen=True)
class Fault:
    """What is done to one store's replication.

    Attributes:
        seconds: how long a change is on its way, beside what it takes by itself.
        cut: whether nothing arrives at all.
    """

    seconds: float = 0.0
    cut: bool = False

    @property
    def way(self) -> float | None:
        """The seconds that a change takes, None while none arrives."""
        return None if self.cut else self.seconds


@dataclass(frozen=True)
class Faults:
    """What is done to the replication of Aurora and of the table."""

    aurora: Fault = field(default_factory=Fault)
    table: Fault = field(default_factory=Fault)


def read(folder: Path) -> Faults:
    """Return what is set in a local cloud's folder; nothing is set where there is no file."""
    try:
        known = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Faults()
    return Faults(**{store: Fault(**values) for store, values in known.items()})


def change(folder: Path, store: str, *, seconds: float | None = None, cut: bool | None = None) -> Faults:
    """Change what is done to a store's replication, from now on; return all that is set.

    Args:
        folder: the local cloud's.
        store: :data:`AURORA` or :data:`TABLE`.
        seconds: how long a change is on its way; None leaves it.
        cut: whether nothing arrives; None leaves it.

    Raises:
        LocalCloudError: seconds that are no time on the way.
    """
    if seconds is not None and not 0 <= seconds <= LONGEST_SECONDS:
        raise LocalCloudError(f"A lag of {seconds} seconds is none: use 0 to {LONGEST_SECONDS:.0f}.")
    known = read(folder)
    fault: Fault = getattr(known, store)
    fault = Fault(fault.seconds if seconds is None else seconds, fault.cut if cut is None else cut)
    faults = replace(known, **{store: fault})
    making = folder / f"{FILE}.{os.getpid()}"  # whoever reads sees the one or the other, whole
    making.write_text(json.dumps(asdict(faults)), encoding="utf-8")
    making.rename(folder / FILE)
    return faults


def clear(folder: Path) -> None:
    """Let everything arrive as it does by itself."""
    (folder / FILE).unlink(missing_ok=True)


@contextmanager
def lagging(folder: Path, store: str, *, seconds: float | None = None, cut: bool | None = None) -> Iterator[None]:
    """Do something to a store's replication for a while, and take back all that was done to it."""
    change(folder, store, seconds=seconds, cut=cut)
    try:
        yield
    finally:
        change(folder, store, seconds=0, cut=False)

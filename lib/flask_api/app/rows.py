"""Requests that would wait for the same row do not take all threads: the others need some."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from .database import TIMED_OUT, DatabaseUnavailable

STALL_SECONDS = 0.2  # how long the oldest of too many requests may have had the row before others are refused
PAUSE_SECONDS = 0.5  # how long nobody asks for a row for which somebody has waited in vain
FORGET_SECONDS = 60


@dataclass
class _Row:
    """One row's requests."""

    began: list[float] = field(default_factory=list)  # of those under way, the oldest first; of time.monotonic()
    succeeded: float = 0.0

    @property
    def stalled(self) -> bool:
        """Whether none has ended well since the oldest of them began."""
        return self.succeeded < self.began[0]


class Rows:
    """Who is at work on which rows, in this process.

    Half of the threads may have the same row. PostgreSQL lets one at a time write it, so more would wait there. When
    nobody gets it any more, because somebody else has locked it, a further request is refused instead of waiting, and
    after a lock timeout there is one at a time that tries. An order of several products may fail for one of them: the
    others are not suspected when orders of them succeed meanwhile.

    Args:
        threads: how many requests the process answers at once.
    """

    def __init__(self, threads: int) -> None:
        self._most = max(1, threads // 2)
        self._rows: dict[str, _Row] = {}
        self._suspects: dict[str, float] = {}  # since when nobody but one may ask for it; of time.monotonic()
        self._changed = threading.Condition()

    @contextmanager
    def held(self, names: Sequence[str]) -> Iterator[None]:
        """Let a request work on some rows.

        Raises:
            DatabaseUnavailable: too many wait for one of them.
        """
        began = self._enter(names)
        succeeded = failed = False
        try:
            yield
            succeeded = True
        except DatabaseUnavailable as error:
            failed = error.sqlstate in TIMED_OUT
            raise
        finally:
            self._leave(names, began, succeeded, failed)

    def _enter(self, names: Sequence[str]) -> float:
        with self._changed:
            while True:
                now = time.monotonic()
                wait = max(self._wait(name, now) for name in names)
                if not wait:
                    break
                self._changed.wait(wait)
            for name in names:
                self._rows.setdefault(name, _Row()).began.append(now)
        return now

    def _wait(self, name: str, now: float) -> float:
        """Return for how many seconds to wait before asking again; 0 when the row may be had."""
        row, suspected = self._rows.get(name), self._suspects.get(name)
        if suspected is not None and (now < suspected or row):
            raise DatabaseUnavailable("others have waited for the same in vain")
        if row is None or len(row.began) < self._most or not row.stalled:
            return 0.0
        if now - row.began[0] >= STALL_SECONDS:
            raise DatabaseUnavailable("too many wait for the same")
        return row.began[0] + STALL_SECONDS - now

    def _leave(self, names: Sequence[str], began: float, succeeded: bool, failed: bool) -> None:
        with self._changed:
            now = time.monotonic()
            for name in names:
                row = self._rows[name]
                row.began.remove(began)
                if succeeded:
                    row.succeeded = now
                    self._suspects.pop(name, None)
                elif failed and row.succeeded < began:
                    self._suspect(name, now)
                if not row.began:
                    del self._rows[name]
            self._changed.notify_all()

    def _suspect(self, name: str, now: float) -> None:
        for other in [other for other, since in self._suspects.items() if now - since > FORGET_SECONDS]:
            del self._suspects[other]
        self._suspects[name] = now + PAUSE_SECONDS

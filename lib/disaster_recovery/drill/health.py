"""The failover record as Route 53 would answer it, from health checks that this machine makes."""

import threading
import time
from collections.abc import Callable, Mapping

from lib.disaster_recovery.drill.load import HttpClient
from lib.disaster_recovery.settings import PRIMARY, SECONDARY

FAILURES = 3  # as the stack's health checks have it
# The primary record is healthy while its region writes, the secondary one while its region is whole.
PATHS: Mapping[str, str] = {PRIMARY: "/health/ready?writer=true", SECONDARY: "/health/ready?payments=true"}
Seen = Callable[[str, bool], None]


class FailoverRecord:
    """Who answers for the name; a change of a check takes some answers in a row, as with Route 53.

    Args:
        http: asks.
        urls: the regions' APIs, by role.
        seconds: between two looks; Route 53's are 10 or 30.
        seen: is told when a check changes.
    """

    def __init__(self, http: HttpClient, urls: Mapping[str, str], seconds: float, seen: Seen) -> None:
        self._http, self._urls, self._seconds, self._seen = http, dict(urls), seconds, seen
        self._healthy = dict.fromkeys(PATHS, True)
        self._against = dict.fromkeys(PATHS, 0)
        self._changed, self._end = threading.Condition(), threading.Event()
        self._threads = [
            threading.Thread(target=self._watch, args=(role,), name=f"check-{role}", daemon=True) for role in PATHS
        ]

    def __enter__(self) -> "FailoverRecord":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def role(self) -> str:
        """Return which region the name leads to: with no healthy one to the primary, as Route 53 does."""
        return SECONDARY if self._healthy[SECONDARY] and not self._healthy[PRIMARY] else PRIMARY

    def url(self) -> str:
        """Return the address of the region that the name leads to."""
        return self._urls[self.role()]

    def wait_for(self, role: str, seconds: float) -> bool:
        """Wait until the name leads to a region; return whether it does."""
        with self._changed:
            return self._changed.wait_for(lambda: self.role() == role, seconds)

    def _watch(self, role: str) -> None:
        while not self._end.is_set():
            began = time.monotonic()
            self._take(role, self._http.send("GET", self._urls[role] + PATHS[role]).status == 200)
            self._end.wait(max(0.0, self._seconds - (time.monotonic() - began)))

    def _take(self, role: str, good: bool) -> None:
        self._against[role] = 0 if good == self._healthy[role] else self._against[role] + 1
        if self._against[role] < FAILURES:
            return
        with self._changed:
            self._healthy[role], self._against[role] = good, 0
            self._changed.notify_all()
        self._seen(role, good)

"""How far a standby is behind, in time: measured from outside, so that nothing is written for it."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection

from lib.local_cloud.servers.replica import NoStandby, Replica, received, written

TROUBLES = (OSError, DatabaseError, InterfaceError, NoStandby)


class Behind:
    """Knows when a log had which length, and so since when something of it is missing elsewhere."""

    def __init__(self) -> None:
        self._grown: deque[tuple[float, int]] = deque()
        self._position = -1

    def grown(self, now: float, position: int) -> None:
        """Take note of how long the log is now."""
        if position > self._position:
            self._position = position
            self._grown.append((now, position))

    def seconds(self, now: float, reached: int) -> float:
        """Return for how long something is missing to whoever has reached a position: 0, where nothing is."""
        return next((now - when for when, position in self._grown if position > reached), 0.0)

    def forget(self, reached: int) -> None:
        """Forget what everybody has."""
        while self._grown and self._grown[0][1] <= reached:
            self._grown.popleft()


@dataclass(frozen=True)
class Lag:
    """How far the secondary region is behind.

    Attributes:
        shown: seconds between a change and its being seen there: AuroraGlobalDBReplicationLag.
        lost: seconds of changes that a failover now would lose: AuroraGlobalDBRPOLag.
    """

    shown: float
    lost: float


class Meter:
    """Measures the lag between two servers, as long as both answer.

    Args:
        leading: the one that is written to.
        following: its standby.
        clock: seconds.
    """

    def __init__(self, leading: Replica, following: Replica, clock: Callable[[], float] = time.monotonic) -> None:
        self._leading, self._following, self._clock = leading, following, clock
        self._behind = Behind()
        self._connections: list[Connection] = []

    def read(self) -> Lag | None:
        """Return the lag; None where one of the servers does not answer, or is not in its role."""
        try:
            if not self._connections:
                for server in (self._leading, self._following):
                    self._connections.append(server.administrator())
            leading, following = self._connections
            # The standby first: what is written between the two looks is not taken for late.
            arrived, shown = received(following)
            self._behind.grown(self._clock(), written(leading))
        except TROUBLES:
            self.close()
            return None
        now = self._clock()
        self._behind.forget(min(arrived, shown))
        return Lag(self._behind.seconds(now, shown), self._behind.seconds(now, arrived))

    def close(self) -> None:
        """End its connections; they are made again when they are needed."""
        connections, self._connections = self._connections, []
        for connection in connections:
            try:
                connection.close()
            except TROUBLES:
                continue  # the server has gone

"""A global database's data on one machine: a PostgreSQL for each of two regions, of which one follows the other.

What is wanted is written down before anything is done, and :meth:`GlobalDatabase.converge` makes it so, from whatever
is found: servers that were killed, a promotion that was interrupted, a copy that is half there.
"""

import fcntl
import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pg8000.exceptions import InterfaceError

from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers import replication_faults as faults
from lib.local_cloud.servers.replica import Replica

FILE, LOCK = "global.json", "global.lock"
STREAM_SECONDS = 60.0  # that a switchover waits for a standby that was just made again
CATCH_UP_SECONDS = 60.0  # that it waits for what is on its way, beside the time that the way takes


@dataclass(frozen=True)
class GlobalDatabase:
    """Both servers, and which of them is to be written to.

    Args:
        folder: the local cloud's.
        servers: by region, the home region's first.
    """

    folder: Path
    servers: Mapping[str, Replica]

    @property
    def _file(self) -> Path:
        return self.folder / FILE

    @property
    def port(self) -> int:
        """The port that both have, each at its own address."""
        return next(iter(self.servers.values())).port

    @property
    def writer(self) -> str:
        """The region whose server is to be written to; the home region, where nobody has said another."""
        try:
            return str(json.loads(self._file.read_text(encoding="utf-8"))["writer"])
        except FileNotFoundError:
            return next(iter(self.servers))

    @property
    def follower(self) -> str:
        """The region whose server is to follow."""
        return next(region for region in self.servers if region != self.writer)

    def _write(self, writer: str) -> None:
        making = self._file.with_suffix(".part")
        making.write_text(
            json.dumps({"port": self.port, "regions": list(self.servers), "writer": writer}), encoding="utf-8"
        )
        making.rename(self._file)

    def _cut(self) -> bool:
        return faults.read(self.folder).aurora.cut

    def converge(self) -> bool:
        """Start what is to be written to, and make the other one follow it; return whether there was anything to do.

        What is cut off stays as it is.

        Raises:
            LocalCloudError: a server does not start, or is not promoted.
        """
        with locked(self.folder):
            self._write(self.writer)
            changed = self._lead()
            return self._repair() or changed

    def _lead(self) -> bool:
        leading = self.servers[self.writer]
        changed = leading.start()
        if leading.follows:
            leading.promote()
            changed = True
        return changed

    def _repair(self) -> bool:
        """Make the other server follow, unless it does or is cut off; return whether there was anything to do."""
        following = self.servers[self.follower]
        if following.made and following.follows:
            return following.start()
        if self._cut():
            return False
        following.copy(self.servers[self.writer])
        return True

    def repair(self) -> bool:
        """Make a server again that was given up in a failover, once it can be reached; tell whether there was one.

        Raises:
            LocalCloudError: it does not start.
        """
        if self.whole or self._cut():
            return False
        with locked(self.folder, wait=False) as mine:
            return mine and self._file.exists() and self._repair()

    @property
    def whole(self) -> bool:
        """Whether the server that is not written to is the other one's standby."""
        following = self.servers[self.follower]
        return following.made and following.follows

    def connected(self) -> bool:
        """Tell whether the server that is not written to runs, and listens to the other one."""
        try:
            return self.whole and self.servers[self.writer].followed()
        except InterfaceError:  # nothing answers at the writing one's socket
            return False

    def fail_over(self, region: str) -> None:
        """Let another region's server be written to, at once; what had not arrived there is lost.

        The one that was written to is given up: :meth:`repair` makes it again as a standby.

        Raises:
            LocalCloudError: the server is no standby, as long as it has not been made again, or is not promoted.
        """
        self.repair()
        with locked(self.folder):
            if region != self.writer:
                self._refuse_half(region)
                self._write(region)
                self._lead()

    def _refuse_half(self, region: str) -> None:
        if not self.whole:
            raise LocalCloudError(
                f"The database in {region} has not been made again since the last failover: wait until its "
                "SynchronizationStatus is connected."
            )

    def switch_over(self, region: str) -> None:
        """Let the servers change roles, without losing anything.

        Raises:
            LocalCloudError: the standby does not listen, or does not catch up; then nothing has changed.
        """
        self.repair()
        with locked(self.folder):
            if region == self.writer:
                return
            self._refuse_half(region)
            old, new = self.servers[self.writer], self.servers[region]
            if self._cut() or not self._listens(old, new):
                raise LocalCloudError(
                    f"The database in {region} is not connected to the one in {self.writer}: wait until it is, or let "
                    "replication go on (scripts/replication)."
                )
            position = old.end()
            fault = faults.read(self.folder).aurora
            if not new.await_position(position, CATCH_UP_SECONDS + fault.seconds):
                old.start()
                raise LocalCloudError(f"The database in {region} does not catch up: nothing has changed.")
            self._write(region)
            self._lead()
            old.follow()

    @staticmethod
    def _listens(old: Replica, new: Replica) -> bool:
        try:
            new.start()
            return old.await_standby(STREAM_SECONDS)
        except InterfaceError:  # nothing answers at the old one's socket
            return False

    def forget(self) -> None:
        """Let nobody make a server again: they are about to be removed."""
        with locked(self.folder):
            self._file.unlink(missing_ok=True)

    def kill(self, region: str) -> None:
        """End a region's server at once, as a lost region does: nothing is written to disk, nothing sent any more."""
        self.servers[region].stop(signal.SIGQUIT)


def known(folder: Path) -> tuple[int, tuple[str, ...]] | None:
    """Return the port and the regions of the global database that is in a local cloud's folder, if there is one."""
    try:
        values = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return int(values["port"]), tuple(values["regions"])


@contextmanager
def locked(folder: Path, *, wait: bool = True) -> Iterator[bool]:
    """Be the only one of all processes and threads that changes the servers' roles.

    Args:
        folder: the local cloud's.
        wait: for whoever is at it; otherwise what is entered says whether this is the only one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True

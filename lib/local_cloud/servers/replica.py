"""A PostgreSQL server that can follow another one, as a global database's secondary cluster follows the primary one.

What decides its role is a file of PostgreSQL's own, ``standby.signal``: whoever starts it again, after whatever end,
finds it in the role that it had. https://www.postgresql.org/docs/17/warm-standby.html
"""

import os
import shutil
import signal
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pg8000.native import Connection

from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers import unprivileged
from lib.local_cloud.servers.postgres import READY, Postgres
from lib.local_cloud.servers.postgres_front import SUPERUSER

STANDBY = "standby.signal"
# What a copy of a running server's folder does not take: what is this server's alone, and the log of changes, which is
# copied last. https://www.postgresql.org/docs/17/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP-DATA
OWN = (READY, STANDBY, "postmaster.pid", "postmaster.opts", "backup_label", "backup_label.old")
EMPTIED = (
    "pg_wal",
    "pg_replslot",
    "pg_dynshmem",
    "pg_notify",
    "pg_serial",
    "pg_snapshots",
    "pg_stat_tmp",
    "pg_subtrans",
)
# So much of the log is kept for a standby that was cut off; one that missed more has to be made again.
KEPT = "512MB"
CONTROL = struct.Struct("=QIIi4xqQ")  # pg_control's beginning: id, two versions, state, time, latest checkpoint
SHUT_DOWN = (1, 2)  # DB_SHUTDOWNED, DB_SHUTDOWNED_IN_RECOVERY
# What it takes a standby to hear of a change beside the way there.
RETRY = "100ms"


@dataclass(frozen=True)
class Replica(Postgres):
    """One of two servers; what it is to follow comes to it by a socket of its own, :attr:`link`."""

    @property
    def link(self) -> Path:
        """Where the log of the other server is to arrive, while this one follows."""
        return self.sockets / "link" / self.socket.name

    @property
    def follows(self) -> bool:
        """Whether it is a standby, or will be when it is started."""
        return (self.data / STANDBY).exists()

    @property
    def made(self) -> bool:
        """Whether it has data."""
        return (self.data / READY).exists()

    def options(self) -> Sequence[str]:
        """Return what a standby needs, and a primary ignores."""
        settings = {
            "primary_conninfo": f"host='{self.link.parent}' port={self.port} user={SUPERUSER}",
            "wal_keep_size": KEPT,
            "wal_retrieve_retry_interval": RETRY,
            # A slow link is no dead one: it says itself when it is cut.
            "wal_sender_timeout": "0",
            "wal_receiver_timeout": "0",
            # What a killed server has written is kept by the system: only a machine that loses its power would miss it,
            # and takes the local cloud with it. Checkpoints and stops need not wait for the disk.
            "fsync": "off",
        }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def follow(self) -> None:
        """Start as a standby of the other server: it has all that this one has."""
        self.stop()
        (self.data / STANDBY).touch()
        self._own()
        self.start()

    def copy(self, source: "Replica") -> None:
        """Become a standby of a running server: take a copy of its data, without a stop of it, and start.

        PostgreSQL's own program for it is in none of the packages: this is its low-level API.
        https://www.postgresql.org/docs/17/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP

        Raises:
            LocalCloudError: this server does not stop, or does not start.
        """
        self.stop(signal.SIGQUIT)  # whatever it has is given up
        self.clear()
        with source.administrator() as admin:
            admin.run("SELECT pg_backup_start('a standby', true)")
            _take(source.data, self.data)
            ((label,),) = admin.run("SELECT labelfile FROM pg_backup_stop(false)")
            _take(source.data / "pg_wal", self.data / "pg_wal")
        (self.data / "backup_label").write_text(label, encoding="utf-8")
        (self.data / STANDBY).touch()
        self._own()
        (self.data / READY).touch()
        self.start()

    def _own(self) -> None:
        owner = unprivileged.user()
        if owner:
            for folder, names, files in os.walk(self.data):
                for name in (*names, *files):
                    shutil.chown(Path(folder, name), owner)

    def promote(self, seconds: float = 30.0) -> None:
        """Make a standby a server that is written to, with what it has received; nothing, where it is one.

        Raises:
            LocalCloudError: it does not become one in time.
        """
        with self.administrator() as admin:
            if admin.run("SELECT pg_is_in_recovery()") == [[False]]:
                return
            if admin.run("SELECT pg_promote(true, :seconds)", seconds=int(seconds)) != [[True]]:
                raise LocalCloudError(f"PostgreSQL on {self.host}:{self.port} is a standby still ({self.log}).")

    def end(self) -> int:
        """Stop it in order, after a standby that listens has everything, and return where its log ends, in bytes.

        Raises:
            LocalCloudError: it does not stop, or not in order.
        """
        self.stop()
        state, position = _control(self.data)
        if state not in SHUT_DOWN:
            raise LocalCloudError(f"PostgreSQL on {self.host}:{self.port} was not shut down in order ({self.log}).")
        return position

    def await_position(self, position: int, seconds: float) -> bool:
        """Wait until a standby has received the log up to and with the entry at a position; tell whether it has."""
        deadline = time.monotonic() + seconds
        with self.administrator() as admin:
            while received(admin)[0] <= position:
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.02)
        return True

    def followed(self) -> bool:
        """Tell whether a standby listens to this server."""
        with self.administrator() as admin:
            return bool(admin.run("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"))

    def await_standby(self, seconds: float) -> bool:
        """Wait until a standby listens to this server; tell whether it does."""
        deadline = time.monotonic() + seconds
        while not self.followed():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


def written(admin: Connection) -> int:
    """Return the position in its log up to which a server has written, in bytes."""
    ((position,),) = admin.run("SELECT (pg_current_wal_lsn() - '0/0')::bigint")
    return int(position)


class NoStandby(Exception):
    """A server that was asked what it has received follows no other."""


def received(admin: Connection) -> tuple[int, int]:
    """Return the positions up to which a standby has received the log, and shows it.

    Raises:
        NoStandby: it is none.
    """
    rows = admin.run(
        "SELECT (pg_last_wal_receive_lsn() - '0/0')::bigint, (pg_last_wal_replay_lsn() - '0/0')::bigint "
        "WHERE pg_is_in_recovery()"
    )
    if not rows:
        raise NoStandby
    arrived, shown = rows[0]
    return max(arrived or 0, shown or 0), shown or 0  # nothing has arrived yet that is not in the copy


def _take(source: Path, target: Path) -> None:
    """Copy a folder of a server that works meanwhile: what goes away is not missed."""

    def one(name: str, to: str) -> None:
        with suppress(FileNotFoundError):
            shutil.copyfile(name, to)
            shutil.copymode(name, to)

    def left_out(folder: str, names: list[str]) -> set[str]:
        if Path(folder).name in EMPTIED and Path(folder) != source:
            return set(names)
        return {name for name in names if name in OWN or name.startswith("pgsql_tmp")}

    shutil.copytree(source, target, copy_function=one, ignore=left_out, dirs_exist_ok=True)


def _control(data: Path) -> tuple[int, int]:
    """Return the state of a server that does not run, and the position of its log's latest checkpoint.

    Its own program that shows them is in no package. The beginning of the file is the same in every version since 9.
    https://github.com/postgres/postgres/blob/REL_17_STABLE/src/include/catalog/pg_control.h
    """
    _id, _version, _catalog, state, _time, position = CONTROL.unpack(
        (data / "global" / "pg_control").read_bytes()[: CONTROL.size]
    )
    return state, position

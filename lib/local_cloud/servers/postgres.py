"""A real PostgreSQL on loopback, in place of the server that RDS would run."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import psutil
from pg8000.native import Connection, identifier, literal

from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.names import HOST
from lib.local_cloud.servers import unprivileged
from lib.local_cloud.servers.postgres_program import programs
from lib.local_cloud.servers.process import refuse_taken

VERSION = 17  # of what package-lock.json pins: the major version that the stacks deploy
STOP_SECONDS = 20.0
SUPERUSER = "postgres"
# Passwords on TCP, as RDS has it, but for members of rds_iam, whose token is not checked here. A master user that made
# such a member administers it and inherits nothing of it, so it has its password still; pg_hba.conf counts that as
# membership too, hence the first line. The socket's folder is open to its owner alone.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
ACCESS = """local all all trust
host all +rds_superuser 127.0.0.1/32 scram-sha-256
host all +rds_iam 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
"""
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html
RDS_ROLES = ("rds_superuser", "rds_iam")


@dataclass(frozen=True)
class Postgres:
    """One PostgreSQL server: a folder for its data, a port on loopback."""

    folder: Path
    port: int

    @property
    def _sockets(self) -> Path:
        # A socket's path may not be longer than 107 bytes, and the data folder's may be.
        return Path(tempfile.gettempdir()) / f"tap-{sha256(str(self.folder).encode()).hexdigest()[:12]}"

    @property
    def _data(self) -> Path:
        # Root's folders may be closed to the user that PostgreSQL has to run as.
        return (self._sockets if os.geteuid() == 0 else self.folder) / "data"

    @property
    def log(self) -> Path:
        """Where the server writes."""
        return self._data.with_name("log")

    def _run(self, program: str, *arguments: str) -> None:
        owner = unprivileged.user()
        command: Sequence[str] = [str(programs() / program), *arguments]
        with self.log.open("ab") as log:
            # Not through a pipe: the server inherits it, and the reader would wait for the server's end.
            done = subprocess.run(command, stdout=log, stderr=log, user=owner, cwd="/", check=False)
        if done.returncode:
            last = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            raise LocalCloudError(f"PostgreSQL's {program} failed: {''.join(last)} (full log: {self.log})")

    def _prepare(self) -> None:
        """Make the data folder, owned by whoever runs the server."""
        ready = self._data / "tap-ready"  # written last: an interrupted initdb leaves a folder that looks finished
        if ready.exists():
            return
        shutil.rmtree(self._data, ignore_errors=True)
        for folder in (self.folder, self._sockets, self._data):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.log.touch()
        owner = unprivileged.user()
        if owner:
            unprivileged.let_through(programs())
            for path in (self._sockets, self._data, self.log):
                shutil.chown(path, owner)
        self._run(
            "initdb",
            "--username",
            SUPERUSER,
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--pgdata",
            str(self._data),
        )
        ready.touch()

    def process(self) -> psutil.Process | None:
        """Return the running server, if there is one."""
        with suppress(OSError, ValueError, IndexError, psutil.Error):
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            process = psutil.Process(int(lines[0]))
            if "postgres" in process.name() and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None

    def start(self) -> bool:
        """Start the server unless it runs; return whether that was necessary.

        Raises:
            LocalCloudError: the port is taken, or the server does not start.
        """
        if self.process() is not None:
            return False
        refuse_taken(self.port, "PostgreSQL", "DATABASE_PORT")
        self._prepare()
        (self._data / "pg_hba.conf").write_text(ACCESS, encoding="utf-8")
        options = f"-p {self.port} -h {HOST} -k {self._sockets}"
        self._run("pg_ctl", "start", "-w", "-D", str(self._data), "-l", str(self.log), "-o", options)
        return True

    def stop(self, how: signal.Signals = signal.SIGINT) -> bool:
        """Stop the server, closing its connections; return whether it ran.

        Args:
            how: SIGINT to write everything to disk first, SIGQUIT to leave that to the next start.

        Raises:
            LocalCloudError: it does not stop.
        """
        process = self.process()
        if process is None:
            return False
        # Not by pg_ctl: it takes a server for alive until its parent, who is not TAP, has noticed its end.
        process.send_signal(how)
        deadline = time.monotonic() + STOP_SECONDS
        while self.process() is not None:
            if time.monotonic() > deadline:
                raise LocalCloudError(
                    f"PostgreSQL {process.pid} does not stop: end it with 'kill -9 {process.pid}' ({self.log})."
                )
            time.sleep(0.02)
        return True

    def remove(self) -> bool:
        """Stop the server and remove its data; return whether it ran."""
        ran = self.stop(signal.SIGQUIT)
        for folder in (self._sockets, self.folder):
            shutil.rmtree(folder, ignore_errors=True)
        return ran

    def administrator(self) -> Connection:
        """Return a connection as the superuser, through the server's own socket."""
        socket = str(self._sockets / f".s.PGSQL.{self.port}")
        return Connection(SUPERUSER, database=SUPERUSER, unix_sock=socket)

    def provide(self, user: str, password: str, database: str) -> None:
        """Make the user and the database that RDS would have made, or give the user its new password."""
        with self.administrator() as admin:
            for role in (*RDS_ROLES, user):
                if not admin.run("SELECT 1 FROM pg_roles WHERE rolname = :name", name=role):
                    admin.run(f"CREATE ROLE {identifier(role)} NOLOGIN")
            admin.run(f"ALTER ROLE {identifier(user)} CREATEDB CREATEROLE")
            admin.run(f"GRANT rds_superuser TO {identifier(user)}")
            # It lets others sign in by IAM, and is not one of them. https://www.postgresql.org/docs/17/sql-grant.html
            admin.run(f"GRANT rds_iam TO {identifier(user)} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
            if not admin.run("SELECT 1 FROM pg_database WHERE datname = :name", name=database):
                admin.run(f"CREATE DATABASE {identifier(database)} OWNER {identifier(user)}")
            # Last: whoever waits for the user to be let in finds the database there.
            admin.run(f"ALTER ROLE {identifier(user)} LOGIN PASSWORD {literal(password)}")

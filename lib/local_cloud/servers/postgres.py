"""A real PostgreSQL on loopback, in place of the server that RDS would run."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import psutil
from pg8000.native import Connection, identifier, literal

from lib.common import region
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.names import HOST
from lib.local_cloud.servers import certificates, unprivileged
from lib.local_cloud.servers.postgres_front import SUPERUSER, Front
from lib.local_cloud.servers.postgres_program import programs
from lib.local_cloud.servers.process import refuse_taken

VERSION = 17  # of what package-lock.json pins: the major version that the stacks deploy
START_SECONDS, STOP_SECONDS = 30.0, 20.0
READY = "tap-ready"  # written last: an interrupted initdb leaves a folder that looks finished
ROOT = region.FOLDER.parent
# Passwords, as RDS has it, but for members of rds_iam: the front has asked them for a token. A master user that made
# such a member administers it and inherits nothing of it, so it has its password still; pg_hba.conf counts that as
# membership too, hence the second line. Everybody comes by the socket, whose folder only its owner and the front enter.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
ACCESS = """local all postgres trust
local replication postgres trust
local all +rds_superuser scram-sha-256
local all +rds_iam trust
local all all scram-sha-256
"""
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html
RDS_ROLES = ("rds_superuser", "rds_iam")


@dataclass(frozen=True)
class Postgres:
    """One PostgreSQL server: a folder for its data, a port at an address of loopback, where it speaks TLS alone.

    What tokens of IAM are checked with is described in :class:`Front`; without a region it is the checkout's.
    """

    folder: Path
    port: int
    region: str = ""
    emulator: str = ""
    keys: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    host: str = HOST

    @property
    def where(self) -> str:
        """Where its clients find it, for people."""
        return f"port {self.port}" + (f" of {self.host}" if self.host != HOST else "")

    @property
    def sockets(self) -> Path:
        """A folder that only the server and its front enter."""
        # A socket's path may not be longer than 107 bytes, and the data folder's may be.
        return Path(tempfile.gettempdir()) / f"tap-{sha256(str(self.folder).encode()).hexdigest()[:12]}"

    @property
    def data(self) -> Path:
        """Where the server's own files are."""
        # Root's folders may be closed to the user that PostgreSQL has to run as.
        return (self.sockets if os.geteuid() == 0 else self.folder) / "data"

    @property
    def _front_pid(self) -> Path:
        return self.data.with_name("front.pid")

    @property
    def socket(self) -> Path:
        """Where the server itself listens, in a folder that is open to its owner alone."""
        return self.sockets / f".s.PGSQL.{self.port}"

    @property
    def ca_file(self) -> Path:
        """The certificate of the authority that its clients trust, once it has been started."""
        return self.folder.parent / certificates.FOLDER / certificates.AUTHORITY

    @property
    def log(self) -> Path:
        """Where the server writes."""
        return self.data.with_name("log")

    def _run(self, program: str, *arguments: str) -> None:
        with self.log.open("ab") as log:
            command: Sequence[str] = [str(programs() / program), *arguments]
            done = subprocess.run(command, stdout=log, stderr=log, user=unprivileged.user(), cwd="/", check=False)
        if done.returncode:
            raise self._failed(program)

    def _failed(self, program: str) -> LocalCloudError:
        last = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        return LocalCloudError(f"PostgreSQL's {program} failed: {''.join(last)} (full log: {self.log})")

    def _prepare(self) -> None:
        """Make a new database in the data folder, unless there is one."""
        ready = self.data / READY
        if ready.exists():
            return
        self.clear()
        coding = ("--encoding=UTF8", "--locale=C.UTF-8")
        self._run("initdb", "--username", SUPERUSER, "--auth=trust", *coding, "--pgdata", str(self.data))
        ready.touch()

    def clear(self) -> None:
        """Make the data folder, or make it empty, owned by whoever runs the server."""
        shutil.rmtree(self.data, ignore_errors=True)
        for folder in (self.folder, self.sockets, self.data):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.log.touch()
        owner = unprivileged.user()
        if owner:
            unprivileged.let_through(programs())
            for path in (self.sockets, self.data, self.log):
                shutil.chown(path, owner)

    def options(self) -> Sequence[str]:
        """Return the server's own settings, as its command line takes them."""
        return ()

    def process(self) -> psutil.Process | None:
        """Return the running server, if there is one."""
        with suppress(OSError, ValueError, IndexError, psutil.Error):
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            process = psutil.Process(int(lines[0]))
            if "postgres" in process.name() and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None

    def front(self) -> psutil.Process | None:
        """Return the running process that has the server's port, if there is one."""
        with suppress(OSError, ValueError, psutil.Error):
            process = psutil.Process(int(self._front_pid.read_text(encoding="utf-8")))
            if str(self.sockets) in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None

    def start(self) -> bool:
        """Start the server unless it runs; return whether that was necessary.

        Raises:
            LocalCloudError: the port is taken, or the server does not start.
        """
        if self.process() is not None and self.front() is not None:
            return False
        self.stop()  # one of both, where the other was killed
        refuse_taken(self.port, "PostgreSQL", "DATABASE_PORT", self.host)
        self._prepare()
        (self.data / "pg_hba.conf").write_text(ACCESS, encoding="utf-8")
        options = ("-D", self.data, "-p", self.port, "-k", self.sockets, "-c", "listen_addresses=", *self.options())
        front = Front(
            port=self.port,
            host=self.host,
            path=self.socket,
            certificate=certificates.provide(self.folder.parent) / certificates.SERVER,
            command=[str(programs() / "postgres"), *map(str, options)],
            user=unprivileged.user(),
            region=self.region or region.primary({}),
            emulator=self.emulator,
            keys=self.keys,
        )
        with self.log.open("ab") as log:
            started = subprocess.Popen(  # pylint: disable=consider-using-with  # it outlives this program
                front.arguments(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, start_new_session=True
            )
        self._front_pid.write_text(str(started.pid), encoding="utf-8")
        deadline = time.monotonic() + START_SECONDS
        while not self._ready(started.pid):
            if started.poll() is not None or time.monotonic() > deadline:
                self.stop(signal.SIGQUIT)
                raise self._failed("postgres")
            time.sleep(0.01)
        started.returncode = 0  # it outlives this object, whose end would otherwise warn of it
        return True

    def _ready(self, front: int) -> bool:
        """Tell whether the server behind a front takes connections, which its file says as ``pg_ctl`` reads it.

        A server that was killed has left such a file too.
        https://www.postgresql.org/docs/17/storage-file-layout.html
        """
        with suppress(OSError, IndexError, psutil.Error):
            process = self.process()
            status = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[7]
            return process is not None and process.ppid() == front and status.strip() == "ready"
        return False

    def stop(self, how: signal.Signals = signal.SIGINT) -> bool:
        """Stop the server, closing its connections; return whether it ran.

        Args:
            how: SIGINT to write everything to disk first, SIGQUIT to leave that to the next start.

        Raises:
            LocalCloudError: it does not stop.
        """
        process = self.process()
        if process is not None:
            process.send_signal(how)
        deadline = time.monotonic() + STOP_SECONDS
        while alive := self.process() or self.front():  # its front ends with it
            if time.monotonic() > deadline:
                raise LocalCloudError(
                    f"PostgreSQL {alive.pid} does not stop: end it with 'kill -9 {alive.pid}' ({self.log})."
                )
            time.sleep(0.02)
        return process is not None

    def remove(self) -> bool:
        """Stop the server and remove its data; return whether it ran."""
        ran = self.stop(signal.SIGQUIT)
        for folder in (self.sockets, self.folder):
            shutil.rmtree(folder, ignore_errors=True)
        return ran

    def administrator(self) -> Connection:
        """Return a connection as the superuser, through the server's own socket."""
        return Connection(SUPERUSER, database=SUPERUSER, unix_sock=str(self.socket))

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

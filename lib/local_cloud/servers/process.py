"""Servers as background processes: started once, found again, stopped for good."""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.names import HOST

START_SECONDS = 30.0
TOKEN = "TAP_SERVER"  # noqa: S105 - in a server's environment: which start of which server it is
STOP_SECONDS = 10.0


def port_is_free(port: int, host: str = HOST) -> bool:
    """Tell whether nobody listens on a port of loopback, at one of its addresses."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) != 0


def free_port() -> int:
    """Return a loopback port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def refuse_taken(port: int, what: str, variable: str, host: str = HOST) -> None:
    """Refuse to start where another program listens.

    Raises:
        LocalCloudError: naming the port, and the variable that chooses another.
    """
    if not port_is_free(port, host):
        raise LocalCloudError(
            f"Port {port}{f' of {host}' if host != HOST else ''}, meant for {what}, is used by another program: stop "
            f"that program, or choose another port with {variable}, for example {variable}={free_port()}."
        )


@dataclass(frozen=True)
class Server:
    """A program that serves HTTP on a loopback port, with its log and its process number in a folder."""

    name: str
    folder: Path
    port: int
    command: Sequence[str]
    environ: Mapping[str, str]
    health: str
    variable: str
    workdir: Path | None = None  # where it runs; None for the folder
    inherit: bool = True  # whether it sees this process's environment too

    @property
    def log(self) -> Path:
        """Where the program's output goes."""
        return self.folder / f"{self.name}.log"

    @property
    def _pid(self) -> Path:
        return self.folder / f"{self.name}.pid"

    def token(self) -> str:
        """Return what tells this run of the program from every other, or an empty text when it does not run."""
        return self._pid.read_text(encoding="utf-8").split()[1] if self.process() else ""

    def process(self) -> psutil.Process | None:
        """Return the running program, if it is ours and alive."""
        with suppress(FileNotFoundError, ValueError, psutil.Error):
            number, token = self._pid.read_text(encoding="utf-8").split()
            process = psutil.Process(int(number))
            # A number is used again some day, and the time of its start moves when the clock is set.
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(TOKEN) == token:
                return process
        return None

    def healthy(self) -> bool:
        """Tell whether the program answers."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.port}{self.health}", timeout=2) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def start(self) -> bool:
        """Start the program unless it runs; return whether that was necessary.

        Raises:
            LocalCloudError: the port is taken, or the program does not come up.
        """
        if self.process() is not None and self.healthy():
            return False
        self.stop()
        refuse_taken(self.port, self.name, self.variable)
        self.folder.mkdir(parents=True, exist_ok=True)
        token = uuid.uuid4().hex
        with self.log.open("ab") as log:
            started = subprocess.Popen(  # pylint: disable=consider-using-with  # it outlives this program
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.workdir or self.folder,
                env={**(os.environ if self.inherit else {}), **self.environ, TOKEN: token},
                start_new_session=True,
            )
        self._pid.write_text(f"{started.pid} {token}", encoding="utf-8")
        deadline = time.monotonic() + START_SECONDS
        while not self.healthy():
            if started.poll() is not None or time.monotonic() > deadline:
                self.stop()
                started.wait()
                last = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
                raise LocalCloudError(f"{self.name} did not come up: {''.join(last)} (full log: {self.log})")
            time.sleep(0.05)
        started.returncode = 0  # the server outlives this object, whose end would otherwise warn of it
        return True

    def stop(self) -> bool:
        """Stop the program and its children; return whether it ran."""
        process = self.process()
        if process is not None:
            end([*process.children(recursive=True), process])
        self._pid.unlink(missing_ok=True)
        return process is not None


def end(processes: Sequence[psutil.Process]) -> None:
    """End processes: asked first, then told."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _gone, alive = psutil.wait_procs(processes, timeout=STOP_SECONDS)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()

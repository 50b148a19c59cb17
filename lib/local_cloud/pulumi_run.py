"""The processes in which Pulumi runs: one for each command, watched while it may be fetching something."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

from lib.local_cloud.cloud import ROOT, LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.process import end

Report = Callable[[str], None]
TOOLS = ROOT / ".local" / "pulumi"  # the CLI and its plug-in, where they have to be fetched; outlives the clouds
STALL_SECONDS, LOOK_SECONDS, STOP_SECONDS = 8.0, 0.1, 60.0


def _start(
    cloud: LocalCloud, arguments: Sequence[str], environ: Mapping[str, str], output: int, errors: IO[str]
) -> subprocess.Popen[str]:
    module, *rest = arguments
    # A stack's configuration is that of its file alone.
    ours = {name: value for name, value in cloud.whole_environment().items() if not name.startswith("PULUMI_CONFIG")}
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", f"lib.local_cloud.{module}", *rest], env={**ours, **environ}, cwd=ROOT,
        stdin=subprocess.DEVNULL, stdout=output, stderr=errors, text=True,
    )  # fmt: skip


def _log(cloud: LocalCloud, stack: str) -> Path:
    folder = cloud.folder / "pulumi"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / f"{stack}.log"


def run(
    cloud: LocalCloud, stack: str, arguments: Sequence[str], environ: Mapping[str, str], report: Report
) -> list[str]:
    """Run a module of this package and return the lines that it printed.

    Args:
        cloud: whose environment it gets.
        stack: whose log it writes.
        arguments: the module's name and its arguments.
        environ: more variables.
        report: is told every line.

    Raises:
        LocalCloudError: it failed; with its last words.
    """
    log, lines = _log(cloud, stack), []
    with (
        log.open("w", encoding="utf-8") as errors,
        _start(cloud, arguments, environ, subprocess.PIPE, errors) as process,
    ):
        assert process.stdout is not None  # noqa: S101 - it was asked for
        try:
            for line in process.stdout:
                lines.append(line.rstrip())
                report(line.rstrip())
        except BaseException:
            process.terminate()  # it finishes the resource that it is making, and writes it down
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
    if process.returncode:
        raise LocalCloudError(f"Pulumi's stack {stack} failed:\n{reason(log)}\n(the whole story: {log})")
    return lines


def reason(log: Path) -> str:
    """Return the last words in a log: a sentence of our own, or the end of a traceback."""
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    start = next((n for n, line in enumerate(lines) if line.startswith("tap: ")), max(0, len(lines) - 5))
    return "\n".join(f"  {line.strip()}" for line in lines[start:])


def prepare(cloud: LocalCloud, stack: str, environ: Mapping[str, str], report: Report) -> str:
    """Have the Pulumi CLI and its AWS plug-in ready; return '' or why they cannot be had.

    A network that is closed may answer nothing at all: what brings no byte for some seconds is given up.
    """
    log = _log(cloud, stack)
    folders = (TOOLS, log.parent / "tmp")
    folders[1].mkdir(exist_ok=True)
    more, before = {**environ, "TMPDIR": str(folders[1])}, _size(folders)
    with (
        log.open("w", encoding="utf-8") as errors,
        _start(cloud, ["pulumi_cli", "prepare", stack], more, subprocess.DEVNULL, errors) as process,
    ):
        try:
            if not _arrives(process, folders, before, report):
                return f"it cannot be fetched: nothing came from the network for {STALL_SECONDS:.0f} s"
        finally:
            if process.poll() is None:
                whole = psutil.Process(process.pid)
                end([*whole.children(recursive=True), whole])
    return f"it cannot be fetched: {reason(log).strip().removeprefix('tap: ')}" if process.returncode else ""


def _arrives(process: subprocess.Popen[str], folders: Sequence[Path], before: int, report: Report) -> bool:
    """Wait for a process as long as it fills the folders; return whether it has ended."""
    last, since = before, time.monotonic()
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(LOOK_SECONDS)
            return True
        size = _size(folders)
        if size != last:
            last, since = size, time.monotonic()
            report(f"fetching the Pulumi CLI and its AWS plug-in: {(size - before) / 1e6:.0f} MB")
        elif time.monotonic() - since > STALL_SECONDS:
            return False


def _size(folders: Sequence[Path]) -> int:
    total = 0
    for path in (path for folder in folders for path in folder.rglob("*")):
        with suppress(FileNotFoundError):  # temporary files come and go
            total += path.lstat().st_size
    return total

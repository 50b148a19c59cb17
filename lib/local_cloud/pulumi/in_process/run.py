"""The process in which a Pulumi program runs: one for each command."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from lib.local_cloud import programs
from lib.local_cloud.cloud import ROOT, LocalCloud
from lib.local_cloud.errors import LocalCloudError

Report = Callable[[str], None]
STOP_SECONDS = 60.0


def _start(
    cloud: LocalCloud, arguments: Sequence[str], environ: Mapping[str, str], output: int, errors: IO[str]
) -> subprocess.Popen[str]:
    # A stack's configuration is that of its file alone.
    ours = {name: value for name, value in cloud.whole_environment().items() if not name.startswith("PULUMI_CONFIG")}
    return subprocess.Popen(
        programs.command(*arguments),
        env={**ours, **environ},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        text=True,
    )


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
        raise LocalCloudError(f"Pulumi's stack {stack} failed:\n{reason(log)}\n(full log: {log})")
    return lines


def reason(log: Path) -> str:
    """Return the last words in a log: a sentence of our own, or the end of a traceback."""
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    start = next((n for n, line in enumerate(lines) if line.startswith("tap: ")), max(0, len(lines) - 5))
    return "\n".join(f"  {line.strip()}" for line in lines[start:])

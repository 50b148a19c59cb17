"""Commands whose progress is Terraform's, and the state that they leave behind."""

import json
import re
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from lib.common.json_types import JsonObject
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers.process import end

Report = Callable[[str], None]
STOP_SECONDS = 60.0
DONE = re.compile(r"aws_(\w+)\.([\w-]+): (Creation|Modifications|Destruction) complete")
PLANNED = re.compile(r"Plan: (\d+) to add, (\d+) to change, (\d+) to destroy")
APPLIED = re.compile(r"(?:Apply|Destroy) complete! Resources: ([^.]+)\.")
ERROR = re.compile(r"Error:|tap: ")
FRAME = re.compile(r"^[\s│╷╵|]*(?:[\w-]+  )?[\s│╷╵|]*")
CODES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
WORDS = {"Creation": "made", "Modifications": "changed", "Destruction": "removed"}


class Command(NamedTuple):
    """What to run: its name in messages, the words, where, with what environment, and its log."""

    title: str
    words: Sequence[str]
    place: Path
    environ: Mapping[str, str]
    log: Path


def run(command: Command, report: Report) -> list[str]:
    """Run a command and return the lines that it printed.

    Args:
        command: what to run.
        report: is told of every resource that is done.

    Raises:
        LocalCloudError: it failed; with its own words.
    """
    lines: list[str] = []
    progress = Progress(report)
    with (
        command.log.open("a", encoding="utf-8") as copy,
        subprocess.Popen(
            command.words,
            cwd=command.place,
            env=dict(command.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101 - it was asked for
        try:
            for line in process.stdout:
                plain = CODES.sub("", line).rstrip()
                copy.write(f"{plain}\n")
                lines.append(plain)
                progress.see(plain)
        except BaseException:
            _interrupt(process)
            raise
    if process.returncode:
        raise LocalCloudError(f"{command.title} failed:\n{reason(lines)}\n(full log: {command.log})")
    return lines


def _interrupt(process: subprocess.Popen[str]) -> None:
    """Let Terraform finish what it is making, and write it down."""
    whole = psutil.Process(process.pid)
    family = [whole, *whole.children(recursive=True)]
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.send_signal(signal.SIGINT)
    psutil.wait_procs(family, timeout=STOP_SECONDS)
    end([member for member in family if member.is_running()])


class Progress:
    """Counts what is done of what was planned."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._done = self._planned = 0

    def see(self, line: str) -> None:
        """Take a line of the output."""
        planned, done = PLANNED.search(line), DONE.search(line)
        if planned:
            self._planned = sum(int(number) for number in planned.groups())
        if done:
            self._done += 1
            self._report(f"{self._done}/{self._planned} {done[1]} {WORDS[done[3]]}")


def reason(lines: Sequence[str]) -> str:
    """Return the lines of an output that say why a command failed: each error's first words, or the last lines."""
    plain = [text for text in (FRAME.sub("", line).strip() for line in lines) if text]
    errors_at = [number for number, text in enumerate(plain) if ERROR.search(text)]
    kept = [text for number in errors_at[:4] for text in plain[number : number + 2]] or plain[-5:]
    return "\n".join(f"  {text}" for text in kept)


def changed(lines: Sequence[str]) -> bool:
    """Tell from Terraform's last words whether it changed anything."""
    return any(re.search(r"[1-9]", match[1]) for match in map(APPLIED.search, lines) if match)


class State:
    """Terraform's state in a file: what there is, and what the configuration puts out."""

    def __init__(self, path: Path) -> None:
        self._json: JsonObject = json.loads(path.read_text(encoding="utf-8") or "{}") if path.exists() else {}

    def outputs(self) -> JsonObject:
        """Return the outputs' values."""
        return {name: output["value"] for name, output in self._json.get("outputs", {}).items()}

    def resources(self) -> dict[str, dict[str, int]]:
        """Return how many resources of each type there are, by service."""
        counts: dict[str, dict[str, int]] = {}
        for resource in self._json.get("resources", []):
            if resource["mode"] == "managed" and resource["instances"]:
                service, kind = self._names(resource["type"])
                kinds = counts.setdefault(service, {})
                kinds[kind] = kinds.get(kind, 0) + len(resource["instances"])
        return counts

    @staticmethod
    def _names(kind: str) -> tuple[str, str]:
        name = kind.removeprefix("aws_")
        for start in ("api_gateway", "cloudwatch_event", "cloudwatch_log", "db"):
            if name.startswith(f"{start}_"):
                return {"db": "rds"}.get(start, start), name.removeprefix(f"{start}_")
        service, _, rest = name.partition("_")
        network = ("default", "flow", "route", "security", "subnet", "vpc")
        return ("vpc", name) if service in network else (service, rest or service)

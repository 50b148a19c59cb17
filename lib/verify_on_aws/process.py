"""Runs the programs of a step: their output is shown, kept in a log, and read for why one failed."""

import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from lib.common import region

ROOT = region.FOLDER.parent
DETAIL_LENGTH = 300  # characters of a program's last line that are kept


class StepError(RuntimeError):
    """A step failed; the message says how, in one sentence."""


@dataclass(frozen=True)
class Runner:
    """Runs programs in the checkout.

    Args:
        log: the file that gets their output too.
    """

    log: Path

    def run(
        self, command: Sequence[str], environ: Mapping[str, str], given: str = "", good: Sequence[int] = (0,)
    ) -> list[str]:
        """Run a program and return its output's last lines.

        An interruption reaches the program too, as it has the same terminal: it is waited for.

        Args:
            command: the program and its arguments.
            environ: its environment.
            given: what it reads; shown and kept nowhere.
            good: the statuses with which it has done its work.

        Raises:
            StepError: it cannot be started, or ends with another status.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        shown = " ".join([Path(command[0]).name, *command[1:]])
        last = deque[str](maxlen=40)
        with self.log.open("a", encoding="utf-8") as log:
            _tell(f"$ {shown}", log)
            try:
                process = subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=dict(environ),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    errors="replace",
                )
            except OSError as error:
                raise StepError(f"{command[0]} cannot be started ({error.strerror}).") from error
            with process:
                assert process.stdin is not None  # noqa: S101  # it is a pipe
                assert process.stdout is not None  # noqa: S101  # so is this
                with suppress(BrokenPipeError):  # it has ended already: its status says why
                    process.stdin.write(given)
                    process.stdin.close()
                try:
                    for line in process.stdout:
                        last.append(line.rstrip())
                        _tell(line.rstrip(), log)
                except KeyboardInterrupt:
                    process.wait()
                    raise
        if process.returncode not in good:
            said = next((line for line in reversed(last) if line.strip()), "it said nothing")
            raise StepError(f"{shown} ended with status {process.returncode}: {said.strip()[:DETAIL_LENGTH]}")
        return list(last)


def _tell(line: str, log: TextIO) -> None:
    print(f"  {line}", flush=True)
    print(line, file=log, flush=True)

"""The sample, the copies of the checkout in which it is tried, and what comes of it."""

import ast
import importlib
import itertools
import json
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lib.common import node
from lib.declared.read import ROOT, TOOLS
from lib.mutation.literals import Mutation, mutated, mutations
from lib.mutation.trial import EQUIVALENT, PROSE, Verdict

Report = Callable[[str], None]
Result = tuple[Mutation, Verdict]
SHARED = {"pulumi": ("lib.pulumi_components.",)}
LEFT_OUT = (".git", ".venv", ".local", "node_modules", "__pycache__", "cdk.out", "cdktf.out", ".*_cache", ".hypothesis")
# What would lead to another checkout, or let Python compile the same files in every trial.
UNSET = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
TIMEOUT_SECONDS = 1800.0
NOT_COUNTED = (EQUIVALENT, PROSE)


class MutationError(Exception):
    """The trials cannot go on; the message says why, and what to do."""


def modules(system: str) -> list[str]:
    """Return the files of a system's stack, relative to the checkout: what its ``stack`` module imports.

    The sources are asked: what is loaded in this process may be there for another reason.
    """
    folder = system.replace("-", "_")
    prefixes = (f"lib.{folder}.", *SHARED.get(TOOLS[system], ()))
    known, waiting = set[str](), [f"lib.{folder}.stack"]
    while waiting:
        path = f"{waiting.pop().replace('.', '/')}.py"
        if path not in known and (ROOT / path).is_file():
            known.add(path)
            waiting += [name for name in _imports(ROOT / path) if name.startswith(prefixes)]
    return sorted(known)


def _imports(path: Path) -> Iterator[str]:
    """Yield the names of the modules that a file imports names from."""
    for statement in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.ImportFrom):
            yield str(statement.module)
            yield from (f"{statement.module}.{alias.name}" for alias in statement.names)


def sample(system: str, seed: int) -> list[Mutation]:
    """Return a mutation of every literal of a system's stack, in the order in which they are tried.

    Args:
        system: the system's name.
        seed: the same seed gives the same mutations in the same order, as long as the sources stay.
    """
    os.environ.update(node.environment())
    every: list[Mutation] = []
    for path in modules(system):
        namespace = vars(importlib.import_module(path.removesuffix(".py").replace("/", ".")))
        every += mutations(path, (ROOT / path).read_text(encoding="utf-8"), namespace, seed)
    random.Random(seed).shuffle(every)  # noqa: S311 - a sample, no secret
    return every


@dataclass(frozen=True)
class Checkout:
    """A copy of the checkout, in which one mutation at a time is tried."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "Checkout":
        """Copy the checkout's sources; packages of functions that are built already are shared."""
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
        (ROOT / ".local").mkdir(exist_ok=True)
        (folder / ".local").symlink_to(ROOT / ".local")
        return cls(folder)

    @contextmanager
    def having(self, mutation: Mutation) -> Iterator[None]:
        """Have a mutation in this copy for a while."""
        path = self.folder / mutation.path
        before = path.read_text(encoding="utf-8")
        self._write(path, mutated(before, mutation))
        try:
            yield
        finally:
            self._write(path, before)

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.write_text(text, encoding="utf-8")
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):  # its time and size may be the same
            compiled.unlink()

    def trial(self, system: str, baseline: Path) -> str:
        """Run a trial in this copy and return the last line that it prints.

        Raises:
            MutationError: it fails, or does not end.
        """
        command = [sys.executable, "-m", "lib.mutation.trial", system, str(baseline)]
        environ = {name: value for name, value in os.environ.items() if name not in UNSET}
        try:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env=environ,
                capture_output=True,
                text=True,
                check=False,
                timeout=TIMEOUT_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise MutationError(f"A trial of {system} did not end within {TIMEOUT_SECONDS:.0f} s.") from error
        if done.returncode:
            raise MutationError(done.stderr.strip().rpartition("\n")[2] or f"The trial ended with {done.returncode}.")
        return (done.stdout.splitlines() or [""])[-1]


class Trials:
    """Copies of the checkout, and what the tests say of one mutation after the other.

    Args:
        folder: where the copies are made.
        system: the system's name.
        jobs: how many copies are used side by side.
        report: is told how far it is.
    """

    def __init__(self, folder: Path, system: str, jobs: int, report: Report) -> None:
        self._system, self._report = system, report
        self._baseline = folder / "baseline.json"
        self._free: queue.SimpleQueue[Checkout] = queue.SimpleQueue()
        self._pool = ThreadPoolExecutor(jobs)
        self._jobs = jobs
        for number in range(jobs):
            self._free.put(Checkout.make(folder / f"checkout-{number}"))

    def begin(self) -> None:
        """Write down what is declared without any mutation.

        Raises:
            MutationError: a test fails without any mutation, so that its failures say nothing.
        """
        checkout = self._free.get()
        try:
            checkout.trial(self._system, self._baseline)
        except MutationError as error:
            raise MutationError(f"Without any change {error} fails: make it pass first.") from error
        finally:
            self._free.put(checkout)

    def _try(self, mutation: Mutation) -> Verdict:
        checkout = self._free.get()
        try:
            with checkout.having(mutation):
                return Verdict(**json.loads(checkout.trial(self._system, self._baseline)))
        finally:
            self._free.put(checkout)

    def results(self, chosen: Sequence[Mutation], count: int) -> list[Result]:
        """Try mutations in their order until enough of them count; return all that were tried until then."""
        waiting: list[tuple[Mutation, Future[Verdict]]] = []
        rest, verdicts, counted = iter(chosen), [], 0
        with self._pool:
            while counted < count:
                more = itertools.islice(rest, self._jobs - len(waiting))
                waiting += [(each, self._pool.submit(self._try, each)) for each in more]
                if not waiting:
                    break
                mutation, future = waiting.pop(0)
                verdict = future.result()
                verdicts.append((mutation, verdict))
                counted += verdict.outcome not in NOT_COUNTED
                self._report(f"{counted}/{count} {mutation}: {' '.join(filter(None, (verdict.outcome, verdict.test)))}")
            for _mutation, future in waiting:
                future.cancel()
        return verdicts


def run(system: str, *, count: int, seed: int, jobs: int, report: Report) -> list[Result]:
    """Try a sample of a system's mutations.

    Args:
        system: the system's name.
        count: how many mutations are to count; those that declare the same, or other prose alone, do not.
        seed: decides which ones.
        jobs: how many are tried side by side.
        report: is told how far it is.

    Raises:
        MutationError: the trials cannot go on.
    """
    with tempfile.TemporaryDirectory(prefix="tap-mutate-") as folder:
        trials = Trials(Path(folder), system, jobs, report)
        trials.begin()
        return trials.results(sample(system, seed), count)

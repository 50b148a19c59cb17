"""Style, types and lint: the one list of ``scripts/check`` and ``scripts/test``, and how it is run."""

import os
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lib.common import lambda_sources

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ["lib", "lambda", "scripts", "tests", "tap.py"]
TYPED = ["lib", "tap.py", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "scripts").rglob("*.py"))]
# What every verdict of pylint depends on.
SETTINGS = ("pyproject.toml", "requirements.lock", "scripts/lints.py")
# Tests have fixtures, short names and long parameter lists; what pylint says of wrong code stands for them too.
RELAXED = (
    "missing-docstring",
    "redefined-outer-name",
    "protected-access",
    "too-many-arguments",
    "too-many-locals",
    "too-many-positional-arguments",
    "too-many-instance-attributes",
    "import-outside-toplevel",
    "duplicate-code",
    "unused-argument",
    "invalid-name",
    "too-many-public-methods",
    "wrong-import-position",
    "use-implicit-booleaness-not-comparison",
    "consider-using-with",
)


class Check(NamedTuple):
    """Commands that run side by side.

    Attributes:
        title: what they look at.
        commands: each with its arguments.
        environ: variables that they have beside the caller's.
    """

    title: str
    commands: Sequence[list[str]]
    environ: Mapping[str, str]


def tool(name: str, *arguments: str) -> list[str]:
    """Return the command of a tool of this environment."""
    return [sys.executable, "-m", name, *arguments]


def functions() -> list[tuple[list[str], str]]:
    """Return the modules of each Lambda function, and the folders that they import each other from, as a path."""
    by_function = []
    for handler in sorted((ROOT / "lambda").glob("*/*/handler.py")):
        files, folders = lambda_sources.modules(handler.parent.parent.name, handler.parent.name)
        by_function.append(([str(file.relative_to(ROOT)) for file in files], os.pathsep.join(map(str, folders))))
    return by_function


def changed() -> set[str] | None:
    """Return the files that differ from where this branch left main, relative to the checkout, new ones among them.

    Returns:
        None where nobody can say: there is no main, or no git.
    """
    git = ["git", "-C", str(ROOT)]
    for main in ("main", "origin/main"):
        base = subprocess.run([*git, "merge-base", "HEAD", main], capture_output=True, text=True, check=False)
        if base.returncode:
            continue
        asked = (["diff", "--name-only", base.stdout.strip()], ["ls-files", "--others", "--exclude-standard"])
        found = [subprocess.run([*git, *words], capture_output=True, text=True, check=False) for words in asked]
        return {line for done in found for line in done.stdout.splitlines()}
    return None


def of_pylint(only: Collection[str] | None) -> list[list[str]]:
    """Return pylint's commands for the files that are named, or for all of them (None).

    What pylint says of a file depends on what that imports, and on its likeness to others: a few files are for the time
    between two commits, all of them for the commit.
    """

    def wanted(paths: Sequence[str]) -> list[str]:
        if only is None:
            return list(paths)
        return [name for name in sorted(only) if name.endswith(".py") and (ROOT / name).is_file() and _in(name, paths)]

    pylint = tool("pylint", "--rcfile=pyproject.toml")
    commands = [[*pylint, *files] for files in [wanted(TYPED)] if files]
    for paths, folders in functions():  # a function's modules import each other by their plain names
        if files := wanted(paths):
            commands.append(["env", f"PYTHONPATH={folders}", *pylint, *files])
    if files := wanted(["tests"]):
        commands.append([*pylint, f"--disable={','.join(RELAXED)}", *files])
    return commands


def _in(name: str, paths: Sequence[str]) -> bool:
    return any(name == path or name.startswith(f"{path}/") for path in paths)


def style() -> Check:
    """Return what looks at the style of every file, and at GitHub's workflows.

    zizmor asks nobody: what only GitHub knows, such as a pin that has an advisory, is not looked at.
    https://docs.zizmor.sh/usage/
    """
    zizmor = str(Path(sys.executable).with_name("zizmor"))
    commands = [
        tool("ruff", "check", *PYTHON),
        tool("ruff", "format", "--check", *PYTHON),
        [zizmor, "--offline", "--strict-collection", "--quiet", "--no-progress", ".github"],
    ]
    return Check("style and workflows", commands, {})


def types() -> Check:
    """Return what looks at the types of every file."""
    by_function = [["env", f"MYPYPATH={folders}", *tool("mypy", *files)] for files, folders in functions()]
    return Check("types", [tool("mypy", *TYPED), *by_function], {"PYTHONPATH": str(ROOT)})


def lint(only: Collection[str] | None = None) -> Check:
    """Return what pylint looks at: all files, or those that are named."""
    title = "lint" if only is None else "lint of what differs from main"
    return Check(title, of_pylint(only), {"PYTHONPATH": str(ROOT)})


def environment(added: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a check.

    Hundreds of processes import the same packages: each module is compiled once, whatever the caller's Python does.
    """
    return {name: value for name, value in {**os.environ, **added}.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run(check: Check) -> bool:
    """Run a check's commands two at a time, show what failed (and all of a command that is alone).

    Returns:
        Whether all passed.
    """
    began, passed = time.monotonic(), True
    waiting, running = list(check.commands), list[tuple[list[str], subprocess.Popen[str]]]()
    alone = len(waiting) == 1
    clear = "\r" if sys.stdout.isatty() and not alone else ""  # the line that counts is written over
    while waiting or running:
        while waiting and len(running) < 2:
            command = waiting.pop(0)
            pipe = None if alone else subprocess.PIPE
            process = subprocess.Popen(  # pylint: disable=consider-using-with  # two run side by side
                command, cwd=ROOT, env=environment(check.environ), stdout=pipe, stderr=subprocess.STDOUT, text=True
            )
            running.append((command, process))
        if clear:
            left = len(waiting) + len(running)
            print(f"\r  {check.title}: {len(check.commands) - left} of {len(check.commands)} ...", end="", flush=True)
        command, process = running.pop(0)
        output, _nothing = process.communicate()
        if process.returncode:
            passed = False
            print(f"{clear}--- {' '.join(command[:6])} ...\n{output or ''}", flush=True)
    print(
        f"{clear}{'✓' if passed else '✗'} {check.title}: {time.monotonic() - began:.0f} s{clear and '      '}",
        flush=True,
    )
    return passed


def verdict(checks: Sequence[Check]) -> int:
    """Run checks one after the other, say what came of all of them, and return the exit code."""
    began = time.monotonic()
    results = [run(check) for check in checks]
    print(f"{'passed' if all(results) else 'FAILED'} in {time.monotonic() - began:.0f} s", flush=True)
    return 0 if all(results) else 1

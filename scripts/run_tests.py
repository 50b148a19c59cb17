"""Everything that a commit has to pass: ``scripts/test``."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.common import lambda_sources
from scripts.command_lines.run_tests import parse

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ["lib", "lambda", "scripts", "tests", "tap.py"]
TYPED = ["lib", "tap.py", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "scripts").rglob("*.py"))]
# Three on two cores: one of them waits most of the time, for Terraform.
PYTEST = [sys.executable, "-W", "error", "-m", "pytest", "-n", "3", "--no-loadscope-reorder", "-q"]
COVERAGE = ["--cov", "--cov-report=term-missing:skip-covered", "--durations=10"]


def tool(name: str, *arguments: str) -> list[str]:
    """Return the command of a tool of this environment."""
    return [sys.executable, "-m", name, *arguments]


def functions() -> list[tuple[list[str], list[str]]]:
    """Return the modules of each Lambda function, and the folders that they import each other from."""
    by_function = []
    for handler in sorted((ROOT / "lambda").glob("*/*/handler.py")):
        files, folders = lambda_sources.modules(handler.parent.parent.name, handler.parent.name)
        by_function.append((list(map(str, files)), folders))
    return by_function


def checks() -> list[tuple[str, list[list[str]], dict[str, str]]]:
    """Return what is run: a title, commands that run side by side, and their environment."""
    lints: list[list[str]] = [tool("mypy", *TYPED), tool("pylint", "--rcfile=pyproject.toml", *TYPED)]
    # A function's modules import each other by their plain names.
    for files, folders in functions():
        lints.append(["env", f"MYPYPATH={os.pathsep.join(folders)}", *tool("mypy", *files)])
        lints.append(
            ["env", f"PYTHONPATH={os.pathsep.join(folders)}", *tool("pylint", "--rcfile=pyproject.toml", *files)]
        )
    lints.append(tool("pylint", "--rcfile=pyproject.toml", "--disable=" + ",".join(RELAXED), "tests"))
    return [
        ("style", [tool("ruff", "check", *PYTHON), tool("ruff", "format", "--check", *PYTHON)], {}),
        ("tests", [[*PYTEST, *COVERAGE]], {}),
        ("types and lint", lints, {"PYTHONPATH": str(ROOT)}),
    ]


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


def environment(added: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a check.

    Hundreds of processes import the same packages: each module is compiled once, whatever the caller's Python does.
    """
    return {name: value for name, value in {**os.environ, **added}.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run(title: str, commands: Sequence[list[str]], environ: dict[str, str]) -> bool:
    """Run commands two at a time, show the output of those that fail (and of pytest), and return whether all passed."""
    began, passed = time.monotonic(), True
    waiting, running = list(commands), list[tuple[list[str], subprocess.Popen[str]]]()
    alone = len(commands) == 1
    while waiting or running:
        while waiting and len(running) < 2:
            command = waiting.pop(0)
            pipe = None if alone else subprocess.PIPE
            process = subprocess.Popen(  # pylint: disable=consider-using-with  # two run side by side
                command, cwd=ROOT, env=environment(environ), stdout=pipe, stderr=subprocess.STDOUT, text=True
            )
            running.append((command, process))
        command, process = running.pop(0)
        output, _nothing = process.communicate()
        if process.returncode:
            passed = False
            print(f"--- {' '.join(command[:6])} ...\n{output or ''}", flush=True)
    print(f"{'✓' if passed else '✗'} {title}: {time.monotonic() - began:.0f} s", flush=True)
    return passed


def main(arguments: list[str]) -> int:
    """Run everything, or the tests that are named; return the exit code."""
    asked = parse(arguments)
    if asked:
        return subprocess.run([*PYTEST, *asked], cwd=ROOT, env=environment({}), check=False).returncode
    began = time.monotonic()
    results = [run(*check) for check in checks()]
    print(f"{'passed' if all(results) else 'FAILED'} in {time.monotonic() - began:.0f} s")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

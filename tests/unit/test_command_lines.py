"""Every command answers help and wrong arguments at once: in a new clone, by a Python that has no package."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = sorted(
    path.name for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix and path.name != "_python"
)
# Options of scripts/test are pytest's, which a clone without an environment does not have: it knows paths alone.
WRONG = {"test": "tests/no_such_file.py"}


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A checkout in which nothing has been set up, and a python3 without any package."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("lib", "scripts"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    shutil.copy(ROOT / "tap.py", folder)
    python = folder / "python3"
    python.write_text(f'#!/bin/sh\nexec "{sys._base_executable}" -S -B "$@"\n')
    python.chmod(0o755)
    return folder


@pytest.fixture
def run(clone, tmp_path):
    """Run a command of the clone from elsewhere; nothing may be written by it."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}

    def _run(*command):
        before = set(clone.rglob("*"))
        done = subprocess.run(
            [clone / "scripts" / command[0], *command[1:]],
            env={**environ, "TAP_PYTHON": str(clone / "python3")},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert set(clone.rglob("*")) == before
        return done

    return _run


def test_every_command_can_be_started():
    assert {"up", "down", "env", "test"} <= set(COMMANDS)
    assert [name for name in COMMANDS if not os.access(ROOT / "scripts" / name, os.X_OK)] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_help_needs_no_environment_and_names_the_command(run, name):
    done = run(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: scripts/{name} ")


@pytest.mark.parametrize("name", COMMANDS)
def test_wrong_arguments_need_no_environment_either(run, name):
    done = run(name, WRONG.get(name, "--no-such-option"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"usage: scripts/{name} ")
    assert WRONG.get(name, "--no-such-option") in done.stderr or "required" in done.stderr


@pytest.mark.parametrize(
    "command",
    ["up", "down", "check_account", "cost", "leftovers", "mutate", "preview", "verify_on_aws", "copy_system"],
)
def test_a_system_that_does_not_exist_is_refused_with_those_that_do(run, command):
    done = run(command, "paymet")
    assert done.returncode == 2
    assert "invalid choice: 'paymet'" in done.stderr
    assert "'kinesis-pipeline'" in done.stderr


def test_a_command_without_a_parser_is_noticed(clone, run):
    script = clone / "scripts" / "new"
    script.write_text('#!/bin/sh\nexec "$(dirname "$0")/_python" -m lib.new.cli "$@"\n')
    script.chmod(0o755)
    assert run("new", "--help").returncode != 0


@pytest.mark.parametrize("system", ["up", "down"])
def test_no_system_is_every_system(system):
    from lib.local_cloud.command_line import parse

    assert parse([system]).system == []

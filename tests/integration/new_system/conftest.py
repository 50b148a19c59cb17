"""CONTRIBUTING's recipe, followed in a copy of the checkout; the copy is deployed to a local cloud of its own."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from lib.local_cloud.cloud import UNSET
from lib.mutation.run import LEFT_OUT
from scripts import setup_env
from tests.integration.conftest import free_ports

ROOT = Path(__file__).resolve().parents[3]
# A path at the start of a line, a sentence on it perhaps, and the file's whole text.
FILE = re.compile(
    r"^`([\w/]+\.(?:md|py|toml))`[^\n]*(?:\n[^\n]+)*\n\n```(?:markdown|python|toml)\n(.*?)^```$", re.M | re.S
)
ENTRY = re.compile(r'^```python\n( +"([a-z-]+)": System\([^\n]*\),\n)```$', re.M)
# What writes files of the system's: the commands after the recipe's files that are no scripts.
COMMAND = re.compile(r"^\.venv/bin/(python -m [\w. -]+?) *(?:#.*)?$", re.M)
END_OF_REGISTRY = re.compile(r"^SYSTEMS: .*?(?=^\}$)", re.M | re.S)


@dataclass(frozen=True)
class Checkout:
    """A copy of this checkout with one more system.

    Attributes:
        folder: where it is.
        system: the new system's name.
        changed: what following the recipe changed or made, by path.
        environ: the variables of a local cloud that is the copy's alone.
    """

    folder: Path
    system: str
    changed: Sequence[str]
    environ: dict[str, str]

    def run(self, *command: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in it, as its user does: found by the environment that its scripts make."""
        inherited = {name: value for name, value in os.environ.items() if name not in {*UNSET, "PYTHONPATH"}}
        path = os.pathsep.join(
            [str(self.folder / ".venv/bin"), str(self.folder / "node_modules/.bin"), os.environ["PATH"]]
        )
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**inherited, **self.environ, "PATH": path, **environ},
            capture_output=True,
            text=True,
            check=False,
        )


def _text() -> str:
    return (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## A new system")[2]


def recipe() -> tuple[str, str, dict[str, str]]:
    """Return what CONTRIBUTING.md has for a new system: its name, its entry, its files by path."""
    text = _text()
    ((entry, name),) = ENTRY.findall(text)
    return name, entry, dict(FILE.findall(text))


def commands() -> list[list[str]]:
    """Return the recipe's commands that write files of the system's, each as its words."""
    return [found.split() for found in COMMAND.findall(_text().partition("\nThen:\n")[2])]


def follow(folder: Path) -> tuple[str, list[str]]:
    """Follow the recipe in a checkout; return the system's name, and the paths that were changed or made."""
    name, entry, files = recipe()
    registry = folder / "tap.py"
    text, count = END_OF_REGISTRY.subn(lambda found: found[0] + entry, registry.read_text(encoding="utf-8"))
    assert count == 1
    registry.write_text(text, encoding="utf-8")
    for path, content in files.items():
        assert not (folder / path).exists(), path
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    return name, ["tap.py", *files]


def borrow_packages(folder: Path) -> None:
    """Give a checkout this one's packages: its scripts find an environment that is made already."""
    (folder / ".venv").mkdir()
    for path in Path(sys.prefix).iterdir():
        if path.name != setup_env.STAMP.name:
            (folder / ".venv" / path.name).symlink_to(path)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    (ROOT / ".local").mkdir(exist_ok=True)
    (folder / ".local").symlink_to(ROOT / ".local")  # checkov's environment, and what else is made once
    # The stamp has the checkout's folder in it.
    code = "import setup_env; setup_env.STAMP.write_text(setup_env.content())"
    subprocess.run([sys._base_executable, "-c", code], cwd=folder / "scripts", check=True)  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """The copy, and afterwards an end to what it started."""
    folder = tmp_path_factory.mktemp("new-system") / "tap"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    name, changed = follow(folder)
    borrow_packages(folder)
    port = free_ports()
    environ = {
        "LOCAL_CLOUD_FOLDER": tempfile.mkdtemp(prefix="tap-new-"),
        "LOCAL_CLOUD_PORT": str(port),
        "LOCAL_CLOUD_MOTO_PORT": str(port + 1),
        "ENVIRONMENT_SUFFIX": "new",
    }
    found = Checkout(folder, name, changed, environ)
    with ThreadPoolExecutor() as pool:  # they write different files
        for done in pool.map(lambda words: found.run(*words), commands()):
            assert done.returncode == 0, done.stderr[-2000:]
    yield found
    found.run("scripts/down")


@pytest.fixture(scope="session")
def deployed(checkout: Checkout) -> dict[str, str]:  # pylint: disable=redefined-outer-name
    """The environment of the copy's local cloud: the tests here deploy for themselves."""
    return checkout.environ

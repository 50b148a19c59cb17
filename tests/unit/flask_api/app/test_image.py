"""What the Dockerfile describes can be laid out and runs, as nobody in particular.

No image is built here, for there is no Docker: the test follows the instructions instead, with this environment's
Python and packages in the place of the image's.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.flask_api.app import COMMAND
from tests.support import flask_api
from tests.support.database import TestServer
from tests.support.flask_api import FOLDER, Client, Gunicorn, image

# pylint: disable=redefined-outer-name

CONTEXT = FOLDER.parent
FILE = FOLDER / "app" / "Dockerfile"
RULES = FILE.with_name("Dockerfile.dockerignore").read_text(encoding="utf-8")
IMAGE = image.parse(FILE.read_text(encoding="utf-8"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The image's file system, as far as the Dockerfile writes it; anybody may read it."""
    image.lay_out(IMAGE, CONTEXT, RULES, tmp_path)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    return tmp_path


def test_the_command_is_the_one_that_is_tested() -> None:
    """Everywhere else the API is started by COMMAND."""
    assert tuple(IMAGE.command) == COMMAND


def test_it_does_not_run_as_root() -> None:
    """By number, so that ECS and Kubernetes can see it."""
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", IMAGE.user)
    assert IMAGE.names.index("USER") > max(n for n, name in enumerate(IMAGE.names) if name in ("RUN", "COPY"))


def test_the_base_is_an_argument() -> None:
    """So that it can be passed by its digest."""
    assert IMAGE.base == "python:3.14-slim-trixie"
    assert IMAGE.arguments.keys() == {"PYTHON_IMAGE"}


def test_packages_are_installed_by_hash() -> None:
    """And nothing is compiled on the way."""
    (install,) = [run for run in IMAGE.runs if "pip" in run]
    assert {"--require-hashes", "--only-binary=:all:", "--requirement=app/requirements.txt"} <= set(install)


def test_the_image_holds_what_it_needs_and_nothing_else(root: Path) -> None:
    """The package, and what it looks for beside it: the authorities of RDS, the currencies."""
    held = {str(path.relative_to(root / "srv")) for path in root.rglob("*") if path.is_file()}
    sources = {
        f"flask_api/app/{path.relative_to(FOLDER / 'app')}"
        for path in (FOLDER / "app").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith("Dockerfile")
    }
    assert held == sources | {"common/currencies.json", "common/rds-ca.pem"}


@pytest.mark.parametrize(
    ("path", "out"),
    [
        ("AWS_REGION", True),
        ("common/region.py", True),
        ("common/rds-ca.pem", False),
        ("common/currencies.json", False),
        ("flask_api/stack.py", True),
        ("flask_api/app/api.py", False),
        ("flask_api/app/__pycache__/api.pyc", True),
        ("flask_api/app/Dockerfile", True),
    ],
)
def test_the_context_has_no_more_than_that(path: str, out: bool) -> None:
    """What is not sent cannot change the image."""
    assert image.ignored(RULES, path) is out


def nobody() -> int | None:
    """Return the image's user where this environment's Python may be run by it, or else nothing."""
    user = int(IMAGE.user.partition(":")[0])
    if os.geteuid() != 0:
        return None
    try:
        subprocess.run([sys.executable, "-c", "import flask"], user=user, check=True, capture_output=True, cwd="/")
    except (OSError, subprocess.CalledProcessError):
        return None
    return user


@pytest.fixture
def running(
    root: Path, postgres: TestServer, settings: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gunicorn]:
    """The image's command, in the image's folder, in the image's environment and a task's."""
    del settings
    environ = {**IMAGE.environ, **flask_api.environ(postgres.server), "WEB_CONCURRENCY": "1"}
    server = Gunicorn(environ, root / IMAGE.workdir.lstrip("/"), tuple(IMAGE.command), nobody())
    yield server.start(tmp_path_factory.mktemp("log") / "log")
    assert server.stop() == 0


def test_what_was_laid_out_runs(running: Gunicorn) -> None:
    """It lives, is ready, and knows its tables; it writes no bytecode; and it ends when it is told to."""
    with Client(running.port) as client:
        assert client("GET", "/health/live")[0] == 200
        assert client("GET", "/products")[0] == 200
    assert not [*running.folder.rglob("*.pyc")]

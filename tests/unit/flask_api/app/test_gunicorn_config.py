"""Gunicorn serves as a load balancer and ECS need it."""

import importlib
import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from gunicorn.config import Config

from lib.flask_api import load_balancer
from lib.flask_api.app import COMMAND, create_app, limits
from lib.flask_api.app.settings import Settings
from tests.support import flask_api
from tests.support.database import TestServer

# pylint: disable=redefined-outer-name

NAME = "lib.flask_api.app.gunicorn_config"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, postgres: TestServer) -> Iterator[Callable[..., ModuleType]]:
    """Loads the configuration in an environment."""

    def make(**environ: str) -> ModuleType:
        for name, value in {**flask_api.environ(postgres.server), **environ}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delitem(sys.modules, NAME, raising=False)
        return importlib.import_module(NAME)

    yield make
    sys.modules.pop(NAME, None)


def test_gunicorn_takes_every_setting(load: Callable[..., ModuleType]) -> None:
    """None is misspelt: gunicorn ignores what it does not know."""
    module = load(WEB_CONCURRENCY="3", WEB_THREADS="5", PORT="8099", LOG_LEVEL="warning")
    config = Config()
    lower = {name for name in vars(module) if name.islower() and not name.startswith("_")}
    settings = lower & set(config.settings)
    assert lower - settings == {"chosen", "sys", "glogging", "logs"}
    for name in settings:
        config.set(name, getattr(module, name))
    assert (config.workers, config.threads, config.address) == (3, 5, [("127.0.0.1", 8099)])
    assert config.worker_class is module.Worker


def test_connections_outlive_the_load_balancer_s_patience() -> None:
    """Else it would send requests over connections that are just being closed, and answer 502."""
    assert limits.IDLE_SECONDS > load_balancer.IDLE_SECONDS


def test_requests_have_time_to_end(load: Callable[..., ModuleType]) -> None:
    """As much as ECS gives by default, and a multiple of what the database may take."""
    assert load().graceful_timeout == 30


def test_workers_report_in_memory(load: Callable[..., ModuleType]) -> None:
    """Where there is such a folder."""
    assert load().worker_tmp_dir == ("/dev/shm" if Path("/dev/shm").is_dir() else None)


def test_a_wrong_environment_is_one_sentence(load: Callable[..., ModuleType]) -> None:
    """And no start."""
    with pytest.raises(SystemExit, match=r"^PORT='x' is refused: use a whole number from 1 to 65535\.$"):
        load(PORT="x")


@pytest.fixture
def _logging() -> Iterator[None]:
    root, error = logging.getLogger(), logging.getLogger("gunicorn.error")
    before = root.handlers[:], root.level, error.propagate, error.level
    yield
    root.handlers[:], root.level, error.propagate, error.level = before
    error.handlers[:] = []


@pytest.mark.usefixtures("_logging")
def test_gunicorn_s_own_lines_are_json(load: Callable[..., ModuleType], capsys: pytest.CaptureFixture[str]) -> None:
    """On stdout; and it writes none for each request, for the API does."""
    module = load()
    config = Config()
    logger = module.Logger(config)
    logger.info("hello %s", "you")
    captured = capsys.readouterr()
    assert json.loads(captured.out)["message"] == "hello you"
    assert captured.err == ""
    assert not logger.access_log_enabled


def test_a_worker_has_its_own_pool(load: Callable[..., ModuleType], settings: Settings) -> None:
    """Open while it lives, and it says so when it stops."""
    module = load()
    app = create_app(settings)
    shop, worker = app.extensions["shop"], SimpleNamespace(wsgi=app, alive=True, stuck=False)
    module.post_worker_init(worker)
    assert shop.database.rows("SELECT 1") == [(1,)]
    assert app.test_client().get("/health/ready").status_code == 200
    assert app.test_client().get("/health/live").status_code == 200
    worker.stuck = True
    assert "No thread" in app.test_client().get("/health/live").json["detail"]
    worker.alive = False
    assert app.test_client().get("/health/ready").status_code == 503
    module.worker_exit(None, worker)
    assert shop.database._pool.closed


def test_a_worker_that_never_came_up_closes_nothing(load: Callable[..., ModuleType]) -> None:
    """Gunicorn calls the hook all the same."""
    load().worker_exit(None, SimpleNamespace(wsgi=None))


def test_the_command_names_what_is_there() -> None:
    """Module and factory, seen from the folder above the package."""
    assert COMMAND[:2] == ("python", "-m")
    assert f"python:{NAME.removeprefix('lib.flask_api.')}" in COMMAND
    assert COMMAND[-1] == f"{create_app.__module__.split('.')[2]}:create_app()"

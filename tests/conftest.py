"""Tests import the repository's packages from wherever pytest is started, and share one PostgreSQL a worker."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = str(Path(__file__).resolve().parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from tests.support import database  # noqa: E402


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[database.TestServer]:
    """A real PostgreSQL, with the user and the database of the pipeline."""
    server = database.start(tmp_path_factory.mktemp("postgres"))
    yield server
    server.server.stop()


@pytest.fixture(scope="session")
def admin(postgres: database.TestServer) -> Iterator[object]:  # pylint: disable=redefined-outer-name
    """The pipeline's database function, its migrations applied to the PostgreSQL."""
    from tests.support import functions

    modules = functions.load("kinesis_pipeline", "database")
    modules.handler.database = modules.postgres.Database(postgres.environ, secrets=postgres.secrets)
    modules.handler.migrate()
    yield modules
    modules.handler.database.close()

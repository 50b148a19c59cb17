"""RDS changes the master password under load, and nobody notices: the API signs in by IAM."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.local_cloud.servers.postgres import Postgres
from lib.local_cloud.servers.process import free_port
from tests.support import flask_api
from tests.support.flask_api import Gunicorn
from tests.support.flask_api.traffic import Load

# pylint: disable=redefined-outer-name

SECOND = "second-Password.2"
THREADS = 8
HEALED_SECONDS = 3.0


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A server of the test's own: it gets another password."""
    with tempfile.TemporaryDirectory(prefix="tap-shop-") as folder:
        server = Postgres(Path(folder) / "postgres", free_port())
        try:
            server.start()
            flask_api.provide(server)
            yield server
        finally:
            server.remove()


@pytest.fixture
def api(postgres: Postgres, tmp_path: Path) -> Iterator[Gunicorn]:
    """The API, which knows no password."""
    server = Gunicorn(flask_api.environ(postgres, WEB_CONCURRENCY="2", WEB_THREADS=str(THREADS // 2)))
    yield server.start(tmp_path / "log")
    assert server.stop() == 0


def end_all_connections(postgres: Postgres) -> None:
    """End the API's connections, so that it signs in again."""
    with postgres.administrator() as admin:
        admin.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ecommerce-api'")


def test_nobody_notices_a_rotation(postgres: Postgres, api: Gunicorn) -> None:
    """The master user has another password, then every connection ends: no order is lost, nobody refused for long."""
    with Load(api.port).stock_up() as load:
        load.more(40)
        postgres.provide(flask_api.USER, SECOND, flask_api.DATABASE)
        load.more(20)
        end_all_connections(postgres)
        ended = time.monotonic()
        load.more(60)
        flask_api.until(lambda: time.monotonic() > ended + HEALED_SECONDS, HEALED_SECONDS + 1)
        load.more(20)
    assert load.statuses().keys() <= {201, 503}  # 201 alone on a machine with time to spare
    assert load.statuses(before=ended).keys() == {201}
    assert load.statuses(since=ended + HEALED_SECONDS).keys() == {201}
    with flask_api.connect(postgres, password=SECOND) as connection:
        assert load.verdict(connection) == []
    assert SECOND not in api.log.read_text() if api.log else False

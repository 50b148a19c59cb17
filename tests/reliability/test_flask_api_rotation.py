"""RDS changes the password under load, and nobody notices."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.local_cloud.servers.postgres import Postgres
from lib.local_cloud.servers.process import free_port
from tests.support import flask_api
from tests.support.flask_api import Gunicorn
from tests.support.flask_api.secrets_manager import SecretsManager
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
def manager() -> Iterator[SecretsManager]:
    """Secrets Manager."""
    with SecretsManager() as made:
        yield made


@pytest.fixture
def api(postgres: Postgres, manager: SecretsManager, tmp_path: Path) -> Iterator[Gunicorn]:
    """The API, with the first password in its environment, forever."""
    server = Gunicorn(
        flask_api.environ(postgres, WEB_CONCURRENCY="2", WEB_THREADS=str(THREADS // 2), **manager.environ)
    )
    yield server.start(tmp_path / "log")
    assert server.stop() == 0


def end_all_connections(postgres: Postgres) -> None:
    """End the API's connections, so that it needs the password again."""
    with postgres.administrator() as admin:
        admin.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ecommerce-api'")


def test_nobody_notices_a_rotation(postgres: Postgres, manager: SecretsManager, api: Gunicorn) -> None:
    """Database and secret change, then every connection ends: no order is lost, and nobody is refused for long."""
    with Load(api.port).stock_up() as load:
        load.more(40)
        manager.password = SECOND
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
    assert 1 <= manager.asked <= 2  # at most once for each worker
    with flask_api.connect(postgres, password=SECOND) as connection:
        assert load.verdict(connection) == []
    assert SECOND not in api.log.read_text() if api.log else False


def test_a_secret_that_lags_behind_costs_a_retry_at_most(
    postgres: Postgres, manager: SecretsManager, api: Gunicorn
) -> None:
    """Were all connections to end in the moment between the two: 503 until the secret is there, and no lost order."""
    with Load(api.port).stock_up() as load:
        load.more(20)
        postgres.provide(flask_api.USER, SECOND, flask_api.DATABASE)
        end_all_connections(postgres)
        flask_api.until(lambda: manager.asked >= 2)
        manager.password = SECOND
        known = time.monotonic()
        load.more(40)
    assert load.statuses().keys() <= {201, 503}
    assert load.statuses(since=known + 4.0).keys() <= {201}
    with flask_api.connect(postgres, password=SECOND) as connection:
        assert load.verdict(connection) == []

"""Life and readiness are two questions: only the second one has to do with the database."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from lib.flask_api.app import create_app, health
from lib.flask_api.app.settings import Settings
from tests.support import flask_api
from tests.support.database import TestServer
from tests.support.flask_api.tcp_proxy import Behind, TcpProxy

# pylint: disable=redefined-outer-name

MIGRATIONS = Path(__file__).resolve().parents[4] / "lambda" / "flask_api" / "database" / "migrations"


@pytest.fixture
def proxy(postgres: TestServer, settings: Settings) -> Iterator[TcpProxy]:
    """The way to the database."""
    del settings
    with TcpProxy(postgres.server.port) as made:
        yield made


@pytest.fixture
def gated(postgres: TestServer, proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """An application behind the proxy."""
    environ = flask_api.environ(postgres.server) | {"DB_PORT": str(proxy.port), "DB_POOL_SIZE": "2"}
    monkeypatch.setattr("lib.flask_api.app.api.Credentials", lambda: Behind(postgres.server.port))
    app = create_app(Settings.read(environ))
    app.extensions["shop"].database.open()
    yield app
    app.extensions["shop"].database.close()


def test_all_is_well(gated: Flask) -> None:
    """Each question has its answer."""
    client = gated.test_client()
    assert client.get("/health/live").json == {"status": "alive"}
    assert client.get("/health/ready").json == {"status": "ready"}
    assert client.get("/health").json == {"live": "alive", "ready": "ready"}


def test_without_the_database_the_process_lives_and_is_not_ready(gated: Flask, proxy: TcpProxy) -> None:
    """Said within little more than a second, with a reason."""
    client = gated.test_client()
    proxy.state = "closed"
    assert client.get("/health/live").status_code == 200
    for path in ("/health/ready", "/health"):
        began = time.monotonic()
        answer = client.get(path)
        assert time.monotonic() - began < 3.5
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert answer.json["type"].endswith(":database-away")
        assert answer.json["detail"].startswith("The process lives, but ")


def test_a_database_that_hangs_is_no_readiness(gated: Flask, proxy: TcpProxy) -> None:
    """The question has less time than a request."""
    client = gated.test_client()
    client.get("/health/ready")
    proxy.state = "hung"
    began = time.monotonic()
    assert client.get("/health/ready").status_code == 503
    assert 0.9 < time.monotonic() - began < 3.5
    proxy.state = "open"


def test_life_is_not_asked_of_the_database(settings: Settings) -> None:
    """The pool is not even open."""
    assert create_app(settings).test_client().get("/health/live").status_code == 200


def test_a_database_without_tables_is_no_readiness(postgres: TestServer) -> None:
    """Somebody else's database, perhaps."""
    postgres.server.provide(flask_api.USER, flask_api.PASSWORD, "nothing_in_it")
    app = create_app(Settings.read(flask_api.environ(postgres.server, "nothing_in_it", DB_POOL_SIZE="1")))
    app.extensions["shop"].database.open()
    answer = app.test_client().get("/health/ready")
    app.extensions["shop"].database.close()
    assert answer.status_code == 503
    assert answer.json["detail"] == "The process lives, but the database was never migrated (SQLSTATE 42P01)."


def test_an_older_schema_is_no_readiness(gated: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """New code came before its migration: it lives, and says what it needs."""
    monkeypatch.setattr(health, "NEEDED", "0002_next.sql")
    answer = gated.test_client().get("/health/ready")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert (
        answer.json["detail"]
        == "The process lives, but the database has an older schema: 0002_next.sql is not applied."
    )
    assert gated.test_client().get("/health/live").status_code == 200


def test_a_newer_schema_is_readiness(gated: Flask, postgres: TestServer) -> None:
    """A deployment is taken back; the schema is not."""
    with flask_api.connect(postgres.server) as admin:
        admin.execute("INSERT INTO schema_migrations (name, sha256) VALUES ('9999_later.sql', '')")
        try:
            assert gated.test_client().get("/health/ready").status_code == 200
        finally:
            admin.execute("DELETE FROM schema_migrations WHERE name = '9999_later.sql'")


def test_the_newest_migration_is_what_this_version_needs() -> None:
    """Whoever adds one for new code names it here too; numbers have no gap, so that two branches notice each other."""
    names = sorted(path.name for path in MIGRATIONS.iterdir())
    assert names[-1] == health.NEEDED
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


def test_a_server_that_stops_is_not_ready(api: Any, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """But it lives, and answers what it still gets."""
    monkeypatch.setattr(app.extensions["shop"].health, "draining", lambda: True)
    assert api("GET", "/health/ready").json["detail"] == "The server stops, and takes no new work."
    assert api("GET", "/health/ready").status_code == api("GET", "/health").status_code == 503
    assert api("GET", "/health/live").status_code == 200
    assert api("GET", "/products").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/products", None),
        ("POST", "/products", flask_api.product()),
        ("POST", "/orders", flask_api.order(("01936a5e-7c00-7000-8000-000000000000", 1))),
    ],
)
def test_without_the_database_every_request_is_told_to_try_again(
    gated: Flask, proxy: TcpProxy, method: str, path: str, body: Any
) -> None:
    """503 with Retry-After, in time, and nothing of the error itself."""
    proxy.state = "closed"
    began = time.monotonic()
    answer = gated.test_client().open(path, method=method, json=body, headers={"Idempotency-Key": "key"})
    assert time.monotonic() - began < 8
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json["detail"].startswith("Try again in a moment: ")
    assert "127.0.0.1" not in answer.text

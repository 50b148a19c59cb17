"""The application in this process on a real PostgreSQL, with empty tables, and nothing of the developer's own AWS."""

import io
import json
import logging
import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from flask import Flask

from lib.flask_api.app import create_app, logs
from lib.flask_api.app.settings import Settings
from tests.support import flask_api, functions
from tests.support.database import TestServer

# pylint: disable=redefined-outer-name


@pytest.fixture(autouse=True)
def _only_what_the_test_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("AWS_", "DB_", "WEB_")) or name in ("HOST", "PORT", "LOG_LEVEL"):
            monkeypatch.delenv(name)
    for name, value in functions.OF_LAMBDA.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def settings(postgres: TestServer) -> Settings:
    """Settings that lead to a database with the tables."""
    return flask_api.provide(postgres.server)


@pytest.fixture(scope="session")
def _pool_with_its_own_random() -> Iterator[None]:
    """The pool's threads leave Python's global random alone.

    They draw from it whenever they open a connection. Hypothesis takes a global state that changed while it made its
    input for a strategy that is not repeatable, and fails the test.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("psycopg_pool.base.random", random.Random().random)
        yield


@pytest.fixture(scope="session")
def app(settings: Settings, _pool_with_its_own_random: None) -> Iterator[Flask]:
    """The application, its pool open."""
    made = create_app(settings)
    made.extensions["shop"].database.open()
    yield made
    made.extensions["shop"].database.close()


@pytest.fixture(scope="session")
def _connected(postgres: TestServer, settings: Settings) -> Iterator[Callable[[], psycopg.Connection[Any]]]:
    """Returns one connection to empty tables: a new one when another system's test has stopped the server meanwhile."""
    del settings
    connection = flask_api.connect(postgres.server)

    def empty() -> psycopg.Connection[Any]:
        nonlocal connection
        try:
            flask_api.empty(connection)
        except psycopg.OperationalError:
            connection.close()
            connection = flask_api.connect(postgres.server)
            flask_api.empty(connection)
        return connection

    yield empty
    connection.close()


@pytest.fixture
def sql(_connected: Callable[[], psycopg.Connection[Any]]) -> psycopg.Connection[Any]:
    """A connection of the test's own; the tables are empty."""
    return _connected()


@pytest.fixture
def api(app: Flask, sql: object) -> flask_api.Api:
    """The application, with empty tables."""
    del sql
    return flask_api.Api(app)


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What is logged meanwhile, decoded."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter())
    shop = logging.getLogger("shop")
    before = shop.level
    shop.addHandler(handler)
    shop.setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    shop.setLevel(before)
    shop.removeHandler(handler)

"""The functions as AWS loads them, an empty table, and nothing of the developer's own AWS settings."""

import io
import json
import os
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pg8000.native import Connection

from lib.common import region
from tests.support import functions
from tests.support.database import TestServer

# pylint: disable=redefined-outer-name

NAMESPACE = "TAP/Unit"


@pytest.fixture(autouse=True)
def _only_what_the_test_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("AWS_", "DB_", "POWERTOOLS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", region.primary({}))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture(scope="session")
def consumer() -> SimpleNamespace:
    """The consumer's modules."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POWERTOOLS_METRICS_NAMESPACE", NAMESPACE)
        patch.setenv("POWERTOOLS_SERVICE_NAME", "unit-consumer")
        return functions.load("kinesis_pipeline", "consumer")


@pytest.fixture
def sql(postgres: TestServer, admin: object) -> Iterator[Connection]:
    """A connection of the test's own; the table of events is there, and empty."""
    del admin
    with postgres.connect() as connection:
        connection.run("TRUNCATE events")
        yield connection


@pytest.fixture
def connect(consumer: SimpleNamespace, postgres: TestServer) -> Iterator[Callable[..., Any]]:
    """Makes a Database of the consumer's, with another environment or other secrets if the test says so."""
    made: list[Any] = []

    def make(secrets: Any = None, answer_seconds: float = 10.0, **environ: str) -> Any:
        made.append(
            consumer.postgres.Database(
                postgres.environ | environ, secrets=secrets or postgres.secrets, answer_seconds=answer_seconds
            )
        )
        return made[-1]

    yield make
    for database in made:
        database.close()


@pytest.fixture
def lines(consumer: SimpleNamespace) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the consumer's logger has written, decoded; it keeps the stdout that was there when it was imported."""
    stream = io.StringIO()
    handler = consumer.handler.logger.logger_handler
    before = handler.setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    handler.setStream(before)

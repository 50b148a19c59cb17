"""The payment functions as AWS loads them, empty tables, a bucket, and nothing of the developer's own AWS settings."""

import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from pg8000.exceptions import InterfaceError
from pg8000.native import Connection

from lib.common import region
from lib.local_cloud.servers.postgres import Postgres
from tests.support import payment
from tests.support.database import TestServer
from tests.support.functions import Context
from tests.support.payment import Api, Bucket

# pylint: disable=redefined-outer-name

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _only_what_the_test_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("AWS_", "DB_", "POWERTOOLS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", region.primary({}))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AUDIT_BUCKET", payment.BUCKET)
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture(scope="session")
def server(postgres: TestServer) -> Postgres:
    """A PostgreSQL with the tables of payments."""
    payment.provide(postgres.server)
    return postgres.server


@pytest.fixture
def sql(server: Postgres) -> Iterator[Connection]:
    """A connection of the test's own; the tables are empty."""
    connection = payment.connect(server)
    payment.empty(connection)
    yield connection
    with suppress(InterfaceError):  # a test may have stopped the server
        connection.close()


@pytest.fixture(scope="session")
def modules(server: Postgres) -> Iterator[SimpleNamespace]:
    """The API's modules."""
    loaded = payment.load(server, "api")
    yield loaded
    loaded.handler.database.close()


@pytest.fixture
def lines(modules: SimpleNamespace) -> Iterator[Lines]:
    """What the API's logger has written, decoded; it keeps the stdout that was there when it was imported."""
    stream = io.StringIO()
    handler = modules.telemetry.logger.logger_handler
    before = handler.setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    handler.setStream(before)


@pytest.fixture
def bucket() -> Bucket:
    """An empty bucket."""
    return Bucket()


@pytest.fixture
def api(modules: SimpleNamespace, sql: object, lines: object, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Api:
    """The API, with empty tables and an empty bucket."""
    del sql, lines
    monkeypatch.setattr(modules.handler.outbox, "trail", modules.trail.Trail(lambda: bucket))
    monkeypatch.setattr(modules.handler.outbox, "resting", 0.0)
    return Api(modules)


@pytest.fixture
def another(server: Postgres, bucket: Bucket, api: object) -> Iterator[Callable[[], Api]]:
    """Makes further environments of the API's function."""
    del api
    made: list[Api] = []

    def make() -> Api:
        loaded = payment.load(server, "api")
        loaded.handler.outbox.trail = loaded.trail.Trail(lambda: bucket)
        made.append(Api(loaded))
        return made[-1]

    yield make
    for each in made:
        each.modules.handler.database.close()


@pytest.fixture
def metrics(capsys: pytest.CaptureFixture[str]) -> Callable[[], dict[str, float]]:
    """Returns what was counted since it was asked last: printing is how a function publishes it."""

    def read() -> dict[str, float]:
        found: dict[str, float] = {}
        for line in capsys.readouterr().out.splitlines():
            printed = json.loads(line)
            (directive,) = printed["_aws"]["CloudWatchMetrics"]
            assert directive["Namespace"] == payment.NAMESPACE
            for metric in directive["Metrics"]:
                found[metric["Name"]] = found.get(metric["Name"], 0) + sum(printed[metric["Name"]])
        return found

    return read


@pytest.fixture(scope="session")
def _drain_modules(server: Postgres) -> Iterator[SimpleNamespace]:
    loaded = payment.load(server, "drain")
    yield loaded
    loaded.handler.database.close()


@pytest.fixture
def drain_lines(_drain_modules: SimpleNamespace) -> Iterator[Lines]:
    """What the drain's logger has written, decoded."""
    stream = io.StringIO()
    handler = _drain_modules.telemetry.logger.logger_handler
    before = handler.setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    handler.setStream(before)


@pytest.fixture
def drain(
    _drain_modules: SimpleNamespace, drain_lines: object, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> SimpleNamespace:
    """The drain's modules, on the same bucket."""
    del drain_lines
    monkeypatch.setattr(_drain_modules.handler, "trail", _drain_modules.trail.Trail(lambda: bucket))
    return _drain_modules


@pytest.fixture
def run(drain: SimpleNamespace) -> Callable[..., dict[str, Any]]:
    """Runs the drain, as on its schedule or as asked."""

    def call(event: dict[str, Any] | None = None, seconds: float = 60.0) -> dict[str, Any]:
        report: dict[str, Any] = drain.handler.handler(event or {"source": "aws.scheduler"}, Context(seconds))
        return report

    return call


@pytest.fixture
def waiting(api: Api, bucket: Bucket) -> Callable[..., list[str]]:
    """Makes payments whose records wait, with a refund each, and returns their ids."""

    def make(count: int, refund: str = "1.00") -> list[str]:
        bucket.failing = 1.0
        made = [api.pay(f"key-{number}").body["id"] for number in range(count)]
        for payment_id in made if refund else ():
            api.refund(payment_id, f"refund-{payment_id}", refund)
        bucket.failing = 0.0
        bucket.objects.clear()
        return made

    return make


@pytest.fixture
def admin(server: Postgres) -> Iterator[SimpleNamespace]:
    """The database function's modules."""
    loaded = payment.load(server, "database")
    yield loaded
    loaded.handler.database.close()

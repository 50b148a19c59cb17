"""The functions as AWS loads them, an empty table, and nothing of the developer's own AWS settings."""

import io
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws
from pg8000.native import Connection

from lib.common import region
from lib.kinesis_pipeline.users import USERS
from lib.local_cloud.names import HOST
from tests.support import functions
from tests.support.database import USER, TestServer
from tests.support.kinesis_pipeline.kinesis import records

# pylint: disable=redefined-outer-name

NAMESPACE = "TAP/Unit"
BUCKET = "failures"
FRESH = "fresh"  # a database in which nothing has been made


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
        modules = functions.load("kinesis_pipeline", "consumer")
    functions.keep_credentials(modules)
    return modules


@pytest.fixture(scope="session")
def admin(postgres: TestServer) -> Iterator[SimpleNamespace]:
    """The database function's modules, its migrations applied to the PostgreSQL."""
    modules = functions.load("kinesis_pipeline", "database")
    modules.handler.database = modules.postgres.Database(postgres.environ, secrets=postgres.secrets)
    modules.handler.migrate(60.0)
    yield modules
    modules.handler.database.close()


@pytest.fixture
def sql(postgres: TestServer, admin: object) -> Iterator[Connection]:
    """A connection of the test's own; the table of events is there, and empty."""
    del admin
    with postgres.connect() as connection:
        connection.run("TRUNCATE stored_events, event_ids")
        yield connection


@pytest.fixture
def connect(consumer: SimpleNamespace, postgres: TestServer) -> Iterator[Callable[..., Any]]:
    """Makes a Database of the consumer's modules: as master user, or as the test says, and for another environment."""
    made: list[Any] = []

    def make(secrets: Any = None, answer_seconds: float = 10.0, token: Any = None, **environ: str) -> Any:
        sign_in = {"token": token} if token else {"secrets": secrets or postgres.secrets}
        environ = {**postgres.environ, "DB_USER": USERS["consumer"], **environ}
        made.append(consumer.postgres.Database(environ, answer_seconds=answer_seconds, **sign_in))
        return made[-1]

    yield make
    for database in made:
        database.close()


@pytest.fixture
def as_consumer(consumer: SimpleNamespace, connect: Callable[..., Any], admin: SimpleNamespace) -> Callable[..., Any]:
    """Makes a Database that signs in as the consumer does when it is deployed."""
    del admin  # makes the role
    return lambda **environ: connect(token=consumer.aws.auth_token, **environ)


@pytest.fixture
def lines(consumer: SimpleNamespace) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the consumer's logger has written, decoded; it keeps the stdout that was there when it was imported."""
    stream = io.StringIO()
    handler = consumer.handler.logger.logger_handler
    before = handler.setStream(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    handler.setStream(before)


@pytest.fixture(scope="module")
def account() -> Iterator[SimpleNamespace]:
    """An AWS account in memory, and clients of it."""
    keys = {"region_name": region.primary({}), "aws_access_key_id": "test", "aws_secret_access_key": "test"}
    with mock_aws():
        yield SimpleNamespace(s3=boto3.client("s3", **keys), secrets=boto3.client("secretsmanager", **keys))


@pytest.fixture
def s3(account: SimpleNamespace) -> Any:
    """A client of S3, in which the failure bucket is there, and empty."""
    names = [bucket["Name"] for bucket in account.s3.list_buckets()["Buckets"]]
    if BUCKET not in names:
        account.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": region.primary({})})
    for found in account.s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        account.s3.delete_object(Bucket=BUCKET, Key=found["Key"])
    return account.s3


@pytest.fixture
def aside(s3: Any) -> Callable[[], dict[str, dict[str, Any]]]:
    """Returns the objects of the failure bucket by key."""

    def read() -> dict[str, dict[str, Any]]:
        keys = [found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
        return {key: json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()) for key in keys}

    return read


@pytest.fixture
def quarantined(aside: Callable[[], dict[str, dict[str, Any]]]) -> Callable[[], dict[str, str]]:
    """Returns why a record was quarantined, by its sequence number, or that and its sub-sequence number."""

    def read() -> dict[str, str]:
        entries = [entry for kept in aside().values() for entry in kept["requestContext"]["reasons"]]
        return {
            f"{entry['sequenceNumber']}.{entry['subSequenceNumber']}".removesuffix(".0"): entry["reason"]
            for entry in entries
        }

    return read


@pytest.fixture
def deployed(
    account: SimpleNamespace, postgres: TestServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Any]]:
    """Loads a function as it is deployed: it finds how to sign in by the environment and Secrets Manager."""
    value = json.dumps({"username": USER, "password": postgres.password})
    arn = account.secrets.create_secret(Name=f"rds!db-{time.time_ns()}", SecretString=value)["ARN"]
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", NAMESPACE)
    for name, text in (postgres.environ | {"DB_SECRET_ARN": arn, "DB_USER": USERS["consumer"]}).items():
        monkeypatch.setenv(name, text)
    made: list[Any] = []

    def load(function: str) -> Any:
        made.append(functions.load("kinesis_pipeline", function).handler)
        return made[-1]

    yield load
    for handler in made:
        handler.database.close()


@pytest.fixture
def handle(
    consumer: SimpleNamespace,
    as_consumer: Callable[..., Any],
    sql: Connection,
    lines: object,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., list[str]]:
    """Calls the consumer with records of bodies, and returns the sequence numbers to be delivered again."""
    del sql, lines
    monkeypatch.setattr(consumer.handler, "database", as_consumer())
    consumer.quarantine.client.cache_clear()
    monkeypatch.setenv("FAILURE_BUCKET", BUCKET)

    def call(*bodies: object, context: Any = None, first: int = 1000) -> list[str]:
        context = context or functions.Context(60.0)
        answer = consumer.handler.handler({"Records": records(*bodies, first=first)}, context)
        assert answer.keys() == {"batchItemFailures"}
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The migrations of the test."""
    return tmp_path


@pytest.fixture
def write(folder: Path) -> Callable[[str, str], None]:
    """Writes a migration."""

    def put(name: str, text: str) -> None:
        (folder / name).write_text(text, encoding="utf-8")

    return put


@pytest.fixture
def fresh(postgres: TestServer) -> Iterator[Connection]:
    """A connection to a database in which nothing has been made."""
    with postgres.connect() as server:
        server.run(f"CREATE DATABASE {FRESH}")
        try:
            with Connection(
                USER, password=postgres.password, host=HOST, port=postgres.server.port, database=FRESH
            ) as connection:
                yield connection
        finally:
            server.run(f"DROP DATABASE {FRESH} WITH (FORCE)")


@pytest.fixture
def load(fresh: Connection, postgres: TestServer, folder: Path) -> Iterator[Callable[[], Any]]:
    """Loads the function, each time another instance of it, on the fresh database and the test's migrations."""
    del fresh
    made: list[Any] = []

    def instance() -> Any:
        modules = functions.load("kinesis_pipeline", "database")
        environ = postgres.environ | {"DB_NAME": FRESH}
        modules.handler.database = modules.postgres.Database(environ, secrets=postgres.secrets)
        modules.handler.MIGRATIONS = folder
        modules.migrations.PAUSE_SECONDS = 0.02
        made.append(modules.handler)
        return modules.handler

    yield instance
    for handler in made:
        handler.database.close()

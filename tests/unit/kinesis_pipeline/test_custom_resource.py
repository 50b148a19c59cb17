"""CloudFormation always hears how its custom resource fared, or it waits for an hour."""

import json
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError

import pytest
from pg8000.native import Connection

from lib.local_cloud.names import HOST
from lib.local_cloud.servers.process import free_port
from tests.support.database import TestServer
from tests.support.functions import Context

# pylint: disable=redefined-outer-name

Ask = Callable[..., Any]
LIMIT_SECONDS = 900.0  # of the function: lib/kinesis_pipeline/stack.py
LATEST = "0009_weeks.sql"


class CloudFormation(HTTPServer):
    """Takes what is put to the ResponseURL."""

    def __init__(self) -> None:
        super().__init__((HOST, 0), Answer)
        self.heard: list[dict[str, Any]] = []
        self.requests = 0
        self.statuses: list[int] = []  # of the first requests

    @property
    def url(self) -> str:
        """Where to answer, signed."""
        return f"http://{HOST}:{self.server_port}/response?X-Amz-Signature=signed"


class Answer(BaseHTTPRequestHandler):
    """One answer of the function's."""

    server: CloudFormation

    def do_PUT(self) -> None:  # pylint: disable=invalid-name
        """Keep it."""
        size, self.server.requests = int(self.headers["Content-Length"]), self.server.requests + 1
        body = json.loads(self.rfile.read(size))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        if status == 200:
            heard = {"path": self.path, "type": self.headers["Content-Type"], "body": body, "bytes": size}
            self.server.heard.append(heard)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    """Listens on loopback."""
    with CloudFormation() as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def ask(admin: SimpleNamespace, cloudformation: CloudFormation) -> Ask:
    """Calls the function as CloudFormation does, and returns the body of its answer."""

    def call(kind: str, seconds: float = LIMIT_SECONDS, **more: Any) -> Any:
        event = {
            "RequestType": kind,
            "ResponseURL": cloudformation.url,
            "StackId": "the-stack",
            "RequestId": "the-request",
            "LogicalResourceId": "Schema",
            "ResourceType": "Custom::DatabaseSchema",
            **more,
        }
        assert admin.handler.handler(event, Context(seconds)) == {}
        (heard,) = cloudformation.heard
        return heard["body"]

    return call


@pytest.fixture
def away(admin: SimpleNamespace, postgres: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is not there, and the function does not wait for it."""
    environ = postgres.environ | {"DB_PORT": str(free_port())}
    monkeypatch.setattr(admin.handler, "database", admin.postgres.Database(environ, secrets=postgres.secrets))
    monkeypatch.setattr(admin.migrations, "MARGIN_SECONDS", LIMIT_SECONDS - admin.custom_resource.ANSWER_SECONDS - 0.1)


def test_create_migrates_and_says_so(ask: Ask, admin: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every field that CloudFormation wants back."""
    monkeypatch.setattr(admin.handler, "migrate", lambda _seconds: ["0001.sql", "0002.sql"])
    assert ask("Create") == {
        "Status": "SUCCESS",
        "Reason": f"migrations applied: 2; the schema's version: {LATEST}",
        "PhysicalResourceId": "database-schema",
        "StackId": "the-stack",
        "RequestId": "the-request",
        "LogicalResourceId": "Schema",
        "Data": {"Applied": 2, "Version": LATEST},
    }


def test_the_answer_does_not_grow_with_the_migrations(
    ask: Ask, admin: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stack that is created years from now applies all of them at once."""
    monkeypatch.setattr(admin.handler, "migrate", lambda _seconds: [f"{number:04}_name.sql" for number in range(2000)])
    assert len(json.dumps(ask("Create"))) < 500


def test_the_answer_is_put_where_it_was_asked_for(ask: Ask, cloudformation: CloudFormation) -> None:
    """The whole URL, for it is signed; and without a content type, for that would be signed too."""
    ask("Create")
    (heard,) = cloudformation.heard
    assert heard["path"] == "/response?X-Amz-Signature=signed"
    assert heard["type"] == ""


def test_update_migrates_and_keeps_the_resource(ask: Ask) -> None:
    """Another id would make CloudFormation delete the old one. The migrations are applied already here."""
    body = ask("Update", PhysicalResourceId="as-it-was")
    assert (body["Status"], body["PhysicalResourceId"]) == ("SUCCESS", "as-it-was")
    assert body["Data"] == {"Applied": 0, "Version": LATEST}


@pytest.mark.usefixtures("away")
def test_delete_needs_no_database(ask: Ask) -> None:
    """It may be gone already, and its data are not the schema's to delete."""
    assert ask("Delete", PhysicalResourceId="database-schema")["Status"] == "SUCCESS"


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_database_that_is_away_is_a_failure(ask: Ask, kind: str) -> None:
    """Said at once, with the reason."""
    body = ask(kind)
    assert body["Status"] == "FAILED"
    assert body["Reason"] == "DatabaseUnavailable: the database could not be migrated in time (ConnectionRefusedError)"
    assert body["Data"] == {}


@pytest.mark.parametrize("text", ["x", "\u4e2d", '"', "\U0001f600", "\x00"])
def test_an_answer_is_not_longer_than_cloudformation_takes(
    ask: Ask, admin: SimpleNamespace, cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """In bytes, as it is sent, whatever the reason consists of; and nearly all of them are used."""

    def fail(_seconds: float) -> None:
        raise admin.migrations.MigrationChanged(text * 5000)

    monkeypatch.setattr(admin.handler, "migrate", fail)
    reason = ask("Create", PhysicalResourceId="p" * 1000, StackId="s" * 300)["Reason"]
    assert reason.startswith(f"MigrationChanged: {text}")
    assert 4096 - 12 <= cloudformation.heard[0]["bytes"] <= 4096


def test_work_that_does_not_end_is_answered_all_the_same(
    ask: Ask, admin: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While there is time: CloudFormation would wait for an hour, and Lambda ends the function in between."""
    began, released = time.monotonic(), Event()
    monkeypatch.setattr(admin.handler, "migrate", lambda _seconds: [] if released.wait(2) else ["never"])
    monkeypatch.setattr(admin.custom_resource, "ANSWER_SECONDS", 5.0)
    body = ask("Create", seconds=5.2)
    assert body["Status"] == "FAILED"
    assert body["Reason"].startswith("The function's time is nearly over: see its log.")
    assert time.monotonic() - began < 4


def test_a_locked_database_is_answered_in_time(
    ask: Ask, admin: SimpleNamespace, sql: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The waits of a migration are not added up: they end with the function's own time."""
    monkeypatch.setattr(admin.custom_resource, "ANSWER_SECONDS", 5.0)
    monkeypatch.setattr(admin.handler, "ANSWER_SECONDS", 5.0)
    monkeypatch.setattr(admin.migrations, "MARGIN_SECONDS", 1.0)
    monkeypatch.setattr(admin.migrations, "PAUSE_SECONDS", 0.1)
    sql.run("START TRANSACTION")
    sql.run("LOCK TABLE schema_migrations")
    began = time.monotonic()
    body = ask("Update", seconds=9.0)
    sql.run("ROLLBACK")
    assert (body["Status"], time.monotonic() - began < 9.0 - 5.0) == ("FAILED", True)
    assert body["Reason"].startswith("DatabaseUnavailable: ")


def test_an_answer_is_tried_again_while_there_is_time(
    ask: Ask, admin: SimpleNamespace, cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3, which takes it, may be unavailable for a moment."""
    monkeypatch.setattr(admin.custom_resource, "PAUSE_SECONDS", 0.01)
    cloudformation.statuses = [500, 503]
    assert ask("Delete")["Status"] == "SUCCESS"
    assert cloudformation.requests == 3


def test_an_answer_that_nobody_takes_is_an_error(
    ask: Ask, admin: SimpleNamespace, cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda calls the function again then. What was refused is not tried again, and nothing is when time is over."""
    monkeypatch.setattr(admin.custom_resource, "ANSWER_SECONDS", 1.0)
    cloudformation.statuses = [403] * 9
    with pytest.raises(HTTPError, match="403") as caught:
        ask("Delete")
    caught.value.close()
    cloudformation.statuses = [500] * 9
    with pytest.raises(HTTPError, match="500") as caught:
        ask("Delete", seconds=4.0)
    caught.value.close()
    assert cloudformation.requests == 2


def test_a_late_answer_that_nobody_takes_is_tried_again_by_the_work(
    ask: Ask, admin: SimpleNamespace, cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it has ended; by then there may be something better to say."""
    monkeypatch.setattr(admin.custom_resource, "ANSWER_SECONDS", 9.0)
    cloudformation.statuses = [403]

    def slowly(_seconds: float) -> list[str]:
        deadline = time.monotonic() + 5
        while not cloudformation.requests and time.monotonic() < deadline:
            time.sleep(0.01)
        return []

    monkeypatch.setattr(admin.handler, "migrate", slowly)
    assert ask("Create", seconds=9.1)["Status"] == "SUCCESS"
    assert cloudformation.requests == 2


def test_the_function_finds_its_password_by_itself(deployed: Callable[[str], Any], sql: Connection) -> None:
    """As it is deployed: the environment, and Secrets Manager by the SDK."""
    del sql
    assert deployed("database").handler({"action": "report"}, Context())["rows"] == 0

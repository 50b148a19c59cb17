"""CloudFormation always hears how its custom resource fared, or it waits for an hour."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
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


class CloudFormation(HTTPServer):
    """Takes what is put to the ResponseURL."""

    def __init__(self) -> None:
        super().__init__((HOST, 0), Answer)
        self.heard: list[dict[str, Any]] = []
        self.status = 200

    @property
    def url(self) -> str:
        """Where to answer, signed."""
        return f"http://{HOST}:{self.server_port}/response?X-Amz-Signature=signed"


class Answer(BaseHTTPRequestHandler):
    """One answer of the function's."""

    server: CloudFormation

    def do_PUT(self) -> None:  # pylint: disable=invalid-name
        """Keep it."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.heard.append({"path": self.path, "type": self.headers["Content-Type"], "body": body})
        self.send_response(self.server.status)
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

    def call(kind: str, **more: Any) -> Any:
        event = {
            "RequestType": kind,
            "ResponseURL": cloudformation.url,
            "StackId": "the-stack",
            "RequestId": "the-request",
            "LogicalResourceId": "Schema",
            "ResourceType": "Custom::DatabaseSchema",
            **more,
        }
        assert admin.handler.handler(event, Context()) == {}
        (heard,) = cloudformation.heard
        return heard["body"]

    return call


@pytest.fixture
def away(admin: SimpleNamespace, postgres: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is not there, and the function does not wait for it."""
    environ = postgres.environ | {"DB_PORT": str(free_port())}
    monkeypatch.setattr(admin.handler, "database", admin.postgres.Database(environ, secrets=postgres.secrets))
    monkeypatch.setattr(admin.migrations, "MARGIN_SECONDS", 29.9)  # of 30


def test_create_migrates_and_says_so(ask: Ask, admin: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every field that CloudFormation wants back."""
    monkeypatch.setattr(admin.handler, "migrate", lambda _seconds: ["0001.sql", "0002.sql"])
    assert ask("Create") == {
        "Status": "SUCCESS",
        "Reason": "applied: 0001.sql, 0002.sql",
        "PhysicalResourceId": "database-schema",
        "StackId": "the-stack",
        "RequestId": "the-request",
        "LogicalResourceId": "Schema",
        "Data": {"Applied": "0001.sql,0002.sql"},
    }


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
    assert (body["Reason"], body["Data"]) == ("applied: nothing new", {"Applied": ""})


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


def test_a_reason_is_not_longer_than_cloudformation_takes(
    ask: Ask, admin: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer may have 4096 bytes."""

    def fail(_seconds: float) -> None:
        raise admin.migrations.MigrationChanged("x" * 5000)

    monkeypatch.setattr(admin.handler, "migrate", fail)
    reason = ask("Create")["Reason"]
    assert reason.startswith("MigrationChanged: xxx")
    assert len(reason) == 1000


def test_an_answer_that_nobody_takes_is_an_error(ask: Ask, cloudformation: CloudFormation) -> None:
    """Lambda calls the function again then."""
    cloudformation.status = 403
    with pytest.raises(HTTPError, match="403") as caught:
        ask("Create")
    caught.value.close()
    assert len(cloudformation.heard) == 1


def test_the_function_finds_its_password_by_itself(deployed: Callable[[str], Any], sql: Connection) -> None:
    """As it is deployed: the environment, and Secrets Manager by the SDK."""
    del sql
    assert deployed("database").handler({"action": "report"}, None)["rows"] == 0

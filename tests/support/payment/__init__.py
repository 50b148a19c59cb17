"""The payment service for tests: its database, its functions as AWS runs them, events, a bucket in memory."""

import io
import json
import os
import random
import socket
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

from botocore.exceptions import ClientError, EndpointConnectionError
from pg8000.native import Connection

from lib.local_cloud.names import HOST
from lib.local_cloud.servers.postgres import Postgres
from lib.payment.users import USERS
from tests.support import functions
from tests.support.database import Secrets, verified
from tests.support.mac import Mac

USER, PASSWORD, DATABASE = "payment_admin", "first-Password.1", "payment"
BUCKET, NAMESPACE = "audit", "TAP/Payment"
TABLES = ("refunds", "payments", "ledger_entries", "idempotency_keys", "audit_outbox")
VISA = "4111111111111111"
API_KEY = "firstkey00"  # the id of a caller's


def environ(server: Postgres, function: str = "database") -> dict[str, str]:
    """Return a function's environment for a database on loopback."""
    return {
        "DB_HOST": HOST,
        "DB_PORT": str(server.port),
        "DB_NAME": DATABASE,
        **({"DB_USER": USERS[function]} if function in USERS else {"DB_SECRET_ARN": "the-secret"}),
        "DB_CA_FILE": str(server.ca_file),
        "AUDIT_BUCKET": BUCKET,
    }


def luhn(digits: str) -> bool:
    """Tell whether a number passes Luhn's check, as ISO/IEC 7812 describes it."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (place % 2 + 1)
        total += value // 10 + value % 10
    return total % 10 == 0


def secrets() -> Secrets:
    """Return a stand-in for Secrets Manager."""
    return Secrets(USER, PASSWORD)


def load(server: Postgres, function: str) -> SimpleNamespace:
    """Return a function's modules, loaded afresh, its database that of the tests."""
    names = {"POWERTOOLS_METRICS_NAMESPACE": NAMESPACE, "POWERTOOLS_SERVICE_NAME": f"payment-{function}"}
    with mock.patch.dict(os.environ, names):
        modules = functions.load("payment", function)
    functions.keep_credentials(modules)
    modules.handler.database._environ = environ(server, function)  # pylint: disable=protected-access
    if function not in USERS:
        modules.handler.database._secrets = secrets  # pylint: disable=protected-access
    if function == "api":
        modules.handler.payments.hashes = modules.keyed_hash.KeyedHash(Mac, {modules.keyed_hash.VARIABLE: "the-key"})
    return modules


def as_master(modules: SimpleNamespace) -> None:
    """Have a function sign in as master user, who may do everything."""
    database = modules.handler.database
    database.close()
    database._environ = {**database._environ, "DB_SECRET_ARN": "the-secret"}  # pylint: disable=protected-access
    database._token, database._secrets = None, secrets  # pylint: disable=protected-access


def provide(server: Postgres) -> None:
    """Make user, database and tables."""
    server.provide(USER, PASSWORD, DATABASE)
    modules = load(server, "database")
    try:
        modules.handler.handler({"action": "migrate"}, functions.Context())
    finally:
        modules.handler.database.close()


def connect(server: Postgres) -> Connection:
    """Return a connection of the test's own, which does not wait for delayed acknowledgements."""
    link = socket.create_connection((HOST, server.port), 10)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Connection(USER, password=PASSWORD, host=HOST, database=DATABASE, sock=link, ssl_context=verified(server))


def empty(connection: Connection) -> None:
    """Take everything away, which the tables themselves do not allow."""
    tamper(
        connection,
        *(f"DELETE FROM {name}" for name in (*TABLES, "audit_findings")),
        "UPDATE audit_progress SET began_at = now(), finished_at = NULL, position = '{}', drained = ''",
    )


def tamper(connection: Connection, *statements: str) -> None:
    """Run statements in one transaction without the tables' triggers, as only their owner can."""
    connection.run(
        "; ".join(
            [
                "BEGIN",
                *(f"ALTER TABLE {name} DISABLE TRIGGER USER" for name in TABLES),
                *statements,
                *(f"ALTER TABLE {name} ENABLE TRIGGER USER" for name in TABLES),
                "COMMIT",
            ]
        )
    )


def everything(connection: Connection) -> str:
    """Return the content of all tables as text."""
    return "\n".join(str(connection.run(f"SELECT x::text FROM {name} x")) for name in TABLES)


def payment(**members: Any) -> dict[str, Any]:
    """Return a payment to make."""
    return {"amount": "12.50", "currency": "EUR", "payment_method": "tok_visa_of_ada", **members}


def event(
    method: str,
    path: str,
    body: object = None,
    *,
    key: str | None = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    **others: Any,
) -> dict[str, Any]:
    """Return a request as API Gateway's REST proxy has it; a body that is no text is sent as JSON."""
    sent = {"Host": "api.test", "User-Agent": "test/1.0", "X-Forwarded-For": "203.0.113.195, 70.41.3.18"}
    sent |= {} if body is None else {"Content-Type": "application/json"}
    sent |= {} if key is None else {"Idempotency-Key": key}
    sent |= headers or {}
    return {
        "resource": "/{proxy+}",
        "httpMethod": method,
        "path": path,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": query or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
        "pathParameters": {"proxy": path[1:]},
        "stageVariables": None,
        "requestContext": {
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "stage": "test",
            "identity": {"apiKeyId": API_KEY},
        },
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
        **others,
    }


def balancer_event(
    method: str, path: str, body: object = None, *, lists: bool = False, **others: Any
) -> dict[str, Any]:
    """Return a request as a load balancer sends it to a function, with or without lists of values."""
    made = event(method, path, body, **others)
    drop = {"resource", "pathParameters", "stageVariables"}
    drop |= {"headers", "queryStringParameters"} if lists else {"multiValueHeaders", "multiValueQueryStringParameters"}
    made = {name: value for name, value in made.items() if name not in drop}
    made["requestContext"] = {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:test"}}
    return {**made, "body": made["body"] or ""}


class Reply(NamedTuple):
    """An answer, taken apart."""

    status: int
    body: Any
    headers: dict[str, str]
    text: str


def reply(answer: Mapping[str, Any]) -> Reply:
    """Return what an API's handler answered, taken apart; names of headers are in lower case."""
    headers = answer.get("headers") or {name: values[0] for name, values in answer["multiValueHeaders"].items()}
    return Reply(
        answer["statusCode"], json.loads(answer["body"]), {k.lower(): v for k, v in headers.items()}, answer["body"]
    )


@dataclass
class Api:
    """One execution environment of the API's function, as Lambda would have many."""

    modules: SimpleNamespace

    def __call__(self, method: str, path: str, body: object = None, *, seconds: float = 30.0, **others: Any) -> Reply:
        """Send one request through API Gateway."""
        return self.send(event(method, path, body, **others), seconds)

    def send(self, sent: dict[str, Any], seconds: float = 30.0) -> Reply:
        """Invoke the handler."""
        return reply(self.modules.handler.handler(sent, functions.Context(seconds)))

    def pay(self, key: str, **members: Any) -> Reply:
        """Make a payment."""
        return self("POST", "/payments", payment(**members), key=key)

    def refund(self, payment_id: str, key: str, amount: str, currency: str = "EUR", **members: Any) -> Reply:
        """Refund a part of a payment."""
        body = {"amount": amount, "currency": currency, **members}
        return self("POST", f"/payments/{payment_id}/refunds", body, key=key)


def answered(code: str, status: int) -> ClientError:
    """Return an error of S3."""
    response: Any = {"Error": {"Code": code, "Message": "-"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "-")


@dataclass
class Bucket:
    """An S3 client whose bucket writes each key once, and which fails now and then, before or after it did."""

    objects: dict[str, bytes] = field(default_factory=dict)
    failing: float = 0.0
    chance: random.Random = field(default_factory=lambda: random.Random("bucket"))
    calls: list[dict[str, Any]] = field(default_factory=list)
    versions: Counter[str] = field(default_factory=Counter)
    refused: dict[str, str] = field(default_factory=dict)  # keys, and the code that S3 refuses them with
    gets: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put_object(self, **call: Any) -> None:
        """Be PutObject, conditional."""
        assert call["Bucket"] == BUCKET
        with self._lock:
            self.calls.append(call)
            self._refuse(call["Key"])
            fate = self.chance.random() / self.failing if self.failing else 1.0
            if fate < 0.6:
                self._fail(fate < 0.3)
            if call.get("IfNoneMatch") == "*" and call["Key"] in self.objects:
                raise ClientError({"Error": {"Code": "PreconditionFailed", "Message": "-"}}, "PutObject")
            self.objects[call["Key"]] = call["Body"]
            self.versions[call["Key"]] += 1
            if fate < 1.0:
                raise ClientError({"Error": {"Code": "InternalError", "Message": "The answer is lost"}}, "PutObject")

    def get_object(self, **call: Any) -> dict[str, Any]:
        """Be GetObject."""
        assert call["Bucket"] == BUCKET
        with self._lock:
            self.gets += 1
            if self.failing and self.chance.random() < self.failing:
                self._fail(True)
            self._refuse(call["Key"])
            if call["Key"] not in self.objects:
                raise answered("NoSuchKey", 404)
            return {"Body": io.BytesIO(self.objects[call["Key"]])}

    def list_objects_v2(self, **call: Any) -> dict[str, Any]:
        """Be ListObjectsV2, with pages of a few keys."""
        assert call["Bucket"] == BUCKET
        with self._lock:
            if self.failing and self.chance.random() < self.failing:
                self._fail(True)
            matching = (key for key in self.objects if key.startswith(call["Prefix"]) and key > call["StartAfter"])
            keys = sorted(matching)[: min(call["MaxKeys"], 7)]
        return {"Contents": [{"Key": key} for key in keys]} if keys else {}

    def _refuse(self, key: str) -> None:
        if key in self.refused:
            raise answered(self.refused[key], 403)

    @staticmethod
    def _fail(network: bool) -> None:
        if network:
            raise EndpointConnectionError(endpoint_url="https://s3.test")
        raise ClientError({"Error": {"Code": "SlowDown", "Message": "Reduce your rate"}}, "PutObject")

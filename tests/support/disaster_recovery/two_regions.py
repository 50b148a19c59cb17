"""Two regions of the disaster-recovery system on the emulator: its table in both, and the functions in each."""

import hmac
import io
import itertools
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest import mock

from botocore.config import Config

from lib.common import region
from lib.disaster_recovery import writer
from lib.local_cloud.cloud import ACCOUNT, SECRET_KEY, LocalCloud
from lib.local_cloud.names import HOST
from lib.local_cloud.servers.process import free_port
from tests.support import functions
from tests.support.mac import Mac

HOME, PEER = region.pair({})
NAMESPACE = "DisasterRecovery"
VISA = "4111111111111111"
HASH_KEY = "mrk-1"  # the id of a multi-Region key is the same in both regions
ATTRIBUTES = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "payment_id")]
INDEX = {
    "IndexName": "payment-id",
    "KeySchema": [{"AttributeName": "payment_id", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "KEYS_ONLY"},
}
LARGEST = 25  # items of a batch
STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
_numbers = itertools.count(1)


@contextmanager
def emulator(folder: Path) -> Iterator[LocalCloud]:
    """Run the emulator alone, without the rest of a local cloud."""
    cloud = LocalCloud(folder, free_port(), HOME)
    try:
        cloud.emulator.start()
        yield cloud
    finally:
        cloud.emulator.stop()


@cache
def client(cloud: LocalCloud, service: str, place: str) -> Any:
    """Return a client of the test's own, which is made once: that takes longer than most calls."""
    return cloud.client(service, place)


def make_table(cloud: LocalCloud, *, replicated: bool = True) -> str:
    """Make the table in both regions and return its name: replicated by the emulator, or two tables of their own."""
    name = f"payments-{next(_numbers)}"
    for place in (HOME,) if replicated else (HOME, PEER):
        client(cloud, "dynamodb", place).create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=ATTRIBUTES,
            BillingMode="PAY_PER_REQUEST",
            GlobalSecondaryIndexes=[INDEX],
            StreamSpecification=STREAM,
            DeletionProtectionEnabled=True,
            SSESpecification={"Enabled": True, "SSEType": "KMS"},
        )
    if replicated:
        client(cloud, "dynamodb", HOME).update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": PEER}}])
    return name


def flip(client: Any, table: str, to: str, epoch: int) -> None:
    """Let another region write, as the runbook does: only if nobody else has done so."""
    item = {
        "region": {"S": to},
        "epoch": {"N": str(epoch)},
        "items": {"N": str(len(writer.ITEMS))},
        "changed_at": {"S": "2026-11-23T00:00:00+00:00"},
        "by": {"S": "test"},
    }
    client.put_item(
        TableName=table,
        Item={"pk": {"S": writer.NAME}, **item},
        ConditionExpression="attribute_not_exists(pk) OR #epoch = :before",
        ExpressionAttributeNames={"#epoch": "epoch"},
        ExpressionAttributeValues={":before": {"N": str(epoch - 1)}},
    )
    spread(client, table, item)


def spread(client: Any, table: str, item: Mapping[str, Any]) -> None:
    """Write all items that payments check, some in one call: nobody pays meanwhile who would be in the way."""
    for start in range(0, len(writer.ITEMS), LARGEST):
        puts = [{"pk": {"S": name}, **item} for name in writer.ITEMS[start : start + LARGEST]]
        client.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": put}} for put in puts]})


def items(client: Any, table: str) -> dict[str, dict[str, Any]]:
    """Return everything in a table, by key."""
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return {item["pk"]["S"]: item for page in pages for item in page["Items"]}


def load(cloud: LocalCloud, place: str, environ: Mapping[str, str]) -> SimpleNamespace:
    """Return the payment function's modules as AWS loads them in a region; its clients are made while it starts."""
    names = {
        "AWS_ENDPOINT_URL": cloud.environment()["AWS_ENDPOINT_URL"],
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": place,
        "AWS_LAMBDA_FUNCTION_NAME": "payment",
        "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
        "NO_PROXY": "*",
        "POWERTOOLS_SERVICE_NAME": f"payment-{next(_numbers)}",
    }
    with mock.patch.dict(os.environ, names):
        modules = functions.load("disaster_recovery", "payment")
    modules.handler.payments.environ = {"AWS_REGION": place, "HOME_REGION": HOME, **environ}
    modules.handler.payments.hashes = hashes(modules, Mac)
    return modules


def hashes(modules: SimpleNamespace, kms: Callable[[], Any]) -> Any:
    """Return the function's hashes, with a KMS client of a test's own."""
    return modules.keyed_hash.KeyedHash(kms, {modules.keyed_hash.VARIABLE: HASH_KEY})


def item_of(key: str) -> str:
    """Return the writer item that the payment of an idempotency key checks."""
    return writer.ITEMS[int(stored_under(key).partition("#")[2][:2], 16)]


def stored_under(key: str) -> str:
    """Return what the payment of an idempotency key is stored under."""
    mac = Mac().generate_mac(KeyId=HASH_KEY, MacAlgorithm="HMAC_SHA_256", Message=b"idempotency keys, version 1")["Mac"]
    return f"hashed-key#{hmac.digest(mac, json.dumps([key]).encode(), 'sha256').hex()}"


def anew(cloud: LocalCloud, modules: SimpleNamespace, table: str) -> "Api":
    """Return an execution environment of loaded modules as if it had just begun, with another table."""
    payments = modules.handler.payments
    payments.environ = {**payments.environ, "TABLE_NAME": table}
    payments._known = None  # pylint: disable=protected-access
    config = payments.table.connect().meta.config
    payments.table._client = cloud.client(  # pylint: disable=protected-access
        "dynamodb",
        payments.region,
        config=Config(connect_timeout=config.connect_timeout, read_timeout=config.read_timeout, retries=config.retries),
    )
    return Api(modules, table)


class Reply(NamedTuple):
    """An answer, taken apart; names of headers are in lower case."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]
    text: str


def event(
    method: str,
    path: str,
    body: object = None,
    *,
    key: str | None = None,
    query: Mapping[str, str] | None = None,
    **others: Any,
) -> dict[str, Any]:
    """Return a request as API Gateway's REST proxy has it; a body that is no text is sent as JSON."""
    headers = {"Host": "api.test"} | ({} if key is None else {"Idempotency-Key": key})
    return {
        "resource": "/{proxy+}",
        "httpMethod": method,
        "path": path,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query,
        "requestContext": {"requestId": "r"},
        "isBase64Encoded": False,
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        **others,
    }


def payment(**members: Any) -> dict[str, Any]:
    """Return a payment to make."""
    return {"amount": "12.50", "currency": "EUR", "token": "tok_visa_of_ada", **members}


@dataclass
class Api:
    """One execution environment of the payment function in one region."""

    modules: SimpleNamespace
    table: str
    log: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        self.modules.telemetry.logger.logger_handler.setStream(self.log)

    @property
    def client(self) -> Any:
        """The function's own client of DynamoDB."""
        return self.modules.handler.payments.table.connect()

    def __call__(self, method: str, path: str, body: object = None, *, seconds: float = 30.0, **others: Any) -> Reply:
        """Send one request."""
        return self.send(event(method, path, body, **others), seconds)

    def send(self, sent: dict[str, Any], seconds: float = 30.0) -> Reply:
        """Invoke the handler."""
        answer = self.modules.handler.handler(sent, functions.Context(seconds))
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        return Reply(answer["statusCode"], json.loads(answer["body"]), headers, answer["body"])

    def pay(self, key: str, **members: Any) -> Reply:
        """Make a payment."""
        return self("POST", "/payments", payment(**members), key=key)

    def lines(self) -> list[dict[str, Any]]:
        """Return what was logged."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def stored(self) -> dict[str, dict[str, Any]]:
        """Return what is in the table of this region, without the items that payments check."""
        found = items(self.client, self.table)
        return {name: item for name, item in found.items() if name not in writer.ITEMS}


def fail(client: Any, operation: str, error: Exception, *, after: bool = False, times: int = 99) -> list[str]:
    """Let calls fail, before they are sent or after they were carried out; return the list that they are noted in."""
    calls: list[str] = []

    def trouble(**_details: object) -> None:
        if len(calls) < times:
            calls.append(operation)
            raise error

    when, service = "after-call" if after else "before-call", client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"{when}.{service}.{operation}", trouble)
    return calls


@contextmanager
def listener(answer: Callable[[bytes], bytes | None]) -> Iterator[tuple[int, list[bytes]]]:
    """Serve on a port: take one message of each caller, answer it (None: never), and keep what came."""
    heard: list[bytes] = []
    ended = threading.Event()

    def serve(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                link, _ = server.accept()
                with link:
                    heard.append(link.recv(64))
                    said = answer(heard[-1])
                    if said is None:
                        ended.wait(10)
                    else:
                        link.sendall(said)

    with socket.create_server((HOST, 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        try:
            yield server.getsockname()[1], heard
        finally:
            ended.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()

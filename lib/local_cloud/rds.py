"""What RDS does beside its API: behind every database instance stands a server."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from botocore.exceptions import ClientError

from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.names import SECRET

INTERVAL_SECONDS = 0.2


def provide(cloud: LocalCloud, done: dict[str, str]) -> None:
    """Give every database instance of the emulated RDS a PostgreSQL with its port, user and password.

    Args:
        cloud: where to look and to start.
        done: instance identifier to secret version, of what was provided before; brought up to date.
    """
    secrets = cloud.client("secretsmanager")
    for page in cloud.client("rds").get_paginator("describe_db_instances").paginate():
        for instance in page["DBInstances"]:
            identifier = instance["DBInstanceIdentifier"]
            try:
                secret = secrets.get_secret_value(SecretId=SECRET.format(identifier=identifier))
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise
                continue
            if done.get(identifier) != secret["VersionId"]:
                _serve(cloud, instance, json.loads(secret["SecretString"]))
                done[identifier] = secret["VersionId"]


def _serve(cloud: LocalCloud, instance: dict[str, Any], credentials: dict[str, str]) -> None:
    server = cloud.database(instance["Endpoint"]["Port"])
    server.start()
    server.provide(credentials["username"], credentials["password"], instance["DBName"])


class Watch:
    """What became of the watching, and what to end when it fails."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.abort: Callable[[], None] = lambda: None

    def check(self) -> None:
        """Raise what went wrong meanwhile, if anything did."""
        if self.failure is not None:
            raise self.failure


@contextmanager
def watching(cloud: LocalCloud) -> Iterator[Watch]:
    """Provide databases while a deployment runs, and once more at its end.

    Raises:
        LocalCloudError: a database could not be provided.
    """
    finished, watch = Event(), Watch()
    done: dict[str, str] = {}

    def work() -> None:
        while not finished.wait(INTERVAL_SECONDS):
            try:
                provide(cloud, done)
            except Exception as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught
                watch.failure = error  # told in the caller's thread
                watch.abort()
                return

    thread = Thread(target=work, name="rds", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        finished.set()
        thread.join()
        watch.check()
    provide(cloud, done)

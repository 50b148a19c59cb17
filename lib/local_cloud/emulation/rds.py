"""What RDS does beside its API: behind every database instance stands a server."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.names import SECRET

if TYPE_CHECKING:
    from types_boto3_rds import RDSClient

INTERVAL_SECONDS = 0.2


def provide(cloud: LocalCloud, done: dict[str, str]) -> None:
    """Give every instance and cluster of the emulated RDS a PostgreSQL with its port, user and password.

    Args:
        cloud: where to look and to start.
        done: identifier to secret version, of what was provided before; brought up to date.
    """
    secrets = cloud.client("secretsmanager")
    for identifier, secret_id, port, database in _wanted(cloud.client("rds")):
        try:
            secret = secrets.get_secret_value(SecretId=secret_id)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            continue
        if done.get(identifier) != secret["VersionId"]:
            credentials = json.loads(secret["SecretString"])
            server = cloud.database(port)
            server.start()
            server.provide(credentials["username"], credentials["password"], database)
            done[identifier] = secret["VersionId"]


def _wanted(rds: "RDSClient") -> Iterator[tuple[str, str, int, str]]:
    """Yield identifier, secret, port and database of everything that needs a server."""
    for instances in rds.get_paginator("describe_db_instances").paginate():
        for instance in instances["DBInstances"]:
            if not instance.get("DBClusterIdentifier"):  # an instance of a cluster has the cluster's server
                name = instance["DBInstanceIdentifier"]
                yield name, SECRET.format(identifier=name), instance["Endpoint"]["Port"], instance["DBName"]
    for clusters in rds.get_paginator("describe_db_clusters").paginate():
        for cluster in clusters["DBClusters"]:
            secret = cluster.get("MasterUserSecret")
            if secret:
                yield cluster["DBClusterIdentifier"], secret["SecretArn"], cluster["Port"], cluster["DatabaseName"]


class DatabaseProvider:
    """What became of the watching, and what to end when it fails."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.abort: Callable[[], None] = lambda: None

    def check(self) -> None:
        """Raise what went wrong meanwhile, if anything did."""
        if self.failure is not None:
            raise self.failure


@contextmanager
def watching(cloud: LocalCloud) -> Iterator[DatabaseProvider]:
    """Provide databases while a deployment runs, and once more at its end.

    Raises:
        LocalCloudError: a database could not be provided.
    """
    finished, watch = Event(), DatabaseProvider()
    done: dict[str, str] = {}

    def work() -> None:
        while not finished.wait(INTERVAL_SECONDS):
            try:
                provide(cloud, done)
            except Exception as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught  # raised by who waits
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

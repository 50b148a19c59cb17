"""What Aurora does behind a global database's API: it carries changes to the other region, and tells how late they are.

It works in the emulator's process, as long as that lives, and for whatever global database the local cloud has.
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from lib.common.aws_clients import cached
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers import replication_faults as faults
from lib.local_cloud.servers.global_database import GlobalDatabase
from lib.local_cloud.servers.lag import Lag, Meter
from lib.local_cloud.servers.link import Link

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import DimensionTypeDef, MetricDatumTypeDef

TICK_SECONDS = 0.1
PUBLISH_SECONDS = 2.0  # AWS has a figure each minute; here nobody waits for one
NAMESPACE = "AWS/RDS"


def data(cluster: str, source: str, lags: Sequence[Lag]) -> "list[MetricDatumTypeDef]":
    """Return what CloudWatch is told of lags, in both sets of dimensions that AWS's documents name.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html

    Args:
        cluster: the secondary cluster's identifier.
        source: the region that is written to.
        lags: what was measured since CloudWatch was told last; their maximum is told, in milliseconds.
    """
    figures = {
        "AuroraGlobalDBReplicationLag": max(lag.shown for lag in lags),
        "AuroraGlobalDBRPOLag": max(lag.lost for lag in lags),
    }
    own: DimensionTypeDef = {"Name": "DBClusterIdentifier", "Value": cluster}
    by_source: DimensionTypeDef = {"Name": "SourceRegion", "Value": source}
    return [
        {
            "MetricName": name,
            "Value": round(seconds * 1000, 1),
            "Unit": "Milliseconds",
            "Timestamp": datetime.now(UTC),
            "Dimensions": dimensions,
        }
        for name, seconds in figures.items()
        for dimensions in ([own], [own, by_source])
    ]


class Keeper:
    """Keeps a global database's replication going: the links, a server that has to be made again, the figures.

    Args:
        cloud: whose global database it is.
    """

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud, self._clients = cloud, cached(cloud.client)
        self._ended = Event()
        self._links: list[Link] = []
        self._meter: tuple[str, Meter] | None = None
        self._lags: list[Lag] = []
        self._thread = Thread(target=self._work, name="aurora-global", daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self._ended.set()
        self._thread.join()

    def _work(self) -> None:
        ticks = round(PUBLISH_SECONDS / TICK_SECONDS)
        number = 0
        while not self._ended.wait(TICK_SECONDS):
            number += 1
            try:
                self.tick(publish=number % ticks == 0)
            except (LocalCloudError, OSError, BotoCoreError, ClientError) as error:
                print(f"Aurora's replication: {error}", file=sys.stderr, flush=True)
        self._forget()

    def tick(self, *, publish: bool) -> None:
        """Do once what there is to do.

        Args:
            publish: whether CloudWatch is to be told now.

        Raises:
            LocalCloudError: a server cannot be made again.
            ClientError: CloudWatch does not take a figure.
        """
        database = self._cloud.known_global_database()
        if database is None:
            self._forget()
            return
        self._connect(database)
        database.repair()
        self._measure(database)
        if publish and self._lags:
            self._publish(database)

    def _connect(self, database: GlobalDatabase) -> None:
        """Lay the ways between both servers, once their folders are there."""
        first, second = database.servers.values()
        if self._links or not (first.made and second.made):
            return
        for one, other in ((first, second), (second, first)):
            self._links.append(Link(one.link, other.socket, lambda: faults.read(database.folder).aurora.way))

    def _measure(self, database: GlobalDatabase) -> None:
        writer = database.writer
        if self._meter is None or self._meter[0] != writer:
            self._close()
            self._meter = writer, Meter(database.servers[writer], database.servers[database.follower])
        lag = self._meter[1].read()
        if lag is not None:
            self._lags.append(lag)

    def _publish(self, database: GlobalDatabase) -> None:
        lags, self._lags = self._lags, []
        for cluster in self._clusters(database.follower, database.port):
            self._clients("cloudwatch", database.follower).put_metric_data(
                Namespace=NAMESPACE, MetricData=data(cluster, database.writer, lags)
            )

    def _clusters(self, region: str, port: int) -> list[str]:
        """Return the identifiers of a region's clusters that are a global database's, and have its port."""
        pages = self._clients("rds", region).get_paginator("describe_db_clusters").paginate()
        found = [cluster for page in pages for cluster in page["DBClusters"] if cluster["Port"] == port]
        return [str(cluster["DBClusterIdentifier"]) for cluster in found if cluster.get("GlobalClusterIdentifier")]

    def _close(self) -> None:
        if self._meter is not None:
            self._meter[1].close()
        self._meter, self._lags = None, []

    def _forget(self) -> None:
        self._close()
        links, self._links = self._links, []
        for link in links:
            link.close()

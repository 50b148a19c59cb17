"""On the local cloud both regions' clusters lead to real servers: what is lost in a failover is what was late."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from pg8000.exceptions import DatabaseError

from lib.disaster_recovery.settings import Settings
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.servers import replication_faults as faults
from tests.integration.conftest import TARGET
from tests.support.replicas import awaited

pytestmark = pytest.mark.skipif(TARGET == "aws", reason="on AWS nobody makes replication late")
LAG_SECONDS = 2


class Deployed:
    """The deployed global database, with a table of numbers of this test's own."""

    def __init__(self, environ):
        self.cloud, self.settings = LocalCloud.read(environ), Settings.read(environ)
        self.database = self.cloud.known_global_database()
        self.number = 0

    @property
    def writing(self):
        return self.database.servers[self.database.writer]

    def write(self):
        self.number += 1
        with self.writing.administrator() as admin:
            admin.run("CREATE TABLE IF NOT EXISTS replication_numbers (n int)")
            admin.run("INSERT INTO replication_numbers VALUES (:n)", n=self.number)
        return self.number

    def has(self, region, number):
        with self.database.servers[region].administrator() as admin:
            try:
                return bool(admin.run("SELECT 1 FROM replication_numbers WHERE n = :n", n=number))
            except DatabaseError:  # the table has not arrived
                return False

    def member(self, region):
        pages = self.cloud.client("rds").describe_global_clusters(GlobalClusterIdentifier=self.settings.global_cluster)
        members = pages["GlobalClusters"][0]["GlobalClusterMembers"]
        return next(member for member in members if member["DBClusterArn"].split(":")[3] == region)

    def connected(self, region):
        return self.member(region)["SynchronizationStatus"] == "connected"

    def change(self, operation, region, **arguments):
        getattr(self.cloud.client("rds", region), operation)(
            GlobalClusterIdentifier=self.settings.global_cluster,
            TargetDbClusterIdentifier=self.member(region)["DBClusterArn"],
            **arguments,
        )

    def lag(self, metric, region):
        now = datetime.now(UTC)
        found = self.cloud.client("cloudwatch", region).get_metric_statistics(
            Namespace="AWS/RDS",
            MetricName=metric,
            Dimensions=[{"Name": "DBClusterIdentifier", "Value": self.settings.name("database")}],
            StartTime=now - timedelta(minutes=2),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Maximum"],
        )
        return max((point["Maximum"] for point in found["Datapoints"]), default=0)


@pytest.fixture
def world(deployed):
    made = Deployed(deployed)
    yield made
    faults.clear(made.cloud.folder)
    home = made.settings.primary.region
    if made.database.writer != home:
        awaited(lambda: made.connected(home))
        made.change("switchover_global_cluster", home)
    with made.writing.administrator() as admin:
        admin.run("DROP TABLE IF EXISTS replication_numbers")


def test_each_cluster_leads_to_the_server_of_its_region(world):
    for region, server in world.database.servers.items():
        (cluster,) = world.cloud.client("rds", region).describe_db_clusters()["DBClusters"]
        found = {cluster["Endpoint"], cluster["ReaderEndpoint"]}
        assert (found, cluster["Port"]) == ({server.host}, server.port)


def test_a_lag_is_seen_and_published_and_a_failover_loses_what_was_late(world):
    home, peer = world.settings.regions
    arrived = world.write()
    awaited(lambda: world.has(peer, arrived))
    faults.change(world.cloud.folder, faults.AURORA, seconds=LAG_SECONDS)
    late = world.write()
    assert LAG_SECONDS - 0.5 < awaited(lambda: world.has(peer, late)) < LAG_SECONDS + 2
    for metric in ("AuroraGlobalDBReplicationLag", "AuroraGlobalDBRPOLag"):
        awaited(lambda metric=metric: world.lag(metric, peer) > 1000 * (LAG_SECONDS - 0.5))
        # The writing region has no such figure, but from before, when it did not write.
        assert world.lag(metric, home) < 1000 * (LAG_SECONDS - 0.5)
    lost = world.write()
    world.change("failover_global_cluster", peer, AllowDataLoss=True)
    assert world.member(peer)["IsWriter"]
    assert [world.has(peer, number) for number in (arrived, late, lost)] == [True, True, False]
    awaited(lambda: world.connected(home))
    assert not world.has(home, lost)


def test_a_switchover_and_the_way_back_lose_nothing(world):
    home, peer = world.settings.regions
    for region in (peer, home):
        faults.change(world.cloud.folder, faults.AURORA, seconds=1)
        time.sleep(0.2)
        number = world.write()
        world.change("switchover_global_cluster", region)
        assert world.has(region, number)
        faults.clear(world.cloud.folder)
        awaited(world.database.servers[region].followed)

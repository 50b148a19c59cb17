"""The emulator's global clusters, with data: a failover and a switchover change the servers' roles, then the members'.

The emulator itself changes the members alone, and tells addresses at which nobody listens. It calls this before and
after its own handlers of RDS's operations; a global cluster without local servers is left to it.
"""

# pylint: disable=protected-access  # the emulator has no other way in
from collections.abc import Callable, Mapping
from types import ModuleType

from lib.common.json_types import JsonMapping, JsonObject
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers.global_database import GlobalDatabase

Handler = Callable[[JsonMapping], object]
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_GlobalClusterMember.html
CONNECTED, RESYNC = "connected", "pending-resync"


def install(cloud: LocalCloud) -> None:
    """Put this around the emulator's own handlers."""
    from ministack.services import rds

    Aurora(cloud, rds).install()


class Aurora:
    """The emulator's RDS, and the servers behind a global cluster.

    Args:
        cloud: whose servers they are.
        rds: the emulator's module.
    """

    def __init__(self, cloud: LocalCloud, rds: ModuleType) -> None:
        self._cloud, self._rds = cloud, rds

    def install(self) -> None:
        """Take the places of the emulator's handlers, which are called from here."""
        wrapped: Mapping[str, Callable[[Handler, JsonMapping], object]] = {
            "CreateDBCluster": self._create_cluster,
            "CreateDBInstance": self._create_instance,
            "FailoverGlobalCluster": self._fail_over,
            "SwitchoverGlobalCluster": self._switch_over,
            "DescribeGlobalClusters": self._describe,
        }
        for name, wrapper in wrapped.items():
            own = self._rds._ACTION_MAP[name]
            self._rds._ACTION_MAP[name] = lambda p, own=own, wrapper=wrapper: wrapper(own, p)

    def _database(self, cluster: JsonMapping | None) -> GlobalDatabase | None:
        """Return the servers of a cluster that is a global one's member, where there are some."""
        database = self._cloud.known_global_database()
        if database and cluster and cluster.get("GlobalClusterIdentifier") and cluster["Port"] == database.port:
            return database if _region(cluster["DBClusterArn"]) in database.servers else None
        return None

    def _create_cluster(self, own: Handler, p: JsonMapping) -> object:
        answer = own(p)
        cluster = self._rds._resolve_cluster(self._rds._p(p, "DBClusterIdentifier"))
        database = self._database(cluster)
        if database:
            cluster["Endpoint"] = cluster["ReaderEndpoint"] = database.servers[_region(cluster["DBClusterArn"])].host
            return self._answer("CreateDBCluster", "DBCluster", self._rds._cluster_xml(cluster))
        return answer

    def _create_instance(self, own: Handler, p: JsonMapping) -> object:
        answer = own(p)
        cluster = self._rds._resolve_cluster(self._rds._p(p, "DBClusterIdentifier"))
        database = self._database(cluster)
        instance = self._rds._resolve_instance(self._rds._p(p, "DBInstanceIdentifier"))
        if database and instance:
            _lead_to(cluster, database)  # an instance has brought its own address
            instance["Endpoint"] |= cluster["_shared_endpoint"]
        return answer

    def _answer(self, action: str, what: str, content: str) -> object:
        return self._rds._xml(200, f"{action}Response", f"<{action}Result><{what}>{content}</{what}></{action}Result>")

    def _fail_over(self, own: Handler, p: JsonMapping) -> object:
        if str(self._rds._p(p, "AllowDataLoss")).lower() != "true":
            return self._switch_over(own, p)
        return self._change(own, p, GlobalDatabase.fail_over)

    def _switch_over(self, own: Handler, p: JsonMapping) -> object:
        return self._change(own, p, GlobalDatabase.switch_over)

    def _change(self, own: Handler, p: JsonMapping, change: Callable[[GlobalDatabase, str], None]) -> object:
        """Change the servers' roles, then let the emulator change the members'.

        What a failover has given up is made again by the emulator's keeper of replication.
        """
        resolved, _error = self._rds._resolve_global_writer_switch(p)
        target = resolved[2]["DBClusterArn"] if resolved else ""
        database = self._database(self._rds._resolve_cluster(target)) if target else None
        if database:
            try:
                change(database, _region(target))
            except LocalCloudError as error:
                return self._rds._error("InvalidGlobalClusterStateFault", str(error), 400)
        return own(p)

    def _describe(self, own: Handler, p: JsonMapping) -> object:
        """Tell which member is to be made again, as the servers have it now."""
        for whole in self._rds._global_clusters.values():
            for member in whole["GlobalClusterMembers"]:
                database = self._database(self._rds._resolve_cluster(member["DBClusterArn"]))
                if database:
                    member["SynchronizationStatus"] = (
                        CONNECTED if member["IsWriter"] or database.connected() else RESYNC
                    )
        return own(p)


def _lead_to(cluster: JsonObject, database: GlobalDatabase) -> None:
    """Let a cluster's addresses be those of its region's server, wherever the emulator takes them from."""
    server = database.servers[_region(cluster["DBClusterArn"])]
    cluster["Endpoint"] = cluster["ReaderEndpoint"] = cluster["_shared_internal_address"] = server.host
    cluster["_shared_endpoint"] = {**(cluster["_shared_endpoint"] or {}), "Address": server.host, "Port": server.port}


def _region(arn: str) -> str:
    return arn.split(":")[3]

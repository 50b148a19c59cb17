"""Aurora: the global cluster's members and their roles, each cluster's backups, and the lag between the regions."""

import math
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from findings import SKEW_MINUTES, Finding, Part, hours, too_old, too_short
from json_types import JsonMapping, JsonObject
from settings import Settings

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_cloudwatch.type_defs import DimensionTypeDef, MetricDataQueryTypeDef
    from types_boto3_rds import RDSClient
    from types_boto3_rds.type_defs import DBClusterTypeDef

LAG_MINUTES, STALE_MINUTES = 60, 10  # how far back the metric is looked for, and how old its last value may be
# They exist in the secondary region only, in milliseconds; depending on the engine with the source as a dimension too.
METRICS = {
    "replication_lag": "AuroraGlobalDBReplicationLag",
    "rpo_lag": "AuroraGlobalDBRPOLag",
}


def _member(arn: str) -> tuple[str, str]:
    """Return the region and the identifier in a cluster's ARN."""
    parts = arn.split(":", 6)
    return parts[3], parts[6]


def global_cluster(rds: "RDSClient", region: str, settings: Settings) -> Part:
    """Look at the global cluster, as one region sees it."""
    name, part = settings.global_cluster, Part()

    def add(code: str, detail: str) -> None:
        part.findings.append(Finding("global-cluster", region, code, detail))

    try:
        (description,) = rds.describe_global_clusters(GlobalClusterIdentifier=name)["GlobalClusters"]
    except rds.exceptions.GlobalClusterNotFoundFault:
        add("global-missing", f"There is no global cluster {name}.")
        return part
    if description["Status"] != "available":
        add("global-status", f"{name} is {description['Status']}, not available.")
    if settings.protected and not description.get("DeletionProtection"):
        add("global-unprotected", f"{name} can be deleted: switch its deletion protection on.")
    if not description.get("StorageEncrypted"):
        add("global-unencrypted", f"{name} is not encrypted.")
    members = {_member(each["DBClusterArn"]): each for each in description["GlobalClusterMembers"]}
    if set(members) != set(settings.clusters.items()):
        add("global-members", f"{name} has {_listed(members)}, and should have {_listed(settings.clusters.items())}.")
    writers = [member_region for (member_region, _), each in members.items() if each["IsWriter"]]
    if len(writers) != 1:
        add("global-writer", f"{name} has {len(writers)} writers.")
    part.measured["aurora_writer"] = writers[0] if len(writers) == 1 else None
    for (member_region, member), each in members.items():
        state = each.get("SynchronizationStatus", "connected")
        if not each["IsWriter"] and state != "connected":
            add("member-apart", f"{member} in {member_region} is {state}, not connected.")
    return part


def _listed(members: Iterable[tuple[str, str]]) -> str:
    return ", ".join(sorted(f"{name} in {region}" for region, name in members)) or "no member"


def cluster(rds: "RDSClient", region: str, settings: Settings, moment: datetime) -> Part:
    """Look at a region's cluster: whether it is up, protected, and can be restored far enough back."""
    name, part = settings.clusters[region], Part()

    def add(code: str, detail: str) -> None:
        part.findings.append(Finding("cluster", region, code, detail))

    try:
        (description,) = rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
    except rds.exceptions.DBClusterNotFoundFault:
        add("cluster-missing", f"There is no cluster {name}.")
        return part
    if description["Status"] != "available":
        add("cluster-status", f"{name} is {description['Status']}, not available.")
    if settings.protected and not description.get("DeletionProtection"):
        add("cluster-unprotected", f"{name} can be deleted: switch its deletion protection on.")
    if not description.get("StorageEncrypted"):
        add("cluster-unencrypted", f"{name} is not encrypted.")
    if not description.get("DBClusterMembers"):
        add("cluster-empty", f"{name} has no instance: after a failover nothing could answer before one is made.")
    pages = rds.get_paginator("describe_db_cluster_snapshots").paginate(DBClusterIdentifier=name)
    snapshots = [each for page in pages for each in page["DBClusterSnapshots"] if each["Status"] == "available"]
    if open_ones := sorted(each["DBClusterSnapshotIdentifier"] for each in snapshots if not each["StorageEncrypted"]):
        add("snapshot-unencrypted", f"Snapshots of {name} are not encrypted: {', '.join(open_ones)}.")
    age = hours(max(each["SnapshotCreateTime"] for each in snapshots), moment) if snapshots else None
    earliest = description.get("EarliestRestorableTime")
    part.measured = {"cluster_restore_hours": earliest and hours(earliest, moment), "snapshot_age_hours": age}
    for code, detail in _backups(description, age, settings, moment):
        add(code, detail)
    return part


def _backups(
    description: "DBClusterTypeDef", age: float | None, settings: Settings, moment: datetime
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a cluster's backups; something new has none yet."""
    name, born = description["DBClusterIdentifier"], description["ClusterCreateTime"]
    short = too_short(name, description.get("EarliestRestorableTime"), settings.restore_hours, born, moment)
    if short:
        yield "cluster-restore-window", short
    if old := too_old(name, description.get("LatestRestorableTime"), born, moment):
        yield "cluster-restore-late", old
    if age is None and hours(born, moment) > settings.snapshot_hours:
        yield "snapshot-missing", f"{name} has no snapshot."
    if age is not None and age * 60 < -SKEW_MINUTES:
        yield "snapshot-future", f"The latest snapshot of {name} is of {-age:g} h from now: it is not known to be one."
    if age is not None and age > settings.snapshot_hours:
        allowed = f"{settings.snapshot_hours:g} h are allowed"
        yield "snapshot-old", f"The latest snapshot of {name} is {age:g} h old: {allowed}."


def lag(cloudwatch: "CloudWatchClient", region: str, settings: Settings, moment: datetime) -> Part:
    """Return how far a region is behind every other, as the metrics say; :func:`late` judges it.

    A region that writes has no such metric, so nothing is a finding here.
    """
    cluster_only: list[DimensionTypeDef] = [{"Name": "DBClusterIdentifier", "Value": settings.clusters[region]}]
    others = [source for source in settings.regions if source != region]
    dimensions = [cluster_only]
    dimensions += [[*cluster_only, {"Name": "SourceRegion", "Value": source}] for source in others]
    queries: list[MetricDataQueryTypeDef] = [
        {
            "Id": f"{name}_{number}",
            "MetricStat": {
                "Metric": {"Namespace": "AWS/RDS", "MetricName": metric, "Dimensions": each},
                "Period": 60,
                "Stat": "Maximum",
            },
        }
        for name, metric in METRICS.items()
        for number, each in enumerate(dimensions)
    ]
    samples: dict[str, list[tuple[datetime, float]]] = {name: [] for name in METRICS}
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=moment - timedelta(minutes=LAG_MINUTES), EndTime=moment
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            samples[result["Id"].rpartition("_")[0]] += zip(result["Timestamps"], result["Values"], strict=True)
    measured: JsonObject = {}
    for name, values in samples.items():
        if values:
            at, value = max(values)
            measured |= {f"{name}_milliseconds": value, f"{name}_age_seconds": round((moment - at).total_seconds())}
    return Part(measured=measured)


def late(region: str, measured: JsonMapping, settings: Settings) -> list[Finding]:
    """Judge what :func:`lag` has measured in a region that does not write."""
    cluster_name = settings.clusters[region]
    value, age = measured.get("replication_lag_milliseconds"), measured.get("replication_lag_age_seconds", 0)
    if value is not None and not 0 <= value < math.inf:
        detail = f"{cluster_name} says that it is {value:g} ms behind, which is not a time."
        return [Finding("lag", region, "lag-unknown", detail)]
    if value is None:
        detail = f"{cluster_name} has told nothing of its lag for {LAG_MINUTES} minutes."
        return [Finding("lag", region, "lag-unknown", detail)]
    findings = []
    if age > STALE_MINUTES * 60:
        detail = f"{cluster_name} has told nothing of its lag for {age} s; it was {value:g} ms."
        findings.append(Finding("lag", region, "lag-stale", detail))
    if value > settings.lag_milliseconds:
        detail = f"{cluster_name} is {value:g} ms behind: {settings.lag_milliseconds:g} ms are allowed."
        findings.append(Finding("lag", region, "lag-high", detail))
    return findings

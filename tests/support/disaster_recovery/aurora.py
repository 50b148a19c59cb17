"""Aurora's part of the disaster-recovery system on the emulator: a global cluster, snapshots, and a lag to be read."""

import itertools
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock

from lib.disaster_recovery import writer
from lib.local_cloud.cloud import ACCOUNT, SECRET_KEY, LocalCloud
from tests.support import functions
from tests.support.disaster_recovery.two_regions import HOME, NAMESPACE, PEER, client

PASSWORD = "first-Password.1"  # of a cluster on the emulator, where nothing listens
REGIONS = (HOME, PEER)
BUCKET, TOPIC = "recovery-reports", "recovery-topic"
_numbers = itertools.count(1)


def make_clusters(cloud: LocalCloud) -> str:
    """Make a global cluster with a cluster in each region and a snapshot of each; all of them have one name."""
    name = f"payments-{next(_numbers)}"
    home = client(cloud, "rds", HOME)
    home.create_global_cluster(
        GlobalClusterIdentifier=name, Engine="aurora-postgresql", DeletionProtection=True, StorageEncrypted=True
    )
    for place in REGIONS:
        rds = client(cloud, "rds", place)
        user = {"MasterUsername": "dba", "MasterUserPassword": PASSWORD} if place == HOME else {}
        rds.create_db_cluster(
            DBClusterIdentifier=name,
            Engine="aurora-postgresql",
            GlobalClusterIdentifier=name,
            DeletionProtection=True,
            StorageEncrypted=True,
            BackupRetentionPeriod=7,
            **user,
        )
        rds.create_db_instance(
            DBInstanceIdentifier=f"{name}-1",
            DBClusterIdentifier=name,
            DBInstanceClass="db.r6g.large",
            Engine="aurora-postgresql",
        )
        rds.create_db_cluster_snapshot(DBClusterIdentifier=name, DBClusterSnapshotIdentifier=f"{name}-1")
    return name


def tell_lag(
    cloud: LocalCloud, cluster: str, milliseconds: float, *, place: str = PEER, minutes: float = 1, source: bool = True
) -> None:
    """Let CloudWatch know a lag of some minutes ago, in the region where Aurora would tell it."""
    dimensions = [
        {"Name": "DBClusterIdentifier", "Value": cluster},
        {"Name": "SourceRegion", "Value": next(region for region in REGIONS if region != place)},
    ]
    for metric in ("AuroraGlobalDBReplicationLag", "AuroraGlobalDBRPOLag"):
        client(cloud, "cloudwatch", place).put_metric_data(
            Namespace="AWS/RDS",
            MetricData=[
                {
                    "MetricName": metric,
                    "Value": milliseconds,
                    "Unit": "Milliseconds",
                    "Timestamp": datetime.now(UTC) - timedelta(minutes=minutes),
                    "Dimensions": dimensions if source else dimensions[:1],
                }
            ],
        )


def environ(table: str, cluster: str, topic: str = "") -> dict[str, str]:
    """Return the verification function's environment."""
    return {
        "TABLE_NAME": table,
        "REGIONS": json.dumps(REGIONS),
        "GLOBAL_CLUSTER": cluster,
        "LAG_MAX_MS": "5000",
        "CLUSTERS": json.dumps(dict.fromkeys(REGIONS, cluster)),
        "SNAPSHOT_MAX_AGE_HOURS": "26",
        "PITR_MIN_HOURS": "24",
        "TOPIC_ARN": topic,
        "REPORT_BUCKET": BUCKET if topic else "",
    }


def access(cloud: LocalCloud, place: str) -> dict[str, str]:
    """Return the variables with which any client of a function reaches the emulator."""
    return {
        "AWS_ENDPOINT_URL": cloud.environment()["AWS_ENDPOINT_URL"],
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": place,
        "AWS_REGION": place,
        "NO_PROXY": "*",
    }


def load() -> SimpleNamespace:
    """Return the verification function's modules."""
    names = {
        "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
        "POWERTOOLS_SERVICE_NAME": f"verification-{next(_numbers)}",
    }
    with mock.patch.dict(os.environ, names):
        return functions.load("disaster_recovery", "verification")


def queue_policy(queue: str, topic: str) -> str:
    """Return what lets a topic put its messages into a queue."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": queue,
                    "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
                }
            ],
        }
    )


Change = Callable[[dict[str, Any]], None]


class Clients:
    """Makes clients whose answers can be changed on their way, or replaced by errors; one of each kind."""

    def __init__(self, cloud: LocalCloud) -> None:
        services = ("rds", "dynamodb", "cloudwatch")
        self._made = {(each, place): cloud.client(each, place) for each in services for place in REGIONS}
        self._registered: list[tuple[Any, str, Callable[..., None]]] = []
        self.calls: list[str] = []
        for made in self._made.values():
            made.meta.events.register("before-parameter-build", self._note)

    def _note(self, model: Any, **_: object) -> None:
        self.calls.append(model.name)

    def _register(self, service: str, region: str, when: str, operation: str, handler: Callable[..., None]) -> None:
        meta = self(service, region).meta
        name = f"{when}.{meta.service_model.service_id.hyphenize()}.{operation}"
        meta.events.register(name, handler)
        self._registered.append((meta.events, name, handler))

    def reset(self) -> None:
        """Let every answer come as it is again."""
        for events, name, handler in self._registered:
            events.unregister(name, handler)
        self._registered, self.calls = [], []

    def __call__(self, service: str, region: str) -> Any:
        """Be the function's own maker of clients."""
        return self._made[service, region]

    def change(self, service: str, operation: str, change: Change, *regions: str) -> None:
        """Change what an operation answers, in all regions or in some."""

        def changed(parsed: dict[str, Any], **_details: object) -> None:
            change(parsed)

        for region in regions or REGIONS:
            self._register(service, region, "after-call", operation, changed)

    def writers(self, item: dict[str, Any], *regions: str, others: dict[str, Any] | None = None) -> None:
        """Let the items that say who writes be others: the first one, and those that payments check, if they differ."""

        def change(parsed: dict[str, Any]) -> None:
            found = [{"pk": {"S": name}, **(item if others is None else others)} for name in writer.ITEMS]
            for table in parsed["Responses"]:
                parsed["Responses"][table] = found if others != {} else []

        self.change("dynamodb", "GetItem", lambda parsed: parsed.update(Item=item), *regions)
        self.change("dynamodb", "BatchGetItem", change, *regions)

    def fail(self, service: str, operation: str, error: Exception, *regions: str) -> None:
        """Let an operation fail before it is sent."""

        def trouble(**_details: object) -> None:
            raise error

        self.before(service, operation, trouble, *regions)

    def before(self, service: str, operation: str, handler: Callable[..., None], *regions: str) -> None:
        """Do something before an operation is sent."""
        for region in regions or REGIONS:
            self._register(service, region, "before-call", operation, handler)

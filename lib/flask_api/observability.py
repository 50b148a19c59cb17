"""Alarms, each with an action, and one dashboard: what a person should look at, before a customer calls."""

from dataclasses import dataclass

import pulumi

from lib.flask_api.database import Database
from lib.flask_api.keys import Keys
from lib.flask_api.load_balancer import LoadBalancer
from lib.flask_api.service import Service
from lib.flask_api.settings import Settings
from lib.pulumi_components.alarms import Dimensions, Watch, alarm, dashboard, topic
from lib.pulumi_components.policies import Place

MEBIBYTE = 1024**2
CONNECTIONS = 150  # tasks_max x workers x pool size is 48 by default; db.t4g.medium takes about 400


@dataclass(frozen=True)
class ObservabilityArgs:
    """What is watched."""

    settings: Settings
    place: Place
    keys: Keys
    balancer: LoadBalancer
    database: Database
    service: Service


REQUESTS = Watch("requests", "AWS/ApplicationELB", "RequestCount", "Sum", 0, 1, "Requests")
BALANCER = (
    Watch(
        "balancer-errors",
        "AWS/ApplicationELB",
        "HTTPCode_ELB_5XX_Count",
        "Sum",
        5,
        3,
        "The load balancer reaches no task",
    ),
    Watch("errors", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum", 5, 3, "The API answers with errors"),
    Watch("latency", "AWS/ApplicationELB", "TargetResponseTime", "p95", 1.0, 5, "Every twentieth request is slow"),
    Watch("unhealthy", "AWS/ApplicationELB", "UnHealthyHostCount", "Maximum", 0, 5, "A task does not answer"),
)
TASKS = (
    Watch("cpu", "AWS/ECS", "CPUUtilization", "Average", 85, 10, "The tasks are busy and scaling does not help"),
    Watch("memory", "AWS/ECS", "MemoryUtilization", "Average", 85, 10, "The tasks are short of memory"),
    Watch(
        "tasks",
        "ECS/ContainerInsights",
        "RunningTaskCount",
        "Minimum",
        1,
        3,
        "No task runs",
        less=True,
        missing="breaching",
    ),
)
CLUSTER = (
    Watch("database-cpu", "AWS/RDS", "CPUUtilization", "Average", 80, 15, "The database is busy"),
    Watch(
        "database-connections",
        "AWS/RDS",
        "DatabaseConnections",
        "Maximum",
        CONNECTIONS,
        5,
        "The database has many connections",
    ),
    Watch(
        "database-memory",
        "AWS/RDS",
        "FreeableMemory",
        "Minimum",
        256 * MEBIBYTE,
        10,
        "The database is short of memory",
        less=True,
    ),
    Watch(
        "database-lag",
        "AWS/RDS",
        "AuroraReplicaLagMaximum",
        "Maximum",
        2000,
        5,
        "The reader is seconds behind (milliseconds)",
    ),
    Watch("database-deadlocks", "AWS/RDS", "Deadlocks", "Maximum", 0.1, 5, "Transactions lock each other out"),
)


class Observability(pulumi.ComponentResource):
    """One encrypted topic, the alarms that write to it, the dashboard."""

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("tap:flask-api:Observability", name, {}, opts)
        settings, own = args.settings, pulumi.ResourceOptions(parent=self)
        self.topic = topic(
            settings.name("topic", "alarms"), args.place.account, args.keys.operations, settings.alarm_email, own
        )
        balancer = {"LoadBalancer": args.balancer.balancer.arn_suffix}
        target = {**balancer, "TargetGroup": args.balancer.target.arn_suffix}
        watched: list[tuple[Watch, Dimensions]] = [
            (watch, balancer if watch.part == "balancer-errors" else target) for watch in BALANCER
        ]
        watched += self._tasks(args.service)
        watched += [(watch, {"DBClusterIdentifier": args.database.cluster.id}) for watch in CLUSTER]
        for watch, dimensions in watched:
            alarm(watch, dimensions, name=settings.name("alarm", watch.part), action=self.topic.arn, opts=own)
        dashboard(settings.name("dashboard"), settings.region, [(REQUESTS, target), *watched], own)
        self.register_outputs({})

    @staticmethod
    def _tasks(found: Service) -> list[tuple[Watch, Dimensions]]:
        """Return what is watched of the tasks, once there is a service."""
        if found.service is None:
            return []
        dimensions = {"ClusterName": found.cluster.name, "ServiceName": found.service.name}
        return [(watch, dimensions) for watch in TASKS]

"""Alarms, each with an action, and one dashboard: what a person should look at, before a customer calls."""

from dataclasses import dataclass, replace

import pulumi

from lib.common.alarm_spec import BELOW, AlarmSpec
from lib.common.certificate_alarms import certificate_alarms
from lib.common.database_alarms import connections_alarm, credit_alarms, local_storage_alarm, memory_alarm
from lib.flask_api.database import Database
from lib.flask_api.keys import Keys
from lib.flask_api.load_balancer import LoadBalancer
from lib.flask_api.network import Network
from lib.flask_api.service import Service
from lib.flask_api.settings import Settings
from lib.pulumi_components.alarms import alarm, dashboard, firewall_alarm, nat_alarms, topic
from lib.pulumi_components.policies import AwsContext


@dataclass(frozen=True)
class ObservabilityArgs:
    """What is watched."""

    settings: Settings
    context: AwsContext
    network: Network
    keys: Keys
    balancer: LoadBalancer
    database: Database
    service: Service


INSIGHTS = "ECS/ContainerInsights"
REQUESTS = AlarmSpec("requests", "AWS/ApplicationELB", "RequestCount", "Sum", 0, 1, "Requests")
BALANCER = (
    AlarmSpec(
        "balancer-errors",
        "AWS/ApplicationELB",
        "HTTPCode_ELB_5XX_Count",
        "Sum",
        5,
        3,
        "The load balancer reaches no task",
    ),
    AlarmSpec("errors", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum", 5, 3, "The API answers with errors"),
    AlarmSpec("latency", "AWS/ApplicationELB", "TargetResponseTime", "p95", 1.0, 5, "Every twentieth request is slow"),
    AlarmSpec("unhealthy", "AWS/ApplicationELB", "UnHealthyHostCount", "Maximum", 0, 5, "A task does not answer"),
)
TASKS = (
    AlarmSpec("cpu", "AWS/ECS", "CPUUtilization", "Average", 85, 10, "The tasks are busy and scaling does not help"),
    AlarmSpec("memory", "AWS/ECS", "MemoryUtilization", "Average", 85, 10, "The tasks are short of memory"),
    AlarmSpec(
        "tasks",
        INSIGHTS,
        "RunningTaskCount",
        "Minimum",
        1,  # as many as the setting says
        5,
        "Fewer tasks run than always have to",
        comparison=BELOW,
        treat_missing_data="breaching",
    ),
    # What scaling asks for is there within minutes, or Fargate has no room, or tasks end as they begin.
    AlarmSpec(
        "tasks-missing",
        INSIGHTS,
        "DesiredTaskCount",
        "Average",
        0,
        15,
        "Fewer tasks run than scaling asks for",
        minus="RunningTaskCount",
    ),
)
# Of the busiest instance: an average over the cluster hides a busy writer behind an idle reader.
CLUSTER = (
    AlarmSpec("database-cpu", "AWS/RDS", "CPUUtilization", "Maximum", 80, 15, "The database is busy"),
    AlarmSpec(
        "database-lag",
        "AWS/RDS",
        "AuroraReplicaLagMaximum",
        "Maximum",
        2000,
        5,
        "The reader is seconds behind (milliseconds)",
    ),
    AlarmSpec("database-deadlocks", "AWS/RDS", "Deadlocks", "Maximum", 0.1, 5, "Transactions lock each other out"),
)


class Observability(pulumi.ComponentResource):
    """One encrypted topic, the alarms that write to it, the dashboard."""

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("tap:flask-api:Observability", name, {}, opts)
        settings, own = args.settings, pulumi.ResourceOptions(parent=self)
        self.topic = topic(
            settings.name("topic", "alarms"), args.context.account, args.keys.operations, settings.alarm_email, own
        )
        balancer = {"LoadBalancer": args.balancer.balancer.arn_suffix}
        target = {**balancer, "TargetGroup": args.balancer.target.arn_suffix}
        shown = [spec.on(balancer if spec.name == "balancer-errors" else target) for spec in BALANCER]
        shown += self._tasks(args.service, settings)
        chosen = settings.database_instance_class
        of_class = [
            connections_alarm(chosen, "Maximum", 1),
            memory_alarm(chosen),
            local_storage_alarm(chosen),
            *credit_alarms(chosen),
        ]
        shown += [spec.on({"DBClusterIdentifier": args.database.cluster.id}) for spec in (*CLUSTER, *of_class)]
        shown += [*certificate_alarms(settings.certificate_arn), *nat_alarms(args.network.gateways)]
        shown += [firewall_alarm(settings.name("web_acl"), settings.region)] if settings.web_acl else []
        for spec in shown:
            alarm(spec, name=settings.name("alarm", spec.name), action=self.topic.arn, opts=own)
        dashboard(settings.name("dashboard"), settings.region, [REQUESTS.on(target), *shown], own)
        self.register_outputs({})

    @staticmethod
    def _tasks(tasks: Service, settings: Settings) -> list[AlarmSpec]:
        """Return what is watched of the tasks, once there is a service."""
        if tasks.service is None:
            return []
        dimensions = {"ClusterName": tasks.cluster.name, "ServiceName": tasks.service.name}
        least = {"tasks": settings.tasks_min}
        counted = settings.container_insights != "disabled"
        return [
            replace(spec.on(dimensions), threshold=least.get(spec.name, spec.threshold))
            for spec in TASKS
            if counted or spec.namespace != INSIGHTS
        ]

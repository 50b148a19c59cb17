"""Alarms, each with an action, and one dashboard: what a person should look at, before a customer calls."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from lib.flask_api.database import Database
from lib.flask_api.keys import Keys
from lib.flask_api.load_balancer import LoadBalancer
from lib.flask_api.policies import Place, allow, document
from lib.flask_api.service import Service
from lib.flask_api.settings import Settings

Dimensions = Mapping[str, pulumi.Input[str]]
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


@dataclass(frozen=True)
class Watch:
    """One figure and when it is too much: ``threshold`` in the metric's own unit, ``minutes`` in a row."""

    part: str
    namespace: str
    metric: str
    statistic: str
    threshold: float
    minutes: int
    why: str
    less: bool = False
    missing: str = "notBreaching"


BALANCER = (
    Watch("balancer-errors", "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "Sum", 5, 3,
          "The load balancer reaches no task"),
    Watch("errors", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum", 5, 3, "The API answers with errors"),
    Watch("latency", "AWS/ApplicationELB", "TargetResponseTime", "p95", 1.0, 5, "Every twentieth request is slow"),
    Watch("unhealthy", "AWS/ApplicationELB", "UnHealthyHostCount", "Maximum", 0, 5, "A task does not answer"),
)  # fmt: skip
TASKS = (
    Watch("cpu", "AWS/ECS", "CPUUtilization", "Average", 85, 10, "The tasks are busy and scaling does not help"),
    Watch("memory", "AWS/ECS", "MemoryUtilization", "Average", 85, 10, "The tasks are short of memory"),
    Watch("tasks", "ECS/ContainerInsights", "RunningTaskCount", "Minimum", 1, 3, "No task runs", less=True,
          missing="breaching"),
)  # fmt: skip
CLUSTER = (
    Watch("database-cpu", "AWS/RDS", "CPUUtilization", "Average", 80, 15, "The database is busy"),
    Watch("database-connections", "AWS/RDS", "DatabaseConnections", "Maximum", CONNECTIONS, 5,
          "The database has many connections"),
    Watch("database-memory", "AWS/RDS", "FreeableMemory", "Minimum", 256 * MEBIBYTE, 10,
          "The database is short of memory", less=True),
    Watch("database-lag", "AWS/RDS", "AuroraReplicaLagMaximum", "Maximum", 2000, 5,
          "The reader is seconds behind (milliseconds)"),
    Watch("database-deadlocks", "AWS/RDS", "Deadlocks", "Maximum", 0.1, 5, "Transactions lock each other out"),
)  # fmt: skip


class Observability(pulumi.ComponentResource):
    """One encrypted topic, the alarms that write to it, the dashboard."""

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("tap:flask-api:Observability", name, {}, opts)
        self._args, self._own = args, pulumi.ResourceOptions(parent=self)
        settings = args.settings
        self.topic = aws.sns.Topic(
            "alarms", name=settings.name("topic", "alarms"), kms_master_key_id=args.keys.operations.arn, opts=self._own
        )
        aws.sns.TopicPolicy("alarms", arn=self.topic.arn, policy=self._topic_policy(), opts=self._own)
        if settings.alarm_email:
            aws.sns.TopicSubscription(
                "alarms", topic=self.topic.arn, protocol="email", endpoint=settings.alarm_email, opts=self._own
            )
        balancer = {"LoadBalancer": args.balancer.balancer.arn_suffix}
        target = {**balancer, "TargetGroup": args.balancer.target.arn_suffix}
        cluster = {"DBClusterIdentifier": args.database.cluster.id}
        watched: list[tuple[Watch, Dimensions]] = [
            (watch, balancer if watch.part == "balancer-errors" else target) for watch in BALANCER
        ]
        if args.service.service is not None:
            tasks = {"ClusterName": args.service.cluster.name, "ServiceName": args.service.service.name}
            watched += [(watch, tasks) for watch in TASKS]
        watched += [(watch, cluster) for watch in CLUSTER]
        for watch, dimensions in watched:
            self._alarm(watch, dimensions)
        self._dashboard(watched)
        self.register_outputs({})

    def _topic_policy(self) -> pulumi.Output[str]:
        # A policy on a topic takes the place of the default one: CloudWatch has to be named.
        publish = allow(
            ["sns:Publish"],
            [self.topic.arn],
            Principal={"Service": "cloudwatch.amazonaws.com"},
            Condition={"StringEquals": {"aws:SourceAccount": self._args.place.account}},
        )
        refuse = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": self.topic.arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        return document(publish, refuse)

    def _alarm(self, watch: Watch, dimensions: Dimensions) -> None:
        percentile = watch.statistic.startswith("p")
        aws.cloudwatch.MetricAlarm(
            watch.part,
            name=self._args.settings.name("alarm", watch.part),
            alarm_description=f"{watch.why}.",
            namespace=watch.namespace,
            metric_name=watch.metric,
            dimensions=dict(dimensions),
            statistic=None if percentile else watch.statistic,
            extended_statistic=watch.statistic if percentile else None,
            period=60,
            evaluation_periods=watch.minutes,
            threshold=watch.threshold,
            comparison_operator="LessThanThreshold" if watch.less else "GreaterThanThreshold",
            treat_missing_data=watch.missing,
            alarm_actions=[self.topic.arn],
            ok_actions=[self.topic.arn],
            opts=self._own,
        )

    def _dashboard(self, watched: list[tuple[Watch, Dimensions]]) -> None:
        requests = Watch("requests", "AWS/ApplicationELB", "RequestCount", "Sum", 0, 1, "Requests")
        shown = [(requests, watched[1][1]), *watched]
        widgets = []
        for number, (watch, dimensions) in enumerate(shown):
            path = [part for item in dimensions.items() for part in item]
            properties: dict[str, object] = {
                "title": watch.why,
                "region": self._args.settings.region,
                "stat": watch.statistic,
                "period": 60,
                "metrics": [[watch.namespace, watch.metric, *path]],
            }
            if watch is not requests:
                properties["annotations"] = {"horizontal": [{"label": "alarm", "value": watch.threshold}]}
            place = {"x": number % 3 * 8, "y": number // 3 * 6, "width": 8, "height": 6}
            widgets.append({"type": "metric", **place, "properties": properties})
        aws.cloudwatch.Dashboard(
            "api",
            dashboard_name=self._args.settings.name("dashboard"),
            dashboard_body=pulumi.Output.json_dumps({"widgets": widgets}),
            opts=self._own,
        )

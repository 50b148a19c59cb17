"""Alarms, each with an action, and one dashboard: what a person should look at, before a customer calls."""

from dataclasses import dataclass

import pulumi

from lib.payment.api import STAGE, Api
from lib.payment.database import Database
from lib.payment.functions import METRICS_NAMESPACE, Functions
from lib.payment.keys import Keys
from lib.payment.settings import Settings
from lib.pulumi_components.alarms import BELOW, AlarmSpec, Dimensions, alarm, dashboard, topic
from lib.pulumi_components.policies import AwsContext

GIBIBYTE = 1024**3
API, LAMBDA, RDS = "AWS/ApiGateway", "AWS/Lambda", "AWS/RDS"
REQUESTS = AlarmSpec("requests", API, "Count", "Sum", 0, 1, "Requests")
OF_THE_API = (
    AlarmSpec("api-errors", API, "5XXError", "Sum", 5, 3, "The API answers with errors"),
    AlarmSpec("api-latency", API, "Latency", "p95", 2000, 5, "Every twentieth request is slow (milliseconds)"),
)
OF_FUNCTIONS = (
    AlarmSpec("{}-function-errors", LAMBDA, "Errors", "Sum", 0, 2, "The function {} fails"),
    AlarmSpec("{}-function-throttles", LAMBDA, "Throttles", "Sum", 0, 3, "Lambda refuses to run the function {}"),
)
OF_THE_TRAIL = (
    AlarmSpec(
        "audit-age",
        METRICS_NAMESPACE,
        "AuditOldestSeconds",
        "Maximum",
        600,
        3,
        "A change waits for its audit object for more than ten minutes, or nobody looks whether one does",
        treat_missing_data="breaching",
    ),
    AlarmSpec(
        "audit-mismatch",
        METRICS_NAMESPACE,
        "AuditMismatch",
        "Sum",
        0,
        1,
        "An audit object is not what the database says: somebody changed one of them",
    ),
)
CARDS = AlarmSpec("cards", METRICS_NAMESPACE, "CardNumbersRefused", "Sum", 10, 5, "Callers send card numbers")
LETTERS = AlarmSpec(
    "dead-letters", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", 0, 1, "A run of a function was given up"
)
OF_THE_DATABASE = (
    AlarmSpec("database-cpu", RDS, "CPUUtilization", "Average", 80, 15, "The database is busy"),
    AlarmSpec(
        "database-connections", RDS, "DatabaseConnections", "Maximum", 200, 5, "The database has many connections"
    ),
    AlarmSpec(
        "database-storage",
        RDS,
        "FreeStorageSpace",
        "Minimum",
        4 * GIBIBYTE,
        1,
        "Less than 4 GiB are free",
        comparison=BELOW,
    ),
)


@dataclass(frozen=True)
class ObservabilityArgs:
    """What is watched."""

    settings: Settings
    context: AwsContext
    keys: Keys
    api: Api
    functions: Functions
    database: Database


class Observability(pulumi.ComponentResource):
    """One encrypted topic, the alarms that write to it, the dashboard."""

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("tap:payment:Observability", name, {}, opts)
        settings, own = args.settings, pulumi.ResourceOptions(parent=self)
        self.topic = topic(
            settings.name("topic", "alarms"), args.context.account, args.keys.operations, settings.alarm_email, own
        )
        api: Dimensions = {"ApiName": settings.name("api"), "Stage": STAGE}
        watched: list[tuple[AlarmSpec, Dimensions]] = [(spec, api) for spec in OF_THE_API]
        for part in ("api", "drain"):
            watched += [(of(spec, part), {"FunctionName": settings.name("function", part)}) for spec in OF_FUNCTIONS]
        watched += [(spec, {"service": settings.name("function", "drain")}) for spec in OF_THE_TRAIL]
        watched.append((CARDS, {"service": settings.name("function", "api")}))
        watched.append((LETTERS, {"QueueName": args.functions.dead.name}))
        instance = {"DBInstanceIdentifier": args.database.instance.identifier}
        watched += [(spec, instance) for spec in OF_THE_DATABASE]
        for spec, dimensions in watched:
            alarm(spec, dimensions, name=settings.name("alarm", spec.name), action=self.topic.arn, opts=own)
        dashboard(settings.name("dashboard"), settings.region, [(REQUESTS, api), *watched], own)
        self.register_outputs({})


def of(spec: AlarmSpec, part: str) -> AlarmSpec:
    """Return what is watched of one function."""
    return AlarmSpec(
        spec.name.format(part),
        spec.namespace,
        spec.metric,
        spec.statistic,
        spec.threshold,
        spec.evaluation_periods,
        spec.description.format(part),
    )

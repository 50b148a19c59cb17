"""Alarms, each with an action, and one dashboard: what a person should look at, before a customer calls."""

from dataclasses import dataclass

import pulumi

from lib.payment.api import STAGE, Api
from lib.payment.database import Database
from lib.payment.functions import METRICS_NAMESPACE, Functions
from lib.payment.keys import Keys
from lib.payment.settings import Settings
from lib.pulumi_components.alarms import Dimensions, Watch, alarm, dashboard, topic
from lib.pulumi_components.policies import Place

GIBIBYTE = 1024**3
API, LAMBDA, RDS = "AWS/ApiGateway", "AWS/Lambda", "AWS/RDS"
REQUESTS = Watch("requests", API, "Count", "Sum", 0, 1, "Requests")
OF_THE_API = (
    Watch("api-errors", API, "5XXError", "Sum", 5, 3, "The API answers with errors"),
    Watch("api-latency", API, "Latency", "p95", 2000, 5, "Every twentieth request is slow (milliseconds)"),
)
OF_FUNCTIONS = (
    Watch("{}-function-errors", LAMBDA, "Errors", "Sum", 0, 2, "The function {} fails"),
    Watch("{}-function-throttles", LAMBDA, "Throttles", "Sum", 0, 3, "Lambda refuses to run the function {}"),
)
OF_THE_TRAIL = (
    Watch(
        "audit-age",
        METRICS_NAMESPACE,
        "AuditOldestSeconds",
        "Maximum",
        600,
        3,
        "A change waits for its audit object for more than ten minutes, or nobody looks whether one does",
        missing="breaching",
    ),
    Watch(
        "audit-mismatch",
        METRICS_NAMESPACE,
        "AuditMismatch",
        "Sum",
        0,
        1,
        "An audit object is not what the database says: somebody changed one of them",
    ),
)
CARDS = Watch("cards", METRICS_NAMESPACE, "CardNumbersRefused", "Sum", 10, 5, "Callers send card numbers")
LETTERS = Watch(
    "dead-letters", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", 0, 1, "A run of a function was given up"
)
OF_THE_DATABASE = (
    Watch("database-cpu", RDS, "CPUUtilization", "Average", 80, 15, "The database is busy"),
    Watch("database-connections", RDS, "DatabaseConnections", "Maximum", 200, 5, "The database has many connections"),
    Watch(
        "database-storage", RDS, "FreeStorageSpace", "Minimum", 4 * GIBIBYTE, 1, "Less than 4 GiB are free", less=True
    ),
)


@dataclass(frozen=True)
class ObservabilityArgs:
    """What is watched."""

    settings: Settings
    place: Place
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
            settings.name("topic", "alarms"), args.place.account, args.keys.operations, settings.alarm_email, own
        )
        api: Dimensions = {"ApiName": settings.name("api"), "Stage": STAGE}
        watched: list[tuple[Watch, Dimensions]] = [(watch, api) for watch in OF_THE_API]
        for part in ("api", "drain"):
            watched += [(of(watch, part), {"FunctionName": settings.name("function", part)}) for watch in OF_FUNCTIONS]
        watched += [(watch, {"service": settings.name("function", "drain")}) for watch in OF_THE_TRAIL]
        watched.append((CARDS, {"service": settings.name("function", "api")}))
        watched.append((LETTERS, {"QueueName": args.functions.dead.name}))
        instance = {"DBInstanceIdentifier": args.database.instance.identifier}
        watched += [(watch, instance) for watch in OF_THE_DATABASE]
        for watch, dimensions in watched:
            alarm(watch, dimensions, name=settings.name("alarm", watch.part), action=self.topic.arn, opts=own)
        dashboard(settings.name("dashboard"), settings.region, [(REQUESTS, api), *watched], own)
        self.register_outputs({})


def of(watch: Watch, part: str) -> Watch:
    """Return what is watched of one function."""
    return Watch(
        watch.part.format(part),
        watch.namespace,
        watch.metric,
        watch.statistic,
        watch.threshold,
        watch.minutes,
        watch.why.format(part),
    )

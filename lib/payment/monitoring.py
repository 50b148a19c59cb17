"""Alarms, each with an action, and one dashboard: what a person should look at, before a customer calls."""

from dataclasses import dataclass, replace

import pulumi

from lib.common.alarm_spec import BELOW, HOUR, AlarmSpec
from lib.common.certificate_alarms import certificate_alarms
from lib.common.database_alarms import connections_alarm, credit_alarms, memory_alarm
from lib.payment.api import STAGE, Api
from lib.payment.database import Database
from lib.payment.functions import METRICS_NAMESPACE, Functions
from lib.payment.keys import Keys
from lib.payment.load_balancer import Balancer
from lib.payment.network import Network
from lib.payment.settings import Settings
from lib.pulumi_components.alarms import alarm, dashboard, firewall_alarm, nat_alarms, topic
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
        "Maximum",
        0,
        1,
        "Payments, ledger, keys and audit trail contradict each other, and nobody has acknowledged it yet",
        treat_missing_data="ignore",
    ),
    AlarmSpec(
        "audit-unreadable",
        METRICS_NAMESPACE,
        "AuditUnreadable",
        "Maximum",
        0,
        1,
        "An audit object cannot be read, so that nothing is known of what it says",
        treat_missing_data="ignore",
    ),
    # A pass begins when the one before is as old as the setting says. One that takes as long again does not keep up.
    AlarmSpec(
        "audit-pass",
        METRICS_NAMESPACE,
        "AuditPassSeconds",
        "Maximum",
        2 * HOUR,  # for each hour of the setting
        3,
        "The verification of the audit trail has not gone over everything in twice the time that it has",
        treat_missing_data="ignore",
    ),
)
# Of the way in from inside the network: what the load balancer answers by itself when the function gives it nothing.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
INSIDE = AlarmSpec(
    "balancer-errors",
    "AWS/ApplicationELB",
    "HTTPCode_ELB_5XX_Count",
    "Sum",
    5,
    3,
    "The internal load balancer answers with errors",
)
# What the function itself answers there: API Gateway's errors have none of it, and to Lambda it is a success.
ANSWERS = AlarmSpec(
    "balancer-answers",
    "AWS/ApplicationELB",
    "HTTPCode_Target_5XX_Count",
    "Sum",
    5,
    3,
    "The API answers with errors inside the network",
)
CARDS = AlarmSpec("cards", METRICS_NAMESPACE, "CardNumbersRefused", "Sum", 10, 5, "Callers send card numbers")
LETTERS = AlarmSpec(
    "dead-letters", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", 0, 1, "A run of a function was given up"
)
OF_THE_DATABASE = (
    AlarmSpec("database-cpu", RDS, "CPUUtilization", "Average", 80, 15, "The database is busy"),
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
    network: Network
    keys: Keys
    api: Api
    functions: Functions
    database: Database
    balancer: Balancer


class Observability(pulumi.ComponentResource):
    """One encrypted topic, the alarms that write to it, the dashboard."""

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("tap:payment:Observability", name, {}, opts)
        settings, own = args.settings, pulumi.ResourceOptions(parent=self)
        self.topic = topic(
            settings.name("topic", "alarms"), args.context.account, args.keys.operations, settings.alarm_email, own
        )
        api = {"ApiName": settings.name("api"), "Stage": STAGE}
        shown = [spec.on(api) for spec in OF_THE_API]
        for part in ("api", "drain"):
            shown += [of(spec, part, settings.name("function", part)) for spec in OF_FUNCTIONS]
        drain = {"service": settings.name("function", "drain")}
        shown += [within(spec, settings.audit_pass_hours).on(drain) for spec in OF_THE_TRAIL]
        inside = {"LoadBalancer": args.balancer.balancer.arn_suffix}
        shown.append(INSIDE.on(inside))
        shown.append(ANSWERS.on({**inside, "TargetGroup": args.balancer.target.arn_suffix}))
        shown.append(CARDS.on({"service": settings.name("function", "api")}))
        shown.append(LETTERS.on({"QueueName": args.functions.dead.name}))
        instance = {"DBInstanceIdentifier": args.database.instance.identifier}
        chosen = settings.database_instance_class
        of_class = [connections_alarm(chosen, "Maximum", 1), memory_alarm(chosen), *credit_alarms(chosen)]
        shown += [spec.on(instance) for spec in (*OF_THE_DATABASE, *of_class)]
        shown += [*certificate_alarms(settings.certificate_arn), *nat_alarms(args.network.gateways)]
        shown.append(firewall_alarm(settings.name("web_acl"), settings.region))
        for spec in shown:
            alarm(spec, name=settings.name("alarm", spec.name), action=self.topic.arn, opts=own)
        dashboard(settings.name("dashboard"), settings.region, [REQUESTS.on(api), *shown], own)
        self.register_outputs({})


def within(spec: AlarmSpec, hours: int) -> AlarmSpec:
    """Return the alarm on a pass for the hours that a pass has; any other alarm as it is."""
    return replace(spec, threshold=spec.threshold * hours) if spec.metric == "AuditPassSeconds" else spec


def of(spec: AlarmSpec, part: str, function: str) -> AlarmSpec:
    """Return the alarm on one function.

    Args:
        spec: its name and description have a gap for the function's part in the system.
        part: what fills it.
        function: the function's physical name.
    """
    dimensions, description = {"FunctionName": function}, spec.description.format(part)
    return replace(spec, name=spec.name.format(part), description=description, dimensions=dimensions)

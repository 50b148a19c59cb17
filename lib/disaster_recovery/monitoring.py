"""What is watched in each region, and what the loss of a region looks like from the other one.

Replication between the two is watched in both regions, although its figures exist in one of them only: Aurora tells its
lag where the *secondary* cluster is, and that changes with every failover. So the same alarms stand on both sides, and
silence is the question:

- "breaching" would leave an alarm in the writing region that never ends;
- "notBreaching" would call a replication that has stopped healthy.

Silence therefore is ``missing``: an alarm without values says "insufficient data", and tells so when that *begins*. On
the writing side it has always been silent and tells nothing. On the reading side the end of the values is a message;
after a failover the messages are two, silence on the one side and "OK" on the other. Beside it stands the verification
function's own figure: it asks whichever region is the secondary one now and has no excuse, so its silence is breaching.
"""

from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from cdktf_cdktf_provider_aws.route53_health_check import Route53HealthCheck
from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from constructs import Construct

from lib.disaster_recovery.alarms import BELOW, HOUR, AlarmSpec, alarm, dashboard
from lib.disaster_recovery.api import STAGE
from lib.disaster_recovery.aws_context import AwsContext
from lib.disaster_recovery.lambda_function import METRICS_NAMESPACE

API_ERRORS, API_MILLISECONDS = 5, 2000
CPU_PERCENT = 80
VERIFICATIONS = 3  # runs in a row without a good figure
LATENCY_MINUTES, LAG_MINUTES = 5, 3


class Monitoring(Construct):
    """One region's alarms and its dashboard."""

    def __init__(self, scope: Construct, construct_id: str, *, context: AwsContext, topic: SnsTopic) -> None:
        super().__init__(scope, construct_id)
        watched = [
            *replication(context),
            *functions(context),
            *api(context),
            *verification(context),
            *database(context),
        ]
        self.alarms: list[CloudwatchMetricAlarm] = [alarm(self, spec, context, topic) for spec in watched]
        dashboard(self, context, watched)


class HealthAlarms(Construct):
    """The alarms on health checks, whose figures exist in one region of each partition only."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        context: AwsContext,
        topic: SnsTopic,
        checks: dict[str, Route53HealthCheck],
    ) -> None:
        super().__init__(scope, construct_id)
        for role, check in checks.items():
            spec = AlarmSpec(
                f"health-{role}",
                "AWS/Route53",
                "HealthCheckStatus",
                {"HealthCheckId": check.id},
                "Minimum",
                1,
                f"The {role} region is unhealthy",
                treat_missing_data="breaching",
                comparison=BELOW,
            )
            alarm(self, spec, context, topic)


def replication(context: AwsContext) -> list[AlarmSpec]:
    """Return the lag of both replications, Aurora's and the table's, seen from here."""
    settings = context.settings
    cluster = {"DBClusterIdentifier": settings.name("database")}
    peer = next(side.region for side in settings.sides if side.region != context.region)
    lags = (
        ("aurora-lag", "AuroraGlobalDBReplicationLag", "Aurora here is behind the other region (milliseconds)"),
        ("aurora-rpo-lag", "AuroraGlobalDBRPOLag", "The loss of the other region would cost so much (milliseconds)"),
    )
    return [
        *(
            AlarmSpec(
                part,
                "AWS/RDS",
                metric,
                cluster,
                "Maximum",
                settings.lag_max_ms,
                why,
                LAG_MINUTES,
                treat_missing_data="missing",
            )
            for part, metric, why in lags
        ),
        # The sending region has it, and only while something is sent: a region that does not write has nothing to tell.
        AlarmSpec(
            "table-latency",
            "AWS/DynamoDB",
            "ReplicationLatency",
            {"TableName": settings.name("table"), "ReceivingRegion": peer},
            "Average",
            settings.lag_max_ms,
            "The other region's table is behind this one (milliseconds)",
            LATENCY_MINUTES,
        ),
    ]


def functions(context: AwsContext) -> list[AlarmSpec]:
    """Return what can go wrong with the functions, and what is left of runs that did."""
    found = []
    for part in ("payment", "verification"):
        of = {"FunctionName": context.name("function", part)}
        found += [
            AlarmSpec(f"{part}-errors", "AWS/Lambda", "Errors", of, "Sum", 0, f"The function {part} fails", 2),
            AlarmSpec(f"{part}-throttles", "AWS/Lambda", "Throttles", of, "Sum", 0, f"Lambda refuses to run {part}"),
        ]
    queue = {"QueueName": context.name("queue", "dead-letters")}
    messages = "ApproximateNumberOfMessagesVisible"
    return [
        *found,
        AlarmSpec("dead-letters", "AWS/SQS", messages, queue, "Maximum", 0, "A run of verification was given up", 1),
    ]


def api(context: AwsContext) -> list[AlarmSpec]:
    """Return what callers see. A region that does not write refuses payments, which is an error of theirs here too.

    Errors are those of payments: Route 53 asks a region that does not write whether it does, and gets its 503.
    """
    of = {"ApiName": context.name("api"), "Stage": STAGE}
    payments = {**of, "Resource": "/payments", "Method": "POST"}
    slow = "Every twentieth request is slow (milliseconds)"
    return [
        AlarmSpec(
            "api-errors", "AWS/ApiGateway", "5XXError", payments, "Sum", API_ERRORS, "The API answers with errors"
        ),
        AlarmSpec("api-latency", "AWS/ApiGateway", "Latency", of, "p95", API_MILLISECONDS, slow, 5),
    ]


def verification(context: AwsContext) -> list[AlarmSpec]:
    """Return what the verification function says, every so many hours, in whichever role its region is."""
    of = {"service": context.name("function", "verification")}
    hours, limit = context.settings.verify_hours * HOUR, context.settings.lag_max_ms
    lag = AlarmSpec(
        "replication-lag",
        METRICS_NAMESPACE,
        "ReplicationLagMilliseconds",
        of,
        "Maximum",
        limit,
        "Replication is behind, whichever way it goes (milliseconds)",
        VERIFICATIONS,
        hours,
        "breaching",
    )
    return [
        lag,
        AlarmSpec(
            "findings", METRICS_NAMESPACE, "Findings", of, "Maximum", 0, "Something is wrong with the backups", 1, hours
        ),
        AlarmSpec(
            "incomplete", METRICS_NAMESPACE, "Incomplete", of, "Maximum", 0, "A side could not be looked at", 1, hours
        ),
    ]


def database(context: AwsContext) -> list[AlarmSpec]:
    """Return what can go wrong with Aurora here."""
    of = {"DBClusterIdentifier": context.name("database")}
    return [AlarmSpec("database-cpu", "AWS/RDS", "CPUUtilization", of, "Average", CPU_PERCENT, "Aurora is busy", 15)]

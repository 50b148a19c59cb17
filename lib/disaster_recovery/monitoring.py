"""What is watched in each region, and what the loss of a region looks like from the other one.

Replication between the two is watched in both regions, although its figures exist in one of them only: Aurora tells its
lag where the *secondary* cluster is, and that changes with every failover. So the same alarms stand on both sides, and
silence is the question:

- "breaching" would leave an alarm in the writing region that never ends;
- "notBreaching" would call a replication that has stopped healthy.

Silence therefore is ``missing``: an alarm without values says "insufficient data", and tells so when that *begins*. On
the writing side it has always been silent and tells nothing. On the reading side the end of the values is a message;
after a failover the messages are two, silence on the one side and "OK" on the other. Beside it stands the verification
function's own figure: it asks whichever region is the secondary one now and has no excuse, so its end is a message.
"""

from dataclasses import replace

from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from cdktf_cdktf_provider_aws.route53_health_check import Route53HealthCheck
from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from constructs import Construct

from lib.common.alarm_spec import BELOW, HOUR, MINUTE, AlarmSpec
from lib.common.certificate_alarms import certificate_alarms
from lib.common.database_alarms import connections_alarm, local_storage_alarm, memory_alarm
from lib.disaster_recovery.alarms import alarm, dashboard
from lib.disaster_recovery.api import STAGE
from lib.disaster_recovery.aws_context import AwsContext
from lib.disaster_recovery.lambda_function import METRICS_NAMESPACE

RDS, LAMBDA = "AWS/RDS", "AWS/Lambda"
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
            *certificate(context),
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
                "Minimum",
                1,
                3,
                f"The {role} region is unhealthy",
                {"HealthCheckId": check.id},
                comparison=BELOW,
                treat_missing_data="breaching",
            )
            alarm(self, spec, context, topic)


def replication(context: AwsContext) -> list[AlarmSpec]:
    """Return the lag of both replications, Aurora's and the table's, seen from here."""
    settings = context.settings
    cluster = {"DBClusterIdentifier": settings.name("database")}
    # AWS's documents name both sets of dimensions: where a figure has none of one of them, that alarm stays silent.
    # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
    # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-monitoring.html
    peer = next(
        region_config.region for region_config in settings.region_configs if region_config.region != context.region
    )
    receiver = {"TableName": settings.name("table"), "ReceivingRegion": peer}
    limit, behind = settings.lag_max_ms, "Aurora here is behind the other region (milliseconds)"
    loss = "The loss of the other region would cost so much (milliseconds)"
    table = "The other region's table is behind this one (milliseconds)"
    aurora = [
        AlarmSpec("aurora-lag", RDS, "AuroraGlobalDBReplicationLag", "Maximum", limit, LAG_MINUTES, behind),
        AlarmSpec("aurora-rpo-lag", RDS, "AuroraGlobalDBRPOLag", "Maximum", limit, LAG_MINUTES, loss),
    ]
    return [
        *(replace(spec, dimensions=cluster, treat_missing_data="missing") for spec in aurora),
        *(
            replace(
                spec,
                name=f"{spec.name}-by-source",
                dimensions={**cluster, "SourceRegion": peer},
                treat_missing_data="missing",
            )
            for spec in aurora
        ),
        # The sending region has it, and only while something is sent: a region that does not write has nothing to tell.
        AlarmSpec(
            "table-latency",
            "AWS/DynamoDB",
            "ReplicationLatency",
            "Average",
            limit,
            LATENCY_MINUTES,
            table,
            receiver,
        ),
    ]


def functions(context: AwsContext) -> list[AlarmSpec]:
    """Return what can go wrong with the functions, and what is left of runs that did."""
    specs = []
    # A function that runs every so many hours says nothing in most minutes.
    once = context.settings.verify_hours * HOUR
    for part, errors, throttles, period in (("payment", 2, 3, MINUTE), ("verification", 1, 1, once)):
        of, fails, refuses = (
            {"FunctionName": context.name("function", part)},
            f"The function {part} fails",
            f"Lambda refuses to run {part}",
        )
        specs += [
            AlarmSpec(f"{part}-errors", LAMBDA, "Errors", "Sum", 0, errors, fails, of, period),
            AlarmSpec(f"{part}-throttles", LAMBDA, "Throttles", "Sum", 0, throttles, refuses, of, period),
        ]
    queue = {"QueueName": context.name("queue", "dead-letters")}
    messages, lost = "ApproximateNumberOfMessagesVisible", "A run of verification was given up"
    return [*specs, AlarmSpec("dead-letters", "AWS/SQS", messages, "Maximum", 0, 1, lost, queue)]


def api(context: AwsContext) -> list[AlarmSpec]:
    """Return what callers see. A region that does not write refuses payments, which is an error of theirs here too.

    Errors are those of payments: Route 53 asks a region that does not write whether it does, and gets its 503.
    """
    of = {"ApiName": context.name("api"), "Stage": STAGE}
    payments = {**of, "Resource": "/payments", "Method": "POST"}
    fails, slow = "The API answers with errors", "Every twentieth request is slow (milliseconds)"
    return [
        AlarmSpec("api-errors", "AWS/ApiGateway", "5XXError", "Sum", API_ERRORS, 3, fails, payments),
        AlarmSpec("api-latency", "AWS/ApiGateway", "Latency", "p95", API_MILLISECONDS, 5, slow, of),
    ]


def verification(context: AwsContext) -> list[AlarmSpec]:
    """Return what the verification function says, every so many hours, in whichever role its region is."""
    of = {"service": context.name("function", "verification")}
    hours, limit = context.settings.verify_hours * HOUR, context.settings.lag_max_ms
    behind = "Replication is behind, whichever way it goes (milliseconds)"
    wrong, unread = "Something is wrong with the backups", "A side could not be looked at"
    return [
        AlarmSpec(
            "replication-lag",
            METRICS_NAMESPACE,
            "ReplicationLagMilliseconds",
            "Maximum",
            limit,
            VERIFICATIONS,
            behind,
            of,
            hours,
            # As "breaching" it would begin with every new stack, before the function has run.
            treat_missing_data="missing",
        ),
        AlarmSpec("findings", METRICS_NAMESPACE, "Findings", "Maximum", 0, 1, wrong, of, hours),
        AlarmSpec("incomplete", METRICS_NAMESPACE, "Incomplete", "Maximum", 0, 1, unread, of, hours),
    ]


def database(context: AwsContext) -> list[AlarmSpec]:
    """Return what can go wrong with Aurora here, of the busiest instance.

    An average over the cluster hides a busy writer behind idle readers.
    """
    of = {"DBClusterIdentifier": context.name("database")}
    chosen = context.settings.database_instance_class
    return [
        AlarmSpec("database-cpu", RDS, "CPUUtilization", "Maximum", CPU_PERCENT, 15, "Aurora is busy", of),
        connections_alarm(chosen, "Maximum", 1).on(of),
        memory_alarm(chosen).on(of),
        local_storage_alarm(chosen).on(of),
    ]


def certificate(context: AwsContext) -> list[AlarmSpec]:
    """Return the alarm on this region's certificate of the domain, or none without a domain."""
    here = (one.certificate_arn for one in context.settings.region_configs if one.region == context.region)
    return certificate_alarms(next(here))

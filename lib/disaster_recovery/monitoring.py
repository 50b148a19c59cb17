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

from lib.disaster_recovery.alarms import HOUR, Watch, alarm, dashboard
from lib.disaster_recovery.api import STAGE
from lib.disaster_recovery.functions import METRICS_NAMESPACE
from lib.disaster_recovery.place import Place

API_ERRORS, API_MILLISECONDS = 5, 2000
CPU_PERCENT = 80
VERIFICATIONS = 3  # runs in a row without a good figure
LATENCY_MINUTES, LAG_MINUTES = 5, 3


class Monitoring(Construct):
    """One region's alarms and its dashboard."""

    def __init__(self, scope: Construct, construct_id: str, *, place: Place, topic: SnsTopic) -> None:
        super().__init__(scope, construct_id)
        watched = [*replication(place), *functions(place), *api(place), *verification(place), *database(place)]
        self.alarms: list[CloudwatchMetricAlarm] = [alarm(self, watch, place, topic) for watch in watched]
        dashboard(self, place, watched)


class HealthAlarms(Construct):
    """The alarms on health checks, whose figures exist in one region of each partition only."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        place: Place,
        topic: SnsTopic,
        checks: dict[str, Route53HealthCheck],
    ) -> None:
        super().__init__(scope, construct_id)
        for role, check in checks.items():
            watch = Watch(
                f"health-{role}",
                "AWS/Route53",
                "HealthCheckStatus",
                {"HealthCheckId": check.id},
                "Minimum",
                1,
                f"The {role} region is unhealthy",
                missing="breaching",
                less=True,
            )
            alarm(self, watch, place, topic)


def replication(place: Place) -> list[Watch]:
    """Return the lag of both replications, Aurora's and the table's, seen from here."""
    settings = place.settings
    cluster = {"DBClusterIdentifier": settings.name("database")}
    peer = next(side.region for side in settings.sides if side.region != place.region)
    lags = (
        ("aurora-lag", "AuroraGlobalDBReplicationLag", "Aurora here is behind the other region (milliseconds)"),
        ("aurora-rpo-lag", "AuroraGlobalDBRPOLag", "The loss of the other region would cost so much (milliseconds)"),
    )
    return [
        *(
            Watch(part, "AWS/RDS", metric, cluster, "Maximum", settings.lag_max_ms, why, LAG_MINUTES, missing="missing")
            for part, metric, why in lags
        ),
        # The sending region has it, and only while something is sent: a region that does not write has nothing to tell.
        Watch(
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


def functions(place: Place) -> list[Watch]:
    """Return what can go wrong with the functions, and what is left of runs that did."""
    found = []
    for part in ("payment", "verification"):
        of = {"FunctionName": place.name("function", part)}
        found += [
            Watch(f"{part}-errors", "AWS/Lambda", "Errors", of, "Sum", 0, f"The function {part} fails", 2),
            Watch(f"{part}-throttles", "AWS/Lambda", "Throttles", of, "Sum", 0, f"Lambda refuses to run {part}"),
        ]
    queue = {"QueueName": place.name("queue", "dead-letters")}
    messages = "ApproximateNumberOfMessagesVisible"
    return [
        *found,
        Watch("dead-letters", "AWS/SQS", messages, queue, "Maximum", 0, "A run of verification was given up", 1),
    ]


def api(place: Place) -> list[Watch]:
    """Return what callers see. A region that does not write refuses payments, which is an error of theirs here too.

    Errors are those of payments: Route 53 asks a region that does not write whether it does, and gets its 503.
    """
    of = {"ApiName": place.name("api"), "Stage": STAGE}
    payments = {**of, "Resource": "/payments", "Method": "POST"}
    slow = "Every twentieth request is slow (milliseconds)"
    return [
        Watch("api-errors", "AWS/ApiGateway", "5XXError", payments, "Sum", API_ERRORS, "The API answers with errors"),
        Watch("api-latency", "AWS/ApiGateway", "Latency", of, "p95", API_MILLISECONDS, slow, 5),
    ]


def verification(place: Place) -> list[Watch]:
    """Return what the verification function says, every so many hours, in whichever role its region is."""
    of = {"service": place.name("function", "verification")}
    hours, limit = place.settings.verify_hours * HOUR, place.settings.lag_max_ms
    lag = Watch(
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
        Watch(
            "findings", METRICS_NAMESPACE, "Findings", of, "Maximum", 0, "Something is wrong with the backups", 1, hours
        ),
        Watch(
            "incomplete", METRICS_NAMESPACE, "Incomplete", of, "Maximum", 0, "A side could not be looked at", 1, hours
        ),
    ]


def database(place: Place) -> list[Watch]:
    """Return what can go wrong with Aurora here."""
    of = {"DBClusterIdentifier": place.name("database")}
    return [Watch("database-cpu", "AWS/RDS", "CPUUtilization", of, "Average", CPU_PERCENT, "Aurora is busy", 15)]

"""What every PostgreSQL of RDS and Aurora has in common: its parameters, and who watches it."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from lib.common_pulumi.policies import Place, allow, service_role

# Seconds between samples of the operating system's figures (enhanced monitoring).
MONITORING_SECONDS = 60
# TLS for everyone; slow statements and waits for locks in the log.
PARAMETERS = {"rds.force_ssl": "1", "log_min_duration_statement": "1000", "log_lock_waits": "1"}  # milliseconds


def monitoring_role(
    physical: str, instances: Sequence[str], place: Place, opts: pulumi.ResourceOptions
) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:  # fmt: skip
    """Return the role of enhanced monitoring, for these instances only, and its policy.

    The log group is RDS's own, one for the region, so the policy cannot name the instance:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html
    """
    group = place.arn("logs", "log-group:RDSOSMetrics")
    write = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams", "logs:GetLogEvents"]
    return service_role(
        "monitoring",
        physical,
        service="monitoring.rds.amazonaws.com",
        sources=[place.arn("rds", f"db:{instance}") for instance in instances],
        place=place,
        statements=[
            allow(["logs:CreateLogGroup", "logs:PutRetentionPolicy"], [group]),
            allow(write, [f"{group}:log-stream:*"]),
        ],
        opts=opts,
    )

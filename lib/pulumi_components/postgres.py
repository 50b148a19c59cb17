"""What every PostgreSQL of RDS and Aurora has in common: who watches it, and what it leaves behind."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from lib.common.iam_statements import enhanced_monitoring
from lib.pulumi_components.policies import AwsContext, service_role

# Seconds between samples of the operating system's figures (enhanced monitoring).
MONITORING_SECONDS = 60


def final_snapshot(identifier: str, network: aws.ec2.Vpc) -> pulumi.Output[str]:
    """Return the name of the snapshot that a database leaves behind, another one for each stack that is made.

    RDS refuses to delete a database under the name of a snapshot that exists. The network's id is new with each stack
    and stays what it is, so that the name is no difference in between.
    """
    return pulumi.Output.concat(identifier, "-", network.id, "-final")


def monitoring_role(
    physical: str, instances: Sequence[str], context: AwsContext, opts: pulumi.ResourceOptions
) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
    """Return the role of enhanced monitoring, for these instances only, and its policy."""
    return service_role(
        "monitoring",
        physical,
        service="monitoring.rds.amazonaws.com",
        sources=[context.arn("rds", f"db:{instance}") for instance in instances],
        context=context,
        statements=enhanced_monitoring(context.arn("logs", "log-group:RDSOSMetrics")),
        opts=opts,
    )

"""The log of a network's traffic."""

from collections.abc import Callable

import pulumi
import pulumi_aws as aws

from lib.common.iam_statements import allow
from lib.pulumi_components.policies import AwsContext, service_role


def flow_log(
    vpc: aws.ec2.Vpc,
    name: Callable[[str, str], str],
    *,
    context: AwsContext,
    days: int,
    key: aws.kms.Key,
    opts: pulumi.ResourceOptions,
) -> None:
    """Log who speaks to whom in a network, for everything that is let through and everything that is not.

    Args:
        vpc: the network.
        name: makes a physical name of a kind and a part.
        context: where it is.
        days: how long the log is kept.
        key: of the log.
        opts: whose child it is.
    """
    logs = aws.cloudwatch.LogGroup(
        "flows", name=f"/{name('log_group', 'flows')}", retention_in_days=days, kms_key_id=key.arn, opts=opts
    )
    # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html, without making groups
    write = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    role, policy = service_role(
        "flows",
        name("role", "flows"),
        service="vpc-flow-logs.amazonaws.com",
        sources=[context.arn("ec2", "vpc-flow-log/*")],
        context=context,
        statements=[allow(write, [pulumi.Output.concat(logs.arn, ":*")])],
        opts=opts,
    )
    aws.ec2.FlowLog(
        "flows",
        vpc_id=vpc.id,
        traffic_type="ALL",
        log_destination_type="cloud-watch-logs",
        log_destination=logs.arn,
        iam_role_arn=role.arn,
        max_aggregation_interval=600,
        tags={"Name": name("service", "flows")},
        # A network has one flow log to a destination, and this one has no name that would differ.
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(depends_on=[policy], delete_before_replace=True)
        ),
    )

"""IAM statements that all systems share, as plain data: each IaC tool makes its own documents of them.

ARNs and account numbers may be a tool's own tokens or outputs; nothing here looks into them.
"""

import re
from collections.abc import Sequence
from typing import TypeAlias

from lib.common import region
from lib.common.json_types import JsonMapping, JsonObject, JsonValue

Statement = JsonMapping
Reference: TypeAlias = object  # an ARN or a number of an account: a text, a token, an output of Pulumi

# What Lambda does with the execution role to attach a function to a VPC. EC2 takes no resource for half of them, and
# the interfaces have no name before they exist.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
VPC_ENI_ACTIONS = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


def allow(actions: Sequence[str], resources: Sequence[Reference], **rest: JsonValue) -> Statement:
    """Return a statement; ``rest`` is Sid, Principal or Condition."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources), **rest}


def traces(*, on: bool) -> list[Statement]:
    """Return what a function needs to write traces, or nothing.

    https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
    """
    actions = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    return [allow(actions, ["*"])] if on else []  # they take no resource


def deny_insecure_transport(action: str, resources: Sequence[Reference]) -> Statement:
    """Return the statement of a resource's policy that refuses requests without TLS."""
    return _deny(action, resources, {"Bool": {"aws:SecureTransport": "false"}})


def bucket_tls(bucket: Reference, objects: Reference) -> list[Statement]:
    """Return the statements of a bucket's policy that refuse requests without TLS, and with TLS below 1.2.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html#example-object-tls-version

    Args:
        bucket: the bucket's ARN.
        objects: the ARN pattern of its objects.
    """
    old = {"NumericLessThan": {"s3:TlsVersion": "1.2"}}
    return [deny_insecure_transport("s3:*", [bucket, objects]), _deny("s3:*", [bucket, objects], old)]


def key_kept(break_glass: str) -> Statement:
    """Return the statement of a key's policy that keeps everybody from ending the key, but for one role.

    What a locked bucket keeps is unreadable without its key. Administrators may still change the policy first: that is
    a second step, and an entry of its own in CloudTrail. A policy that denied it to its author would be refused.
    https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys-adding-permission.html
    https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html

    Args:
        break_glass: the ARN of the role that may; empty for nobody.
    """
    condition = {"Condition": {"ArnNotEquals": {"aws:PrincipalArn": break_glass}}} if break_glass else {}
    actions = ["kms:ScheduleKeyDeletion", "kms:DisableKey"]
    return {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": actions, "Resource": ["*"], **condition}


def _deny(action: str, resources: Sequence[Reference], condition: JsonMapping) -> Statement:
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": list(resources),
        "Condition": condition,
    }


def trust(service: str, account: Reference, sources: Sequence[Reference] = ()) -> Statement:
    """Return the trust policy's statement of a role for one AWS service, for this account's resources only.

    The conditions keep a service from being made another account's deputy:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html

    Args:
        service: the service principal.
        account: the account number.
        sources: ARNs, or patterns of ARNs, of what the service may assume the role for.
    """
    condition: JsonObject = {"StringEquals": {"aws:SourceAccount": account}}
    if sources:
        condition["ArnLike"] = {"aws:SourceArn": list(sources)}
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}, "Condition": condition}


def vpc_attachment(function_arn: Reference) -> list[Statement]:
    """Return what attaching a function to a VPC takes, denied to the function's own code.

    Lambda's own calls carry no ``lambda:SourceFunctionArn``, those of the function's code do:
    https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
    """
    return [
        allow(VPC_ENI_ACTIONS, ["*"]),
        {
            "Effect": "Deny",
            "Action": list(VPC_ENI_ACTIONS),
            "Resource": ["*"],
            "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": function_arn}},
        },
    ]


def via_service(services: str | Sequence[str], *regions: str) -> JsonMapping:
    """Return the condition that a KMS key is used through these services of these regions only.

    The value ends in ``amazonaws.com`` whatever the partition's host names end in, as in AWS's managed policies and in
    the CDK's own code.
    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
    """
    names = [services] if isinstance(services, str) else services
    values = [f"{service}.{name}.amazonaws.com" for service in names for name in regions]
    return {"StringEquals": {"kms:ViaService": values if len(values) > 1 else values[0]}}


def key_for_log_groups(where: str, log_groups: Reference) -> Statement:
    """Return what CloudWatch Logs needs of a key, for the log groups of these ARNs.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    return allow(
        ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        ["*"],  # in a key's own policy: this key
        Principal={"Service": f"logs.{where}.{region.dns_suffix(where)}"},
        Condition={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
    )


def key_for_alarms(account: Reference) -> Statement:
    """Return what CloudWatch needs of a topic's key, or an alarm's message is lost.

    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
    """
    return allow(
        ["kms:Decrypt", "kms:GenerateDataKey*"],
        ["*"],
        Principal={"Service": "cloudwatch.amazonaws.com"},
        Condition={"StringEquals": {"aws:SourceAccount": account}},
    )


def publish_alarms(topic: Reference, account: Reference, alarms: Sequence[Reference] = ()) -> Statement:
    """Return what CloudWatch needs of an alarm topic: a policy on a topic takes the place of the default one.

    https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html

    Args:
        topic: the topic's ARN.
        account: whose alarms may publish.
        alarms: ARNs, or patterns of ARNs, of the alarms that may; all of the account when there are none.
    """
    condition: JsonObject = {"StringEquals": {"aws:SourceAccount": account}}
    if alarms:
        condition["ArnLike"] = {"aws:SourceArn": alarms[0] if len(alarms) == 1 else list(alarms)}
    return allow(["sns:Publish"], [topic], Principal={"Service": "cloudwatch.amazonaws.com"}, Condition=condition)


def key_for_undelivered_events() -> Statement:
    """Return what EventBridge needs of a dead-letter queue's key, or an event that it cannot deliver is lost.

    It sends KMS neither ``aws:SourceAccount`` nor ``aws:SourceArn``, so a condition on either would refuse it, and
    nobody would be told. The queue's policy names the rule:
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
    """
    return allow(["kms:Decrypt", "kms:GenerateDataKey*"], ["*"], Principal={"Service": "events.amazonaws.com"})


def enhanced_monitoring(log_group: str) -> list[Statement]:
    """Return what RDS needs to write the operating system's metrics.

    The log group is RDS's own, one in a region, so the policy cannot name an instance. Actions on a log group are
    authorised against its ARN with ``:*`` at the end:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html

    Args:
        log_group: the ARN of the log group RDSOSMetrics, without ``:*``.
    """
    write = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams", "logs:GetLogEvents"]
    return [
        allow(["logs:CreateLogGroup", "logs:PutRetentionPolicy"], [f"{log_group}:*"]),
        allow(write, [f"{log_group}:log-stream:*"]),
    ]


def api_route(stage: str, method: str, path: str) -> str:
    """Return how the ARN goes on, after the API's own, of what calls a function for one route; it begins with ``/``.

    A part of the path in braces is any text:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html
    """
    return f"/{stage}/{method}{re.sub(r'{[^}]+}', '*', path)}"

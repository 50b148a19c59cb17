"""What IAM knows: actions and the resources that they take, condition keys, and what each service sends.

Actions, resources and the forms of their ARNs are AWS's own service authorization reference, as cfn-lint carries it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib import resources
from typing import Any

# What a condition can be:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
OPERATORS = {
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "BinaryEquals",
    "Bool",
    "DateEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateNotEquals",
    "IpAddress",
    "NotIpAddress",
    "Null",
    "NumericEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericNotEquals",
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "StringNotEquals",
    "StringNotEqualsIgnoreCase",
    "StringNotLike",
}
BOOLEAN, ARN, TEXT, NUMBER = "Bool", "Arn", "String", "Numeric"
# Key and the family of operators that its values take. Sources:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html (aws:)
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html (kms:)
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html (s3:)
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html (dynamodb:)
# https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html (lambda:)
CONDITION_KEYS: Mapping[str, str] = {
    "aws:CalledVia": TEXT,
    "aws:PrincipalAccount": TEXT,
    "aws:PrincipalArn": ARN,
    "aws:PrincipalIsAWSService": BOOLEAN,
    "aws:PrincipalOrgID": TEXT,
    "aws:PrincipalServiceName": TEXT,
    "aws:RequestedRegion": TEXT,
    "aws:ResourceAccount": TEXT,
    "aws:SecureTransport": BOOLEAN,
    "aws:SourceAccount": TEXT,
    "aws:SourceArn": ARN,
    "aws:SourceIp": "IpAddress",
    "aws:SourceVpc": TEXT,
    "aws:SourceVpce": TEXT,
    "aws:ViaAWSService": BOOLEAN,
    "dynamodb:Attributes": TEXT,
    "dynamodb:LeadingKeys": TEXT,
    "kms:CallerAccount": TEXT,
    "kms:EncryptionContext:aws:logs:arn": ARN,
    "kms:GrantIsForAWSResource": BOOLEAN,
    "kms:ViaService": TEXT,
    "lambda:SourceFunctionArn": ARN,
    "s3:TlsVersion": NUMBER,
    "s3:prefix": TEXT,
    "s3:x-amz-acl": TEXT,
    "s3:x-amz-server-side-encryption": TEXT,
    "s3:x-amz-server-side-encryption-aws-kms-key-id": ARN,
}
ACCOUNT, SOURCE = "aws:SourceAccount", "aws:SourceArn"
BOTH = frozenset({ACCOUNT, SOURCE})
LOGS = frozenset({"kms:EncryptionContext:aws:logs:arn"})


@dataclass(frozen=True)
class Sent:
    """Which condition keys a service sends with a call, and which of them a policy has to ask for."""

    keys: frozenset[str]
    needed: frozenset[str]


# When a service takes on a role.
TRUST: Mapping[str, Sent] = {
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    "ecs-tasks.amazonaws.com": Sent(BOTH, BOTH),
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/cross-service-confused-deputy-prevention.html
    "monitoring.rds.amazonaws.com": Sent(BOTH, BOTH),
    # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    "vpc-flow-logs.amazonaws.com": Sent(BOTH, BOTH),
    # https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    "lambda.amazonaws.com": Sent(BOTH, frozenset({ACCOUNT})),
}
# The same for a service that uses a resource by its policy: (service, type of the resource).
USE: Mapping[tuple[str, str], Sent] = {
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    ("logdelivery.elasticloadbalancing.amazonaws.com", "AWS::S3::BucketPolicy"): Sent(BOTH, frozenset({SOURCE})),
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    ("logging.s3.amazonaws.com", "AWS::S3::BucketPolicy"): Sent(BOTH, frozenset({ACCOUNT})),
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    ("cloudwatch.amazonaws.com", "AWS::SNS::TopicPolicy"): Sent(BOTH, frozenset({ACCOUNT})),
    # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    ("cloudwatch.amazonaws.com", "AWS::KMS::Key"): Sent(BOTH, frozenset({ACCOUNT})),
    # The same page: "not supported for EventBridge-to-encrypted topics"; EventBridge drops what it cannot deliver.
    ("events.amazonaws.com", "AWS::KMS::Key"): Sent(frozenset(), frozenset()),
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    ("events.amazonaws.com", "AWS::SQS::QueuePolicy"): Sent(frozenset({SOURCE}), frozenset({SOURCE})),
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    ("logs.amazonaws.com", "AWS::KMS::Key"): Sent(LOGS, LOGS),
    # https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
    ("apigateway.amazonaws.com", "AWS::Lambda::Permission"): Sent(BOTH, frozenset({SOURCE})),
    ("elasticloadbalancing.amazonaws.com", "AWS::Lambda::Permission"): Sent(BOTH, frozenset({SOURCE})),
    ("events.amazonaws.com", "AWS::Lambda::Permission"): Sent(BOTH, frozenset({SOURCE})),
}
# The ARNs that a service sends as aws:SourceArn: service and resource, as each document above has them.
SOURCES: Mapping[str, str] = {
    "ecs-tasks.amazonaws.com": r"ecs:{region}:{account}:\*",
    "monitoring.rds.amazonaws.com": r"rds:{region}:{account}:db:.+",
    "vpc-flow-logs.amazonaws.com": r"ec2:{region}:{account}:vpc-flow-log/.+",
    "lambda.amazonaws.com": r"lambda:{region}:{account}:function:.+",
    "logdelivery.elasticloadbalancing.amazonaws.com": r"elasticloadbalancing:{region}:{account}:loadbalancer/.+",
    "logging.s3.amazonaws.com": r"s3:::[a-z0-9.-]+",
    "cloudwatch.amazonaws.com": r"cloudwatch:{region}:{account}:alarm:.+",
    "events.amazonaws.com": r"events:{region}:{account}:rule/.+",
}
# Actions that are allowed on everything although they take resources, and why.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html: Lambda makes the interfaces of its functions with
# the function's role, in subnets and groups whose ARNs its check of the role does not name.
INTERFACES = frozenset(
    {
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    }
)

# Actions whose only resources are none of what the stacks ask for: metrics have no ARN, datasets of telemetry do.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/permissions-reference-cw.html
WITHOUT_RESOURCE = frozenset({"cloudwatch:GetMetricData"})


@lru_cache
def services() -> Mapping[str, Any]:
    """Return the service authorization reference: service, actions (in lower case), resources with their ARNs."""
    found = resources.files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text(encoding="utf-8")
    return dict(json.loads(found))


def actions(pattern: str) -> list[Mapping[str, Any]]:
    """Return the actions that a pattern such as ``s3:Get*`` means; none when there is no such action."""
    service, _colon, name = pattern.lower().partition(":")
    known = services().get(service, {"Actions": {}})["Actions"]
    return [action for action_name, action in known.items() if fnmatchcase(action_name, name)]


# What stands for a name at the end of an ARN, where it is less than anything: a name has no slash and no colon.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
NAME = r"[^/:]+"
ENDS: Mapping[str, str] = {
    "dynamodb": rf"{NAME}(/(backup|export|import|index|stream)/{NAME})?",
    "kinesis": rf"{NAME}(/consumer/{NAME}:{NAME})?",
    "kms": NAME,
    "lambda": rf"{NAME}(:{NAME})?",
    "rds": NAME,
    "secretsmanager": r"[^:]+",
    "sqs": NAME,
}


def forms(pattern: str) -> Iterator[re.Pattern[str]]:
    """Yield the forms of the ARNs that an action takes."""
    service = pattern.partition(":")[0].lower()
    known = {name.lower(): arn for name, arn in services().get(service, {"Resources": {}})["Resources"].items()}
    for action in actions(pattern):
        for resource in action.get("Resources", []):
            for form in known.get(resource.lower(), {}).get("ARNFormats", []):
                expression = _expression(form)
                yield re.compile(expression.removesuffix(".*") + ENDS.get(service, ".*"))


def _expression(form: str) -> str:
    """Return AWS's form of an ARN as a regular expression; a policy's own wildcard may stand for any part."""
    text = form.replace("${Partition}", r"aws[a-z0-9-]*").replace("${Region}", r"([a-z0-9-]+|\*)")
    return text.replace("${Account}", r"(\d{12}|\*|)")


def families(operator: str) -> str:
    """Return an operator without its set prefix and its suffix."""
    return operator.removeprefix("ForAllValues:").removeprefix("ForAnyValue:").removesuffix("IfExists")


def unknown_key(key: str) -> bool:
    """Return whether IAM and the services know no such condition key; IAM does not tell their case apart."""
    return key.lower() not in {name.lower() for name in CONDITION_KEYS}

"""Does API Gateway have a role to write logs with in the region, may it write them, whose is it, and who uses it?

It is one setting for an account and a region. A stack that owned it would take it away from every other API when it
goes, so no stack does: ``--fix`` makes a role of the account's own.
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lib.check_account.account import Account, is_absent
from lib.check_account.model import Call, Check, Row, System, Verdict, in_region
from lib.common import region as regions
from lib.common.json_types import JsonMapping

if TYPE_CHECKING:
    from types_boto3_apigateway import APIGatewayClient

ROLE = "APIGatewayPushToCloudWatchLogs"  # with the region after it: the setting is each region's
OFF = ("", "OFF")
ALLOW = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [ALLOW]}, separators=(",", ":"))
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonAPIGatewayPushToCloudWatchLogs.html
ACTIONS = (
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
    "logs:PutLogEvents",
    "logs:GetLogEvents",
    "logs:FilterLogEvents",
)
NUMBER = "$(aws sts get-caller-identity --query Account --output text)"


@dataclass(frozen=True)
class Logging:
    """What API Gateway says about its role in a region.

    Args:
        arn: the role, or ''.
        exists: whether IAM has this role.
        owner: the stack whose tags the role carries, for example ``payment-dev``, or ''.
        denied: actions that the role is not allowed.
        users: the stages that write logs, as ``<name of the API>/<stage>``.
    """

    arn: str
    exists: bool = False
    owner: str = ""
    denied: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


def checks(systems: Sequence[System]) -> list[Check]:
    """Return a check for each region in which a stage of a system writes logs."""
    needed_checks = []
    for region, stages in in_region(systems, "AWS::ApiGateway::Stage").items():
        names = sorted({system.name for system, stage in stages if writes_logs(stage.properties)})
        if names:
            needed_checks.append(_check(region, names))
    return needed_checks


def writes_logs(stage: JsonMapping) -> bool:
    """Return whether a stage, in CloudFormation's words, needs the role."""
    settings = stage.get("MethodSettings") or []
    return bool(stage.get("AccessLogSetting")) or any(one.get("LoggingLevel", "") not in OFF for one in settings)


def collect(account: Account, region: str) -> Logging:
    """Return the region's role, what it may do, and who uses it.

    Raises:
        ClientError: API Gateway or IAM does not answer.
    """
    client = account.client("apigateway", region)
    arn = str(client.get_account().get("cloudwatchRoleArn") or "")
    users = _users(client)
    if not arn:
        return Logging("", users=users)
    iam = account.client("iam")
    try:
        role = iam.get_role(RoleName=arn.rsplit("/", 1)[-1])["Role"]
    except ClientError as error:
        if not is_absent(error):
            raise
        return Logging(arn, users=users)
    tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
    owner = f"{tags['System']}-{tags.get('EnvironmentSuffix', '')}" if "System" in tags else ""
    answers = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=list(ACTIONS))["EvaluationResults"]
    denied = tuple(answer["EvalActionName"] for answer in answers if answer["EvalDecision"] != "allowed")
    return Logging(arn, True, owner, denied, users)


def _users(client: "APIGatewayClient") -> tuple[str, ...]:
    """Return the stages that write logs."""
    users = []
    for page in client.get_paginator("get_rest_apis").paginate():
        for api in page.get("items", []):
            for stage in client.get_stages(restApiId=api["id"]).get("item", []):
                levels = [one.get("loggingLevel", "") for one in stage.get("methodSettings", {}).values()]
                if stage.get("accessLogSettings") or any(level not in OFF for level in levels):
                    users.append(f"{api.get('name', api['id'])}/{stage['stageName']}")
    return tuple(sorted(users))


def evaluate(check: Check, log_role: Logging) -> list[Row]:
    """Return whether a stage that writes logs can be created, and its logs stay when another stack goes."""
    used = f"; used by {', '.join(log_role.users)}" if log_role.users else ""
    whose = f"{log_role.arn} (of {log_role.owner or 'no stack of this repository'})"
    before = ""
    if not log_role.arn:
        found = "not set"
    elif not log_role.exists:
        found = f"{log_role.arn} does not exist any more"
    elif log_role.denied:
        found = f"{whose} may not {', '.join(log_role.denied)}"
    elif log_role.owner:
        found = f"{whose}, and goes with it"
        # Or the stack's next deployment would reset the setting, whichever role it names.
        before = f"take the setting out of the state of {log_role.owner} first, as its document says; then "
    else:
        return [check.row(Verdict.OK, f"{whose}{used}")]
    calls = creation(check.region)
    fix = before + " && ".join(call.command for call in calls)
    return [check.row(Verdict.CHANGE, f"{found}{used}", fix=fix, calls=calls)]


def creation(region: str) -> list[Call]:
    """Return the calls that give API Gateway its role in a region; they cost nothing."""
    name, partition = f"{ROLE}-{region}", regions.partition(region)
    policy = f"arn:{partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    patch = f"op=replace,path=/cloudwatchRoleArn,value=arn:{partition}:iam::{NUMBER}:role/{name}"
    # {account} is filled in when the call is made: the check does not need the account's number.
    role = f"arn:{partition}:iam::{{account}}:role/{name}"
    return [
        Call(
            service="iam",
            operation="create_role",
            region="",
            parameters={"RoleName": name, "AssumeRolePolicyDocument": TRUST},
            command=f"aws iam create-role --role-name {name} --assume-role-policy-document '{TRUST}'",
        ),
        Call(
            service="iam",
            operation="attach_role_policy",
            region="",
            parameters={"RoleName": name, "PolicyArn": policy},
            command=f"aws iam attach-role-policy --role-name {name} --policy-arn {policy}",
        ),
        Call(
            service="apigateway",
            operation="update_account",
            region=region,
            parameters={"patchOperations": [{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]},
            command=f"aws apigateway update-account --region {region} --patch-operations {patch}",
        ),
    ]


def _check(region: str, names: Sequence[str]) -> Check:
    check = Check(
        what="API Gateway's role for logs",
        region=region,
        needed=f"set ({', '.join(names)})",
        collect=lambda account: collect(account, region),
        evaluate=lambda answer: evaluate(check, answer),
    )
    return check

"""Does API Gateway have a role to write logs with in the region, who uses it, and who set it?

It is one setting for an account and a region. A stack that owns it takes it away from every other API when it goes.
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from lib.check_account.account import Account, is_absent
from lib.check_account.model import Call, Check, Row, System, Verdict, in_region
from lib.common import region as regions
from lib.common.json_types import JsonMapping

SETTING = "API_ACCOUNT=false"
OFF = ("", "OFF")
ALLOW = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [ALLOW]}, separators=(",", ":"))
NUMBER = "$(aws sts get-caller-identity --query Account --output text)"


@dataclass(frozen=True)
class Logging:
    """What API Gateway says about its role in a region.

    Args:
        arn: the role, or ''.
        exists: whether IAM has this role.
        owner: who made the role: ``payment-dev``, or '' when its tags do not say.
        users: the stages that write logs, as ``<name of the API>/<stage>``.
    """

    arn: str
    exists: bool = False
    owner: str = ""
    users: tuple[str, ...] = ()


def checks(systems: Sequence[System]) -> list[Check]:
    """Return a check for each region in which a stage of a system writes logs."""
    needed_checks = []
    for region, stages in in_region(systems, "AWS::ApiGateway::Stage").items():
        names = sorted({system.name for system, stage in stages if writes_logs(stage.properties)})
        owners = sorted(
            {f"{s.name}-{s.suffix}" for s, _r in in_region(systems, "AWS::ApiGateway::Account").get(region, [])}
        )
        if names:
            needed_checks.append(_check(region, names, owners))
    return needed_checks


def writes_logs(stage: JsonMapping) -> bool:
    """Return whether a stage, in CloudFormation's words, needs the role."""
    settings = stage.get("MethodSettings") or []
    return bool(stage.get("AccessLogSetting")) or any(one.get("LoggingLevel", "") not in OFF for one in settings)


def collect(account: Account, region: str) -> Logging:
    """Return the region's role and who uses it.

    Raises:
        ClientError: API Gateway or IAM does not answer.
    """
    client = account.client("apigateway", region)
    arn = str(client.get_account().get("cloudwatchRoleArn") or "")
    users = []
    for page in client.get_paginator("get_rest_apis").paginate():
        for api in page.get("items", []):
            for stage in client.get_stages(restApiId=api["id"]).get("item", []):
                levels = [one.get("loggingLevel", "") for one in stage.get("methodSettings", {}).values()]
                if stage.get("accessLogSettings") or any(level not in OFF for level in levels):
                    users.append(f"{api.get('name', api['id'])}/{stage['stageName']}")
    if not arn:
        return Logging("", users=tuple(sorted(users)))
    try:
        role = account.client("iam").get_role(RoleName=arn.rsplit("/", 1)[-1])["Role"]
    except ClientError as error:
        if not is_absent(error):
            raise
        return Logging(arn, users=tuple(sorted(users)))
    tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
    owner = f"{tags['System']}-{tags.get('EnvironmentSuffix', '')}" if "System" in tags else ""
    return Logging(arn, True, owner, tuple(sorted(users)))


def evaluate(check: Check, owners: Sequence[str], log_role: Logging) -> list[Row]:
    """Return whether a stage that writes logs can be created.

    Args:
        check: whose rows these are.
        owners: the stacks that would set the role themselves, for example ``payment-live``.
        log_role: what there is.
    """
    used = f"; used by {', '.join(log_role.users)}" if log_role.users else ""
    if log_role.exists:
        others = [name for name in owners if name != log_role.owner]
        set_by = f"{log_role.arn} (of {log_role.owner or 'no stack of this repository'}){used}"
        if others:
            fix = f"deploy {', '.join(others)} with {SETTING}: it would take the role over, and away when it goes"
            return [check.row(Verdict.CHANGE, set_by, fix=fix)]
        return [check.row(Verdict.OK, set_by)]
    missing = f"{log_role.arn} does not exist any more" if log_role.arn else "not set"
    if len(owners) == 1 and not log_role.arn:
        return [check.row(Verdict.OK, f"{missing}: {owners[0]} sets it{used}")]
    calls = creation(check.region)
    after = f" (then deploy {', '.join(owners)} with {SETTING})" if owners else ""
    fix = " && ".join(call.command for call in calls) + after
    return [check.row(Verdict.CHANGE, f"{missing}{used}", fix=fix, calls=calls)]


def creation(region: str) -> list[Call]:
    """Return the calls that give API Gateway its role in a region; they cost nothing."""
    name, partition = f"APIGatewayPushToCloudWatchLogs-{region}", regions.partition(region)
    # https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonAPIGatewayPushToCloudWatchLogs.html
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


def _check(region: str, names: Sequence[str], owners: Sequence[str]) -> Check:
    check = Check(
        what="API Gateway's role for logs",
        region=region,
        needed=f"set ({', '.join(names)})",
        collect=lambda account: collect(account, region),
        evaluate=lambda answer: evaluate(check, owners, answer),
    )
    return check

"""Which calls of a deployment a deployer's policies do not allow, as the emulator's own IAM evaluates them."""

from collections.abc import Iterable, Mapping
from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

# What deployments to the local cloud call and a deployment to AWS does not, each with its reason.
NOT_ON_AWS = (
    # Needs no permission: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    r"sts:GetCallerIdentity .*",
    # The local cloud acts for RDS, ECS and Lambda, which read the password that RDS manages.
    r"secretsmanager:GetSecretValue arn:aws:secretsmanager:[^:]*:\d*:secret:rds!.*",
    # The emulator puts the default event bus into the ARN; AWS does not:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html
    r"events:Put(Rule|Targets) arn:aws:events:[^:]*:\d*:(rule/default/.*|event-bus/default)",
    # The account's own role, which scripts/up makes as `scripts/check_account --fix` does, and no deployment.
    r"iam:(CreateRole|AttachRolePolicy) arn:aws:iam::\d*:role/APIGatewayPushToCloudWatchLogs-.*",
)

UNKNOWN = "*"  # the emulator does not tell of which resource it was asked


def lacking(policies: Mapping[str, Any], calls: Iterable[Mapping[str, str]]) -> set[str]:
    """Return every call that is not allowed, as ``<action> <ARN>``.

    A call whose resource the emulator does not name is taken for one of the system's own.
    """
    documents = [parse_policy_document(one) for one in policies.values()]
    statements = [statement for one in policies.values() for statement in one["Statement"]]
    actions = {action.lower() for statement in statements for action in statement["Action"]}
    found = set()
    for call in calls:
        if call["resource"] == UNKNOWN and call["action"].lower() in actions:
            continue
        asked = EvalContext(
            principal_arn="arn:aws:iam::123456789012:user/deployer",
            principal_type="User",
            principal_account="123456789012",
            action=call["action"],
            resource_arn=call["resource"],
            region=call["region"],
        )
        if evaluate(asked, documents).decision != "Allow":
            found.add(f"{call['action']} {call['resource']}")
    return found

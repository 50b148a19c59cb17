"""The IAM policy that the auditor needs, made from what its collectors say they call."""

from collections.abc import Collection, Iterable, Sequence

from lib.analyse.model import Collector
from lib.common.json_types import JsonObject

ALWAYS = ("sts:GetCallerIdentity", "account:GetAccountInformation")
ALL_REGIONS = ("ec2:DescribeRegions",)
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
OF_LOG_GROUPS = ("logs:DescribeLogGroups", "logs:DescribeLogStreams")


def actions(
    collectors: Iterable[Collector], *, all_regions: bool = True, options: Collection[str] | None = None
) -> list[str]:
    """Return every IAM action that a run can need, sorted; with ``options`` only these optional calls, not all."""
    names = {*ALWAYS, *(ALL_REGIONS if all_regions else ())}
    for collector in collectors:
        names |= set(collector.actions)
        for option, optional in collector.optional.items():
            names |= set(optional) if options is None or option in options else set()
    return sorted(names)


def _accounts(partition: str, roles: Sequence[str], organization: str | None) -> list[JsonObject]:
    """Return the statements for looking at other accounts; the roles there need the others."""
    listing = {"Sid": "Organization", "Effect": "Allow", "Action": ["organizations:ListAccounts"], "Resource": "*"}
    arns = [f"arn:{partition}:iam::*:role/{organization}"] if organization else list(roles)
    assuming = {"Sid": "Assume", "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": arns}
    return [*([listing] if organization else []), *([assuming] if arns else [])]


def document(
    collectors: Iterable[Collector], partition: str, roles: Sequence[str] = (), organization: str | None = None
) -> JsonObject:
    """Return the policy. Only the calls for log groups can be limited to resources; EC2's Describe calls take no ARN.

    Args:
        collectors: what can be read.
        partition: of the ARNs, such as ``aws``.
        roles: ARNs of the roles that are assumed.
        organization: the name of the role that every account of the organization has.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
    """
    every = actions(collectors)
    logs = [action for action in every if action in OF_LOG_GROUPS]
    others = [action for action in every if action not in logs]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Describe", "Effect": "Allow", "Action": others, "Resource": "*"},
            {"Sid": "Logs", "Effect": "Allow", "Action": logs, "Resource": f"arn:{partition}:logs:*:*:log-group:*"},
            *_accounts(partition, roles, organization),
        ],
    }

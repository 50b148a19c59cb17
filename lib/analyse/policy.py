"""The IAM policy that the auditor needs, made from what its collectors say they call."""

from collections.abc import Collection, Iterable
from typing import Any

from lib.analyse.model import Collector

ALWAYS = ("sts:GetCallerIdentity",)
ALL_REGIONS = ("ec2:DescribeRegions",)


def actions(
    collectors: Iterable[Collector], *, all_regions: bool = True, options: Collection[str] | None = None
) -> list[str]:
    """Return every IAM action that a run can need, sorted; with ``options`` only these optional calls, not all."""
    found = {*ALWAYS, *(ALL_REGIONS if all_regions else ())}
    for collector in collectors:
        found |= set(collector.actions)
        for option, optional in collector.optional.items():
            found |= set(optional) if options is None or option in options else set()
    return sorted(found)


def document(collectors: Iterable[Collector], partition: str) -> dict[str, Any]:
    """Return the policy. Only CloudWatch Logs' calls can be limited to resources; EC2's Describe calls take no ARN.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
    """
    every = actions(collectors)
    logs = [action for action in every if action.startswith("logs:")]
    others = [action for action in every if action not in logs]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Describe", "Effect": "Allow", "Action": others, "Resource": "*"},
            {"Sid": "Logs", "Effect": "Allow", "Action": logs, "Resource": f"arn:{partition}:logs:*:*:log-group:*"},
        ],
    }

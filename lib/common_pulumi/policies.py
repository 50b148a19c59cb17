"""IAM documents: who may do what, under which condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from lib.common import region

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where the stack is: what every ARN begins with."""

    region: str
    account: str

    @property
    def partition(self) -> str:
        """The partition of the region."""
        return region.partition(self.region)

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this region and account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


def allow(actions: Sequence[str], resources: Sequence[pulumi.Input[str]], **rest: Any) -> Statement:
    """Return a statement; ``rest`` is Sid, Principal or Condition."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources), **rest}


def document(*statements: Statement) -> pulumi.Output[str]:
    """Return a policy as JSON."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def service_role(
    name: str, physical: str, *, service: str, sources: Sequence[str], place: Place, statements: Sequence[Statement],
    opts: pulumi.ResourceOptions,
) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:  # fmt: skip
    """Return a role that one service may take on, and its policy.

    The condition on the source keeps a service from being made another account's deputy:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html. Without sources there is none: Lambda
    documents no such condition for execution roles, and only a caller of this account can pass it one.
    """
    trust: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    if sources:
        trust["Condition"] = {
            "StringEquals": {"aws:SourceAccount": place.account},
            "ArnLike": {"aws:SourceArn": list(sources)},
        }
    role = aws.iam.Role(name, name=physical, assume_role_policy=document(trust), opts=opts)
    policy = aws.iam.RolePolicy(name, name=physical, role=role.name, policy=document(*statements), opts=opts)
    return role, policy

"""IAM documents: who may do what, under which condition."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from lib.common import region
from lib.common.iam_statements import Statement, trust


@dataclass(frozen=True)
class AwsContext:
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


def document(*statements: Statement) -> pulumi.Output[str]:
    """Return a policy as JSON."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def service_role(
    name: str,
    physical: str,
    *,
    service: str,
    sources: Sequence[str],
    context: AwsContext,
    statements: Sequence[Statement],
    opts: pulumi.ResourceOptions,
) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
    """Return a role that one service may assume for these sources of this account, and its policy."""
    assumed_by = document(trust(service, context.account, sources))
    role = aws.iam.Role(name, name=physical, assume_role_policy=assumed_by, opts=opts)
    policy = aws.iam.RolePolicy(name, name=physical, role=role.name, policy=document(*statements), opts=opts)
    return role, policy

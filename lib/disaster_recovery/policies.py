"""IAM documents, and roles that one service may take on."""

import json
from collections.abc import Sequence

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from constructs import Construct

from lib.common.iam_statements import Statement, trust
from lib.disaster_recovery.aws_context import AwsContext


def document(*statements: Statement) -> str:
    """Return a policy as JSON."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def service_role(
    scope: Construct,
    construct_id: str,
    *,
    context: AwsContext,
    part: str,
    service: str,
    sources: Sequence[str],
    statements: Sequence[Statement],
) -> tuple[IamRole, IamRolePolicy]:
    """Return a role that one service may assume for these sources of this account, and its policy."""
    name = context.name("role", part)
    # A role whose name changes is created before the old one is deleted, so what uses it is never without a role.
    overlap = TerraformResourceLifecycle(create_before_destroy=True)
    assumed_by = document(trust(service, context.account, sources))
    role = IamRole(
        scope,
        construct_id,
        name=name,
        assume_role_policy=assumed_by,
        lifecycle=overlap,
        **context.own(f"{part}-{context.role}"),
    )
    policy = IamRolePolicy(
        scope,
        f"{construct_id}-policy",
        name=name,
        role=role.name,
        policy=document(*statements),
        lifecycle=overlap,
        provider=context.provider,
    )
    return role, policy

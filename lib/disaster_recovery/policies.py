"""IAM documents, and roles that one service may take on."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from constructs import Construct

from lib.disaster_recovery.place import Place

Statement = Mapping[str, Any]


def allow(actions: Sequence[str], resources: Sequence[str], **rest: Any) -> Statement:
    """Return a statement; ``rest`` is Sid, Principal or Condition."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources), **rest}


def over_tls(action: str, resources: Sequence[str]) -> Statement:
    """Return a statement that refuses what comes without TLS."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def document(*statements: Statement) -> str:
    """Return a policy as JSON."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def through(service: str, *regions: str) -> Mapping[str, Any]:
    """Return the condition that a key is used by way of a service of these regions only."""
    # Without the partition's own ending, as the CDK writes it for every partition:
    # https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
    names = [f"{service}.{region}.amazonaws.com" for region in regions]
    return {"StringEquals": {"kms:ViaService": names if len(names) > 1 else names[0]}}


def service_role(
    scope: Construct, construct_id: str, *, place: Place, part: str, service: str, sources: Sequence[str],
    statements: Sequence[Statement],
) -> tuple[IamRole, IamRolePolicy]:  # fmt: skip
    """Return a role that one service may take on, and its policy.

    The condition on the source keeps a service from being made another account's deputy:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html. Without sources there is none: Lambda and
    API Gateway document no such condition for their roles, and only a caller of this account can pass them one.
    """
    trust: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    if sources:
        trust["Condition"] = {
            "StringEquals": {"aws:SourceAccount": place.account},
            "ArnLike": {"aws:SourceArn": list(sources)},
        }
    name = place.role_name(part)
    role = IamRole(
        scope, construct_id, name=name, assume_role_policy=document(trust), **place.own(f"{part}-{place.role}")
    )
    policy = IamRolePolicy(
        scope,
        f"{construct_id}-policy",
        name=name,
        role=role.name,
        policy=document(*statements),
        provider=place.provider,
    )
    return role, policy

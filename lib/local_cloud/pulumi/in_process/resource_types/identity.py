"""Identities and keys: iam, kms and secretsmanager types of pulumi-aws in terms of the AWS API."""

from lib.common.json_types import JsonValue
from lib.local_cloud.pulumi.in_process.clients import Maker
from lib.local_cloud.pulumi.in_process.resource_type import Inputs, ResourceOperation, ResourceType, Step


def _inline_policies(operation: ResourceOperation) -> None:
    for policy in operation.inputs["inlinePolicies"]:
        operation.call(
            "put_role_policy", RoleName=operation.id, PolicyName=policy["name"], PolicyDocument=policy["policy"]
        )


def _managed_policies(operation: ResourceOperation) -> None:
    for arn in operation.inputs["managedPolicyArns"]:
        operation.call("attach_role_policy", RoleName=operation.id, PolicyArn=arn)


def _strip_role(client: Maker, handle: Inputs) -> None:
    """Take from a role what it was given with its own inputs, as AWS deletes no role that has policies."""
    iam = client("iam")
    name = handle["RoleName"]
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])


def _rotate(operation: ResourceOperation) -> None:
    if operation.inputs.get("enableKeyRotation"):
        period = operation.translated("enable_key_rotation", {"rotationPeriodInDays"})
        operation.call("enable_key_rotation", KeyId=operation.id, **period)


def _disable(operation: ResourceOperation) -> None:
    if operation.inputs["isEnabled"] is False:
        operation.call("disable_key", KeyId=operation.id)


def _key_arn(operation: ResourceOperation) -> JsonValue:
    return operation.call("describe_key", KeyId=operation.inputs["targetKeyId"])["KeyMetadata"]["Arn"]


def _secret_policy(operation: ResourceOperation) -> None:
    operation.call("put_resource_policy", SecretId=operation.id, ResourcePolicy=operation.inputs["policy"])


def _replicate(operation: ResourceOperation) -> None:
    regions = operation.translated("create_secret", {"replicas"}, {"replicas": "AddReplicaRegions"})
    operation.call("replicate_secret_to_regions", SecretId=operation.id, **regions)


RESOURCE_TYPES = {
    "aws:iam/role:Role": ResourceType(
        "iam",
        "create_role",
        answer="Role",
        key="RoleName",
        name="name",
        rename={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"},
        steps=(Step(("inlinePolicies",), _inline_policies), Step(("managedPolicyArns",), _managed_policies)),
        delete="delete_role",
        by={"RoleName": "id"},
        undo=_strip_role,
        ignored={"forceDetachPolicies": "the deletion always does"},
        outputs={"arn": "Arn", "uniqueId": "RoleId", "path": "Path"},
    ),
    "aws:iam/rolePolicy:RolePolicy": ResourceType(
        "iam",
        "put_role_policy",
        key="{RoleName}:{PolicyName}",
        name="name",
        rename={"name": "PolicyName", "policy": "PolicyDocument", "role": "RoleName"},
        delete="delete_role_policy",
        by={"RoleName": "RoleName", "PolicyName": "PolicyName"},
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ResourceType(
        "iam",
        "attach_role_policy",
        key="{RoleName}/{PolicyArn}",
        rename={"role": "RoleName"},
        delete="detach_role_policy",
        by={"RoleName": "RoleName", "PolicyArn": "PolicyArn"},
    ),
    "aws:kms/key:Key": ResourceType(
        "kms",
        "create_key",
        answer="KeyMetadata",
        key="KeyId",
        rename={"customerMasterKeySpec": "KeySpec"},
        steps=(
            Step(("enableKeyRotation", "rotationPeriodInDays"), _rotate),
            Step(("isEnabled",), _disable),
        ),
        delete="schedule_key_deletion",
        by={"KeyId": "id", "PendingWindowInDays": "deletionWindowInDays"},
        at_deletion=("deletionWindowInDays",),
        outputs={"arn": "Arn", "keyId": "KeyId"},
    ),
    "aws:kms/alias:Alias": ResourceType(
        "kms",
        "create_alias",
        key="AliasName",
        name="name",
        rename={"name": "AliasName"},
        delete="delete_alias",
        by={"AliasName": "id"},
        outputs={"arn": "arn:{partition}:kms:{region}:{account}:{id}", "targetKeyArn": _key_arn},
    ),
    "aws:secretsmanager/secret:Secret": ResourceType(
        "secretsmanager",
        "create_secret",
        key="ARN",
        name="name",
        steps=(Step(("policy",), _secret_policy), Step(("replicas",), _replicate)),
        delete="delete_secret",
        by={
            "SecretId": "id",
            "RecoveryWindowInDays": lambda operation: operation.inputs.get("recoveryWindowInDays") or None,
            "ForceDeleteWithoutRecovery": lambda operation: operation.inputs.get("recoveryWindowInDays") == 0 or None,
        },
        at_deletion=("recoveryWindowInDays",),
        outputs={"arn": "id"},
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": ResourceType(
        "secretsmanager",
        "put_secret_value",
        key="{ARN}|{VersionId}",
        outputs={"arn": "ARN", "secretArn": "ARN", "versionId": "VersionId"},
    ),
    "aws:secretsmanager/secretPolicy:SecretPolicy": ResourceType(
        "secretsmanager",
        "put_resource_policy",
        key="ARN",
        rename={"secretArn": "SecretId", "policy": "ResourcePolicy"},
        delete="delete_resource_policy",
        by={"SecretId": "id"},
    ),
}

"""IAM documents: what IAM would refuse, ignore or understand otherwise; least privilege; no confused deputy."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lib.common import region
from lib.declared.model import Declaration, Resource, listed
from tests.policy import iam_reference as iam
from tests.policy.arns import ACCOUNT, KMS_KEYS, resolved
from tests.policy.aws_metrics import near
from tests.policy.rule import rule

IDENTITY = ("AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy")
OWN_PRINCIPAL = (
    *KMS_KEYS,
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::EC2::VPCEndpoint",
    "AWS::IAM::Role",
)
HOLDERS = (*IDENTITY, *OWN_PRINCIPAL)
# Parts of a statement: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
PARTS = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
# A key's policy is the one place where AWS's own documents use wildcards: the account's administration, and
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
WILD_IN_A_KEY = {"kms:*", "kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"}
# What takes a log group's ARN without ":*": its tags.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
TAGS_OF_LOGS = {"logs:TagResource", "logs:UntagResource", "logs:ListTagsForResource"}


def documents(declaration: Declaration) -> Iterator[tuple[Resource, str, Mapping[str, Any]]]:
    """Yield every IAM document with its resource and its path."""
    seen = set()
    for resource, path, _statement in declaration.statements():
        where = path.rpartition(".Statement")[0] or path
        if (resource.name, where) not in seen:
            seen.add((resource.name, where))
            yield resource, where, resource.at(where)


def principals(statement: Mapping[str, Any], kind: str) -> list[str]:
    """Return the principals of a kind: AWS, Service."""
    principal = statement.get("Principal")
    return [str(name) for name in listed(principal.get(kind))] if isinstance(principal, Mapping) else []


def conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, list[Any]]]:
    """Yield operator, key and values of each condition."""
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield operator, key, listed(values)


@rule(*HOLDERS)
def document_forms(declaration: Declaration) -> Iterator[str]:
    """Find documents of another version, and statements with parts that IAM does not know or that are missing.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
    """
    for resource, path, document in documents(declaration):
        if document.get("Version") != "2012-10-17":
            yield f"{resource.name}: {path} has the version {document.get('Version')!r}, use '2012-10-17'"
        for statement in listed(document["Statement"]):
            if statement.get("Effect") not in ("Allow", "Deny"):
                yield f"{resource.name}: {path} has the effect {statement.get('Effect')!r}"
            if set(statement) - PARTS:
                yield f"{resource.name}: {path} has {sorted(set(statement) - PARTS)}, which is no part of a statement"
            if ("Principal" in statement) != (resource.type in OWN_PRINCIPAL):
                yield f"{resource.name}: {path} has a principal where there is none, or none where it needs one"
            trust = path == "AssumeRolePolicyDocument"
            if trust and listed(statement.get("Action")) != ["sts:AssumeRole"]:
                yield f"{resource.name}: a role is taken on with sts:AssumeRole, not {statement.get('Action')}"
            if trust == ("Resource" in statement):
                yield f"{resource.name}: {path} has a resource where there is none, or none where it needs one"


@rule(*HOLDERS)
def unknown_actions(declaration: Declaration) -> Iterator[str]:
    """Find actions that no service has."""
    for resource, path, statement in declaration.statements():
        for action in listed(statement.get("Action")):
            if not iam.actions(action):
                yield f"{resource.name}: {path}: there is no action {action!r}"


@rule(*HOLDERS)
def wildcards(declaration: Declaration) -> Iterator[str]:
    """Find what is allowed with any action of a service, or on everything though the action takes resources."""
    for resource, path, statement in declaration.statements():
        if statement.get("Effect") != "Allow":
            continue
        allowed = {str(action) for action in listed(statement.get("Action"))}
        wild = {action for action in allowed if "*" in action or "?" in action}
        if resource.type in KMS_KEYS:  # in which "*" is the key itself
            yield from (f"{resource.name}: {path}: {action}" for action in wild - WILD_IN_A_KEY)
            continue
        yield from (f"{resource.name}: {path}: {action}" for action in wild)
        if "*" in listed(statement.get("Resource")):
            for action in sorted(allowed - iam.INTERFACES - iam.WITHOUT_RESOURCE):
                if any(known.get("Resources") for known in iam.actions(action)):
                    yield f"{resource.name}: {path}: {action} takes resources: name them instead of '*'"


@rule(*HOLDERS)
def resource_forms(declaration: Declaration) -> Iterator[str]:
    """Find resources of a form that the action does not take: IAM ignores them, and the call is denied."""
    for resource, path, statement in declaration.statements():
        if path.startswith("AssumeRole"):  # the role itself is the resource
            continue
        names = [resolved(str(name), declaration) for name in listed(statement.get("Resource"))]
        for name in names:
            actions = [action for action in listed(statement.get("Action")) if iam.actions(action)]
            if name == "*" or resource.type in KMS_KEYS:
                continue
            if not any(form.fullmatch(name) for action in actions for form in iam.forms(action)):
                yield f"{resource.name}: {path}: no action of {actions} takes {name!r}"
        for action in listed(statement.get("Action")):
            known = list(iam.forms(action))
            if known and "*" not in names and not any(form.fullmatch(name) for form in known for name in names):
                yield f"{resource.name}: {path}: {action} takes none of {names}"


@rule(*IDENTITY)
def other_partitions_and_accounts(declaration: Declaration) -> Iterator[str]:
    """Find ARNs of another partition or account: the statement would mean nothing that this stack has."""
    partition = region.partition(declaration.region)
    for resource, path, statement in declaration.statements():
        if resource.type in IDENTITY:
            for name in listed(statement.get("Resource")):
                parts = resolved(str(name), declaration).split(":")
                if len(parts) > 5 and (parts[1] != partition or parts[4] not in ("", "*", ACCOUNT, "aws")):
                    yield f"{resource.name}: {path}: {name!r} is in another partition or account"


@rule(*IDENTITY)
def log_group_arns(declaration: Declaration) -> Iterator[str]:
    """Find log groups without ":*", by which CloudWatch Logs grants nothing but tags.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
    """
    for resource, path, statement in declaration.statements():
        if set(listed(statement.get("Action"))) <= TAGS_OF_LOGS:
            continue
        for name in listed(statement.get("Resource")):
            parts = resolved(str(name), declaration).split(":")
            if parts[2:3] == ["logs"] and (len(parts) < 8 and parts[5:] != ["log-group", "*"]):
                yield f"{resource.name}: {path}: {name!r} has to end in ':*'"


@rule(*HOLDERS)
def unknown_conditions(declaration: Declaration) -> Iterator[str]:
    """Find conditions that are never true: an unknown operator or key, or a value of another type."""
    for resource, path, statement in declaration.statements():
        for operator, key, values in conditions(statement):
            family = iam.families(operator)
            if family not in iam.OPERATORS:
                yield f"{resource.name}: {path}: there is no operator {operator!r}{near(operator, iam.OPERATORS)}"
            if iam.unknown_key(key):
                yield f"{resource.name}: {path}: no condition key {key!r} is known{near(key, iam.CONDITION_KEYS)}"
            elif family != "Null" and not _fits(family, iam.CONDITION_KEYS.get(key, "")):
                yield f"{resource.name}: {path}: {operator} does not compare {key}"
            wanted = ("true", "false")
            if family in ("Bool", "Null") and any(str(value).lower() not in wanted for value in values):
                yield f"{resource.name}: {path}: {key} is 'true' or 'false', not {values}"


def _fits(family: str, kind: str) -> bool:
    """Return whether an operator compares values of a kind; ARNs are texts, too."""
    if kind == iam.TEXT:
        return family.startswith("String")
    if kind == iam.ARN:
        return family.startswith(("Arn", "String"))
    return family.startswith(kind)


@rule(*KMS_KEYS, "AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "AWS::IAM::Role")
def service_principals(declaration: Declaration) -> Iterator[str]:
    """Find principals that are not the service that AWS's document names for this use, in this region's partition."""
    for resource, path, statement in declaration.statements():
        known = set(iam.TRUST) if path.startswith("AssumeRole") else {s for s, kind in iam.USE if kind == resource.type}
        for name in principals(statement, "Service"):
            if general(name, resource.region) not in known:
                yield f"{resource.name}: {path}: {name!r} does not use a {resource.type}{near(name, known)}"


def general(principal: str, where: str) -> str:
    """Return a regional service principal without its region; the region has to be the resource's own.

    CloudWatch Logs has one for each region, with the partition's suffix:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    return "logs.amazonaws.com" if principal == f"logs.{where}.{region.dns_suffix(where)}" else principal


@rule(*KMS_KEYS, "AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "AWS::IAM::Role")
def confused_deputies(declaration: Declaration) -> Iterator[str]:
    """Find services that another account could use as its deputy, and conditions on keys that they do not send.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    for resource, path, statement in declaration.statements():
        keys = {key for _operator, key, _values in conditions(statement)}
        for name in principals(statement, "Service"):
            service = general(name, resource.region)
            found = iam.TRUST.get(service) if path.startswith("AssumeRole") else iam.USE.get((service, resource.type))
            if found and keys - found.keys:
                yield f"{resource.name}: {path}: {name} does not send {sorted(keys - found.keys)}: nothing is allowed"
            if found and found.needed - keys:
                yield f"{resource.name}: {path}: {name} without a condition on {sorted(found.needed - keys)}"
        for account in principals(statement, "AWS"):
            if account != "*" and not re.fullmatch(rf"arn:aws[a-z-]*:iam::{ACCOUNT}:(root|role/.+)", account):
                yield f"{resource.name}: {path}: {account!r} is nobody of this account"
        yield from _foreign(resource, path, statement, declaration)


def _foreign(resource: Resource, path: str, statement: Mapping[str, Any], declaration: Declaration) -> Iterator[str]:
    for _operator, key, values in conditions(statement):
        texts = [resolved(str(value), declaration) for value in values]
        if key == iam.ACCOUNT and texts != [ACCOUNT]:
            yield f"{resource.name}: {path}: {key} is {texts}, not this account"
        groups = rf"arn:{region.partition(resource.region)}:logs:{resource.region}:{ACCOUNT}:log-group:.+"
        if key in iam.LOGS and not all(re.fullmatch(groups, text) for text in texts):
            yield f"{resource.name}: {path}: {key} is {texts}, and CloudWatch Logs sends a log group's ARN"
        for name in principals(statement, "Service") if key == iam.SOURCE else ():
            form = iam.SOURCES.get(name, "no form of an ARN is known").format(region=resource.region, account=ACCOUNT)
            if not all(re.fullmatch(f"arn:{region.partition(resource.region)}:{form}", text) for text in texts):
                yield f"{resource.name}: {path}: {key} is {texts}, and {name} sends {form}"

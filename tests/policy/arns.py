"""The ARNs that references in a declaration stand for, so that a policy can be judged before anything exists."""

import re
from collections.abc import Mapping

from lib.common import region
from lib.declared.model import REFERENCE, Declaration, Resource

ACCOUNT = "123456789012"
KMS_KEYS = ("AWS::KMS::Key", "AWS::KMS::ReplicaKey")
# Service, and what follows the account; "{}" is the resource's name.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
FORMS: Mapping[str, tuple[str, str]] = {
    "AWS::CloudWatch::Alarm": ("cloudwatch", "alarm:{}"),
    "AWS::DynamoDB::GlobalTable": ("dynamodb", "table/{}"),
    "AWS::DynamoDB::Table": ("dynamodb", "table/{}"),
    "AWS::ECR::Repository": ("ecr", "repository/{}"),
    "AWS::ECS::Cluster": ("ecs", "cluster/{}"),
    "AWS::ECS::Service": ("ecs", "service/{}"),
    "AWS::Events::Rule": ("events", "rule/{}"),
    "AWS::IAM::Role": ("iam", "role/{}"),
    "AWS::Kinesis::Stream": ("kinesis", "stream/{}"),
    "AWS::KMS::Key": ("kms", "key/{}"),
    "AWS::KMS::ReplicaKey": ("kms", "key/{}"),
    "AWS::Lambda::Function": ("lambda", "function:{}"),
    "AWS::Logs::LogGroup": ("logs", "log-group:{}"),
    "AWS::RDS::DBCluster": ("rds", "cluster:{}"),
    "AWS::RDS::DBInstance": ("rds", "db:{}"),
    "AWS::S3::Bucket": ("s3", "{}"),
    "AWS::SNS::Topic": ("sns", "{}"),
    "AWS::SQS::Queue": ("sqs", "{}"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "secret:{}"),
}
GLOBAL = {"iam", "s3"}  # their ARNs have no region; S3's have no account either
ATTRIBUTE = re.compile(r"(?i)\.?arn$")


def arn(resource: Resource, attribute: str) -> str:
    """Return what an attribute stands for if it is an ARN, or nothing."""
    partition = region.partition(resource.region)
    if attribute == "MasterUserSecret.SecretArn":
        return f"arn:{partition}:secretsmanager:{resource.region}:{ACCOUNT}:secret:rds!x"
    reference = attribute == "Ref" and resource.type == "AWS::SNS::Topic"
    if resource.type not in FORMS or not (ATTRIBUTE.search(attribute) or reference):
        return ""
    service, form = FORMS[resource.type]
    where = "" if service in GLOBAL else resource.region
    account = "" if service == "s3" else ACCOUNT
    tail = form.format(re.sub(r"[^A-Za-z0-9-]", "-", resource.name))
    # CloudFormation's Arn of a log group ends in ":*", the provider's, which is the API's LogGroupArn, does not.
    end = ":*" if (resource.type, attribute) == ("AWS::Logs::LogGroup", "Arn") else ""
    return f"arn:{partition}:{service}:{where}:{account}:{tail}{end}"


def resolved(text: str, declaration: Declaration) -> str:
    """Return a text with the ARNs that its references stand for; other references become a letter."""

    def value(match: re.Match[str]) -> str:
        found = declaration.referred(match.group(0))
        return (arn(*found[0]) if found else "") or "x"

    return REFERENCE.sub(value, text)

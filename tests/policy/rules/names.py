"""Names of one environment, region or account never meet those of another, and name what they stand for."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from lib.declared.model import REFERENCE, Declaration, Resource
from tests.policy.rule import rule

# The property that has the physical name of a resource.
NAMES: Mapping[str, str] = {
    "AWS::ApiGateway::ApiKey": "Name",
    "AWS::ApiGateway::RestApi": "Name",
    "AWS::ApiGateway::UsagePlan": "UsagePlanName",
    "AWS::ApplicationAutoScaling::ScalingPolicy": "PolicyName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::DynamoDB::GlobalTable": "TableName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::EC2::SecurityGroup": "GroupName",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::ECS::Service": "ServiceName",
    "AWS::ECS::TaskDefinition": "Family",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "Name",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Kinesis::Stream": "Name",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::RDS::DBCluster": "DBClusterIdentifier",
    "AWS::RDS::DBClusterParameterGroup": "DBClusterParameterGroupName",
    "AWS::RDS::DBInstance": "DBInstanceIdentifier",
    "AWS::RDS::DBParameterGroup": "DBParameterGroupName",
    "AWS::RDS::DBSubnetGroup": "DBSubnetGroupName",
    "AWS::RDS::GlobalCluster": "GlobalClusterIdentifier",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::WAFv2::WebACL": "Name",
}
# Names that are unique in an account, or in the world, and not in each region for itself.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html ("global, not region-specific")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_GlobalCluster.html ("the unique key that identifies")
GLOBAL = frozenset(
    {
        "AWS::CloudWatch::Dashboard",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Role",
        "AWS::RDS::GlobalCluster",
        "AWS::S3::Bucket",
    }
)
# Types whose name is unique within something that has one, or is given by what they stand for.
NAMED_WITHIN = frozenset(
    {
        "AWS::ApiGateway::DomainName",
        "AWS::ApiGateway::Model",
        "AWS::ApiGateway::RequestValidator",
        "AWS::ApiGateway::Stage",
        "AWS::IAM::Policy",
        "AWS::IAM::RolePolicy",
        "AWS::Route53::RecordSet",
    }
)
# AWS itself adds these to the name of what a database or a function writes to.
ENDINGS = ("/postgresql", "/upgrade", "/performance", "-final")
METHODS = frozenset({"*", "ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


def names(declaration: Declaration) -> Iterator[tuple[Resource, str]]:
    """Yield every physical name."""
    for resource in declaration.resources:
        name = resource.at(NAMES[resource.type]) if resource.type in NAMES else None
        # Terraform's name of the snapshot that a deletion leaves behind.
        for found in (name, resource.options.get("final_snapshot_identifier")):
            if isinstance(found, str):
                yield resource, found


def account_wide(declaration: Declaration) -> set[tuple[str, str]]:
    """Return the names that another region of the account has to leave alone; IAM does not tell case apart."""
    return {(resource.type, name.lower()) for resource, name in names(declaration) if resource.type in GLOBAL}


@rule(*NAMES)
def names_end_in_the_suffix(declaration: Declaration) -> Iterator[str]:
    """Find resources that have no name of their own, or one that another environment would have too."""
    suffix = next((value for _resource, tag, value in _tags(declaration) if tag == "EnvironmentSuffix"), "")
    for resource in declaration.resources:
        # CloudFormation makes a name out of the stack's, which ends in the suffix.
        if (
            resource.type in NAMES
            and declaration.tool != "cdk"
            and not isinstance(resource.at(NAMES[resource.type]), str)
        ):
            yield f"{resource.name}: {NAMES[resource.type]} is not set"
    for resource, name in names(declaration):
        base = name
        for ending in ENDINGS:
            base = base.removesuffix(ending)
        # What is named after another resource's id is as unique as that.
        if not base.endswith(f"-{suffix}") and not REFERENCE.search(name):
            yield f"{resource.name}: the name {name!r} does not end in the suffix {suffix!r}"


@rule(*NAMES)
def names_are_unique(declaration: Declaration) -> Iterator[str]:
    """Find names that two resources of a type have in one region, or in the account where the type is global."""
    found = Counter(
        (resource.type, "" if resource.type in GLOBAL else resource.region, name.lower())
        for resource, name in names(declaration)
        if not REFERENCE.search(name)
    )
    for (kind, where, name), count in found.items():
        if count > 1:
            yield f"{name}: {count} of {kind} {where or 'in the account'}"


def _tags(declaration: Declaration) -> Iterator[tuple[Resource, str, str]]:
    from tests.policy.rules.limits import tags

    for resource in declaration.resources:
        for key, value in tags(resource):
            yield resource, key, value


@rule("AWS::ApiGateway::Stage")
def method_paths(declaration: Declaration) -> Iterator[str]:
    """Find settings of methods that are not declared, or whose path API Gateway stores without effect.

    A path is ``/*`` or ``/`` and the resource's path, in which ``/`` is written ``~1``:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-apigateway-stage-methodsetting.html
    """
    declared = set(methods(declaration))
    for stage in declaration.of("AWS::ApiGateway::Stage"):
        for setting in stage.at("MethodSettings", []):
            path, method = str(setting.get("ResourcePath")), str(setting.get("HttpMethod"))
            if (path, method) == ("/*", "*"):
                continue
            plain = path.removeprefix("/").replace("~1", "/") or "/"
            if not re.fullmatch(r"/(~1[^/~]+)*", path) or method not in METHODS or (plain, method) not in declared:
                yield f"{stage.name}: settings of {path!r} {method!r}: no such method is declared"


def methods(declaration: Declaration) -> Iterator[tuple[str, str]]:
    """Yield path and HTTP method of every method of the REST APIs."""
    for method in declaration.of("AWS::ApiGateway::Method"):
        for resource, _attribute in declaration.referred(method.at("ResourceId")):
            yield path_of(declaration, resource), str(method.at("HttpMethod"))


def path_of(declaration: Declaration, resource: Resource) -> str:
    """Return the path of a resource of a REST API, ``/`` for the API itself."""
    if resource.type != "AWS::ApiGateway::Resource":
        return "/"
    (parent, _attribute), *_more = declaration.referred(resource.at("ParentId"))
    return f"{path_of(declaration, parent).rstrip('/')}/{resource.at('PathPart')}"

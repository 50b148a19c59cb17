"""Everything that a service writes to CloudWatch Logs goes to a declared group: a service's own has no end and no key.

Which types write by themselves is known of each type that a stack declares; a new one has to be looked up first.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lib.declared.model import Declaration, Resource
from tests.policy.rule import rule


class Writer(NamedTuple):
    """The group that a service makes for a resource of a type, and where AWS says so."""

    group: str
    source: str


DOCS = "https://docs.aws.amazon.com"
# By the names of the resource's properties.
WRITERS: Mapping[str, Writer] = {
    "AWS::CodeBuild::Project": Writer(
        "/aws/codebuild/{Name}", f"{DOCS}/codebuild/latest/userguide/change-project.html"
    ),
    "AWS::EKS::Cluster": Writer("/aws/eks/{Name}/cluster", f"{DOCS}/eks/latest/userguide/control-plane-logs.html"),
    "AWS::Lambda::Function": Writer(
        "/aws/lambda/{FunctionName}", f"{DOCS}/lambda/latest/dg/monitoring-cloudwatchlogs.html"
    ),
    "AWS::RDS::DBProxy": Writer("/aws/rds/proxy/{DBProxyName}", f"{DOCS}/AmazonRDS/latest/UserGuide/rds-proxy.html"),
    "AWS::SageMaker::Endpoint": Writer(
        "/aws/sagemaker/Endpoints/{EndpointName}", f"{DOCS}/sagemaker/latest/dg/logging-cloudwatch.html"
    ),
}
# What these write depends on more than their type: a rule of their own looks.
LOOKED_AT: Mapping[str, str] = {
    "AWS::ApiGateway::Stage": "apis.execution_logs",
    "AWS::EC2::FlowLog": "its destination has a role and a group: network",
    "AWS::ECS::Cluster": "containers.insights_without_a_group",
    "AWS::ECS::TaskDefinition": "containers.container_logs",
    "AWS::RDS::DBCluster": "databases.exported_logs",
    "AWS::RDS::DBInstance": "databases.exported_logs",
    "AWS::SNS::Topic": "deliveries, below",
    "AWS::WAFv2::LoggingConfiguration": "apis.firewalls_without_a_log",
}
# Their services write nothing to CloudWatch Logs, or only where another declared type says so.
SILENT: Mapping[str, tuple[str, ...]] = {
    "AWS::ApiGateway::": (
        "ApiKey",
        "BasePathMapping",
        "Deployment",
        "DomainName",
        "GatewayResponse",
        "Method",
        "Model",
        "RequestValidator",
        "Resource",
        "RestApi",
        "UsagePlan",
        "UsagePlanKey",
    ),
    "AWS::ApplicationAutoScaling::": (
        "ScalableTarget",
        "ScalingPolicy",
    ),
    "AWS::CloudWatch::": (
        "Alarm",
        "Dashboard",
    ),
    "AWS::DynamoDB::": ("GlobalTable",),
    "AWS::EC2::": (
        "EIP",
        "InternetGateway",
        "NatGateway",
        "Route",
        "RouteTable",
        "SecurityGroup",
        "SecurityGroupEgress",
        "SecurityGroupIngress",
        "Subnet",
        "SubnetRouteTableAssociation",
        "VPC",
        "VPCEndpoint",
        "VPCGatewayAttachment",
        "VPCPeeringConnection",
    ),
    "AWS::ECR::": ("Repository",),
    "AWS::ECS::": ("Service",),
    "AWS::ElasticLoadBalancingV2::": (
        "Listener",
        "LoadBalancer",
        "TargetGroup",
    ),
    "AWS::Events::": ("Rule",),
    "AWS::IAM::": (
        "Policy",
        "Role",
        "RolePolicy",
    ),
    "AWS::KMS::": (
        "Alias",
        "Key",
        "ReplicaKey",
    ),
    "AWS::Kinesis::": ("Stream",),
    "AWS::Lambda::": (
        "EventInvokeConfig",
        "EventSourceMapping",
        "Permission",
    ),
    "AWS::Logs::": ("LogGroup",),
    "AWS::RDS::": (
        "DBClusterParameterGroup",
        "DBParameterGroup",
        "DBSubnetGroup",
        "GlobalCluster",
    ),
    "AWS::Route53::": (
        "HealthCheck",
        "RecordSet",
    ),
    "AWS::S3::": (
        "Bucket",
        "BucketPolicy",
    ),
    "AWS::SNS::": (
        "Subscription",
        "TopicPolicy",
    ),
    "AWS::SQS::": (
        "Queue",
        "QueuePolicy",
    ),
    "AWS::SecretsManager::": ("Secret",),
    "AWS::WAFv2::": (
        "WebACL",
        "WebACLAssociation",
    ),
    "Custom::": ("DatabaseSchema",),
    "Terraform::": (
        "aws_default_security_group",
        "aws_lambda_invocation",
        "aws_vpc_peering_connection_accepter",
        "aws_vpc_peering_connection_options",
    ),
}
# Delivery status of a topic: sns/REGION/ACCOUNT/TOPIC and another for failures. In Terraform's form there is no place
# for them in the declared view, which says so by an error.
# https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html
DELIVERIES = "DeliveryStatusLogging"


@rule()
def groups_of_services(declaration: Declaration) -> Iterator[str]:
    """Find log groups that a service would make by itself, and types of which nobody has said whether one does."""
    groups = {(group.region, str(group.at("LogGroupName"))) for group in declaration.of("AWS::Logs::LogGroup")}
    for resource in declaration.resources:
        if resource.type in WRITERS:
            named, owners = _group(resource, declaration)
            if "AWS::Logs::LogGroup" not in owners and (resource.region, named) not in groups:
                yield f"{resource.name}: no log group {named!r} in {resource.region}, so its service would make it"
        elif resource.type == "AWS::SNS::Topic" and DELIVERIES in resource.properties:
            yield f"{resource.name}: SNS makes log groups for its deliveries, without an end or a key"
        elif resource.type not in LOOKED_AT and not _silent(resource.type):
            yield f"{resource.name}: look up whether {resource.type} makes a log group, and say it in this rule"


def _silent(kind: str) -> bool:
    service, _colons, name = kind.rpartition("::")
    return name in SILENT.get(f"{service}::", ())


def _group(resource: Resource, declaration: Declaration) -> tuple[str, list[str]]:
    """Return the group's name, and the types of what it refers to."""
    named = str(resource.at("LoggingConfig.LogGroup") or WRITERS[resource.type].group.format_map(resource.properties))
    return named, [owner.type for owner, _attribute in declaration.referred(named)]

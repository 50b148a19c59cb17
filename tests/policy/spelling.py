"""One change in each tool's own words: types by a table, names of properties as each tool spells them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lib.declared.read import STACK
from tests.policy.cases import Twin
from tests.policy.rule import Check

TOOLS = ("cdk", "cdktf", "pulumi")
# The type in each tool, where all three declare it.
TYPES: Mapping[str, tuple[str, str, str]] = {
    "alarm": ("AWS::CloudWatch::Alarm", "aws_cloudwatch_metric_alarm", "aws:cloudwatch/metricAlarm:MetricAlarm"),
    "bucket_policy": ("AWS::S3::BucketPolicy", "aws_s3_bucket_policy", "aws:s3/bucketPolicy:BucketPolicy"),
    "egress": (
        "AWS::EC2::SecurityGroupEgress",
        "aws_vpc_security_group_egress_rule",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    ),
    "flow_log": ("AWS::EC2::FlowLog", "aws_flow_log", "aws:ec2/flowLog:FlowLog"),
    "function": ("AWS::Lambda::Function", "aws_lambda_function", "aws:lambda/function:Function"),
    "ingress": (
        "AWS::EC2::SecurityGroupIngress",
        "aws_vpc_security_group_ingress_rule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    ),
    "key": ("AWS::KMS::Key", "aws_kms_key", "aws:kms/key:Key"),
    "log_group": ("AWS::Logs::LogGroup", "aws_cloudwatch_log_group", "aws:cloudwatch/logGroup:LogGroup"),
    "policy": ("AWS::IAM::Policy", "aws_iam_role_policy", "aws:iam/rolePolicy:RolePolicy"),
    "role": ("AWS::IAM::Role", "aws_iam_role", "aws:iam/role:Role"),
    "subnet": ("AWS::EC2::Subnet", "aws_subnet", "aws:ec2/subnet:Subnet"),
    "subnet_group": ("AWS::RDS::DBSubnetGroup", "aws_db_subnet_group", "aws:rds/subnetGroup:SubnetGroup"),
    "topic": ("AWS::SNS::Topic", "aws_sns_topic", "aws:sns/topic:Topic"),
    "topic_policy": ("AWS::SNS::TopicPolicy", "aws_sns_topic_policy", "aws:sns/topicPolicy:TopicPolicy"),
    "vpc": ("AWS::EC2::VPC", "aws_vpc", "aws:ec2/vpc:Vpc"),
    "vpc_endpoint": ("AWS::EC2::VPCEndpoint", "aws_vpc_endpoint", "aws:ec2/vpcEndpoint:VpcEndpoint"),
}
# Documents have names of their own, and what is in them has the same in every tool.
DOCUMENTS = {
    "PolicyDocument": ("PolicyDocument", "policy", "policy"),
    "KeyPolicy": ("KeyPolicy", "policy", "policy"),
    "AssumeRolePolicyDocument": ("AssumeRolePolicyDocument", "assume_role_policy", "assumeRolePolicy"),
}


def snake(name: str) -> str:
    """Return a property's name as Terraform spells it."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def camel(name: str) -> str:
    """Return a property's name as Pulumi spells it."""
    return name[:1].lower() + name[1:]


def spelled(path: str, tool: str) -> str:
    """Return a path of CloudFormation's names in a tool's own."""
    first, dot, rest = path.partition(".")
    if first in DOCUMENTS:
        return f"{DOCUMENTS[first][TOOLS.index(tool)]}{dot}{rest}"
    spell = {"cdk": str, "cdktf": snake, "pulumi": camel}[tool]
    return ".".join(spell(step) for step in path.split("."))


def everywhere(check: Check, kind: str, changes: Mapping[str, Any], part: str = "", **names: str) -> Iterator[Twin]:
    """Yield a twin in each tool.

    Args:
        check: the rule that has to find the change.
        kind: of :data:`TYPES`.
        changes: values by CloudFormation's paths.
        part: of the resource's name.
        names: the part of the name in one tool, where it is another.
    """
    for tool, source_type in zip(TOOLS, TYPES[kind], strict=True):
        own = {spelled(path, tool): value for path, value in changes.items()}
        yield Twin(check, tool, source_type, names.get(tool, part), own)


def database(check: Check, changes: Mapping[str, Any]) -> Iterator[Twin]:
    """Yield a twin of a database in each tool: an instance, or a cluster; one or several names for each change."""
    types = {"cdk": "AWS::RDS::DBInstance", "cdktf": "aws_rds_cluster", "pulumi": "aws:rds/cluster:Cluster"}
    for tool, source_type in types.items():
        yield Twin(check, tool, source_type, "", {spelled(path, tool): value for path, value in changes.items()})
    own = {spelled(path, "pulumi"): value for path, value in changes.items()}
    yield Twin(check, "pulumi", "aws:rds/instance:Instance", "", own, "payment")


@dataclass(frozen=True)
class KeptTwin(Twin):
    """A resource whose data goes with the stack: the change is beside the properties, in the tool's own options."""

    def _change(self, document: dict[str, Any]) -> bool:
        if self.tool == "cdk":
            found = [r for name, r in document["Resources"].items() if r["Type"] == self.type and self.part in name]
        else:
            found = [
                registration["options"]
                for registration in document["registrations"]
                if registration["type"] == self.type and self.part in registration["name"]
            ]
        for options in found[:1]:
            options.update(self.changes)
        return bool(found)


class StackTwin(Twin):
    """A stack of the CDK with another value in what its assembly says of it."""

    def _change(self, document: dict[str, Any]) -> bool:
        document["Metadata"][STACK].update(self.changes)
        return True


class LoggedTwin(Twin):
    """A bucket of a Terraform configuration that writes access logs: a resource of its own, which is added."""

    def _change(self, document: dict[str, Any]) -> bool:
        name, bucket = next(iter(document["resource"][self.type].items()))
        logging = {"bucket": f"${{{self.type}.{name}.bucket}}", "//": bucket["//"], "provider": bucket["provider"]}
        document["resource"]["aws_s3_bucket_logging"] = {name: {**logging, **self.changes}}
        return True

"""What pulumi_aws calls differently from CloudFormation: types, and the properties that a picture is drawn from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scripts.draw_template import at


@dataclass(frozen=True)
class Type:
    """A type's name in CloudFormation, and where Pulumi keeps the properties that are called differently there."""

    name: str
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def renamed(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Return properties by CloudFormation's names."""
        moved = {name: at(properties, path) for name, path in self.elsewhere.items()}
        kept = {name: value for name, value in properties.items() if name not in self.elsewhere.values()}
        return {**kept, **{name: value for name, value in moved.items() if value is not None}}


GROUPS = {"GroupId": "SecurityGroupId", "CidrIp": "CidrIpv4"}
TYPES = {
    "aws:appautoscaling/policy:Policy": Type("AWS::ApplicationAutoScaling::ScalingPolicy"),
    "aws:appautoscaling/target:Target": Type("AWS::ApplicationAutoScaling::ScalableTarget"),
    "aws:cloudwatch/dashboard:Dashboard": Type("AWS::CloudWatch::Dashboard"),
    "aws:cloudwatch/logGroup:LogGroup": Type("AWS::Logs::LogGroup", {"LogGroupName": "Name"}),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Type("AWS::CloudWatch::Alarm", {"AlarmName": "Name"}),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Type("AWS::EC2::SecurityGroup"),
    "aws:ec2/eip:Eip": Type("AWS::EC2::EIP"),
    "aws:ec2/flowLog:FlowLog": Type("AWS::EC2::FlowLog"),
    "aws:ec2/internetGateway:InternetGateway": Type("AWS::EC2::InternetGateway"),
    "aws:ec2/natGateway:NatGateway": Type("AWS::EC2::NatGateway"),
    "aws:ec2/route:Route": Type("AWS::EC2::Route"),
    "aws:ec2/routeTable:RouteTable": Type("AWS::EC2::RouteTable"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Type("AWS::EC2::SubnetRouteTableAssociation"),
    "aws:ec2/securityGroup:SecurityGroup": Type("AWS::EC2::SecurityGroup"),
    "aws:ec2/subnet:Subnet": Type("AWS::EC2::Subnet"),
    "aws:ec2/vpc:Vpc": Type("AWS::EC2::VPC"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Type("AWS::EC2::VPCEndpoint"),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Type("AWS::ECR::LifecyclePolicy"),
    "aws:ecr/repository:Repository": Type("AWS::ECR::Repository", {"RepositoryName": "Name"}),
    "aws:ecs/cluster:Cluster": Type("AWS::ECS::Cluster", {"ClusterName": "Name"}),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": Type(
        "AWS::ECS::ClusterCapacityProviderAssociations"
    ),
    "aws:ecs/service:Service": Type(
        "AWS::ECS::Service", {"ServiceName": "Name", "CapacityProviderStrategy": "CapacityProviderStrategies"}
    ),
    "aws:ecs/taskDefinition:TaskDefinition": Type("AWS::ECS::TaskDefinition"),
    "aws:iam/role:Role": Type("AWS::IAM::Role"),
    "aws:iam/rolePolicy:RolePolicy": Type("AWS::IAM::Policy"),
    "aws:kms/alias:Alias": Type("AWS::KMS::Alias", {"AliasName": "Name"}),
    "aws:kms/key:Key": Type("AWS::KMS::Key"),
    "aws:lb/listener:Listener": Type("AWS::ElasticLoadBalancingV2::Listener"),
    "aws:lb/loadBalancer:LoadBalancer": Type(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        {"Type": "LoadBalancerType", "LoadBalancerAttributes": "AccessLogs"},
    ),
    "aws:lb/targetGroup:TargetGroup": Type(
        "AWS::ElasticLoadBalancingV2::TargetGroup", {"HealthCheckPath": "HealthCheck.Path"}
    ),
    "aws:rds/cluster:Cluster": Type(
        "AWS::RDS::DBCluster",
        {"DBClusterIdentifier": "ClusterIdentifier", "DBSubnetGroupName": "DbSubnetGroupName",
         "MasterUserSecret": "MasterUserSecretKmsKeyId"},
    ),
    "aws:rds/clusterInstance:ClusterInstance": Type(
        "AWS::RDS::DBInstance",
        {"DBClusterIdentifier": "ClusterIdentifier", "DBInstanceIdentifier": "Identifier",
         "DBInstanceClass": "InstanceClass"},
    ),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": Type("AWS::RDS::DBClusterParameterGroup"),
    "aws:rds/subnetGroup:SubnetGroup": Type("AWS::RDS::DBSubnetGroup"),
    "aws:route53/record:Record": Type("AWS::Route53::RecordSet"),
    "aws:s3/bucket:Bucket": Type("AWS::S3::Bucket", {"BucketName": "Bucket"}),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Type("AWS::S3::Bucket lifecycle"),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Type("AWS::S3::Bucket ownership"),
    "aws:s3/bucketPolicy:BucketPolicy": Type("AWS::S3::BucketPolicy"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Type("AWS::S3::Bucket access"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Type(
        "AWS::S3::Bucket encryption"
    ),
    "aws:sns/topic:Topic": Type("AWS::SNS::Topic", {"TopicName": "Name"}),
    "aws:sns/topicPolicy:TopicPolicy": Type("AWS::SNS::TopicPolicy"),
    "aws:sns/topicSubscription:TopicSubscription": Type("AWS::SNS::Subscription", {"TopicArn": "Topic"}),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Type(
        "AWS::EC2::SecurityGroupEgress", {**GROUPS, "DestinationSecurityGroupId": "ReferencedSecurityGroupId"}
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Type(
        "AWS::EC2::SecurityGroupIngress", {**GROUPS, "SourceSecurityGroupId": "ReferencedSecurityGroupId"}
    ),
}  # fmt: skip

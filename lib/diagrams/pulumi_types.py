"""What pulumi_aws calls differently from CloudFormation: types, and the properties that a picture is drawn from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lib.common.json_types import JsonMapping, JsonObject
from lib.diagrams.template import at


@dataclass(frozen=True)
class Type:
    """A type's name in CloudFormation, and where Pulumi keeps the properties that are called differently there."""

    name: str
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def renamed(self, properties: JsonMapping) -> JsonObject:
        """Return properties by CloudFormation's names."""
        moved = {name: at(properties, path) for name, path in self.elsewhere.items()}
        kept = {name: value for name, value in properties.items() if name not in self.elsewhere.values()}
        return {**kept, **{name: value for name, value in moved.items() if value is not None}}


GROUPS = {"GroupId": "SecurityGroupId", "CidrIp": "CidrIpv4"}
REST = {"RestApiId": "RestApi"}
TYPES = {
    "aws:apigateway/apiKey:ApiKey": Type("AWS::ApiGateway::ApiKey"),
    "aws:apigateway/deployment:Deployment": Type("AWS::ApiGateway::Deployment", REST),
    "aws:apigateway/integration:Integration": Type("AWS::ApiGateway::Method integration", REST),
    "aws:apigateway/method:Method": Type("AWS::ApiGateway::Method", REST),
    "aws:apigateway/methodSettings:MethodSettings": Type("AWS::ApiGateway::MethodSettings", REST),
    "aws:apigateway/model:Model": Type("AWS::ApiGateway::Model", REST),
    "aws:apigateway/requestValidator:RequestValidator": Type("AWS::ApiGateway::RequestValidator", REST),
    "aws:apigateway/resource:Resource": Type("AWS::ApiGateway::Resource", REST),
    "aws:apigateway/response:Response": Type("AWS::ApiGateway::GatewayResponse"),
    "aws:apigateway/restApi:RestApi": Type("AWS::ApiGateway::RestApi"),
    "aws:apigateway/stage:Stage": Type("AWS::ApiGateway::Stage", {**REST, "TracingEnabled": "XrayTracingEnabled"}),
    "aws:apigateway/usagePlan:UsagePlan": Type("AWS::ApiGateway::UsagePlan", {"Throttle": "ThrottleSettings"}),
    "aws:apigateway/usagePlanKey:UsagePlanKey": Type("AWS::ApiGateway::UsagePlanKey"),
    "aws:appautoscaling/policy:Policy": Type("AWS::ApplicationAutoScaling::ScalingPolicy"),
    "aws:appautoscaling/target:Target": Type("AWS::ApplicationAutoScaling::ScalableTarget"),
    "aws:cloudwatch/dashboard:Dashboard": Type("AWS::CloudWatch::Dashboard"),
    "aws:cloudwatch/eventRule:EventRule": Type("AWS::Events::Rule"),
    "aws:cloudwatch/eventTarget:EventTarget": Type("AWS::Events::Rule target"),
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
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": Type("AWS::ECS::ClusterCapacityProviderAssociations"),
    "aws:ecs/service:Service": Type(
        "AWS::ECS::Service", {"ServiceName": "Name", "CapacityProviderStrategy": "CapacityProviderStrategies"}
    ),
    "aws:ecs/taskDefinition:TaskDefinition": Type("AWS::ECS::TaskDefinition"),
    "aws:iam/role:Role": Type("AWS::IAM::Role"),
    "aws:iam/rolePolicy:RolePolicy": Type("AWS::IAM::Policy"),
    "aws:kms/alias:Alias": Type("AWS::KMS::Alias", {"AliasName": "Name"}),
    "aws:kms/key:Key": Type("AWS::KMS::Key"),
    "aws:lambda/function:Function": Type("AWS::Lambda::Function", {"FunctionName": "Name"}),
    "aws:lambda/invocation:Invocation": Type("AWS::Lambda::Function invocation"),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": Type("AWS::Lambda::EventInvokeConfig"),
    "aws:lambda/permission:Permission": Type("AWS::Lambda::Permission"),
    "aws:lb/listener:Listener": Type("AWS::ElasticLoadBalancingV2::Listener"),
    "aws:lb/loadBalancer:LoadBalancer": Type(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        {"Type": "LoadBalancerType", "LoadBalancerAttributes": "AccessLogs"},
    ),
    "aws:lb/targetGroup:TargetGroup": Type(
        "AWS::ElasticLoadBalancingV2::TargetGroup", {"HealthCheckPath": "HealthCheck.Path"}
    ),
    "aws:lb/targetGroupAttachment:TargetGroupAttachment": Type("AWS::ElasticLoadBalancingV2::TargetGroup target"),
    "aws:rds/cluster:Cluster": Type(
        "AWS::RDS::DBCluster",
        {
            "DBClusterIdentifier": "ClusterIdentifier",
            "DBSubnetGroupName": "DbSubnetGroupName",
            "MasterUserSecret": "MasterUserSecretKmsKeyId",
        },
    ),
    "aws:rds/clusterInstance:ClusterInstance": Type(
        "AWS::RDS::DBInstance",
        {
            "DBClusterIdentifier": "ClusterIdentifier",
            "DBInstanceIdentifier": "Identifier",
            "DBInstanceClass": "InstanceClass",
        },
    ),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": Type("AWS::RDS::DBClusterParameterGroup"),
    "aws:rds/instance:Instance": Type(
        "AWS::RDS::DBInstance",
        {
            "DBInstanceIdentifier": "Identifier",
            "DBInstanceClass": "InstanceClass",
            "MultiAZ": "MultiAz",
            "DBSubnetGroupName": "DbSubnetGroupName",
            "MasterUserSecret": "MasterUserSecretKmsKeyId",
        },
    ),
    "aws:rds/parameterGroup:ParameterGroup": Type("AWS::RDS::DBParameterGroup"),
    "aws:rds/subnetGroup:SubnetGroup": Type("AWS::RDS::DBSubnetGroup"),
    "aws:route53/record:Record": Type("AWS::Route53::RecordSet"),
    "aws:s3/bucket:Bucket": Type("AWS::S3::Bucket", {"BucketName": "Bucket"}),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Type("AWS::S3::Bucket lifecycle"),
    "aws:s3/bucketLogging:BucketLogging": Type("AWS::S3::Bucket logging"),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": Type("AWS::S3::Bucket lock"),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Type("AWS::S3::Bucket ownership"),
    "aws:s3/bucketPolicy:BucketPolicy": Type("AWS::S3::BucketPolicy"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Type("AWS::S3::Bucket access"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Type(
        "AWS::S3::Bucket encryption"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Type("AWS::S3::Bucket versions"),
    "aws:sns/topic:Topic": Type("AWS::SNS::Topic", {"TopicName": "Name"}),
    "aws:sns/topicPolicy:TopicPolicy": Type("AWS::SNS::TopicPolicy"),
    "aws:sns/topicSubscription:TopicSubscription": Type("AWS::SNS::Subscription", {"TopicArn": "Topic"}),
    "aws:sqs/queue:Queue": Type(
        "AWS::SQS::Queue", {"QueueName": "Name", "MessageRetentionPeriod": "MessageRetentionSeconds"}
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Type("AWS::SQS::QueuePolicy"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Type(
        "AWS::EC2::SecurityGroupEgress", {**GROUPS, "DestinationSecurityGroupId": "ReferencedSecurityGroupId"}
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Type(
        "AWS::EC2::SecurityGroupIngress", {**GROUPS, "SourceSecurityGroupId": "ReferencedSecurityGroupId"}
    ),
    "aws:wafv2/webAcl:WebAcl": Type("AWS::WAFv2::WebACL"),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": Type("AWS::WAFv2::LoggingConfiguration"),
    "aws:wafv2/webAclAssociation:WebAclAssociation": Type("AWS::WAFv2::WebACLAssociation", {"WebACLArn": "WebAclArn"}),
}

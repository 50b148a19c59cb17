"""Which operation of AWS's API makes a resource of a type of CloudFormation, and what it calls a property otherwise.

Each row: the service and the operation by botocore's names, and the properties that have another name there.
"""

from collections.abc import Mapping

Operation = tuple[str, str, Mapping[str, str]]


def same(*operations: str) -> tuple[Operation, ...]:
    """Return operations that call every property as CloudFormation does, each as ``service Operation``."""
    return tuple((*operation.split(" "), {}) for operation in operations)  # type: ignore[misc]


OPERATIONS: Mapping[str, tuple[Operation, ...]] = {
    "AWS::ApiGateway::ApiKey": same("apigateway CreateApiKey"),
    "AWS::ApiGateway::BasePathMapping": same("apigateway CreateBasePathMapping"),
    "AWS::ApiGateway::Deployment": same("apigateway CreateDeployment"),
    "AWS::ApiGateway::DomainName": same("apigateway CreateDomainName"),
    "AWS::ApiGateway::GatewayResponse": same("apigateway PutGatewayResponse"),
    "AWS::ApiGateway::Method": same("apigateway PutMethod"),
    "AWS::ApiGateway::Model": same("apigateway CreateModel"),
    "AWS::ApiGateway::RequestValidator": same("apigateway CreateRequestValidator"),
    "AWS::ApiGateway::Resource": same("apigateway CreateResource"),
    "AWS::ApiGateway::RestApi": same("apigateway CreateRestApi"),
    "AWS::ApiGateway::Stage": same("apigateway CreateStage"),
    "AWS::ApiGateway::UsagePlan": (("apigateway", "CreateUsagePlan", {"UsagePlanName": "name"}),),
    "AWS::ApiGateway::UsagePlanKey": same("apigateway CreateUsagePlanKey"),
    "AWS::ApplicationAutoScaling::ScalableTarget": same("application-autoscaling RegisterScalableTarget"),
    "AWS::ApplicationAutoScaling::ScalingPolicy": same("application-autoscaling PutScalingPolicy"),
    "AWS::CloudWatch::Alarm": same("cloudwatch PutMetricAlarm"),
    "AWS::CloudWatch::Dashboard": same("cloudwatch PutDashboard"),
    "AWS::DynamoDB::GlobalTable": same("dynamodb CreateTable"),
    "AWS::DynamoDB::Table": same("dynamodb CreateTable"),
    "AWS::EC2::EIP": same("ec2 AllocateAddress"),
    "AWS::EC2::FlowLog": (("ec2", "CreateFlowLogs", {"ResourceId": "-"}),),
    "AWS::EC2::NatGateway": same("ec2 CreateNatGateway"),
    "AWS::EC2::Route": same("ec2 CreateRoute"),
    "AWS::EC2::SecurityGroup": same("ec2 CreateSecurityGroup"),
    "AWS::EC2::Subnet": same("ec2 CreateSubnet"),
    "AWS::EC2::VPC": same("ec2 CreateVpc"),
    "AWS::EC2::VPCEndpoint": same("ec2 CreateVpcEndpoint"),
    "AWS::EC2::VPCPeeringConnection": same("ec2 CreateVpcPeeringConnection"),
    "AWS::ECR::Repository": (
        *same("ecr CreateRepository"),
        ("ecr", "PutLifecyclePolicy", {"LifecyclePolicy": "-"}),
    ),
    "AWS::ECS::Cluster": same("ecs CreateCluster", "ecs PutClusterCapacityProviders"),
    "AWS::ECS::Service": same("ecs CreateService"),
    "AWS::ECS::TaskDefinition": same("ecs RegisterTaskDefinition"),
    "AWS::ElasticLoadBalancingV2::Listener": same("elbv2 CreateListener"),
    "AWS::ElasticLoadBalancingV2::ListenerRule": same("elbv2 CreateRule"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": same("elbv2 CreateLoadBalancer"),
    "AWS::ElasticLoadBalancingV2::TargetGroup": same("elbv2 CreateTargetGroup"),
    "AWS::Events::Rule": same("events PutRule", "events PutTargets"),
    "AWS::IAM::ManagedPolicy": (("iam", "CreatePolicy", {"ManagedPolicyName": "PolicyName"}),),
    "AWS::IAM::Policy": same("iam PutRolePolicy"),
    "AWS::IAM::Role": same("iam CreateRole"),
    "AWS::IAM::RolePolicy": same("iam PutRolePolicy"),
    "AWS::KMS::Alias": same("kms CreateAlias"),
    "AWS::KMS::Key": (("kms", "CreateKey", {"KeyPolicy": "Policy"}),),
    "AWS::KMS::ReplicaKey": (("kms", "ReplicateKey", {"KeyPolicy": "Policy", "PrimaryKeyArn": "KeyId"}),),
    "AWS::Kinesis::Stream": (("kinesis", "CreateStream", {"Name": "StreamName"}),),
    "AWS::Lambda::EventSourceMapping": same("lambda CreateEventSourceMapping"),
    "AWS::Lambda::Function": same("lambda CreateFunction", "lambda PutFunctionConcurrency"),
    "AWS::Lambda::Permission": (("lambda", "AddPermission", {}),),
    "AWS::Logs::LogGroup": same("logs CreateLogGroup", "logs PutRetentionPolicy"),
    "AWS::RDS::DBCluster": same("rds CreateDBCluster"),
    "AWS::RDS::DBClusterParameterGroup": (("rds", "CreateDBClusterParameterGroup", {"Parameters": "-"}),),
    "AWS::RDS::DBInstance": same("rds CreateDBInstance"),
    "AWS::RDS::DBParameterGroup": (("rds", "CreateDBParameterGroup", {"Parameters": "-"}),),
    "AWS::RDS::DBSubnetGroup": same("rds CreateDBSubnetGroup"),
    "AWS::RDS::GlobalCluster": same("rds CreateGlobalCluster"),
    "AWS::Route53::HealthCheck": same("route53 CreateHealthCheck"),
    "AWS::S3::Bucket": same(
        "s3 PutBucketLifecycleConfiguration",
        "s3 PutBucketVersioning",
        "s3 PutObjectLockConfiguration",
        "s3 PutPublicAccessBlock",
        "s3 PutBucketOwnershipControls",
    ),
    "AWS::SNS::Subscription": same("sns Subscribe"),
    "AWS::SNS::Topic": same("sns CreateTopic"),
    "AWS::SQS::Queue": same("sqs CreateQueue"),
    "AWS::SecretsManager::ResourcePolicy": same("secretsmanager PutResourcePolicy"),
    "AWS::SecretsManager::Secret": same("secretsmanager CreateSecret"),
    "AWS::WAFv2::WebACL": same("wafv2 CreateWebACL"),
}

"""What ``scripts/draw`` calls things: what is only counted, what is not even counted, values as people write them."""

from lib.diagrams.cloudformation_types import BUCKET, KEY, LOGS, PEERING, QUEUE, SECRET, SUBNET, TABLE, VPC

# Not drawn, only counted, in these words. A type that stands in no table is counted under its own name.
NOUNS = {
    "AWS::EC2::EIP": "address",
    "AWS::EC2::FlowLog": "flow log",
    "AWS::EC2::Route": "route",
    "AWS::EC2::RouteTable": "route table",
    "AWS::EC2::SecurityGroup": "security group",
    "AWS::EC2::SecurityGroupEgress": "security group rule",
    "AWS::EC2::SecurityGroupIngress": "security group rule",
    "AWS::IAM::ManagedPolicy": "policy",
    "AWS::IAM::Policy": "policy",
    "AWS::IAM::Role": "role",
    "AWS::KMS::Alias": "key alias",
    "AWS::Lambda::Permission": "permission",
    "AWS::Route53::RecordSet": "DNS record",
    LOGS: "log group",
    "AWS::ECR::LifecyclePolicy": "policy",
    "AWS::RDS::DBClusterParameterGroup": "parameter group",
    "AWS::RDS::DBParameterGroup": "parameter group",
    "AWS::RDS::DBSubnetGroup": "subnet group",
    **dict.fromkeys((f"AWS::S3::Bucket {part}" for part in ("encryption", "ownership", "access")), "bucket setting"),
    "AWS::S3::BucketPolicy": "policy",
    "AWS::SNS::TopicPolicy": "policy",
    "AWS::SQS::QueuePolicy": "policy",
    f"{PEERING} accepter": "peering setting",
    f"{PEERING} options": "peering setting",
    "AWS::ApiGateway::ApiKey": "API key",
    "AWS::ApiGateway::GatewayResponse": "API answer",
    "AWS::ApiGateway::MethodSettings": "API setting",
    "AWS::ApiGateway::Model": "API schema",
    "AWS::ApiGateway::RequestValidator": "API setting",
}
ENCRYPTED = (LOGS, "AWS::S3::Bucket encryption")  # the only ones of them that a key encrypts

# Not even counted: drawn as an arrow or as a box, or of interest to nobody.
SILENT = (
    VPC,
    SUBNET,
    PEERING,
    "AWS::ApiGateway::BasePathMapping",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::CDK::Metadata",
    "AWS::ApiGateway::Method",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ECS::ClusterCapacityProviderAssociations",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::Method integration",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGateway::UsagePlanKey",
    "AWS::ElasticLoadBalancingV2::TargetGroup target",
    "AWS::Events::Rule target",
    "AWS::WAFv2::LoggingConfiguration",
    "AWS::WAFv2::WebACLAssociation",
)

# Values as people write them.
SPELLINGS = {
    "postgres": "PostgreSQL",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "aurora-postgresql": "Aurora PostgreSQL",
    "aurora-mysql": "Aurora MySQL",
    "COMPLIANCE": "compliance",
    "GOVERNANCE": "governance",
    "AWSManagedRulesAmazonIpReputationList": "addresses of bad repute",
    "AWSManagedRulesCommonRuleSet": "common attacks",
    "AWSManagedRulesKnownBadInputsRuleSet": "bad inputs",
    "AWSManagedRulesSQLiRuleSet": "SQL injection",
    "PROVISIONED": "provisioned",
    "ON_DEMAND": "on demand",
    "PAY_PER_REQUEST": "on demand",
    "FARGATE": "Fargate",
    "IMMUTABLE": "immutable tags",
    "ECSServiceAverageCPUUtilization": "% CPU",
    "ECSServiceAverageMemoryUtilization": "% memory",
    "ALBRequestCountPerTarget": "requests/min each",
}
REFUSALS = ("false", "Suspended", "Disabled", "0")

# The service at the end of an endpoint's name: what it is called, and the type that is reached through it.
SERVICES = {
    "s3": ("S3", BUCKET),
    "secretsmanager": ("Secrets Manager", SECRET),
    "dynamodb": ("DynamoDB", TABLE),
    "sqs": ("SQS", QUEUE),
    "sns": ("SNS", "AWS::SNS::Topic"),
    "kinesis-streams": ("Kinesis", "AWS::Kinesis::Stream"),
    "states": ("Step Functions", "AWS::StepFunctions::StateMachine"),
    "kms": ("KMS", KEY),
}

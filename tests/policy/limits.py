"""Limits of texts, documents and counts that stand in AWS's prose only: no schema and no service model has them.

Each row names AWS's own document. What a schema of CloudFormation or a service model of botocore has (most lengths and
patterns) is not repeated here: tests/policy/constraints.py checks every value against those.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from lib.common import naming

API = "https://docs.aws.amazon.com"


@dataclass(frozen=True)
class TextLimit:
    """What a text property takes.

    Attributes:
        path: the property, ``*`` for any element of a list or any key, for example ``Tags.*.Value``.
        pattern: a regular expression that matches all of the text.
        longest: characters.
        source: AWS's document, by its URL.
        shortest: characters.
    """

    path: str
    pattern: str
    longest: int
    source: str
    shortest: int = 1


@dataclass(frozen=True)
class DocumentLimit:
    """How large a JSON document may be: bytes, with or without the white space that stands between its values."""

    path: str
    longest: int
    source: str


def named(path: str, kind: str, source: str) -> TextLimit:
    """Return the limit of a physical name, which lib.common.naming checks by the same row."""
    limit = naming.LIMITS[kind]
    return TextLimit(path, limit.pattern, limit.longest, source, limit.shortest)


# A rule for a group or a prefix list takes no "&", one for addresses does; the smaller set is the one to write.
EC2_TEXT = r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=;{}!$*]*"
SECURITY_GROUP = f"{API}/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html"
RULE = f"{API}/AWSEC2/latest/APIReference/API_UserIdGroupPair.html"
RDS = f"{API}/AmazonRDS/latest/APIReference"
RDS_NAME = r"[A-Za-z](?:-?[A-Za-z0-9])*"
PRINTABLE = r"[^\x00-\x1f\x7f]*"
ALARM = f"{API}/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"
DIMENSION = f"{API}/AmazonCloudWatch/latest/APIReference/API_Dimension.html"
ECS = f"{API}/AmazonECS/latest/APIReference"
ECS_NAME = r"[A-Za-z0-9_-]+"
GATEWAY = f"{API}/apigateway/latest/api"
BALANCER = f"{API}/elasticloadbalancing/latest/APIReference"
ALIAS = f"{API}/kms/latest/APIReference/API_CreateAlias.html"
LIFECYCLE = f"{API}/AmazonS3/latest/API/API_LifecycleRule.html"
METRICS = f"{API}/AmazonS3/latest/API/API_MetricsConfiguration.html"
SECRET = f"{API}/secretsmanager/latest/apireference/API_CreateSecret.html"

TEXTS: Mapping[str, tuple[TextLimit, ...]] = {
    "AWS::ApiGateway::Model": (TextLimit("Name", r"[A-Za-z0-9]+", 1024, f"{GATEWAY}/API_CreateModel.html"),),
    "AWS::ApiGateway::Stage": (
        TextLimit("StageName", r"[A-Za-z0-9_-]+", 128, f"{GATEWAY}/API_CreateStage.html"),
        TextLimit("Variables.*", r"[A-Za-z0-9\-._~:/?#&=,]+", 512, f"{GATEWAY}/API_CreateStage.html"),
    ),
    "AWS::CloudWatch::Alarm": (
        TextLimit("AlarmName", PRINTABLE, 255, ALARM),
        TextLimit("Dimensions.*.Name", r"(?!:)[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*", 255, DIMENSION),
        TextLimit("Dimensions.*.Value", r"[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*", 1024, DIMENSION),
        TextLimit("Metrics.*.Id", r"[a-z][A-Za-z0-9_]*", 255, ALARM),
    ),
    "AWS::CloudWatch::Dashboard": (
        named("DashboardName", "dashboard", f"{API}/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html"),
    ),
    "AWS::EC2::SecurityGroup": (
        TextLimit("GroupDescription", r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]*", 255, SECURITY_GROUP),
        named("GroupName", "security_group", SECURITY_GROUP),
        TextLimit("SecurityGroupEgress.*.Description", EC2_TEXT, 255, RULE),
        TextLimit("SecurityGroupIngress.*.Description", EC2_TEXT, 255, RULE),
    ),
    "AWS::EC2::SecurityGroupEgress": (TextLimit("Description", EC2_TEXT, 255, RULE),),
    "AWS::EC2::SecurityGroupIngress": (TextLimit("Description", EC2_TEXT, 255, RULE),),
    "AWS::ECS::Cluster": (named("ClusterName", "cluster", f"{ECS}/API_CreateCluster.html"),),
    "AWS::ECS::Service": (named("ServiceName", "service", f"{ECS}/API_CreateService.html"),),
    "AWS::ECS::TaskDefinition": (
        named("Family", "task", f"{ECS}/API_RegisterTaskDefinition.html"),
        TextLimit("ContainerDefinitions.*.Name", ECS_NAME, 255, f"{ECS}/API_ContainerDefinition.html"),
        TextLimit("ContainerDefinitions.*.Image", r"[A-Za-z0-9_.:/#@-]+", 255, f"{ECS}/API_ContainerDefinition.html"),
        TextLimit(
            "ContainerDefinitions.*.PortMappings.*.Name", r"[a-z0-9_][a-z0-9_-]*", 64, f"{ECS}/API_PortMapping.html"
        ),
        TextLimit("Volumes.*.Name", ECS_NAME, 255, f"{ECS}/API_Volume.html"),
    ),
    "AWS::ElasticLoadBalancingV2::ListenerRule": (
        TextLimit("Conditions.*.*.Values.*", r"[\x20-\x7e]+", 128, f"{BALANCER}/API_RuleCondition.html"),
    ),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": (
        named("Name", "load_balancer", f"{BALANCER}/API_CreateLoadBalancer.html"),
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": (
        named("Name", "target_group", f"{BALANCER}/API_CreateTargetGroup.html"),
    ),
    "AWS::KMS::Alias": (TextLimit("AliasName", r"alias/(?!aws/)[A-Za-z0-9/_-]+", 256, ALIAS),),
    "AWS::RDS::DBCluster": (
        named("DBClusterIdentifier", "database", f"{RDS}/API_CreateDBCluster.html"),
        TextLimit("DatabaseName", r"[A-Za-z][A-Za-z0-9]*", 63, f"{RDS}/API_CreateDBCluster.html"),
        TextLimit("MasterUsername", r"(?!admin$)[A-Za-z][A-Za-z0-9_]*", 16, f"{RDS}/API_CreateDBCluster.html"),
    ),
    "AWS::RDS::DBClusterParameterGroup": (
        named("DBClusterParameterGroupName", "parameter_group", f"{RDS}/API_CreateDBClusterParameterGroup.html"),
    ),
    "AWS::RDS::DBInstance": (
        named("DBInstanceIdentifier", "database", f"{RDS}/API_CreateDBInstance.html"),
        TextLimit("DBName", r"[A-Za-z_][A-Za-z0-9_]*", 63, f"{RDS}/API_CreateDBInstance.html"),
        TextLimit("MasterUsername", r"(?!admin$)[A-Za-z][A-Za-z0-9_]*", 16, f"{RDS}/API_CreateDBInstance.html"),
    ),
    "AWS::RDS::DBParameterGroup": (
        named("DBParameterGroupName", "parameter_group", f"{RDS}/API_CreateDBParameterGroup.html"),
    ),
    "AWS::RDS::DBSubnetGroup": (
        TextLimit("DBSubnetGroupName", r"(?!default$)[a-z][a-z0-9._ -]*", 255, f"{RDS}/API_CreateDBSubnetGroup.html"),
    ),
    "AWS::S3::Bucket": (
        named("BucketName", "bucket", f"{API}/AmazonS3/latest/userguide/bucketnamingrules.html"),
        TextLimit("LifecycleConfiguration.Rules.*.Id", PRINTABLE, 255, LIFECYCLE),
        TextLimit("MetricsConfigurations.*.Id", r"[A-Za-z0-9._-]+", 64, METRICS),
    ),
    "AWS::SNS::Topic": (
        named("TopicName", "topic", f"{API}/sns/latest/api/API_CreateTopic.html"),
        TextLimit("DisplayName", PRINTABLE, 100, f"{API}/sns/latest/api/API_SetTopicAttributes.html"),
    ),
    "AWS::SQS::Queue": (
        named("QueueName", "queue", f"{API}/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html"),
    ),
    "AWS::SecretsManager::Secret": (named("Name", "secret", SECRET),),
}

# Every resource's tags. A key or a value that begins with "aws:" is AWS's own; EC2 takes one character less in a key.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Tag.html
TAGGING = f"{API}/tag-editor/latest/userguide/tagging.html"
TAG_KEY = TextLimit("Key", r"(?!aws:|rds:)[\w .:/=+@-]+", 127, TAGGING)
TAG_VALUE = TextLimit("Value", r"(?!aws:|rds:)[\w .:/=+@-]*", 256, TAGGING, 0)
TAG_COUNT = 50

# IAM counts no white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
IAM = f"{API}/IAM/latest/UserGuide/reference_iam-quotas.html"
TRUST_POLICY, INLINE_POLICIES, MANAGED_POLICY = 2_048, 10_240, 6_144
# Names that Lambda keeps for itself, and the size of all variables together, in bytes.
LAMBDA_VARIABLES = f"{API}/lambda/latest/dg/configuration-envvars.html"
LAMBDA_ENVIRONMENT = 4_096
LAMBDA_RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)

DOCUMENTS: Mapping[str, tuple[DocumentLimit, ...]] = {
    "AWS::ApiGateway::Model": (DocumentLimit("Schema", 400 * 1024, f"{GATEWAY}/API_CreateModel.html"),),
    "AWS::ApiGateway::RestApi": (
        DocumentLimit("Policy", 8_192, f"{API}/apigateway/latest/developerguide/limits.html"),
    ),
    "AWS::DynamoDB::Table": (
        DocumentLimit(
            "ResourcePolicy.PolicyDocument",
            20 * 1024,
            f"{API}/amazondynamodb/latest/APIReference/API_PutResourcePolicy.html",
        ),
    ),
    "AWS::EC2::VPCEndpoint": (
        DocumentLimit("PolicyDocument", 20_480, f"{API}/vpc/latest/privatelink/vpc-limits-endpoints.html"),
    ),
    "AWS::ECS::TaskDefinition": (
        DocumentLimit("", 64 * 1024, f"{API}/AmazonECS/latest/developerguide/service-quotas.html"),
    ),
    "AWS::KMS::ReplicaKey": (
        DocumentLimit("KeyPolicy", 32_768, f"{API}/kms/latest/developerguide/resource-limits.html"),
    ),
    "AWS::KMS::Key": (DocumentLimit("KeyPolicy", 32_768, f"{API}/kms/latest/developerguide/resource-limits.html"),),
    "AWS::S3::BucketPolicy": (
        DocumentLimit("PolicyDocument", 20 * 1024, f"{API}/AmazonS3/latest/userguide/bucket-policies.html"),
    ),
    "AWS::SNS::TopicPolicy": (
        DocumentLimit(
            "PolicyDocument",
            30 * 1024,
            f"{API}/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html",
        ),
    ),
    "AWS::SQS::QueuePolicy": (
        DocumentLimit(
            "PolicyDocument", 8_192, f"{API}/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html"
        ),
    ),
    "AWS::SecretsManager::ResourcePolicy": (
        DocumentLimit("ResourcePolicy", 20_480, f"{API}/secretsmanager/latest/userguide/reference_limits.html"),
    ),
}

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html
QUEUE_STATEMENTS, QUEUE_ACTIONS, QUEUE_PRINCIPALS, QUEUE_CONDITIONS = 20, 7, 50, 10
# https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html: default quotas, each direction for itself
GROUP_RULES, GROUPS_OF_AN_INTERFACE = 60, 5
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
API_RESOURCES, API_STAGES = 300, 10
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
WIDGETS, WIDGET_METRICS, DASHBOARD_METRICS = 500, 500, 2_500
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
GRID_COLUMNS, WIDGET_HEIGHT = 24, 1_000
WIDGET_TYPES = frozenset({"alarm", "custom", "explorer", "log", "metric", "text"})
WIDGET_VIEWS = frozenset({"bar", "gauge", "pie", "singleValue", "table", "timeSeries"})

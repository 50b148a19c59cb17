"""What ``scripts/draw`` knows about CloudFormation: tables are keyed by a resource's type.

A pattern such as ``"{ShardCount:shard} · kept {RetentionPeriodHours} h"`` is filled from a resource's properties:
``{A.B}`` is a value, ``{A:noun}`` counts a noun (``{A/60:minute}`` when the value is in seconds), ``{A?words}`` is the
words when the value says yes. A part between dots that has a value missing is left out.
"""

from dataclasses import dataclass

FUNCTION = "AWS::Lambda::Function"
DATABASES = ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::ElastiCache::ReplicationGroup")
ENDPOINT = "AWS::EC2::VPCEndpoint"
SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  # a type's name
ALARM, KEY, LOGS = "AWS::CloudWatch::Alarm", "AWS::KMS::Key", "AWS::Logs::LogGroup"
VPC, SUBNET, INTERNET, NAT = "AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::InternetGateway", "AWS::EC2::NatGateway"
BALANCER, TARGETS = "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::TargetGroup"
# A resource that puts one on the card of another: the paths to both.
ATTACHMENTS = {
    "AWS::ElasticLoadBalancingV2::TargetGroup target": ("TargetGroupArn", "TargetId"),
    "AWS::ApiGateway::BasePathMapping": ("DomainName", "RestApiId"),
}
CLIENTS_OF_NAME, RECORD, CHECK = "Clients", "AWS::Route53::RecordSet failover", "AWS::Route53::HealthCheck"
GLOBAL, PEERING, TABLE = "AWS::RDS::GlobalCluster", "AWS::EC2::VPCPeeringConnection", "AWS::DynamoDB::Table"
CLUSTER, DOMAIN, OUTSIDE = "AWS::RDS::DBCluster", "AWS::ApiGateway::DomainName", "internet"
API, STEP, ACL = "AWS::ApiGateway::RestApi", "AWS::ApiGateway::Resource", "AWS::WAFv2::WebACL"
QUEUE, BUCKET = "AWS::SQS::Queue", "AWS::S3::Bucket"
SERVICE, TASK, IMAGES = "AWS::ECS::Service", "AWS::ECS::TaskDefinition", "AWS::ECR::Repository"
# A cluster's instance, told by its promotion tier: 0 is made first, and writes.
INSTANCE = "AWS::RDS::DBInstance"
WRITER, READER = MEMBERS = (f"{INSTANCE} that writes", f"{INSTANCE} that reads")
CUSTOM = "Custom::"  # every type that begins so
INVOCATION = f"{FUNCTION} invocation"
ONCE = (CUSTOM, INVOCATION)  # call a function in a deployment

COMPUTE, STORAGE, DATA = "compute", "storage", "data"
NETWORK, SECURITY, OPERATIONS = "network", "security", "operations"


@dataclass(frozen=True)
class Style:
    """How a resource of one type looks: its words, its icon, the property with its name, the lines under it."""

    title: str
    noun: str
    icon: str
    colour: str
    name: str
    lines: tuple[str, ...] = ()
    outside: bool = False  # of the region
    wide: bool = False  # for lines that list many things


# fmt: off
STYLES = {
    "AWS::Kinesis::Stream": Style(
        "Kinesis stream", "Kinesis stream", "stream", NETWORK, "Name",
        ("{ShardCount:shard} · {StreamModeDetails.StreamMode}", "records kept {RetentionPeriodHours} h"),
    ),
    "AWS::KinesisFirehose::DeliveryStream": Style(
        "Firehose", "delivery stream", "stream", NETWORK, "DeliveryStreamName", ("{DeliveryStreamType}",)
    ),
    FUNCTION: Style(
        "Lambda function", "function", "function", COMPUTE, "FunctionName",
        ("{Description}", "{Runtime} · {Architectures.0}", "{MemorySize} MB · up to {Timeout} s",
         "at most {ReservedConcurrentExecutions} at once"),
    ),
    INSTANCE: Style(
        "RDS {Engine}", "database", "database", DATA, "DBInstanceIdentifier",
        ("version {EngineVersion} · {DBInstanceClass}", "{MultiAZ?Multi-AZ} · {AllocatedStorage} GiB {StorageType}",
         "backups kept {BackupRetentionPeriod:day}"),
    ),
    CLUSTER: Style(
        "{Engine}", "database", "database", DATA, "DBClusterIdentifier",
        ("version {EngineVersion}", "backups kept {BackupRetentionPeriod:day}"),
    ),
    WRITER: Style("Writer", "writer", "database", DATA, "DBInstanceIdentifier", ("{DBInstanceClass}",)),
    READER: Style("Reader", "reader", "database", DATA, "DBInstanceIdentifier", ("{DBInstanceClass}",)),
    "AWS::ElastiCache::ReplicationGroup": Style(
        "ElastiCache {Engine}", "cache", "database", DATA, "ReplicationGroupId", ("{EngineVersion} · {CacheNodeType}",)
    ),
    TABLE: Style(
        "{Replicas.0.RegionName?DynamoDB global table}", "DynamoDB table", "table", DATA, "TableName",
        ("{BillingMode}", "{Replicas.0.RegionName?a replica in each region}", "{Recovery?restorable to any second}"),
    ),
    GLOBAL: Style(
        "Aurora Global Database", "global database", "database", DATA, "GlobalClusterIdentifier",
        ("{Engine} {EngineVersion}", "{DeletionProtection?protected from deletion}"),
    ),
    RECORD: Style("Route 53 failover", "record", "globe", NETWORK, "Name", ("{Failover}",), True),
    CHECK: Style(
        "Route 53 health check", "health check", "shield", NETWORK, "",
        ("{ResourcePath}", "every {RequestInterval} s · {FailureThreshold:failure} in a row"), True,
    ),
    CLIENTS_OF_NAME: Style("Callers", "caller", "globe", NETWORK, "", ("by name",), True),
    BUCKET: Style(
        "S3 bucket", "S3 bucket", "bucket", STORAGE, "BucketName",
        ("{VersioningConfiguration.Status?versioned}",
         "objects kept {LifecycleConfiguration.Rules.0.ExpirationInDays:day}"),
    ),
    QUEUE: Style(
        "SQS queue", "queue", "queue", OPERATIONS, "QueueName", ("messages kept {MessageRetentionPeriod/86400:day}",)
    ),
    "AWS::SNS::Topic": Style("SNS topic", "SNS topic", "topic", OPERATIONS, "TopicName"),
    "AWS::SNS::Subscription": Style("Subscriber", "subscriber", "mail", OPERATIONS, "Protocol"),
    SECRET: Style(
        "Secret", "password", "secret", SECURITY, "Name",
        ("{Description}", "{Replicas.0.Region?a replica in each region}"),
    ),
    KEY: Style("KMS key", "KMS key", "key", SECURITY, "Description", wide=True),
    ALARM: Style("CloudWatch alarm", "CloudWatch alarm", "bell", OPERATIONS, "AlarmName", wide=True),
    LOGS: Style("Log group", "log group", "lines", OPERATIONS, "LogGroupName"),
    "AWS::CloudWatch::Dashboard": Style("CloudWatch dashboard", "dashboard", "chart", OPERATIONS, "DashboardName"),
    INTERNET: Style("Internet", "internet", "globe", NETWORK, "", outside=True),
    NAT: Style("NAT gateway", "NAT gateway", "exit", NETWORK, ""),
    ENDPOINT: Style("{ServiceName}", "endpoint", "endpoint", NETWORK, "", ("{VpcEndpointType} endpoint",)),
    API: Style("API Gateway", "API", "door", NETWORK, "Name"),
    ACL: Style(
        "WAF web ACL", "web ACL", "shield", SECURITY, "Name",
        ("{Rules.0.Statement.RateBasedStatement.Limit} in 5 min a sender", "{Rules.1.Name} · {Rules.2.Name}",
         "{Rules.3.Name}"),
    ),
    INVOCATION: Style("In a deployment", "invocation", "run", OPERATIONS, "Input.Action", ("when its files change",)),
    "AWS::ApiGatewayV2::Api": Style("API Gateway", "API", "globe", NETWORK, "Name", ("{ProtocolType}",)),
    "AWS::CloudFront::Distribution": Style("CloudFront", "distribution", "globe", NETWORK, ""),
    BALANCER: Style(
        "Load balancer", "load balancer", "balance", NETWORK, "Name", ("{Type} · {Scheme} · {Internal?internal}",)
    ),
    SERVICE: Style(
        "ECS service", "service", "container", COMPUTE, "ServiceName",
        ("{LaunchType} · {CapacityProviderStrategy.0.CapacityProvider} · {DesiredCount:task}",),
    ),
    IMAGES: Style(
        "ECR repository", "image repository", "container", COMPUTE, "RepositoryName",
        ("{ImageTagMutability}", "{ImageScanningConfiguration.ScanOnPush?scanned on push}"),
    ),
    "AWS::StepFunctions::StateMachine": Style(
        "State machine", "state machine", "steps", OPERATIONS, "StateMachineName", ("{StateMachineType}",)
    ),
    "AWS::Events::Rule": Style("EventBridge rule", "rule", "clock", OPERATIONS, "Name", ("{ScheduleExpression}",)),
    CUSTOM: Style("Custom resource", "custom resource", "run", OPERATIONS, "", ("called when it changes",)),
}
# fmt: on

# One card for all of a stack's resources of these types.
GATHERED = (NAT, LOGS, ALARM, KEY)
ONLY_WITH = {LOGS: TASK}  # drawn where there is one of the other type, else counted
NAMELESS = (ENDPOINT, INTERNET, NAT, CHECK, CLIENTS_OF_NAME)


@dataclass(frozen=True)
class Fold:
    """A resource that is a line on another one's card: the other's type, the line, the path that refers to it."""

    host: str
    line: str = ""
    by: str = ""


# fmt: off
FOLDED = {
    TASK: Fold(SERVICE, "{Cpu} CPU units · {Memory} MiB"),
    TARGETS: Fold(SERVICE, "health at {HealthCheckPath}"),
    "AWS::ECS::Cluster": Fold(SERVICE),
    "AWS::ApplicationAutoScaling::ScalableTarget": Fold(SERVICE, "scales from {MinCapacity} to {MaxCapacity:task}"),
    "AWS::ApplicationAutoScaling::ScalingPolicy": Fold(
        SERVICE, "at {TargetTrackingScalingPolicyConfiguration.TargetValue} "
        "{TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.PredefinedMetricType}",
    ),
    "AWS::S3::Bucket lifecycle": Fold(
        BUCKET, "objects kept {Rules.0.Expiration.Days:day} · objects kept {Rules.0.Expiration.0.Days:day}"
    ),
    "AWS::S3::Bucket lock": Fold(
        BUCKET, "locked {Rule.DefaultRetention.Days:day} · {Rule.DefaultRetention.Mode}", "Bucket"
    ),
    "AWS::S3::Bucket versions": Fold(BUCKET, "{VersioningConfiguration.Status?versioned}", "Bucket"),
    CHECK: Fold(RECORD, "while {ResourcePath} is good", ""),
    f"{SECRET} version": Fold(SECRET, "", "SecretId"),
    DOMAIN: Fold(API, "{DomainName}"),
    "AWS::S3::Bucket logging": Fold(BUCKET, "access logged", "Bucket"),
    "AWS::ApiGateway::Method": Fold(API, "{HttpMethod} {Route}"),
    "AWS::ApiGateway::Stage": Fold(API, "stage {StageName} · {TracingEnabled?traced}"),
    "AWS::ApiGateway::UsagePlan": Fold(API, "{Throttle.RateLimit}/s · bursts of {Throttle.BurstLimit}"),
}
# fmt: on


@dataclass(frozen=True)
class Relation:
    """An arrow that a resource stands for: two paths to references ("" is the resource itself), and what flows.

    Without a label, what flows depends on the type at the end: see FLOWS.
    """

    start: str
    end: str
    label: str = ""
    note: str = ""


INTEGRATION = (Relation("ApiId", "IntegrationUri", "requests"),)
# fmt: off
RELATIONS = {
    "AWS::Lambda::EventSourceMapping": (
        Relation("EventSourceArn", "FunctionName", "events", "batches of {BatchSize}"),
        Relation("FunctionName", "DestinationConfig.OnFailure.Destination", "poison records"),
    ),
    CUSTOM: (Relation("", "ServiceToken", "on deploy"),),
    CLIENTS_OF_NAME: (Relation("", "Records", "requests"),),
    INSTANCE: (Relation("DBClusterIdentifier", "", "replication"),),
    CLUSTER: (Relation("", "GlobalClusterIdentifier", "replication"), Relation("", "MasterUserPassword")),
    RECORD: (Relation("", "Alias.Name", "requests"),),
    CHECK: (Relation("", "Fqdn", "asks"),),
    WRITER: (Relation("DBClusterIdentifier", "", "rows"),),
    READER: (Relation("DBClusterIdentifier", "", "replication"),),
    "AWS::ElasticLoadBalancingV2::Listener": (Relation("LoadBalancerArn", "DefaultActions", "requests"),),
    BALANCER: (Relation("", "LoadBalancerAttributes", "access logs"),),
    TASK: (Relation("", "ContainerDefinitions"),),
    "AWS::KinesisFirehose::DeliveryStream": (
        Relation("KinesisStreamSourceConfiguration", "", "events"),
        Relation("", "ExtendedS3DestinationConfiguration.BucketARN", "objects"),
    ),
    QUEUE: (Relation("", "RedrivePolicy", "poison messages"),),
    "AWS::SNS::Subscription": (Relation("TopicArn", "", "notifications"), Relation("", "Endpoint", "notifications")),
    ALARM: (Relation("", "AlarmActions", "alarms"),),
    "AWS::Events::Rule": (Relation("", "Targets", "events"),),
    "AWS::Events::Rule target": (Relation("Rule", "Arn", "schedule"),),
    INVOCATION: (Relation("", "FunctionName", "on deploy"),),
    "AWS::StepFunctions::StateMachine": (
        Relation("", "DefinitionString", "tasks"), Relation("", "DefinitionSubstitutions", "tasks"),
    ),
    "AWS::ApiGateway::Method": (Relation("RestApiId", "Integration.Uri", "requests"),),
    "AWS::ApiGateway::Method integration": (Relation("RestApiId", "Uri", "requests"),),
    "AWS::WAFv2::WebACLAssociation": (Relation("WebACLArn", "ResourceArn", "requests"),),
    "AWS::ApiGatewayV2::Integration": INTEGRATION,
    "AWS::CloudFront::Distribution": (Relation("", "DistributionConfig.Origins", "requests"),),
    FUNCTION: (Relation("", "Environment.Variables"), Relation("", "DeadLetterConfig.TargetArn", "dead letters")),
}
# fmt: on

# What a system is there for: these arrows are level and strong.
MAIN = ("events", "rows", "items", "requests", "objects", "messages")

# What a function exchanges with what its environment names.
FLOWS = {
    **dict.fromkeys(DATABASES, "rows"),
    SECRET: "password",
    BUCKET: "objects",
    TABLE: "items",
    QUEUE: "messages",
    "AWS::SNS::Topic": "notifications",
    "AWS::Kinesis::Stream": "events",
    "AWS::KinesisFirehose::DeliveryStream": "events",
    "AWS::StepFunctions::StateMachine": "executions",
    FUNCTION: "calls",
    IMAGES: "image",
    LOGS: "logs",
}
DEPLOYED = dict.fromkeys(DATABASES, "schema")  # ... when a deployment calls the function
FIRST = (IMAGES,)  # flows from the end to the start, and stands left: it comes before everything else
OUTBOUND = "outbound"
# Flows from the end to the start, by type or by label: who asks stands left, what is asked for stands right, except
# the gateways, which stand left of what leaves through them.
BACK = (SECRET, OUTBOUND)

# What more functions than a few use, says so on its card, in these words.
TOLD = {SECRET: "read by", QUEUE: "from", NAT: "used by"}
FEW = 2

CLIENTS = (FUNCTION, SERVICE)
LEAVING = (*CLIENTS, NAT)  # what a gateway is a way out for
ENTRANCES = (BALANCER, SERVICE, *DATABASES)  # what the internet may reach

CALLERS = "callers: {CidrIp} · port {FromPort}"
SETTINGS = {"AWS::S3::Bucket encryption": "Bucket"}  # whose setting it is

# Security groups tell the rest: who may reach a database exchanges rows with it.
RULES = {
    "AWS::EC2::SecurityGroupIngress": ("SourceSecurityGroupId", "GroupId"),
    "AWS::EC2::SecurityGroupEgress": ("GroupId", "DestinationSecurityGroupId"),
}


@dataclass(frozen=True)
class Implied:
    """What AWS creates because a property says so: the attribute by which it is referred to, its type, its words."""

    switch: str
    attribute: str
    type: str
    name: str


PASSWORD = Implied("ManageMasterUserPassword", "MasterUserSecret", SECRET, "managed by RDS")
IMPLIED = {"AWS::RDS::DBInstance": PASSWORD, CLUSTER: PASSWORD}

# What lies between a resource and the VPC it lives in.
NETWORK_PARTS = (
    *(VPC, SUBNET, "AWS::EC2::SecurityGroup", "AWS::RDS::DBSubnetGroup", "AWS::EC2::RouteTable"),
    "AWS::ElastiCache::SubnetGroup",
)

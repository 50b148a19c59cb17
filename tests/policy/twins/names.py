"""Twins of the rules on names, tags, secrets and what has an end."""

from tests.policy.cases import REMOVED, Twin
from tests.policy.rules import data, names, tags

OTHER_ENDING = "kinesis-pipeline-pr-70"
NESTED = "health/ready/GET"
TABLE_ID = "of ${aws_dynamodb_table.table_43360BC0.stream_arn}"
VPC_ID = "of ${aws:ec2/vpc:Vpc::vpc.id}"

TWINS = [
    Twin(names.names_end_in_the_suffix, "cdk", "AWS::Kinesis::Stream", "", {"Name": OTHER_ENDING}),
    Twin(names.names_end_in_the_suffix, "cdktf", "aws_iam_role", "", {"name": "disaster-recovery-payment"}),
    Twin(names.names_end_in_the_suffix, "cdktf", "aws_sns_topic", "", {"name": REMOVED}),
    Twin(names.names_end_in_the_suffix, "pulumi", "aws:cloudwatch/logGroup:LogGroup", "", {"name": "/ecs/pr-70"}),
    Twin(names.names_end_in_the_suffix, "pulumi", "aws:sqs/queue:Queue", "", {"name": REMOVED}),
    Twin(names.names_are_unique, "cdk", "AWS::CloudWatch::Alarm", "", {}, copies=1),
    Twin(names.names_are_unique, "cdktf", "aws_iam_role", "", {}, copies=1),
    Twin(names.names_are_unique, "pulumi", "aws:cloudwatch/metricAlarm:MetricAlarm", "", {}, copies=1),
    Twin(names.method_paths, "cdktf", "aws_api_gateway_method_settings", "health", {"method_path": NESTED}),
    Twin(names.method_paths, "cdktf", "aws_api_gateway_method_settings", "health", {"method_path": "~1heatlh/GET"}),
    Twin(names.method_paths, "pulumi", "aws:apigateway/methodSettings:MethodSettings", "", {"methodPath": NESTED}),
    Twin(
        names.method_paths,
        "pulumi",
        "aws:apigateway/methodSettings:MethodSettings",
        "",
        {"methodPath": "~1health~1ready/GTE"},
    ),
    Twin(names.names_end_in_the_suffix, "pulumi", "aws:rds/instance:Instance", "", {"finalSnapshotIdentifier": "last"}),
    Twin(tags.has_a_name, "cdk", "AWS::EC2::VPC", "", {"Tags": lambda found: [t for t in found if t["Key"] != "Name"]}),
    Twin(tags.has_a_name, "cdktf", "aws_subnet", "", {"tags": REMOVED}),
    Twin(tags.has_a_name, "pulumi", "aws:ec2/natGateway:NatGateway", "", {"tags.Name": ""}),
    Twin(tags.tagged, "cdk", "AWS::SNS::Topic", "", {"Tags": REMOVED}),
    Twin(tags.tagged, "cdk", "AWS::Lambda::Function", "", {"Tags.0.Key": "Athuor"}),
    Twin(tags.tagged, "cdktf", "provider", "", {"default_tags.0.tags.Author": REMOVED}),
    Twin(tags.tagged, "pulumi", "pulumi:providers:aws", "", {"defaultTags.tags.System": REMOVED}),
    Twin(
        tags.tags_tell_the_environment,
        "cdk",
        "AWS::SNS::Topic",
        "",
        {"Tags": lambda found: [{**tag, "Value": "elsewhere"} for tag in found]},
    ),
    Twin(tags.tags_tell_the_environment, "cdktf", "provider", "", {"default_tags.0.tags.System": "disaster-recvoery"}),
    Twin(
        tags.tags_tell_the_environment,
        "pulumi",
        "pulumi:providers:aws",
        "",
        {"defaultTags.tags.Environment": "producton"},
    ),
    Twin(tags.tags_are_known_in_the_plan, "cdktf", "aws_subnet", "", {"tags.Name": TABLE_ID}),
    Twin(tags.tags_are_known_in_the_plan, "pulumi", "aws:ec2/eip:Eip", "", {"tags.Name": VPC_ID}),
    Twin(data.secrets, "cdk", "AWS::Lambda::Function", "", {"Environment.Variables.DB_PASSWORD": "x"}),
    Twin(data.secrets, "cdk", "AWS::RDS::DBInstance", "", {"MasterUserPassword": "x"}),
    Twin(data.secrets, "cdktf", "aws_rds_cluster", "primary", {"master_password_wo": REMOVED, "master_password": "x"}),
    Twin(data.secrets, "cdktf", "aws_secretsmanager_secret_version", "", {"secret_string_wo": "x"}),
    Twin(data.secrets, "cdktf", "aws_lambda_function", "", {"environment.variables.API_TOKEN": "x"}),
    Twin(data.secrets, "pulumi", "aws:rds/cluster:Cluster", "", {"masterPassword": "x"}),
    Twin(
        data.secrets,
        "pulumi",
        "aws:ecs/taskDefinition:TaskDefinition",
        "",
        {"containerDefinitions.0.environment": lambda found: [*found, {"name": "DB_PASSWORD", "value": "x"}]},
    ),
    Twin(data.logs_have_an_end, "cdk", "AWS::Logs::LogGroup", "", {"RetentionInDays": REMOVED}),
    Twin(data.logs_have_an_end, "cdktf", "aws_cloudwatch_log_group", "", {"retention_in_days": 0}),
    Twin(data.logs_have_an_end, "pulumi", "aws:cloudwatch/logGroup:LogGroup", "", {"retentionInDays": 0}),
    Twin(data.buckets_have_an_end, "cdk", "AWS::S3::Bucket", "", {"LifecycleConfiguration": REMOVED}),
    Twin(
        data.buckets_have_an_end,
        "cdk",
        "AWS::S3::Bucket",
        "",
        {"LifecycleConfiguration.Rules": lambda rules: [{**one, "Status": "Disabled"} for one in rules]},
    ),
    Twin(data.buckets_have_an_end, "cdktf", "aws_s3_bucket_lifecycle_configuration", "", {}),
    Twin(
        data.buckets_have_an_end, "pulumi", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "", {}
    ),
]

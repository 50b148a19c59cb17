"""What Terraform's AWS provider calls differently from CloudFormation: types, and the properties a picture shows."""

from lib.diagrams.pulumi_types import Type

CLUSTER = {
    "DBClusterIdentifier": "ClusterIdentifier",
    "DBSubnetGroupName": "DbSubnetGroupName",
    "MasterUserPassword": "MasterPasswordWo",
}
INSTANCE = {
    "DBClusterIdentifier": "ClusterIdentifier",
    "DBInstanceIdentifier": "Identifier",
    "DBInstanceClass": "InstanceClass",
}
GROUPS = {"GroupId": "SecurityGroupId", "CidrIp": "CidrIpv4"}
TABLE = {"TableName": "Name", "Replicas": "Replica", "Recovery": "PointInTimeRecovery.Enabled"}
TYPES = {
    "aws_api_gateway_base_path_mapping": Type("AWS::ApiGateway::BasePathMapping", {"RestApiId": "ApiId"}),
    "aws_api_gateway_deployment": Type("AWS::ApiGateway::Deployment"),
    "aws_api_gateway_domain_name": Type("AWS::ApiGateway::DomainName"),
    "aws_api_gateway_gateway_response": Type("AWS::ApiGateway::GatewayResponse"),
    "aws_api_gateway_integration": Type("AWS::ApiGateway::Method integration"),
    "aws_api_gateway_method": Type("AWS::ApiGateway::Method"),
    "aws_api_gateway_method_settings": Type(
        "AWS::ApiGateway::MethodSettings",
        {"RateLimit": "Settings.ThrottlingRateLimit", "BurstLimit": "Settings.ThrottlingBurstLimit"},
    ),
    "aws_api_gateway_request_validator": Type("AWS::ApiGateway::RequestValidator"),
    "aws_api_gateway_resource": Type("AWS::ApiGateway::Resource"),
    "aws_api_gateway_rest_api": Type("AWS::ApiGateway::RestApi"),
    "aws_api_gateway_stage": Type("AWS::ApiGateway::Stage", {"TracingEnabled": "XrayTracingEnabled"}),
    "aws_cloudwatch_dashboard": Type("AWS::CloudWatch::Dashboard"),
    "aws_cloudwatch_event_rule": Type("AWS::Events::Rule"),
    "aws_cloudwatch_event_target": Type("AWS::Events::Rule target"),
    "aws_cloudwatch_log_group": Type("AWS::Logs::LogGroup", {"LogGroupName": "Name"}),
    "aws_cloudwatch_metric_alarm": Type("AWS::CloudWatch::Alarm"),
    "aws_db_subnet_group": Type("AWS::RDS::DBSubnetGroup"),
    "aws_default_security_group": Type("AWS::EC2::SecurityGroup"),
    "aws_dynamodb_table": Type("AWS::DynamoDB::Table", TABLE),
    "aws_flow_log": Type("AWS::EC2::FlowLog"),
    "aws_iam_role": Type("AWS::IAM::Role"),
    "aws_iam_role_policy": Type("AWS::IAM::Policy"),
    "aws_kms_alias": Type("AWS::KMS::Alias", {"AliasName": "Name"}),
    "aws_kms_key": Type("AWS::KMS::Key"),
    "aws_kms_replica_key": Type("AWS::KMS::Key"),
    "aws_lambda_function": Type("AWS::Lambda::Function"),
    "aws_lambda_permission": Type("AWS::Lambda::Permission"),
    "aws_rds_cluster": Type("AWS::RDS::DBCluster", CLUSTER),
    "aws_rds_cluster_instance": Type("AWS::RDS::DBInstance", INSTANCE),
    "aws_rds_cluster_parameter_group": Type("AWS::RDS::DBClusterParameterGroup"),
    "aws_rds_global_cluster": Type("AWS::RDS::GlobalCluster"),
    "aws_route": Type("AWS::EC2::Route"),
    "aws_route53_health_check": Type("AWS::Route53::HealthCheck"),
    "aws_route53_record": Type("AWS::Route53::RecordSet failover", {"Failover": "FailoverRoutingPolicy.Type"}),
    "aws_route_table": Type("AWS::EC2::RouteTable"),
    "aws_route_table_association": Type("AWS::EC2::SubnetRouteTableAssociation"),
    "aws_s3_bucket": Type("AWS::S3::Bucket", {"BucketName": "Bucket"}),
    "aws_s3_bucket_lifecycle_configuration": Type("AWS::S3::Bucket lifecycle", {"Rules": "Rule"}),
    "aws_s3_bucket_ownership_controls": Type("AWS::S3::Bucket ownership"),
    "aws_s3_bucket_policy": Type("AWS::S3::BucketPolicy"),
    "aws_s3_bucket_public_access_block": Type("AWS::S3::Bucket access"),
    "aws_s3_bucket_server_side_encryption_configuration": Type("AWS::S3::Bucket encryption"),
    "aws_s3_bucket_versioning": Type("AWS::S3::Bucket versions"),
    "aws_secretsmanager_secret": Type("AWS::SecretsManager::Secret", {"Replicas": "Replica"}),
    "aws_secretsmanager_secret_version": Type("AWS::SecretsManager::Secret version"),
    "aws_security_group": Type("AWS::EC2::SecurityGroup"),
    "aws_sns_topic": Type("AWS::SNS::Topic", {"TopicName": "Name"}),
    "aws_sns_topic_policy": Type("AWS::SNS::TopicPolicy"),
    "aws_sns_topic_subscription": Type("AWS::SNS::Subscription"),
    "aws_sqs_queue": Type(
        "AWS::SQS::Queue", {"QueueName": "Name", "MessageRetentionPeriod": "MessageRetentionSeconds"}
    ),
    "aws_sqs_queue_policy": Type("AWS::SQS::QueuePolicy"),
    "aws_subnet": Type("AWS::EC2::Subnet"),
    "aws_vpc": Type("AWS::EC2::VPC"),
    "aws_vpc_endpoint": Type("AWS::EC2::VPCEndpoint"),
    "aws_vpc_peering_connection": Type("AWS::EC2::VPCPeeringConnection"),
    "aws_vpc_peering_connection_accepter": Type("AWS::EC2::VPCPeeringConnection accepter"),
    "aws_vpc_peering_connection_options": Type("AWS::EC2::VPCPeeringConnection options"),
    "aws_vpc_security_group_egress_rule": Type(
        "AWS::EC2::SecurityGroupEgress", {**GROUPS, "DestinationSecurityGroupId": "ReferencedSecurityGroupId"}
    ),
    "aws_vpc_security_group_ingress_rule": Type(
        "AWS::EC2::SecurityGroupIngress", {**GROUPS, "SourceSecurityGroupId": "ReferencedSecurityGroupId"}
    ),
}

"""Where Terraform's structure is another than CloudFormation's, the view has CloudFormation's."""

import pytest

from lib.declared import schemas
from lib.declared.model import DeclarationError
from lib.declared.terraform_types import TYPES
from tests.support.terraform import HOME, OTHER, declared, properties

API = {"rest_api_id": "r", "resource_id": "p", "http_method": "GET"}


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_type_is_one_of_cloudformations_or_told_as_terraforms(kind):
    found = TYPES[kind]
    assert schemas.schema(found.type) or found.type == f"Terraform::{kind}"
    assert not found.split or schemas.schema(found.split.type)


@pytest.mark.parametrize("kind", sorted(kind for kind, found in TYPES.items() if schemas.schema(found.type)))
def test_every_name_in_the_tables_is_a_property(kind):
    found, node = TYPES[kind], schemas.template(TYPES[kind].type)
    targets = [target for path, target in found.names.items() if "." not in path and target]
    assert [target for target in (*targets, *filter(None, [found.under])) if not node.at(target)] == []


@pytest.mark.parametrize(
    ("kind", "arguments", "expected"),
    [
        (
            "aws_lb",
            {"internal": True, "idle_timeout": 60, "access_logs": [{"bucket": "b", "enabled": True}]},
            {
                "Scheme": "internal",
                "LoadBalancerAttributes": [
                    {"Key": "access_logs.s3.bucket", "Value": "b"},
                    {"Key": "access_logs.s3.enabled", "Value": "true"},
                    {"Key": "idle_timeout.timeout_seconds", "Value": "60"},
                ],
            },
        ),
        ("aws_lb", {"internal": False}, {"Scheme": "internet-facing"}),
        ("aws_lb", {"load_balancer_type": "application"}, {"Type": "application"}),
        ("aws_lb_listener", {"port": 80}, {"Port": 80}),
        ("aws_api_gateway_stage", {"access_log_settings": [{"format": "f"}]}, {"AccessLogSetting": {"Format": "f"}}),
        (
            "aws_ecs_service",
            {"load_balancer": {"container_name": "c"}},
            {"LoadBalancers": [{"ContainerName": "c"}]},
        ),
        (
            "aws_lb_listener",
            {"certificate_arn": "c", "default_action": [{"type": "redirect", "redirect": {"port": "443"}}]},
            {
                "Certificates": [{"CertificateArn": "c"}],
                "DefaultActions": [{"Type": "redirect", "RedirectConfig": {"Port": "443"}}],
            },
        ),
        (
            "aws_lb_target_group",
            {"slow_start": 30, "health_check": {"path": "/", "interval": 5, "matcher": "200"}},
            {
                "TargetGroupAttributes": [{"Key": "slow_start.duration_seconds", "Value": "30"}],
                "HealthCheckPath": "/",
                "HealthCheckIntervalSeconds": 5,
                "Matcher": {"HttpCode": "200"},
            },
        ),
        (
            "aws_flow_log",
            {"vpc_id": "v", "iam_role_arn": "r"},
            {"ResourceId": "v", "ResourceType": "VPC", "DeliverLogsPermissionArn": "r"},
        ),
        (
            "aws_vpc_security_group_ingress_rule",
            {"security_group_id": "g", "cidr_ipv4": "c"},
            {"GroupId": "g", "CidrIp": "c"},
        ),
        ("aws_rds_cluster_parameter_group", {"parameter": [{"name": "a", "value": "1"}]}, {"Parameters": {"a": "1"}}),
        (
            "aws_route53_health_check",
            {"type": "HTTPS", "fqdn": "f"},
            {
                "HealthCheckConfig": {"Type": "HTTPS", "FullyQualifiedDomainName": "f"},
                "HealthCheckTags": [{"Key": "System", "Value": "s"}],
            },
        ),
        (
            "aws_route53_record",
            {"alias": {"name": "n", "zone_id": "z"}, "failover_routing_policy": [{"type": "PRIMARY"}]},
            {"AliasTarget": {"DNSName": "n", "HostedZoneId": "z"}, "Failover": "PRIMARY"},
        ),
        (
            "aws_cloudwatch_metric_alarm",
            {
                "dimensions": {"FunctionName": "f"},
                "metric_query": [
                    {"id": "m", "metric": {"metric_name": "n", "namespace": "s", "period": 60, "stat": "Sum"}}
                ],
            },
            {
                "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
                "Metrics": [
                    {
                        "Id": "m",
                        "MetricStat": {"Metric": {"MetricName": "n", "Namespace": "s"}, "Period": 60, "Stat": "Sum"},
                    }
                ],
            },
        ),
        (
            "aws_ecs_cluster",
            {"setting": {"name": "containerInsights", "value": "enhanced"}},
            {"ClusterSettings": [{"Name": "containerInsights", "Value": "enhanced"}]},
        ),
        (
            "aws_ecs_service",
            {"network_configuration": [{"assign_public_ip": False, "subnets": ["s"]}]},
            {"NetworkConfiguration": {"AwsvpcConfiguration": {"AssignPublicIp": "DISABLED", "Subnets": ["s"]}}},
        ),
        (
            "aws_ecs_service",
            {
                "network_configuration": {"subnets": ["s"]},
                "deployment_maximum_percent": 200,
                "deployment_circuit_breaker": {"enable": True},
            },
            {
                "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["s"]}},
                "DeploymentConfiguration": {"MaximumPercent": 200, "DeploymentCircuitBreaker": {"Enable": True}},
            },
        ),
        (
            "aws_ecs_task_definition",
            {"container_definitions": '[{"name": "a", "logConfiguration": {"options": {"x-y": "z"}}}]'},
            {"ContainerDefinitions": [{"Name": "a", "LogConfiguration": {"Options": {"x-y": "z"}}}]},
        ),
        (
            "aws_wafv2_web_acl",
            {
                "rule": [
                    {
                        "name": "a",
                        "action": {"block": {}},
                        "statement": {"rate_based_statement": {"limit": 100, "aggregate_key_type": "IP"}},
                    }
                ]
            },
            {
                "Rules": [
                    {
                        "Name": "a",
                        "Action": {"Block": {}},
                        "Statement": {"RateBasedStatement": {"Limit": 100, "AggregateKeyType": "IP"}},
                    }
                ]
            },
        ),
    ],
)
def test_arguments_become_properties(kind, arguments, expected):
    assert properties({f"{kind}.x": arguments}) == expected


@pytest.mark.parametrize(
    ("owner", "arguments", "part", "more", "expected"),
    [
        (
            "aws_api_gateway_method",
            API,
            "aws_api_gateway_integration",
            {**API, "type": "AWS_PROXY", "uri": "u"},
            {"Integration": {"Type": "AWS_PROXY", "Uri": "u"}},
        ),
        (
            "aws_api_gateway_stage",
            {"rest_api_id": "r", "stage_name": "v1"},
            "aws_api_gateway_method_settings",
            {
                "rest_api_id": "r",
                "stage_name": "v1",
                "method_path": "~1a~1b/GET",
                "settings": [{"metrics_enabled": True}],
            },
            {"MethodSettings": [{"ResourcePath": "/~1a~1b", "HttpMethod": "GET", "MetricsEnabled": True}]},
        ),
        (
            "aws_s3_bucket",
            {"bucket": "b"},
            "aws_s3_bucket_lifecycle_configuration",
            {
                "bucket": "b",
                "rule": [
                    {
                        "id": "r",
                        "filter": [{"prefix": ""}],
                        "expiration": [{"days": 7}],
                        "transition": [{"days": 1, "storage_class": "GLACIER_IR"}],
                    }
                ],
            },
            {
                "LifecycleConfiguration": {
                    "Rules": [
                        {
                            "Id": "r",
                            "Prefix": "",
                            "ExpirationInDays": 7,
                            "Transitions": [{"TransitionInDays": 1, "StorageClass": "GLACIER_IR"}],
                        }
                    ]
                }
            },
        ),
        (
            "aws_s3_bucket",
            {"bucket": "b"},
            "aws_s3_bucket_public_access_block",
            {"bucket": "b", "block_public_acls": True},
            {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}},
        ),
        (
            "aws_lb_target_group",
            {"name": "t"},
            "aws_lb_target_group_attachment",
            {"target_group_arn": "${aws_lb_target_group.x.arn}", "target_id": "i", "port": 80},
            {"Targets": [{"Id": "i", "Port": 80}]},
        ),
        (
            "aws_cloudwatch_event_rule",
            {"name": "r"},
            "aws_cloudwatch_event_target",
            {"rule": "r", "arn": "a"},
            {"Targets": [{"Id": "part", "Arn": "a"}]},
        ),
        (
            "aws_secretsmanager_secret",
            {"name": "s"},
            "aws_secretsmanager_secret_version",
            {"secret_id": "${aws_secretsmanager_secret.x.id}", "secret_string": "plain"},
            {"SecretString": "plain"},
        ),
        (
            "aws_secretsmanager_secret",
            {"name": "s"},
            "aws_secretsmanager_secret_version",
            {"secret_id": "${aws_secretsmanager_secret.x.id}", "secret_string_wo": '{"a": "b"}'},
            {"SecretString": {"a": "b"}},
        ),
    ],
)
def test_parts_become_their_owners_properties(owner, arguments, part, more, expected):
    found = properties({f"{owner}.x": arguments, f"{part}.part": more})
    assert {name: found[name] for name in expected} == expected


def test_the_value_of_a_secret_that_is_made_at_random_is_its_rule():
    random = {"made": {"password_length": 32, "exclude_characters": "/", "provider": "aws"}}
    text = (
        '${jsonencode({username = "u", password = ephemeral.aws_secretsmanager_random_password.made.random_password})}'
    )
    found = properties(
        {
            "aws_secretsmanager_secret.s": {"name": "s"},
            "aws_secretsmanager_secret_version.v": {
                "secret_id": "${aws_secretsmanager_secret.s.id}",
                "secret_string_wo": text,
                "secret_string_wo_version": 1,
            },
        },
        ephemeral={"aws_secretsmanager_random_password": random},
    )
    assert found["GenerateSecretString"] == {
        "SecretStringTemplate": {"username": "u"},
        "GenerateStringKey": "password",
        "PasswordLength": 32,
        "ExcludeCharacters": "/",
    }


def test_a_table_is_a_global_table_whose_first_replica_is_its_own_region():
    found = properties(
        {
            "aws_dynamodb_table.t": {
                "name": "t",
                "hash_key": "h",
                "range_key": "r",
                "attribute": [{"name": "h", "type": "S"}],
                "stream_enabled": True,
                "stream_view_type": "NEW_IMAGE",
                "deletion_protection_enabled": True,
                "point_in_time_recovery": {"enabled": True, "recovery_period_in_days": 35},
                "server_side_encryption": {"enabled": True, "kms_key_arn": "k"},
                "global_secondary_index": [
                    {"name": "i", "hash_key": "r", "projection_type": "INCLUDE", "non_key_attributes": ["a"]}
                ],
                "replica": [{"region_name": OTHER, "point_in_time_recovery": False, "propagate_tags": True}],
            }
        }
    )
    tags = [{"Key": "System", "Value": "s"}]
    keys = [{"AttributeName": "h", "KeyType": "HASH"}, {"AttributeName": "r", "KeyType": "RANGE"}]
    assert found == {
        "TableName": "t",
        "KeySchema": keys,
        "AttributeDefinitions": [{"AttributeName": "h", "AttributeType": "S"}],
        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
        "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "i",
                "KeySchema": [{"AttributeName": "r", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a"]},
            }
        ],
        "Replicas": [
            {
                "Region": HOME,
                "DeletionProtectionEnabled": True,
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 35},
                "SSESpecification": {"KMSMasterKeyId": "k"},
                "Tags": tags,
            },
            {"Region": OTHER, "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}, "Tags": tags},
        ],
    }


def test_a_small_table_has_no_more_than_it_says():
    found = properties({"aws_dynamodb_table.t": {"hash_key": "h", "replica": [{"region_name": OTHER}]}})
    tags = [{"Key": "System", "Value": "s"}]
    assert found == {
        "KeySchema": [{"AttributeName": "h", "KeyType": "HASH"}],
        "Replicas": [{"Region": HOME, "Tags": tags}, {"Region": OTHER}],
    }


def test_when_a_parameter_is_applied_is_an_option():
    parameter = {"name": "a", "value": "1", "apply_method": "pending-reboot"}
    (group,) = declared({"aws_db_parameter_group.g": {"parameter": [parameter]}}).resources
    assert group.options == {"apply_methods": {"a": "pending-reboot"}}


def test_an_unknown_part_of_a_parameter_is_named():
    with pytest.raises(DeclarationError, match="parameter has unit"):
        declared({"aws_db_parameter_group.g": {"parameter": [{"name": "a", "value": "1", "unit": "ms"}]}})

"""Twins of the values that a type has to have, of records and of health checks."""

from tests.policy.cases import REMOVED, Twin
from tests.policy.rules import required as rules
from tests.policy.spelling import everywhere

INSTANCE, CHECK, RECORD = "aws:rds/instance:Instance", "aws_route53_health_check", "aws_route53_record"

TWINS: list[Twin] = [
    *everywhere(rules.required_values, "vpc", {"EnableDnsSupport": False}),
    *everywhere(rules.required_values, "subnet", {"MapPublicIpOnLaunch": True}),
    *everywhere(rules.required_values, "flow_log", {"TrafficType": "ACCEPT"}),
    *everywhere(rules.required_values, "log_group", {"LogGroupClass": "INFREQUENT_ACCESS"}),
    Twin(rules.required_values, "cdk", "AWS::RDS::DBInstance", "", {"CopyTagsToSnapshot": False}),
    Twin(rules.required_values, "cdktf", "aws_rds_cluster_instance", "", {"monitoring_interval": 45}),
    Twin(rules.required_values, "cdktf", CHECK, "", {"request_interval": 15}),
    Twin(rules.required_values, "pulumi", INSTANCE, "", {"storageType": "pg3"}),
    Twin(rules.required_values, "pulumi", INSTANCE, "", {"caCertIdentifier": "rds-ca-2019"}),
    Twin(rules.storage_sizes, "cdk", "AWS::RDS::DBInstance", "", {"MaxAllocatedStorage": 20}),
    Twin(rules.storage_sizes, "cdktf", "aws_rds_cluster_instance", "", {"cluster_identifier": REMOVED}),
    Twin(rules.storage_sizes, "pulumi", INSTANCE, "", {"allocatedStorage": 5}),
    *everywhere(rules.default_groups, "flow_log", {}),
    Twin(rules.default_groups, "cdktf", "aws_default_security_group", "", {}),
    Twin(
        rules.default_groups,
        "pulumi",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "",
        {"ingress": [{"protocol": "-1", "fromPort": 0, "toPort": 0}]},
    ),
    Twin(rules.records, "cdktf", RECORD, "", {"alias.evaluate_target_health": True}),
    Twin(rules.records, "cdktf", RECORD, "", {"alias.name": "elsewhere.example.com"}),
    Twin(rules.records, "cdktf", RECORD, "primary", {"health_check_id": REMOVED}),
    Twin(rules.records, "cdktf", RECORD, "primary", {"failover_routing_policy.type": "SECONDARY"}),
    Twin(rules.records, "pulumi", "aws:route53/record:Record", "", {"aliases.0.evaluateTargetHealth": False}),
    Twin(rules.health_checks, "cdktf", CHECK, "", {"resource_path": "/v1/helath/ready"}),
    Twin(rules.health_checks, "cdktf", CHECK, "", {"fqdn": "elsewhere.example.com"}),
]

"""An alarm that is gone, in each tool's form, and one that looks at something else."""

from tests.policy.cases import Twin
from tests.policy.rules import watched
from tests.policy.spelling import everywhere

PULUMI = ("pulumi", "aws:cloudwatch/metricAlarm:MetricAlarm")
DATABASE = {
    "CPUUtilization": {"cdk": "DatabaseCpu", "cdktf": "database-cpu", "pulumi": "database-cpu"},
    "FreeableMemory": {"cdk": "DatabaseMemory", "cdktf": "database-memory", "pulumi": "database-memory"},
    "Storage": {"cdk": "DatabaseStorage", "cdktf": "database-local-storage", "pulumi": "database-local-storage"},
}

TWINS: list[Twin] = [
    *(twin for parts in DATABASE.values() for twin in everywhere(watched.unwatched, "alarm", {}, **parts)),
    *everywhere(watched.unwatched, "alarm", {"MetricName": "CommitLatency"}, **DATABASE["CPUUtilization"]),
    *(Twin(watched.unwatched, *PULUMI, part, {}) for part in ("nat-ports-1", "firewall", "tasks", "balancer-errors")),
    Twin(watched.unwatched, *PULUMI, "database-credits", {}),
    Twin(watched.unwatched, *PULUMI, "nat-ports-2", {"dimensions.NatGatewayId": "nat-1"}),
    Twin(watched.unwatched_certificates, *PULUMI, "certificate", {}),
    Twin(watched.unwatched_certificates, "cdktf", "aws_cloudwatch_metric_alarm", "certificate", {}),
    Twin(
        watched.unwatched_certificates,
        "cdktf",
        "aws_api_gateway_domain_name",
        "secondary",
        {"regional_certificate_arn": "arn:aws:acm:eu-south-1:123456789012:certificate/other"},
    ),
]

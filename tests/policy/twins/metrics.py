"""Twins of the rules on alarms and dashboards."""

from tests.policy.cases import REMOVED, SUFFIX, Twin
from tests.policy.rules import metrics as rules
from tests.policy.spelling import everywhere

DASHBOARDS = (
    ("cdktf", "aws_cloudwatch_dashboard", "dashboard_body"),
    ("pulumi", "aws:cloudwatch/dashboard:Dashboard", "dashboardBody"),
)
# A part of the name of an alarm on an AWS metric, in each tool.
DATABASE = {"cdk": "DatabaseCpu", "cdktf": "database-cpu", "pulumi": "database-cpu"}
OWN = (
    ("cdk", "AWS::CloudWatch::Alarm", "SetAside", "MetricName", "Dimensions.0.Value"),
    ("cdktf", "aws_cloudwatch_metric_alarm", "findings", "metric_name", "dimensions.service"),
    ("pulumi", "aws:cloudwatch/metricAlarm:MetricAlarm", "audit-mismatch", "metricName", "dimensions.service"),
)
WIDGET = "widgets.0.properties"

TWINS: list[Twin] = [
    *everywhere(rules.unknown_metrics, "alarm", {"MetricName": "CPUUtilisation"}, **DATABASE),
    *everywhere(rules.unknown_metrics, "alarm", {"Namespace": "AWS/RSD"}, **DATABASE),
    *everywhere(rules.unknown_metrics, "alarm", {"Statistic": "Maximmu"}, **DATABASE),
    *everywhere(rules.unknown_metrics, "alarm", {"Statistic": "Sum"}, **DATABASE),
    *(Twin(rules.unknown_metrics, tool, kind, part, {name: "Stroed"}) for tool, kind, part, name, _path in OWN),
    *(Twin(rules.unknown_metrics, tool, kind, part, {path: "nobody"}) for tool, kind, part, _name, path in OWN),
    Twin(
        rules.unknown_metrics,
        "cdk",
        "AWS::CloudWatch::Alarm",
        "DatabaseCpu",
        {"Dimensions.0.Name": "DBClusterIdentifeir"},
    ),
    Twin(
        rules.unknown_metrics, "cdktf", "aws_cloudwatch_metric_alarm", "database-cpu", {"dimensions": {"Cluster": "x"}}
    ),
    Twin(
        rules.unknown_metrics,
        "pulumi",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "latency",
        {"extendedStatistic": "p999"},
    ),
    *(
        Twin(rules.unknown_metrics, tool, kind, "", {f"{body}.{WIDGET}.metrics.0.1": "RequestConut"})
        for tool, kind, body in DASHBOARDS
    ),
    Twin(rules.foreign_dimensions, "cdk", "AWS::CloudWatch::Alarm", "DatabaseCpu", {"Dimensions.0.Value": "pipeline"}),
    Twin(
        rules.foreign_dimensions,
        "cdktf",
        "aws_cloudwatch_metric_alarm",
        "dead-letters",
        {"dimensions.QueueName": "dead"},
    ),
    Twin(
        rules.foreign_dimensions,
        "pulumi",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "database-cpu",
        {"dimensions.DBClusterIdentifier": "shop"},
    ),
    *(
        Twin(rules.averages_of_a_cluster, tool, kind, "database-cpu", {"statistic": "Average"})
        for tool, kind in (
            ("cdktf", "aws_cloudwatch_metric_alarm"),
            ("pulumi", "aws:cloudwatch/metricAlarm:MetricAlarm"),
        )
    ),
    Twin(
        rules.averages_of_a_cluster,
        "cdk",
        "AWS::CloudWatch::Alarm",
        "DatabaseCpu",
        {"Dimensions.0.Name": "DBClusterIdentifier"},
    ),
    Twin(
        rules.periods_without_a_run,
        "cdk",
        "AWS::CloudWatch::Alarm",
        "ConsumerErrors",
        {"Dimensions.0.Value": f"kinesis-pipeline-database-{SUFFIX}"},
    ),
    Twin(
        rules.periods_without_a_run,
        "cdktf",
        "aws_cloudwatch_metric_alarm",
        "verification-errors",
        {"period": 60, "evaluation_periods": 2},
    ),
    Twin(
        rules.periods_without_a_run,
        "pulumi",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "drain-function-errors",
        {"period": 10, "evaluationPeriods": 2},
        "payment",
    ),
    *everywhere(rules.alarm_periods, "alarm", {"Period": 45}),
    *everywhere(rules.alarm_periods, "alarm", {"EvaluationPeriods": 2000}),
    *everywhere(rules.alarm_periods, "alarm", {"DatapointsToAlarm": 1000}),
    *everywhere(rules.alarm_thresholds, "alarm", {"ComparisonOperator": "GreaterThanThershold"}),
    *everywhere(rules.alarm_thresholds, "alarm", {"Threshold": 120}, **DATABASE),
    *everywhere(rules.alarm_thresholds, "alarm", {"Threshold": 0, "ComparisonOperator": "LessThanThreshold"}),
    *everywhere(rules.alarm_thresholds, "alarm", {"TreatMissingData": "notBraeching"}),
    Twin(rules.alarm_math, "cdk", "AWS::CloudWatch::Alarm", "", {"Metrics": [{"Id": "a", "Expression": "b"}]}),
    Twin(
        rules.alarm_math,
        "cdktf",
        "aws_cloudwatch_metric_alarm",
        "",
        {"metric_query": [{"id": "a", "expression": "b", "return_data": True}]},
    ),
    *(
        Twin(rules.alarm_math, "pulumi", "aws:cloudwatch/metricAlarm:MetricAlarm", "tasks-missing", change)
        for change in (
            {"metricQueries.2.returnData": False},
            {"metricQueries.2.expression": "whole - parts"},
            {"metricName": "DesiredTaskCount"},
        )
    ),
    Twin(rules.insights_that_are_off, "pulumi", "aws:ecs/cluster:Cluster", "", {"settings.0.value": "disabled"}),
    *everywhere(rules.silent_alarms, "alarm", {"AlarmActions": []}),
    *everywhere(rules.silent_alarms, "alarm", {"ActionsEnabled": False}),
    Twin(rules.silent_alarms, "cdk", "AWS::CloudWatch::Alarm", "", {"OKActions": []}),
    Twin(rules.silent_alarms, "cdktf", "aws_cloudwatch_metric_alarm", "", {"ok_actions": []}),
    Twin(rules.silent_alarms, "pulumi", "aws:cloudwatch/metricAlarm:MetricAlarm", "", {"okActions": []}),
    Twin(rules.silent_alarms, "cdktf", "aws_cloudwatch_metric_alarm", "aurora-lag", {"insufficient_data_actions": []}),
    *(
        Twin(rules.dashboard_widgets, tool, kind, "", {f"{body}.{path}": value})
        for tool, kind, body in DASHBOARDS
        for path, value in (
            (f"{WIDGET}.region", "eu-nowhere-1"),
            (f"{WIDGET}.period", 7),
            ("widgets.0.type", "metirc"),
            ("widgets", []),
            ("widgtes", []),
            (f"{WIDGET}.metrics", []),
            (f"{WIDGET}.metrcis", []),
            (f"{WIDGET}.title", REMOVED),
            (f"{WIDGET}.annotations", {"horizontla": []}),
            ("widgets.0.hieght", 6),
            ("widgets.1.x", 0),
            ("widgets.0.width", 30),
            ("widgets.1.properties.annotations.horizontal.0.value", 7777),
        )
    ),
    Twin(
        rules.dashboard_widgets,
        "cdktf",
        "aws_cloudwatch_dashboard",
        "",
        {f"dashboard_body.{WIDGET}.annotations.horizontal.0": {"lable": "alarm", "value": 1}},
    ),
]

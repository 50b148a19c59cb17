"""Alarms and dashboards look at metrics that somebody writes, in a way that can have a value and can change."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lib.declared.model import Declaration, Resource, listed
from tests.policy.aws_metrics import PERCENTILE, STATISTICS, metrics, misuse, near
from tests.policy.functions import folder_of, modules, variables
from tests.policy.rule import rule
from tests.policy.rules.apis import methods
from tests.policy.rules.functions import schedules_of

DAY_SECONDS, HOUR_SECONDS = 86_400, 3600
# Days over which an alarm may look at periods of up to an hour, and at longer ones.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
EVALUATED_DAYS = {"short": 1, "long": 7}
BELOW = {"LessThanThreshold", "LessThanOrEqualToThreshold"}
ABOVE = {"GreaterThanThreshold", "GreaterThanOrEqualToThreshold"}
MISSING = {"breaching", "notBreaching", "ignore", "missing"}
# A dashboard is 24 columns wide.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
COLUMNS = 24
BODY = {"widgets", "variables", "start", "end", "periodOverride"}
WIDGET = {"type", "x", "y", "width", "height", "properties"}
SHOWN = {"metrics", "title", "region", "stat", "period"}  # what a reader needs to know what a figure is
SHOWN_TOO = {"accountId", "annotations", "labels", "legend", "liveData", "setPeriodToTimeRange", "sparkline", "stacked"}
SHOWN_TOO |= {"singleValueFullPrecision", "start", "end", "table", "timezone", "trend", "view", "yAxis"}
ANNOTATIONS = {"alarms", "horizontal", "vertical"}


@dataclass(frozen=True)
class Use:
    """One look at a metric: by an alarm, or by a widget of a dashboard."""

    resource: Resource
    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str
    period: int
    where: str


def uses(declaration: Declaration) -> Iterator[Use]:
    """Yield every metric that is looked at."""
    for alarm in declaration.of("AWS::CloudWatch::Alarm"):
        found = alarm.properties
        if "Metrics" not in found:
            statistic = str(found.get("Statistic") or found.get("ExtendedStatistic"))
            yield _use(alarm, found, statistic, int(found.get("Period", 0)))
        for query in found.get("Metrics", []):
            if look := query.get("MetricStat"):
                yield _use(alarm, look["Metric"], str(look.get("Stat")), int(look.get("Period", 0)))
    for dashboard in declaration.of("AWS::CloudWatch::Dashboard"):
        for widget in dashboard.at("DashboardBody.widgets", []):
            shown = widget["properties"]
            for namespace, name, *pairs in shown.get("metrics", []):
                dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
                yield Use(
                    dashboard,
                    namespace,
                    name,
                    dimensions,
                    str(shown.get("stat")),
                    int(shown.get("period", 0)),
                    str(shown.get("region")),
                )


def _use(alarm: Resource, metric: Mapping[str, Any], statistic: str, period: int) -> Use:
    dimensions = {item["Name"]: str(item["Value"]) for item in metric.get("Dimensions", [])}
    return Use(
        alarm, str(metric.get("Namespace")), str(metric.get("MetricName")), dimensions, statistic, period, alarm.region
    )


def looks(declaration: Declaration) -> Iterator[tuple[Resource, Use]]:
    """Yield every alarm with each metric that it looks at."""
    yield from ((use.resource, use) for use in uses(declaration) if use.resource.type == "AWS::CloudWatch::Alarm")


WATCHED = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard")
OF_AN_INSTANCE = {"CPUUtilization", "DatabaseConnections", "FreeableMemory"}


@rule("AWS::CloudWatch::Alarm")
def averages_of_a_cluster(declaration: Declaration) -> Iterator[str]:
    """Find alarms on the average of all instances of a cluster: a busy writer hides behind idle readers.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
    """
    for use in uses(declaration):
        if use.name in OF_AN_INSTANCE and set(use.dimensions) == {"DBClusterIdentifier"} and use.statistic == "Average":
            yield f"{use.resource.name}: the Average of {use.name} over a cluster: use Maximum, Minimum or a Role"


@rule("AWS::Events::Rule")
def periods_without_a_run(declaration: Declaration) -> Iterator[str]:
    """Find alarms that look at less time than there is between two runs of a function, and want several periods."""
    for use in uses(declaration):
        evaluated = int(use.resource.properties.get("EvaluationPeriods", 1))
        for function in declaration.of("AWS::Lambda::Function"):
            name = use.dimensions.get("FunctionName", "")
            referred = any(found is function for found, _attribute in declaration.referred(name))
            if use.namespace != "AWS/Lambda" or not (referred or name == function.at("FunctionName")):
                continue
            for event, seconds in schedules_of(declaration, function):
                if evaluated > 1 and use.period < seconds:
                    yield f"{use.resource.name}: {evaluated} periods of {use.period} s; {event}: every {seconds} s"


@rule(*WATCHED)
def unknown_metrics(declaration: Declaration) -> Iterator[str]:
    """Find metrics that no service of AWS and no function of the system writes."""
    own = {values.get("POWERTOOLS_METRICS_NAMESPACE"): None for _function, values in variables(declaration)}
    for use in uses(declaration):
        if use.namespace in own:
            yield from (f"{use.resource.name}: {wrong}" for wrong in _unwritten(declaration, use))
        else:
            wrongs = misuse(use.namespace, use.name, use.dimensions, use.statistic)
            yield from (f"{use.resource.name}: {wrong}" for wrong in wrongs)


def _unwritten(declaration: Declaration, use: Use) -> Iterator[str]:
    """Say what is wrong with the use of a metric that a function writes: namespace and service are its variables."""
    if use.statistic not in STATISTICS and not PERCENTILE.fullmatch(use.statistic):
        yield f"{use.statistic!r} is no statistic{near(use.statistic, STATISTICS)}"
    if set(use.dimensions) != {"service"}:
        yield f"{use.namespace} {use.name} is written by the dimension 'service', not {sorted(use.dimensions)}"
        return
    named = {declaration.system + use.dimensions["service"]}
    for function, values in variables(declaration):
        if {values.get("POWERTOOLS_SERVICE_NAME"), f"${{{function.name}.FunctionName}}"} & {use.dimensions["service"]}:
            written = words(folder_of(declaration, function))
            if use.name not in written:
                yield f"{folder_of(declaration, function)} writes no metric {use.name!r}{near(use.name, written)}"
            return
    yield f"no function writes metrics as the service {use.dimensions['service']!r} ({sorted(named)})"


@lru_cache
def words(folder: Path) -> frozenset[str]:
    """Return every text of a function's code that can be a metric's name."""
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in modules(folder)]
    texts = [node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return frozenset(text for text in texts if isinstance(text, str) and text.isalpha() and text[:1].isupper())


# The resource that a dimension names, and by which of its properties.
NAMED: Mapping[str, tuple[str, str]] = {
    "ApiName": ("AWS::ApiGateway::RestApi", "Name"),
    "BucketName": ("AWS::S3::Bucket", "BucketName"),
    "ClusterName": ("AWS::ECS::Cluster", "ClusterName"),
    "DBClusterIdentifier": ("AWS::RDS::DBCluster", "DBClusterIdentifier"),
    "DBInstanceIdentifier": ("AWS::RDS::DBInstance", "DBInstanceIdentifier"),
    "FilterId": ("AWS::S3::Bucket", "MetricsConfigurations.0.Id"),
    "FunctionName": ("AWS::Lambda::Function", "FunctionName"),
    "HealthCheckId": ("AWS::Route53::HealthCheck", "HealthCheckId"),
    "LoadBalancer": ("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerFullName"),
    "QueueName": ("AWS::SQS::Queue", "QueueName"),
    "ServiceName": ("AWS::ECS::Service", "ServiceName"),
    "Stage": ("AWS::ApiGateway::Stage", "StageName"),
    "StreamName": ("AWS::Kinesis::Stream", "Name"),
    "TableName": ("AWS::DynamoDB::GlobalTable", "TableName"),
    "TargetGroup": ("AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupFullName"),
    "service": ("AWS::Lambda::Function", "FunctionName"),
}
# Dimensions whose values are AWS's own words.
FIXED: Mapping[str, frozenset[str]] = {"Role": frozenset({"WRITER", "READER"})}


@rule(*WATCHED)
def foreign_dimensions(declaration: Declaration) -> Iterator[str]:
    """Find dimensions whose value names nothing that the stack declares: the metric has no values there."""
    routes = {(path, str(m.properties["HttpMethod"])) for m, path in methods(declaration)}
    regions = {str(r["Region"]) for t in declaration.of("AWS::DynamoDB::GlobalTable") for r in t.properties["Replicas"]}
    for use in uses(declaration):
        for name, value in use.dimensions.items():
            if name in NAMED and not _declared(declaration, *NAMED[name], value):
                yield f"{use.resource.name}: no {NAMED[name][0]} of this stack is {value!r} ({name})"
            if name in FIXED and value not in FIXED[name]:
                yield f"{use.resource.name}: the dimension {name} is {sorted(FIXED[name])}, not {value!r}"
            if name in ("ReceivingRegion", "SourceRegion") and value not in regions - {use.resource.region}:
                yield f"{use.resource.name}: {value!r} is no other region of the stack ({name})"
        route = (use.dimensions.get("Resource", ""), use.dimensions.get("Method", ""))
        if any(route) and use.namespace == "AWS/ApiGateway" and route not in routes:
            yield f"{use.resource.name}: no method is {route[1]} {route[0]}: {sorted(routes)}"


def _declared(declaration: Declaration, kind: str, path: str, value: str) -> bool:
    """Return whether a value is the name of a resource of a type, or a reference to it."""
    names = {str(resource.at(path)) for resource in declaration.of(kind)}
    return value in names or any(found.type == kind for found, _attribute in declaration.referred(value))


@rule("AWS::CloudWatch::Alarm")
def alarm_periods(declaration: Declaration) -> Iterator[str]:
    """Find periods in which the metric has no value, and evaluations over more time than CloudWatch allows."""
    for alarm, use in looks(declaration):
        shortest = metrics().get(use.namespace, {}).get(use.name)
        if use.period < 60 or use.period % 60 or (shortest and use.period < shortest.period):
            yield f"{alarm.name}: a period of {use.period} s: use a multiple of 60"
        days = EVALUATED_DAYS["long" if use.period >= HOUR_SECONDS else "short"]
        evaluated = int(alarm.properties.get("EvaluationPeriods", 0))
        if not 0 < use.period * evaluated <= days * DAY_SECONDS:
            yield f"{alarm.name}: {evaluated} periods of {use.period} s: 1 to {days} days in all"
        if int(alarm.properties.get("DatapointsToAlarm", 1)) > evaluated:
            yield f"{alarm.name}: more datapoints than periods"


@rule("AWS::CloudWatch::Alarm")
def alarm_thresholds(declaration: Declaration) -> Iterator[str]:
    """Find comparisons that are always or never true: no metric of the table is negative, a percentage ends at 100."""
    for alarm, use in looks(declaration):
        comparison, threshold = alarm.properties.get("ComparisonOperator"), float(alarm.properties.get("Threshold", -1))
        known = metrics().get(use.namespace, {}).get(use.name)
        highest = 100.0 if known and known.unit == "Percent" else float("inf")
        if comparison not in BELOW | ABOVE:
            yield f"{alarm.name}: {comparison!r} compares nothing{near(str(comparison), BELOW | ABOVE)}"
        elif comparison in BELOW and not 0 < threshold <= highest:
            yield f"{alarm.name}: {use.name} is never below {threshold:g}, or always"
        elif comparison in ABOVE and not 0 <= threshold < highest:
            yield f"{alarm.name}: {use.name} is never above {threshold:g}, or always"
        if comparison == "GreaterThanOrEqualToThreshold" and threshold == 0:
            yield f"{alarm.name}: {use.name} is always 0 or more"
        if alarm.properties.get("TreatMissingData", "missing") not in MISSING:
            yield f"{alarm.name}: TreatMissingData is {alarm.properties['TreatMissingData']!r}"


WORD = re.compile(r"\b[a-z]\w*")  # functions of metric math are in capitals


@rule("AWS::CloudWatch::Alarm")
def alarm_math(declaration: Declaration) -> Iterator[str]:
    """Find alarms that compute nothing, or more than one thing, or with what they do not name.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
    """
    for alarm in declaration.of("AWS::CloudWatch::Alarm"):
        queries = alarm.properties.get("Metrics", [])
        if queries and sum(bool(query.get("ReturnData")) for query in queries) != 1:
            yield f"{alarm.name}: exactly one of {[query.get('Id') for query in queries]} is what the alarm is on"
        if queries and "MetricName" in alarm.properties:
            yield f"{alarm.name}: is on {alarm.properties['MetricName']} and on what it computes"
        unknown = {word for query in queries for word in WORD.findall(str(query.get("Expression", "")))} - {
            query.get("Id") for query in queries
        }
        if unknown:
            yield f"{alarm.name}: computes with {sorted(unknown)}, which it does not name"


@rule("AWS::ECS::Cluster")
def insights_that_are_off(declaration: Declaration) -> Iterator[str]:
    """Find looks at Container Insights of a cluster that has none: an alarm that never has a value.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/deploy-container-insights-ECS-cluster.html
    """
    for use in uses(declaration):
        if use.namespace != "ECS/ContainerInsights":
            continue
        name = use.dimensions.get("ClusterName", "")
        referred = [found for found, _attribute in declaration.referred(name)]
        for cluster in declaration.of("AWS::ECS::Cluster"):
            found = {each["Name"]: each["Value"] for each in cluster.at("ClusterSettings", [])}
            off = found.get("containerInsights", "disabled") == "disabled"
            if off and (cluster in referred or name == cluster.at("ClusterName")):
                yield f"{use.resource.name}: looks at {use.name}, and {cluster.name} has no Container Insights"


@rule("AWS::CloudWatch::Alarm")
def silent_alarms(declaration: Declaration) -> Iterator[str]:
    """Find alarms that tell nobody when they begin or end, and actions that are no topic of the alarm's region.

    An alarm without values tells so where silence is the question: ``missing``.
    """
    for alarm in declaration.of("AWS::CloudWatch::Alarm"):
        silence = ["InsufficientDataActions"] if alarm.properties.get("TreatMissingData") == "missing" else []
        for key in ("AlarmActions", "OKActions", *silence):
            targets = [declaration.referred(action) for action in listed(alarm.properties.get(key))]
            if not targets:
                yield f"{alarm.name}: {key} tells nobody"
            for found in targets:
                if not found or found[0][0].type != "AWS::SNS::Topic" or found[0][0].region != alarm.region:
                    yield f"{alarm.name}: {key} is no topic of {alarm.region}"
        if alarm.properties.get("ActionsEnabled", True) is not True:
            yield f"{alarm.name}: its actions are switched off"


def _lines(declaration: Declaration, shown: Mapping[str, Any]) -> Iterator[str]:
    """Find lines that are not where the alarm on the same metric begins."""
    for namespace, name, *pairs in shown.get("metrics", []):
        dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
        thresholds = {
            float(use.resource.properties.get("Threshold", -1))
            for use in uses(declaration)
            if use.resource.type == "AWS::CloudWatch::Alarm"
            and (use.namespace, use.name, use.dimensions) == (namespace, name, dimensions)
        }
        drawn = {float(line["value"]) for line in shown.get("annotations", {}).get("horizontal", []) if "value" in line}
        if not drawn <= thresholds:
            yield f"has lines at {sorted(drawn)}, and its alarms begin at {sorted(thresholds)}"


def _parts(widget: Mapping[str, Any]) -> Iterator[str]:
    """Find parts of a widget that CloudWatch does not know, and so ignores, and those that a figure needs."""
    shown = widget["properties"]
    for name, found, needed, known in (
        ("a widget", set(widget), WIDGET, WIDGET),
        ("its properties", set(shown), SHOWN, SHOWN | SHOWN_TOO),
        ("its annotations", set(shown.get("annotations", {})), set[str](), ANNOTATIONS),
    ):
        if found - known or needed - found:
            yield f"{name} lacks {sorted(needed - found)}, and {sorted(found - known)} is unknown"
    if not shown.get("metrics"):
        yield "shows no metric"


@rule("AWS::CloudWatch::Dashboard")
def dashboard_widgets(declaration: Declaration) -> Iterator[str]:
    """Find widgets of another kind or region, outside of the dashboard, on top of each other, or without a value."""
    for dashboard in declaration.of("AWS::CloudWatch::Dashboard"):
        taken: set[tuple[int, int]] = set()
        body = dashboard.properties["DashboardBody"]
        if not set(body) <= BODY or not body.get("widgets"):
            yield f"{dashboard.name}: shows nothing, or has unknown parts: {sorted(body)}"
        for widget in dashboard.at("DashboardBody.widgets", []):
            shown, title = widget["properties"], f"{dashboard.name}: {widget['properties'].get('title')!r}"
            yield from (f"{title}: {wrong}" for wrong in _parts(widget))
            if widget["type"] not in ("metric", "text", "log", "alarm", "explorer"):
                yield f"{title} is a widget of the type {widget['type']!r}"
            if shown.get("region") != dashboard.region:
                yield f"{title} looks at {shown.get('region')!r}, not at {dashboard.region}"
            if not 60 <= shown.get("period", 300) <= DAY_SECONDS or shown["period"] % 60:
                yield f"{title} has a period of {shown.get('period')} s"
            columns = range(widget["x"], widget["x"] + widget["width"])
            cells = {(x, y) for x in columns for y in range(widget["y"], widget["y"] + widget["height"])}
            if not cells or widget["x"] < 0 or columns.stop > COLUMNS or cells & taken:
                yield f"{title} lies outside of the dashboard or on another widget"
            taken |= cells
            for line in shown.get("annotations", {}).get("horizontal", []):
                if set(line) != {"label", "value"}:
                    yield f"{title} has a line {sorted(line)}"
            yield from (f"{title}: {wrong}" for wrong in _lines(declaration, shown))

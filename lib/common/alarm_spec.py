"""Alarms and dashboards as plain data: each IaC tool makes its own resources of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from lib.common.iam_statements import Reference
from lib.common.json_types import JsonObject

ABOVE, BELOW = "GreaterThanThreshold", "LessThanThreshold"
MINUTE, HOUR = 60, 3600
COLUMNS, WIDTH, HEIGHT = 3, 8, 6  # of a dashboard, which is 24 units wide


@dataclass(frozen=True)
class AlarmSpec:
    """One metric, and when somebody has to look at it.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html

    Args:
        name: the alarm's name within the system.
        namespace: the metric's namespace.
        metric: the metric's name.
        statistic: how the values of a period become one; a percentile is written as in ``p95``.
        minus: another metric of the same namespace and dimensions, which is taken from it: the alarm is on the
            difference; empty for an alarm on the metric itself.
        threshold: in the metric's own unit.
        evaluation_periods: how many periods in a row have to be beyond the threshold.
        description: what the alarm means, as a sentence without its full stop; also the title in the dashboard.
        dimensions: which of the metrics of that name; values may be a tool's own tokens or outputs.
        period: in seconds.
        comparison: :data:`ABOVE` or :data:`BELOW` the threshold.
        treat_missing_data: what periods without a value count as; with ``missing`` the alarm's action also tells
            when no more values come:
            https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """

    name: str
    namespace: str
    metric: str
    statistic: str
    threshold: float
    evaluation_periods: int
    description: str
    dimensions: Mapping[str, Reference] = field(default_factory=dict)
    period: int = MINUTE
    comparison: str = ABOVE
    treat_missing_data: str = "notBreaching"
    minus: str = ""

    def on(self, dimensions: Mapping[str, Reference]) -> "AlarmSpec":
        """Return the same alarm on the metric with these dimensions."""
        return replace(self, dimensions=dimensions)

    def arguments(self) -> JsonObject:
        """Return what Terraform's provider calls them, and Pulumi, whose provider is built on it; without the name.

        https://github.com/hashicorp/terraform-provider-aws/blob/main/website/docs/r/cloudwatch_metric_alarm.html.markdown
        """
        return {
            "alarm_description": f"{self.description}.",
            **(self._difference() if self.minus else self._metric()),
            "evaluation_periods": self.evaluation_periods,
            "threshold": self.threshold,
            "comparison_operator": self.comparison,
            "treat_missing_data": self.treat_missing_data,
        }

    def _metric(self) -> JsonObject:
        # CloudWatch takes percentiles in a field of their own.
        statistic = "extended_statistic" if self.statistic.startswith("p") else "statistic"
        return {
            "namespace": self.namespace,
            "metric_name": self.metric,
            "dimensions": dict(self.dimensions),
            statistic: self.statistic,
            "period": self.period,
        }

    def _difference(self) -> JsonObject:
        """Return the two metrics and what is computed of them; it has no value in a period in which one has none.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
        """
        shared: JsonObject = {
            "namespace": self.namespace,
            "dimensions": dict(self.dimensions),
            "period": self.period,
            "stat": self.statistic,
        }
        metrics = {"whole": self.metric, "part": self.minus}
        return {
            "metric_query": [
                *({"id": name, "metric": {**shared, "metric_name": metric}} for name, metric in metrics.items()),
                {"id": "difference", "expression": "whole - part", "label": self.description, "return_data": True},
            ]
        }


def dashboard_body(shown: Sequence[AlarmSpec], region: str, *, line_at_zero: bool) -> JsonObject:
    """Return a dashboard with a graph of each metric, and a line where its alarm begins.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html

    Args:
        shown: the metrics, in rows from left to right.
        region: where the metrics are.
        line_at_zero: whether there is a line for a threshold of 0 too, which coincides with the axis.
    """
    return {"widgets": [_widget(number, spec, region, line_at_zero) for number, spec in enumerate(shown)]}


def _widget(number: int, spec: AlarmSpec, region: str, line_at_zero: bool) -> JsonObject:
    properties: JsonObject = {
        "title": spec.description,
        "region": region,
        "stat": spec.statistic,
        "period": spec.period,
        "metrics": [
            [spec.namespace, metric, *(part for item in spec.dimensions.items() for part in item)]
            for metric in (spec.metric, spec.minus)
            if metric
        ],
    }
    # A difference is the distance of two lines.
    if not spec.minus and (spec.threshold or line_at_zero):
        properties["annotations"] = {"horizontal": [{"label": "alarm", "value": spec.threshold}]}
    return {
        "type": "metric",
        "x": number % COLUMNS * WIDTH,
        "y": number // COLUMNS * HEIGHT,
        "width": WIDTH,
        "height": HEIGHT,
        "properties": properties,
    }

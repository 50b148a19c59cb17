"""What the functions say of themselves: JSON lines for people, embedded metrics for alarms."""

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

logger = Logger()
# What powertools' Metrics wraps, and nothing of it is shared between copies. Its dimension is `service`, the name in
# POWERTOOLS_SERVICE_NAME.
metrics = AmazonCloudWatchEMFProvider()


def count(name: str, value: float = 1, unit: MetricUnit = MetricUnit.Count) -> None:
    """Add to a metric of this invocation."""
    metrics.add_metric(name=name, unit=unit, value=value)


def count_by_code(name: str, code: str) -> None:
    """Add to a metric of this invocation, and to its part under this code; it has to be the invocation's only code."""
    count(name)
    metrics.add_dimensions(service=str(metrics.service), code=code)


def publish() -> None:
    """Write the metrics of this invocation, if there are any."""
    if metrics.metric_set:
        metrics.flush_metrics()

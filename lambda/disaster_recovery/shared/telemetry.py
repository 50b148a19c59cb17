"""What the functions say of themselves: a JSON line for each thing that happened, and metrics embedded in lines."""

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

logger = Logger()
_metrics = AmazonCloudWatchEMFProvider()  # its dimension is `service`, the name in POWERTOOLS_SERVICE_NAME


def measure(name: str, value: float = 1, unit: MetricUnit = MetricUnit.Count) -> None:
    """Add to a metric of this invocation."""
    _metrics.add_metric(name=name, unit=unit, value=value)


def publish() -> None:
    """Write the metrics of this invocation, if there are any."""
    if _metrics.metric_set:
        _metrics.flush_metrics()

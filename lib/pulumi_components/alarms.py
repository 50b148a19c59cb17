"""Alarms that tell somebody, the topic that they write to, and the dashboard of what they look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from lib.common.iam_statements import allow, deny_insecure_transport
from lib.pulumi_components.policies import document

Dimensions = Mapping[str, pulumi.Input[str]]
PERIOD_SECONDS = 60
ABOVE, BELOW = "GreaterThanThreshold", "LessThanThreshold"
COLUMNS, WIDTH, HEIGHT = 3, 8, 6  # of a dashboard 24 units wide


@dataclass(frozen=True)
class AlarmSpec:
    """One figure and when it is too much: ``threshold`` in the metric's own unit, ``minutes`` in a row."""

    name: str
    namespace: str
    metric: str
    statistic: str
    threshold: float
    evaluation_periods: int
    description: str
    comparison: str = ABOVE
    treat_missing_data: str = "notBreaching"


def topic(name: str, account: str, key: aws.kms.Key, email: str, opts: pulumi.ResourceOptions) -> aws.sns.Topic:
    """Return an encrypted topic for alarms, with a subscription when there is an address.

    Args:
        name: the topic's physical name.
        account: whose alarms may publish.
        key: a key that CloudWatch may use.
        email: an address, or nothing.
        opts: whose child it is.
    """
    made = aws.sns.Topic("alarms", name=name, kms_master_key_id=key.arn, opts=opts)
    # A policy on a topic takes the place of the default one: CloudWatch has to be named.
    publish = allow(
        ["sns:Publish"],
        [made.arn],
        Principal={"Service": "cloudwatch.amazonaws.com"},
        Condition={"StringEquals": {"aws:SourceAccount": account}},
    )
    refuse = deny_insecure_transport("sns:Publish", [made.arn])
    aws.sns.TopicPolicy("alarms", arn=made.arn, policy=document(publish, refuse), opts=opts)
    if email:
        aws.sns.TopicSubscription("alarms", topic=made.arn, protocol="email", endpoint=email, opts=opts)
    return made


def alarm(
    spec: AlarmSpec, dimensions: Dimensions, *, name: str, action: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> aws.cloudwatch.MetricAlarm:
    """Return an alarm that tells a topic when it begins and when it ends."""
    percentile = spec.statistic.startswith("p")
    return aws.cloudwatch.MetricAlarm(
        spec.name,
        name=name,
        alarm_description=f"{spec.description}.",
        namespace=spec.namespace,
        metric_name=spec.metric,
        dimensions=dict(dimensions),
        statistic=None if percentile else spec.statistic,
        extended_statistic=spec.statistic if percentile else None,
        period=PERIOD_SECONDS,
        evaluation_periods=spec.evaluation_periods,
        threshold=spec.threshold,
        comparison_operator=spec.comparison,
        treat_missing_data=spec.treat_missing_data,
        alarm_actions=[action],
        ok_actions=[action],
        opts=opts,
    )


def dashboard(
    name: str, where: str, shown: Sequence[tuple[AlarmSpec, Dimensions]], opts: pulumi.ResourceOptions
) -> aws.cloudwatch.Dashboard:
    """Return a dashboard with a picture of each figure, and a line where its alarm begins.

    Args:
        name: the dashboard's physical name.
        where: the figures' region.
        shown: the figures; one with a threshold of 0 has no line.
        opts: whose child it is.
    """
    widgets = []
    for number, (spec, dimensions) in enumerate(shown):
        properties: dict[str, object] = {
            "title": spec.description,
            "region": where,
            "stat": spec.statistic,
            "period": PERIOD_SECONDS,
            "metrics": [[spec.namespace, spec.metric, *(part for item in dimensions.items() for part in item)]],
        }
        if spec.threshold:
            properties["annotations"] = {"horizontal": [{"label": "alarm", "value": spec.threshold}]}
        context = {"x": number % COLUMNS * WIDTH, "y": number // COLUMNS * HEIGHT, "width": WIDTH, "height": HEIGHT}
        widgets.append({"type": "metric", **context, "properties": properties})
    body = pulumi.Output.json_dumps({"widgets": widgets})
    return aws.cloudwatch.Dashboard("dashboard", dashboard_name=name, dashboard_body=body, opts=opts)

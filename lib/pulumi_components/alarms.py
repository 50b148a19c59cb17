"""Alarms that tell somebody, the topic that they write to, and the dashboard of what they look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from lib.common.iam_statements import allow, deny_insecure_transport
from lib.pulumi_components.policies import document

Dimensions = Mapping[str, pulumi.Input[str]]
PERIOD_SECONDS = 60
COLUMNS, WIDTH, HEIGHT = 3, 8, 6  # of a dashboard 24 units wide


@dataclass(frozen=True)
class Watch:
    """One figure and when it is too much: ``threshold`` in the metric's own unit, ``minutes`` in a row."""

    part: str
    namespace: str
    metric: str
    statistic: str
    threshold: float
    minutes: int
    why: str
    less: bool = False
    missing: str = "notBreaching"


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
    watch: Watch, dimensions: Dimensions, *, name: str, action: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> aws.cloudwatch.MetricAlarm:
    """Return an alarm that tells a topic when it begins and when it ends."""
    percentile = watch.statistic.startswith("p")
    return aws.cloudwatch.MetricAlarm(
        watch.part,
        name=name,
        alarm_description=f"{watch.why}.",
        namespace=watch.namespace,
        metric_name=watch.metric,
        dimensions=dict(dimensions),
        statistic=None if percentile else watch.statistic,
        extended_statistic=watch.statistic if percentile else None,
        period=PERIOD_SECONDS,
        evaluation_periods=watch.minutes,
        threshold=watch.threshold,
        comparison_operator="LessThanThreshold" if watch.less else "GreaterThanThreshold",
        treat_missing_data=watch.missing,
        alarm_actions=[action],
        ok_actions=[action],
        opts=opts,
    )


def dashboard(
    name: str, where: str, shown: Sequence[tuple[Watch, Dimensions]], opts: pulumi.ResourceOptions
) -> aws.cloudwatch.Dashboard:
    """Return a dashboard with a picture of each figure, and a line where its alarm begins.

    Args:
        name: the dashboard's physical name.
        where: the figures' region.
        shown: the figures; one with a threshold of 0 has no line.
        opts: whose child it is.
    """
    widgets = []
    for number, (watch, dimensions) in enumerate(shown):
        properties: dict[str, object] = {
            "title": watch.why,
            "region": where,
            "stat": watch.statistic,
            "period": PERIOD_SECONDS,
            "metrics": [[watch.namespace, watch.metric, *(part for item in dimensions.items() for part in item)]],
        }
        if watch.threshold:
            properties["annotations"] = {"horizontal": [{"label": "alarm", "value": watch.threshold}]}
        place = {"x": number % COLUMNS * WIDTH, "y": number // COLUMNS * HEIGHT, "width": WIDTH, "height": HEIGHT}
        widgets.append({"type": "metric", **place, "properties": properties})
    body = pulumi.Output.json_dumps({"widgets": widgets})
    return aws.cloudwatch.Dashboard("dashboard", dashboard_name=name, dashboard_body=body, opts=opts)

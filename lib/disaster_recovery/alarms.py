"""Alarms that tell somebody, the topic that they write to, and the dashboard of what they look at."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_policy import SnsTopicPolicy
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription
from constructs import Construct

from lib.common.iam_statements import allow, deny_insecure_transport
from lib.disaster_recovery.aws_context import AwsContext
from lib.disaster_recovery.keys import Keys
from lib.disaster_recovery.policies import document

MINUTE, HOUR = 60, 3600
ABOVE, BELOW = "GreaterThanThreshold", "LessThanThreshold"
COLUMNS, WIDTH, HEIGHT = 3, 8, 6  # of a dashboard 24 units wide


@dataclass(frozen=True)
class AlarmSpec:
    """One figure and when it is too much.

    Args:
        name: the alarm's name within the system.
        namespace: the metric's.
        metric: its name.
        dimensions: what of it is looked at.
        statistic: how a period's values become one, percentiles included.
        threshold: in the metric's own unit.
        description: what an alarm means, as a sentence without its end.
        evaluation_periods: how many in a row.
        period: in seconds.
        treat_missing_data: what silence means; with ``missing`` an alarm tells when it gets no more values.
        comparison: :data:`ABOVE` or :data:`BELOW` the threshold.
    """

    name: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str
    threshold: float
    description: str
    evaluation_periods: int = 3
    period: int = MINUTE
    treat_missing_data: str = "notBreaching"
    comparison: str = ABOVE


class Topic(Construct):
    """An encrypted topic for one region's alarms and findings, with a subscription when there is an address."""

    def __init__(self, scope: Construct, construct_id: str, *, context: AwsContext, keys: Keys) -> None:
        super().__init__(scope, construct_id)
        self.topic = SnsTopic(
            self,
            "alarms",
            name=context.name("topic", "alarms"),
            kms_master_key_id=keys.operations.arn,
            **context.own("alarms"),
        )
        # A policy on a topic takes the place of the default one: CloudWatch has to be named.
        publish = allow(
            ["sns:Publish"],
            [self.topic.arn],
            Principal={"Service": "cloudwatch.amazonaws.com"},
            Condition={
                "StringEquals": {"aws:SourceAccount": context.account},
                "ArnLike": {"aws:SourceArn": context.arn("cloudwatch", "alarm:*")},
            },
        )
        SnsTopicPolicy(
            self,
            "policy",
            arn=self.topic.arn,
            policy=document(publish, deny_insecure_transport("sns:Publish", [self.topic.arn])),
            provider=context.provider,
        )
        if context.settings.alarm_email:
            SnsTopicSubscription(
                self,
                "email",
                topic_arn=self.topic.arn,
                protocol="email",
                endpoint=context.settings.alarm_email,
                provider=context.provider,
            )


def alarm(scope: Construct, spec: AlarmSpec, context: AwsContext, topic: SnsTopic) -> CloudwatchMetricAlarm:
    """Return an alarm that tells a topic when it begins and when it ends."""
    percentile = spec.statistic.startswith("p")
    return CloudwatchMetricAlarm(
        scope,
        spec.name,
        alarm_name=context.name("alarm", spec.name),
        alarm_description=f"{spec.description}.",
        namespace=spec.namespace,
        metric_name=spec.metric,
        dimensions=dict(spec.dimensions),
        statistic=None if percentile else spec.statistic,
        extended_statistic=spec.statistic if percentile else None,
        period=spec.period,
        evaluation_periods=spec.evaluation_periods,
        threshold=spec.threshold,
        comparison_operator=spec.comparison,
        treat_missing_data=spec.treat_missing_data,
        alarm_actions=[topic.arn],
        ok_actions=[topic.arn],
        insufficient_data_actions=[topic.arn] if spec.treat_missing_data == "missing" else None,
        **context.own(spec.name),
    )


def dashboard(scope: Construct, context: AwsContext, watched: Sequence[AlarmSpec]) -> CloudwatchDashboard:
    """Return a dashboard with a picture of each figure, and a line where its alarm begins."""
    widgets = [_widget(number, spec, context.region) for number, spec in enumerate(watched)]
    return CloudwatchDashboard(
        scope,
        "dashboard",
        dashboard_name=context.name("dashboard"),
        dashboard_body=json.dumps({"widgets": widgets}),
        provider=context.provider,
    )


def _widget(number: int, spec: AlarmSpec, region: str) -> dict[str, object]:
    return {
        "type": "metric",
        "x": number % COLUMNS * WIDTH,
        "y": number // COLUMNS * HEIGHT,
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": spec.description,
            "region": region,
            "stat": spec.statistic,
            "period": spec.period,
            "metrics": [[spec.namespace, spec.metric, *(part for item in spec.dimensions.items() for part in item)]],
            "annotations": {"horizontal": [{"label": "alarm", "value": spec.threshold}]},
        },
    }

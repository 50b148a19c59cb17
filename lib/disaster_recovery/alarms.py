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
from lib.disaster_recovery.keys import Keys
from lib.disaster_recovery.place import Place
from lib.disaster_recovery.policies import document

MINUTE, HOUR = 60, 3600
COLUMNS, WIDTH, HEIGHT = 3, 8, 6  # of a dashboard 24 units wide


@dataclass(frozen=True)
class Watch:
    """One figure and when it is too much.

    Args:
        part: the alarm's name within the system.
        namespace: the metric's.
        metric: its name.
        dimensions: what of it is looked at.
        statistic: how a period's values become one, percentiles included.
        threshold: in the metric's own unit.
        why: what an alarm means, as a sentence without its end.
        periods: how many in a row.
        seconds: of one period.
        missing: what silence means; with ``missing`` an alarm that had values tells when it gets none any more.
        less: whether too little is what is wrong.
    """

    part: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str
    threshold: float
    why: str
    periods: int = 3
    seconds: int = MINUTE
    missing: str = "notBreaching"
    less: bool = False


class Topic(Construct):
    """An encrypted topic for one region's alarms and findings, with a subscription when there is an address."""

    def __init__(self, scope: Construct, construct_id: str, *, place: Place, keys: Keys) -> None:
        super().__init__(scope, construct_id)
        self.topic = SnsTopic(
            self,
            "alarms",
            name=place.name("topic", "alarms"),
            kms_master_key_id=keys.operations.arn,
            **place.own("alarms"),
        )
        # A policy on a topic takes the place of the default one: CloudWatch has to be named.
        publish = allow(
            ["sns:Publish"],
            [self.topic.arn],
            Principal={"Service": "cloudwatch.amazonaws.com"},
            Condition={
                "StringEquals": {"aws:SourceAccount": place.account},
                "ArnLike": {"aws:SourceArn": place.arn("cloudwatch", "alarm:*")},
            },
        )
        SnsTopicPolicy(
            self,
            "policy",
            arn=self.topic.arn,
            policy=document(publish, deny_insecure_transport("sns:Publish", [self.topic.arn])),
            provider=place.provider,
        )
        if place.settings.alarm_email:
            SnsTopicSubscription(
                self,
                "email",
                topic_arn=self.topic.arn,
                protocol="email",
                endpoint=place.settings.alarm_email,
                provider=place.provider,
            )


def alarm(scope: Construct, watch: Watch, place: Place, topic: SnsTopic) -> CloudwatchMetricAlarm:
    """Return an alarm that tells a topic when it begins and when it ends."""
    percentile = watch.statistic.startswith("p")
    return CloudwatchMetricAlarm(
        scope,
        watch.part,
        alarm_name=place.name("alarm", watch.part),
        alarm_description=f"{watch.why}.",
        namespace=watch.namespace,
        metric_name=watch.metric,
        dimensions=dict(watch.dimensions),
        statistic=None if percentile else watch.statistic,
        extended_statistic=watch.statistic if percentile else None,
        period=watch.seconds,
        evaluation_periods=watch.periods,
        threshold=watch.threshold,
        comparison_operator="LessThanThreshold" if watch.less else "GreaterThanThreshold",
        treat_missing_data=watch.missing,
        alarm_actions=[topic.arn],
        ok_actions=[topic.arn],
        insufficient_data_actions=[topic.arn] if watch.missing == "missing" else None,
        **place.own(watch.part),
    )


def dashboard(scope: Construct, place: Place, watched: Sequence[Watch]) -> CloudwatchDashboard:
    """Return a dashboard with a picture of each figure, and a line where its alarm begins."""
    widgets = [_widget(number, watch, place.region) for number, watch in enumerate(watched)]
    return CloudwatchDashboard(
        scope,
        "dashboard",
        dashboard_name=place.name("dashboard"),
        dashboard_body=json.dumps({"widgets": widgets}),
        provider=place.provider,
    )


def _widget(number: int, watch: Watch, region: str) -> dict[str, object]:
    return {
        "type": "metric",
        "x": number % COLUMNS * WIDTH,
        "y": number // COLUMNS * HEIGHT,
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": watch.why,
            "region": region,
            "stat": watch.statistic,
            "period": watch.seconds,
            "metrics": [[watch.namespace, watch.metric, *(part for item in watch.dimensions.items() for part in item)]],
            "annotations": {"horizontal": [{"label": "alarm", "value": watch.threshold}]},
        },
    }

"""Alarms that tell somebody, the topic that they write to, and the dashboard of what they look at."""

import json
from collections.abc import Sequence

from cdktf_cdktf_provider_aws.cloudwatch_dashboard import CloudwatchDashboard
from cdktf_cdktf_provider_aws.cloudwatch_metric_alarm import CloudwatchMetricAlarm
from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_policy import SnsTopicPolicy
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription
from constructs import Construct

from lib.common.alarm_spec import AlarmSpec, dashboard_body
from lib.common.iam_statements import deny_insecure_transport, publish_alarms
from lib.disaster_recovery.aws_context import AwsContext
from lib.disaster_recovery.keys import Keys
from lib.disaster_recovery.policies import document


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
        publish = publish_alarms(self.topic.arn, context.account, [context.arn("cloudwatch", "alarm:*")])
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
    return CloudwatchMetricAlarm(
        scope,
        spec.name,
        alarm_name=context.name("alarm", spec.name),
        alarm_actions=[topic.arn],
        ok_actions=[topic.arn],
        insufficient_data_actions=[topic.arn] if spec.treat_missing_data == "missing" else None,
        **spec.arguments(),
        **context.own(spec.name),
    )


def dashboard(scope: Construct, context: AwsContext, shown: Sequence[AlarmSpec]) -> CloudwatchDashboard:
    """Return a dashboard with a graph of each metric, and a line where its alarm begins."""
    return CloudwatchDashboard(
        scope,
        "dashboard",
        dashboard_name=context.name("dashboard"),
        dashboard_body=json.dumps(dashboard_body(shown, context.region, line_at_zero=True)),
        provider=context.provider,
    )

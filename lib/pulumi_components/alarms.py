"""Alarms that tell somebody, the topic that they write to, and the dashboard of what they look at."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from lib.common.alarm_spec import AlarmSpec, dashboard_body
from lib.common.iam_statements import deny_insecure_transport, publish_alarms
from lib.pulumi_components.policies import document

FIVE_MINUTES, BLOCKED = 300, 100  # scanners of the internet reach every address, a few requests at a time


def topic(name: str, account: str, key: aws.kms.Key, email: str, opts: pulumi.ResourceOptions) -> aws.sns.Topic:
    """Return an encrypted topic for alarms, with a subscription when there is an address.

    Args:
        name: the topic's physical name.
        account: whose alarms may publish.
        key: a key that CloudWatch may use.
        email: an address, or nothing.
        opts: Pulumi resource options (parent).
    """
    alarms = aws.sns.Topic("alarms", name=name, kms_master_key_id=key.arn, opts=opts)
    policy = document(publish_alarms(alarms.arn, account), deny_insecure_transport("sns:Publish", [alarms.arn]))
    aws.sns.TopicPolicy("alarms", arn=alarms.arn, policy=policy, opts=opts)
    if email:
        aws.sns.TopicSubscription("alarms", topic=alarms.arn, protocol="email", endpoint=email, opts=opts)
    return alarms


def nat_alarms(gateways: Sequence[aws.ec2.NatGateway]) -> list[AlarmSpec]:
    """Return the alarm on each NAT gateway that has no port left for another connection to the same destination.

    https://docs.aws.amazon.com/vpc/latest/userguide/metrics-dimensions-nat-gateway.html

    Args:
        gateways: of the network; the alarms are numbered in their order.
    """
    says = "A NAT gateway has no port left for new connections"
    return [
        AlarmSpec(f"nat-ports-{number}", "AWS/NATGateway", "ErrorPortAllocation", "Sum", 0, 1, says).on(
            {"NatGatewayId": gateway.id}
        )
        for number, gateway in enumerate(gateways, start=1)
    ]


def firewall_alarm(acl_name: str, region: str) -> AlarmSpec:
    """Return the alarm on an attack, or on a rule that blocks callers who mean no harm.

    https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html

    Args:
        acl_name: of the web ACL's metrics.
        region: where it is.
    """
    says = "The firewall blocks many requests"
    dimensions = {"WebACL": acl_name, "Region": region, "Rule": "ALL"}
    return AlarmSpec(
        "firewall", "AWS/WAFV2", "BlockedRequests", "Sum", BLOCKED, 1, says, dimensions, period=FIVE_MINUTES
    )


def alarm(
    spec: AlarmSpec, *, name: str, action: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> aws.cloudwatch.MetricAlarm:
    """Return an alarm that tells a topic when it begins and when it ends."""
    arguments = spec.arguments()
    if queries := arguments.pop("metric_query", None):
        arguments["metric_queries"] = queries  # Pulumi's provider makes a plural of a list
    return aws.cloudwatch.MetricAlarm(
        spec.name,
        name=name,
        alarm_actions=[action],
        ok_actions=[action],
        opts=opts,
        **arguments,
    )


def dashboard(name: str, region: str, shown: Sequence[AlarmSpec], opts: pulumi.ResourceOptions) -> None:
    """Make a dashboard with a graph of each metric, and a line where its alarm begins.

    Args:
        name: the dashboard's physical name.
        region: where the metrics are.
        shown: the metrics; one with a threshold of 0 has no line.
        opts: Pulumi resource options (parent).
    """
    body = pulumi.Output.json_dumps(dashboard_body(shown, region, line_at_zero=False))
    aws.cloudwatch.Dashboard("dashboard", dashboard_name=name, dashboard_body=body, opts=opts)

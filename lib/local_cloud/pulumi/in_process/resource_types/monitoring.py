"""Observation: cloudwatch (logs, alarms, dashboards, events) and sns types of pulumi-aws in terms of the AWS API."""

import json

from lib.common.json_types import JsonObject, JsonValue
from lib.local_cloud.pulumi.in_process.resource_type import ResourceOperation, ResourceType, Step


def _retention(operation: ResourceOperation) -> None:
    days = int(operation.inputs["retentionInDays"])
    if days:  # 0 is Pulumi's word forever
        operation.call("put_retention_policy", logGroupName=operation.id, retentionInDays=days)


def _topic_policy(operation: ResourceOperation) -> JsonValue:
    values = {
        "TopicArn": operation.inputs["arn"],
        "AttributeName": "Policy",
        "AttributeValue": operation.inputs["policy"],
    }
    operation.call("set_topic_attributes", **values)
    return {}


def _open_policy(operation: ResourceOperation) -> str:
    """Return the policy with which AWS makes a topic: what a topic goes back to."""
    account, arn = operation.find("account"), operation.inputs["arn"]
    return json.dumps(
        {
            "Version": "2008-10-17",
            "Id": "__default_policy_ID",
            "Statement": [
                {
                    "Sid": "__default_statement_ID",
                    "Effect": "Allow",
                    "Principal": {"AWS": "*"},
                    "Resource": arn,
                    "Action": ["sns:GetTopicAttributes", "sns:SetTopicAttributes", "sns:Publish", "sns:Subscribe"],
                    "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
                }
            ],
        }
    )


def _alarm(inputs: JsonObject) -> JsonObject:
    """Return an alarm's inputs with the metrics that it computes with as the API has them."""
    queries = []
    for query in inputs.get("metricQueries", []):
        metric = dict(query.get("metric") or {})
        own = {name: metric.pop(name) for name in ("period", "stat", "unit") if name in metric}
        rest = {name: value for name, value in query.items() if name != "metric"}
        queries.append({**rest, "metricStat": {**own, "metric": metric}} if metric else rest)
    return {**inputs, "metricQueries": queries} if queries else inputs


RESOURCE_TYPES = {
    "aws:cloudwatch/logGroup:LogGroup": ResourceType(
        "logs",
        "create_log_group",
        key="logGroupName",
        name="name",
        rename={"name": "logGroupName"},
        steps=(Step(("retentionInDays",), _retention),),
        delete="delete_log_group",
        by={"logGroupName": "id"},
        ignored={"skipDestroy": "nothing outlives the local cloud"},
        outputs={"arn": "arn:{partition}:logs:{region}:{account}:log-group:{id}"},
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ResourceType(
        "cloudwatch",
        "put_metric_alarm",
        key="AlarmName",
        name="name",
        rename={
            "name": "AlarmName",
            "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
            "metricQueries": "Metrics",
        },
        adapt=_alarm,
        delete="delete_alarms",
        by={"AlarmNames": lambda operation: [operation.id]},
        outputs={"arn": "arn:{partition}:cloudwatch:{region}:{account}:alarm:{id}"},
        lost=("metricQueries",),
    ),
    "aws:cloudwatch/dashboard:Dashboard": ResourceType(
        "cloudwatch",
        "put_dashboard",
        key="DashboardName",
        delete="delete_dashboards",
        by={"DashboardNames": lambda operation: [operation.id]},
        outputs={"dashboardArn": "arn:{partition}:cloudwatch::{account}:dashboard/{id}"},
    ),
    "aws:sns/topic:Topic": ResourceType(
        "sns",
        "create_topic",
        key="TopicArn",
        name="name",
        attributes={
            "displayName": "DisplayName",
            "kmsMasterKeyId": "KmsMasterKeyId",
            "policy": "Policy",
            "deliveryPolicy": "DeliveryPolicy",
            "signatureVersion": "SignatureVersion",
            "tracingConfig": "TracingConfig",
            "fifoTopic": "FifoTopic",
            "contentBasedDeduplication": "ContentBasedDeduplication",
        },
        delete="delete_topic",
        by={"TopicArn": "id"},
        outputs={"arn": "TopicArn", "owner": "account"},
    ),
    "aws:sns/topicPolicy:TopicPolicy": ResourceType(
        "sns",
        _topic_policy,
        key="arn",
        uses=("arn", "policy"),
        delete="set_topic_attributes",
        by={"TopicArn": "id", "AttributeName": lambda _act: "Policy", "AttributeValue": _open_policy},
        outputs={"owner": "account"},
    ),
    "aws:sns/topicSubscription:TopicSubscription": ResourceType(
        "sns",
        "subscribe",
        key="SubscriptionArn",
        rename={"topic": "TopicArn"},
        given={"ReturnSubscriptionArn": True},
        attributes={
            "rawMessageDelivery": "RawMessageDelivery",
            "filterPolicy": "FilterPolicy",
            "filterPolicyScope": "FilterPolicyScope",
            "redrivePolicy": "RedrivePolicy",
            "deliveryPolicy": "DeliveryPolicy",
            "subscriptionRoleArn": "SubscriptionRoleArn",
        },
        delete="unsubscribe",
        by={"SubscriptionArn": "id"},
        ignored={
            "endpointAutoConfirms": "nobody waits for a confirmation here",
            "confirmationTimeoutInMinutes": "nobody waits for a confirmation here",
        },
        outputs={"arn": "id", "ownerId": "account"},
    ),
}

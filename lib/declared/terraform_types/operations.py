"""CloudWatch, EventBridge, SNS, SQS, IAM and KMS.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CloudWatch.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
"""

from lib.declared.terraform_types.model import Context, Json, Owner, ResourceType

IAM, KMS = "AWS::IAM::", "AWS::KMS::"


def _target(body: Json, context: Context) -> Json:
    """Return an element of the rule's Targets; the provider makes up the id that a target does not name."""
    own = {key: value for key, value in body.items() if key != "rule"}
    target = {"target_id": context.label, **own}
    target["Id"] = target.pop("target_id")
    return {"rule": body["rule"], "Targets": [target]}


TYPES = {
    "aws_cloudwatch_dashboard": ResourceType("AWS::CloudWatch::Dashboard", tagged=False),
    "aws_cloudwatch_event_rule": ResourceType("AWS::Events::Rule"),
    "aws_cloudwatch_event_target": ResourceType(
        "AWS::Events::Rule", prepare=_target, owner=Owner("aws_cloudwatch_event_rule", {"rule": "name"}), tagged=False
    ),
    # CloudFormation's Arn ends in ":*", and the provider's does not: it is what the API calls logGroupArn.
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html
    "aws_cloudwatch_log_group": ResourceType(
        "AWS::Logs::LogGroup",
        {"name": "LogGroupName"},
        options=frozenset({"skip_destroy"}),
        attributes={"arn": "LogGroupArn"},
    ),
    "aws_cloudwatch_metric_alarm": ResourceType(
        "AWS::CloudWatch::Alarm",
        {
            "metric_query": "Metrics",
            "metric_query.metric": "MetricStat",
            "metric_query.metric.metric_name": "Metric.MetricName",
            "metric_query.metric.namespace": "Metric.Namespace",
            "metric_query.metric.dimensions": "Metric.Dimensions",
        },
    ),
    "aws_iam_role": ResourceType(
        f"{IAM}Role",
        {"name": "RoleName", "assume_role_policy": "AssumeRolePolicyDocument"},
        options=frozenset({"force_detach_policies"}),
    ),
    "aws_iam_role_policy": ResourceType(
        f"{IAM}RolePolicy", {"name": "PolicyName", "policy": "PolicyDocument", "role": "RoleName"}, tagged=False
    ),
    "aws_kms_alias": ResourceType(f"{KMS}Alias", {"name": "AliasName"}, tagged=False),
    "aws_kms_key": ResourceType(
        f"{KMS}Key",
        {
            "policy": "KeyPolicy",
            "deletion_window_in_days": "PendingWindowInDays",
            "customer_master_key_spec": "KeySpec",
        },
        options=frozenset({"bypass_policy_lockout_safety_check"}),
    ),
    "aws_kms_replica_key": ResourceType(
        f"{KMS}ReplicaKey",
        {"policy": "KeyPolicy", "deletion_window_in_days": "PendingWindowInDays"},
        options=frozenset({"bypass_policy_lockout_safety_check"}),
    ),
    "aws_sns_topic": ResourceType("AWS::SNS::Topic", {"name": "TopicName"}),
    "aws_sns_topic_policy": ResourceType(
        "AWS::SNS::TopicPolicy", {"arn": "Topics", "policy": "PolicyDocument"}, tagged=False
    ),
    "aws_sns_topic_subscription": ResourceType(
        "AWS::SNS::Subscription",
        options=frozenset({"confirmation_timeout_in_minutes", "endpoint_auto_confirms"}),
        tagged=False,
    ),
    "aws_sqs_queue": ResourceType(
        "AWS::SQS::Queue",
        {
            "name": "QueueName",
            "message_retention_seconds": "MessageRetentionPeriod",
            "visibility_timeout_seconds": "VisibilityTimeout",
        },
        attributes={"url": "QueueUrl"},
    ),
    "aws_sqs_queue_policy": ResourceType(
        "AWS::SQS::QueuePolicy", {"queue_url": "Queues", "policy": "PolicyDocument"}, tagged=False
    ),
}

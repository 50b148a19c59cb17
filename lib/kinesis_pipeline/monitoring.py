"""Alarms, each with an action: what a person should look at, before a customer calls."""

from collections.abc import Sequence
from dataclasses import replace

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_rds as rds
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from lib.common.alarm_spec import ABOVE, BELOW, AlarmSpec
from lib.common.database_alarms import connections_alarm, credit_alarms, memory_alarm
from lib.common.iam_statements import publish_alarms
from lib.kinesis_pipeline import delivery
from lib.kinesis_pipeline.functions import METRICS_NAMESPACE
from lib.kinesis_pipeline.keys import Keys
from lib.kinesis_pipeline.settings import Settings
from lib.kinesis_pipeline.stream import REQUEST_METRICS

LAMBDA, RDS = "AWS/Lambda", "AWS/RDS"
FIVE_MINUTES = 5 * 60  # RDS's own metrics are looked at in larger steps
MIB = 1024**2
FREE_STORAGE_BYTES = 4 * 1024 * MIB
CPU_PERCENT = 80
AGE_MILLISECONDS = delivery.AGE_SECONDS * 1000
# CloudWatch's words, and the CDK's for them.
COMPARISON = {
    ABOVE: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
    BELOW: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
}
MISSING_DATA = {
    "breaching": cloudwatch.TreatMissingData.BREACHING,
    "missing": cloudwatch.TreatMissingData.MISSING,
    "notBreaching": cloudwatch.TreatMissingData.NOT_BREACHING,
}


class Alarms(Construct):
    """One SNS topic and the alarms that write to it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        keys: Keys,
        consumer: lambda_.Function,
        source: kinesis.IStream,
        bucket: s3.IBucket,
        database: rds.DatabaseInstance,
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(
            self, "Topic", topic_name=settings.name("topic", "alarms"), master_key=keys.operations, enforce_ssl=True
        )
        publish = publish_alarms(self.topic.topic_arn, cdk.Stack.of(self).account)
        self.topic.add_to_resource_policy(iam.PolicyStatement.from_json(publish))
        if settings.alarm_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(settings.alarm_email))
        self.watch(settings, [*stream(consumer, source, bucket), *instance(database, settings.database_instance_class)])

    def watch(self, settings: Settings, specs: Sequence[AlarmSpec]) -> None:
        """Declare alarms that write to the topic."""
        action = actions.SnsAction(self.topic)
        for spec in specs:
            alarm(self, spec, settings.name("alarm", spec.name), action)


def stream(consumer: lambda_.Function, source: kinesis.IStream, bucket: s3.IBucket) -> list[AlarmSpec]:
    """Return what can go wrong between the stream and the database.

    What the consumer says of itself, and Lambda of the consumer, ends when nobody invokes it: then all is quiet there.
    The stream goes on to say how old what is read of it is, once a second for each shard, also when there is nothing
    to read. It ends with the reading: silence is the question, and a message when it begins.
    https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html (polling)
    """
    of = {"FunctionName": consumer.function_name}
    late, fails = "Events wait for more than five minutes", "The consumer fails: the database is away, or a defect"
    poison, lost = (
        "A poison record was quarantined in the failure bucket",
        "Something could not be stored: it is in the failure bucket",
    )
    service = {"service": consumer.function_name}
    # Whatever comes into the bucket, from the consumer or from Lambda itself.
    requests = {"BucketName": bucket.bucket_name, "FilterId": REQUEST_METRICS}
    return [
        AlarmSpec("iterator-age", LAMBDA, "IteratorAge", "Maximum", AGE_MILLISECONDS, delivery.AGE_MINUTES, late, of),
        AlarmSpec(
            "stream-reads",
            "AWS/Kinesis",
            "GetRecords.IteratorAgeMilliseconds",
            "Maximum",
            AGE_MILLISECONDS,
            delivery.AGE_MINUTES,
            "What is read of the stream is more than five minutes old, or nothing is read",
            {"StreamName": source.stream_name},
            treat_missing_data="missing",
        ),
        AlarmSpec("consumer-errors", LAMBDA, "Errors", "Sum", 0, delivery.ERROR_MINUTES, fails, of),
        AlarmSpec("consumer-throttles", LAMBDA, "Throttles", "Sum", 0, 3, "Lambda refuses to run the consumer", of),
        AlarmSpec("set-aside", METRICS_NAMESPACE, "SetAside", "Sum", 0, 1, poison, service),
        AlarmSpec("failure-bucket", "AWS/S3", "PutRequests", "Sum", 0, 1, lost, requests),
    ]


def instance(database: rds.DatabaseInstance, instance_class: str) -> list[AlarmSpec]:
    """Return what can go wrong with the database, in figures of its class.

    An instance that has ended says nothing at all, which one of the alarms tells.
    """
    of = {"DBInstanceIdentifier": database.instance_identifier}
    busy = AlarmSpec(
        "database-cpu", RDS, "CPUUtilization", "Average", CPU_PERCENT, 3, "The database is busy, or says nothing"
    )
    specs = [
        replace(busy, treat_missing_data="missing"),
        *credit_alarms(instance_class),
        memory_alarm(instance_class),
        connections_alarm(instance_class, "Average", 2),
        AlarmSpec(
            "database-storage",
            RDS,
            "FreeStorageSpace",
            "Minimum",
            FREE_STORAGE_BYTES,
            1,
            "Less than 4 GiB of storage are free",
            comparison=BELOW,
        ),
    ]
    return [replace(spec, dimensions=of, period=FIVE_MINUTES) for spec in specs]


def alarm(scope: Construct, spec: AlarmSpec, name: str, action: cloudwatch.IAlarmAction) -> cloudwatch.Alarm:
    """Return an alarm that tells a topic when it begins and when it ends."""
    resource = cloudwatch.Alarm(
        scope,
        "".join(word.capitalize() for word in spec.name.split("-")),
        alarm_name=name,
        alarm_description=f"{spec.description}.",
        metric=cloudwatch.Metric(
            namespace=spec.namespace,
            metric_name=spec.metric,
            dimensions_map={name: str(value) for name, value in spec.dimensions.items()},
            statistic=spec.statistic,
            period=cdk.Duration.seconds(spec.period),
        ),
        threshold=spec.threshold,
        evaluation_periods=spec.evaluation_periods,
        comparison_operator=COMPARISON[spec.comparison],
        treat_missing_data=MISSING_DATA[spec.treat_missing_data],
    )
    resource.add_alarm_action(action)
    resource.add_ok_action(action)
    if spec.treat_missing_data == "missing":
        resource.add_insufficient_data_action(action)
    return resource

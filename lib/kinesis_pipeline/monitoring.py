"""Alarms, each with an action: what a person should look at, before a customer calls."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_rds as rds
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from lib.kinesis_pipeline.functions import METRICS_NAMESPACE
from lib.kinesis_pipeline.keys import Keys
from lib.kinesis_pipeline.settings import Settings
from lib.kinesis_pipeline.stream import REQUEST_METRICS

MINUTE = cdk.Duration.minutes(1)
FREE_STORAGE_BYTES = 4 * 1024**3
CONNECTIONS = 200  # db.t4g.medium takes about 400
CPU_PERCENT = 80
AGE_MILLISECONDS = 5 * 60 * 1000


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
        bucket: s3.IBucket,
        database: rds.DatabaseInstance,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self.topic = sns.Topic(
            self, "Topic", topic_name=settings.name("topic", "alarms"), master_key=keys.operations, enforce_ssl=True
        )
        # A policy on a topic takes the place of the default one: CloudWatch has to be named.
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            )
        )
        if settings.alarm_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(settings.alarm_email))
        self._action = actions.SnsAction(self.topic)
        self._stream_alarms(consumer, bucket)
        self._database_alarms(database)

    def _stream_alarms(self, consumer: lambda_.Function, bucket: s3.IBucket) -> None:
        age = consumer.metric("IteratorAge", statistic="Maximum", period=MINUTE)
        self._alarm("iterator-age", age, AGE_MILLISECONDS, 3, "Events wait for more than five minutes")
        errors = consumer.metric_errors(period=MINUTE)
        self._alarm("consumer-errors", errors, 0, 2, "The consumer fails: the database is away, or a defect")
        self._alarm(
            "consumer-throttles", consumer.metric_throttles(period=MINUTE), 0, 3, "Lambda refuses to run the consumer"
        )
        set_aside = cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name="SetAside",
            dimensions_map={"service": consumer.function_name},
            statistic="Sum",
            period=MINUTE,
        )
        self._alarm("set-aside", set_aside, 0, 1, "A poison record was set aside in the failure bucket")
        # Whatever comes into the bucket, from the consumer or from Lambda itself.
        failures = cloudwatch.Metric(
            namespace="AWS/S3",
            metric_name="PutRequests",
            dimensions_map={"BucketName": bucket.bucket_name, "FilterId": REQUEST_METRICS},
            statistic="Sum",
            period=MINUTE,
        )
        self._alarm("failure-bucket", failures, 0, 1, "Something could not be stored: it is in the failure bucket")

    def _database_alarms(self, database: rds.DatabaseInstance) -> None:
        five = cdk.Duration.minutes(5)
        self._alarm(
            "database-cpu", database.metric_cpu_utilization(period=five), CPU_PERCENT, 3, "The database is busy"
        )
        self._alarm(
            "database-connections",
            database.metric_database_connections(period=five),
            CONNECTIONS,
            2,
            "The database has many connections",
        )
        self._alarm(
            "database-storage",
            database.metric_free_storage_space(period=five, statistic="Minimum"),
            FREE_STORAGE_BYTES,
            1,
            "Less than 4 GiB of storage are free",
            less=True,
        )

    def _alarm(  # pylint: disable=too-many-arguments,too-many-positional-arguments  # as CloudWatch has them
        self,
        part: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        periods: int,
        description: str,
        less: bool = False,
    ) -> None:
        operator = cloudwatch.ComparisonOperator
        alarm = cloudwatch.Alarm(
            self,
            "".join(word.capitalize() for word in part.split("-")),
            alarm_name=self._settings.name("alarm", part),
            alarm_description=f"{description}.",
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=operator.LESS_THAN_THRESHOLD if less else operator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)

"""The schedule by which the events' weeks are made and go, and what tells that it has stopped."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from lib.common.alarm_spec import BELOW, HOUR, AlarmSpec
from lib.kinesis_pipeline.functions import METRICS_NAMESPACE
from lib.kinesis_pipeline.keys import Keys
from lib.kinesis_pipeline.settings import Settings

RATE_HOURS = 6
# Of the four that a run makes: there are two more to find out in why they are not made.
WEEKS_AHEAD = 2


class DeadLetters(Construct):
    """What takes a run that was given up: by EventBridge, or by Lambda after its last try."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, keys: Keys) -> None:
        super().__init__(scope, construct_id)
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=settings.name("queue", "dead-letters"),
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=keys.operations,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),  # as long as SQS allows
        )
        cdk.Validations.of(self.queue).acknowledge(
            cdk.Acknowledgment(
                id="AwsSolutions::AwsSolutions-SQS3", reason="This queue is where letters come to rest that are dead."
            )
        )


class Weeks(Construct):
    """Has the database function look after the events' weeks.

    What a run could not do, the next one does. Lambda tries one that failed twice more.
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        function: lambda_.Function,
        schema: cdk.CustomResource,
    ) -> None:
        super().__init__(scope, construct_id)
        rule = events.Rule(
            self,
            "Schedule",
            rule_name=settings.name("rule", "weeks"),
            description="The events' weeks: made ahead, and let go",
            schedule=events.Schedule.rate(cdk.Duration.hours(RATE_HOURS)),
        )
        target = targets.LambdaFunction(
            function,
            event=events.RuleTargetInput.from_object({"action": "weeks"}),
            retry_attempts=2,
            max_event_age=cdk.Duration.hours(1),
        )
        rule.add_target(target)
        rule.node.add_dependency(schema)  # there are no weeks before


def alarms(function: lambda_.Function, queue: sqs.Queue) -> list[AlarmSpec]:
    """Return what tells that nobody makes weeks any more: their number falls, or nobody says it in two runs' time."""
    letters = {"QueueName": queue.queue_name}
    messages, lost = "ApproximateNumberOfMessagesVisible", "A run that looks after the events' weeks was given up"
    return [
        AlarmSpec("dead-letters", "AWS/SQS", messages, "Maximum", 0, 1, lost, letters),
        AlarmSpec(
            "weeks-ahead",
            METRICS_NAMESPACE,
            "WeeksAhead",
            "Minimum",
            WEEKS_AHEAD,
            1,
            "Fewer than two of the coming weeks have a table for their events, or nobody makes them",
            {"service": function.function_name},
            period=2 * RATE_HOURS * HOUR,
            comparison=BELOW,
            treat_missing_data="missing",
        ),
    ]

"""One region's functions: payments in the network, verification on a schedule."""

import json

from cdktf_cdktf_provider_aws.cloudwatch_event_rule import CloudwatchEventRule
from cdktf_cdktf_provider_aws.cloudwatch_event_target import (
    CloudwatchEventTarget,
    CloudwatchEventTargetDeadLetterConfig,
    CloudwatchEventTargetRetryPolicy,
)
from cdktf_cdktf_provider_aws.lambda_function import LambdaFunctionDeadLetterConfig, LambdaFunctionVpcConfig
from cdktf_cdktf_provider_aws.lambda_permission import LambdaPermission
from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue
from cdktf_cdktf_provider_aws.sqs_queue_policy import SqsQueuePolicy
from constructs import Construct

from lib.common.acknowledged import Acknowledged
from lib.common.iam_statements import Statement, allow, deny_insecure_transport, via_service, vpc_attachment
from lib.disaster_recovery import writer
from lib.disaster_recovery.aws_context import AwsContext
from lib.disaster_recovery.database import Database, GlobalDatabase
from lib.disaster_recovery.keys import Keys
from lib.disaster_recovery.lambda_function import Work, function
from lib.disaster_recovery.network import HASH_ACTIONS, TABLE_ACTIONS, Network
from lib.disaster_recovery.policies import document
from lib.disaster_recovery.reports import Reports

PAYMENT_SECONDS = 15  # the function gives up after 9 s, API Gateway after 29
VERIFICATION_SECONDS = 300
KEPT_SECONDS = 14 * 24 * 3600  # a dead letter waits as long as SQS allows
RETRIES, OLDEST_SECONDS = 2, 3600
# What reading and writing an encrypted table asks of its key, in the caller's name.
TABLE_KEY_ACTIONS = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
ACKNOWLEDGED = (
    Acknowledged(
        "CKV_AWS_116",
        "aws_lambda_function.compute-*_payment",
        "API Gateway waits for its answer: a dead-letter queue takes events of asynchronous invocations. "
        "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html",
    ),
    Acknowledged(
        "CKV_AWS_117",
        "aws_lambda_function.verification-*_verification",
        "It calls APIs of AWS in both regions and nothing in the network; there it would need a NAT gateway, for "
        "endpoints lead to their own region.",
    ),
)


class Compute(Construct):
    """The payment function."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        context: AwsContext,
        network: Network,
        database: Database,
        keys: Keys,
        hash_key: str,
    ) -> None:
        super().__init__(scope, construct_id)
        settings = context.settings
        former = {"FORMER_KEYS": "true"} if settings.former_keys else {}
        table = context.arn("dynamodb", f"table/{settings.name('table')}")
        peer = next(
            region_config.region for region_config in settings.region_configs if region_config.region != context.region
        )
        self.payment = function(
            self,
            context=context,
            keys=keys,
            work=Work(
                part="payment",
                description="Payments, each once, from one region at a time",
                seconds=PAYMENT_SECONDS,
                environment={
                    "TABLE_NAME": settings.name("table"),
                    "HOME_REGION": settings.primary.region,
                    "PEER_REGION": peer,
                    # It answers in both roles of a cluster; a secondary one's writer endpoint does not.
                    "DB_HOST": database.cluster.reader_endpoint,
                    "DB_PORT": str(settings.database_port),
                    "HASH_KEY_ARN": hash_key,
                    **former,
                },
                statements=[
                    allow(TABLE_ACTIONS, [table, f"{table}/index/*"]),
                    allow(TABLE_KEY_ACTIONS, [keys.data.arn], Condition=via_service("dynamodb", context.region)),
                    allow(HASH_ACTIONS, [hash_key]),
                    *vpc_attachment(context.arn("lambda", f"function:{context.name('function', 'payment')}")),
                ],
                at_once=settings.function_concurrency,
                more={
                    "vpc_config": LambdaFunctionVpcConfig(
                        subnet_ids=network.ids("functions"), security_group_ids=[network.functions.id]
                    )
                },
            ),
        )


class Verification(Construct):
    """The function that looks at backups and replication on both sides, its schedule, its dead letters, its reports.

    It runs outside of the networks: it asks both regions' APIs, which a network without a way out reaches in its own
    region only, and what it looks for includes a network that is cut off.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        context: AwsContext,
        keys: Keys,
        other: Keys,
        topic: SnsTopic,
        whole: GlobalDatabase,
    ) -> None:
        super().__init__(scope, construct_id)
        self._aws, self._keys, self._other, self._topic = context, keys, other, topic
        self._global_cluster = whole.cluster.global_cluster_identifier
        settings = context.settings
        self.reports = Reports(self, "reports", context=context, key=keys.data)
        self.dead = self._dead_letters()
        self.function = function(
            self,
            context=context,
            keys=keys,
            work=Work(
                part="verification",
                description="Looks at backups and replication in both regions",
                seconds=VERIFICATION_SECONDS,
                environment={
                    "TABLE_NAME": settings.name("table"),
                    "REGIONS": json.dumps([region_config.region for region_config in settings.region_configs]),
                    "GLOBAL_CLUSTER": self._global_cluster,
                    "CLUSTERS": json.dumps(
                        {region_config.region: settings.name("database") for region_config in settings.region_configs}
                    ),
                    "SNAPSHOT_MAX_AGE_HOURS": str(settings.snapshot_max_age_hours),
                    "PITR_MIN_HOURS": str(settings.pitr_min_hours),
                    "LAG_MAX_MS": str(settings.lag_max_ms),
                    "DELETION_PROTECTION": str(settings.deletion_protection).lower(),
                    "TOPIC_ARN": topic.arn,
                    "REPORT_BUCKET": self.reports.bucket.bucket,
                },
                statements=self._statements(),
                more={"dead_letter_config": LambdaFunctionDeadLetterConfig(target_arn=self.dead.arn)},
            ),
        )
        self._schedule()

    def _statements(self) -> list[Statement]:
        """Return what it may do: look at both regions, and write its findings in its own."""
        context, keys = self._aws, self._keys
        settings = context.settings
        start, name = f"arn:{context.partition}", settings.name("database")
        regions = [region_config.region for region_config in settings.region_configs]
        clusters = [f"{start}:rds:{where}:{context.account}:cluster:{name}" for where in regions]
        tables = [f"{start}:dynamodb:{where}:{context.account}:table/{settings.name('table')}" for where in regions]
        snapshots = [f"{start}:rds:{where}:{context.account}:cluster-snapshot:*" for where in regions]
        return [
            allow(
                ["rds:DescribeGlobalClusters"],
                [f"{start}:rds::{context.account}:global-cluster:{self._global_cluster}"],
            ),
            allow(["rds:DescribeDBClusters"], clusters),
            allow(["rds:DescribeDBClusterSnapshots"], [*clusters, *snapshots]),
            allow(["dynamodb:DescribeTable", "dynamodb:DescribeContinuousBackups"], tables),
            # Of the table's content it reads who may write, in both regions.
            allow(
                ["dynamodb:BatchGetItem", "dynamodb:GetItem"],
                tables,
                Condition={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [writer.NAME, f"{writer.NAME}#*"]}},
            ),
            allow(
                ["kms:Decrypt"],
                [keys.data.arn, self._other.data.arn],
                Condition=via_service("dynamodb", *regions),
            ),
            allow(["cloudwatch:GetMetricData"], ["*"]),  # takes no resource
            allow(["sns:Publish"], [self._topic.arn]),
            allow(["s3:PutObject"], [f"{self.reports.bucket.arn}/*"]),
            allow(["kms:GenerateDataKey"], [keys.data.arn], Condition=via_service("s3", context.region)),
            allow(["sqs:SendMessage"], [self.dead.arn]),
            *(
                allow(
                    ["kms:Decrypt", "kms:GenerateDataKey"],
                    [keys.operations.arn],
                    Condition=via_service(service, context.region),
                )
                for service in ("sns", "sqs")
            ),
        ]

    def _dead_letters(self) -> SqsQueue:
        context = self._aws
        queue = SqsQueue(
            self,
            "dead-letters",
            name=context.name("queue", "dead-letters"),
            message_retention_seconds=KEPT_SECONDS,
            kms_master_key_id=self._keys.operations.arn,
            **context.own("dead-letters"),
        )
        rule = context.arn("events", f"rule/{context.name('rule', 'verification')}")
        undelivered = allow(
            ["sqs:SendMessage"],
            [queue.arn],
            Principal={"Service": "events.amazonaws.com"},
            # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
            Condition={"ArnEquals": {"aws:SourceArn": rule}},
        )
        SqsQueuePolicy(
            self,
            "dead-letters-policy",
            queue_url=queue.url,
            policy=document(undelivered, deny_insecure_transport("sqs:*", [queue.arn])),
            provider=context.provider,
        )
        return queue

    def _schedule(self) -> None:
        context, hours = self._aws, self._aws.settings.verify_hours
        rule = CloudwatchEventRule(
            self,
            "schedule",
            name=context.name("rule", "verification"),
            description="Verification of backups and replication",
            schedule_expression=f"rate({hours} hour{'s' if hours > 1 else ''})",
            **context.own("verification"),
        )
        LambdaPermission(
            self,
            "schedule-permission",
            function_name=self.function.function_name,
            action="lambda:InvokeFunction",
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            provider=context.provider,
        )
        CloudwatchEventTarget(
            self,
            "schedule-target",
            rule=rule.name,
            arn=self.function.arn,
            # For a run that cannot be handed over; for one that fails there is the function's own.
            dead_letter_config=CloudwatchEventTargetDeadLetterConfig(arn=self.dead.arn),
            retry_policy=CloudwatchEventTargetRetryPolicy(
                maximum_retry_attempts=RETRIES, maximum_event_age_in_seconds=OLDEST_SECONDS
            ),
            provider=context.provider,
        )

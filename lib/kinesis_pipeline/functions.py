"""The pipeline's two functions, their roles, and what delivers the stream to the consumer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct, IConstruct

from lib.common.acknowledged import Acknowledged
from lib.common.iam_statements import trust, via_service, vpc_attachment
from lib.kinesis_pipeline import delivery
from lib.kinesis_pipeline.database import Database, retention
from lib.kinesis_pipeline.keys import Keys
from lib.kinesis_pipeline.network import Network
from lib.kinesis_pipeline.settings import Settings
from lib.kinesis_pipeline.stream import Stream

RUNTIME = lambda_.Runtime.PYTHON_3_14
LAMBDA = "lambda.amazonaws.com"
METRICS_NAMESPACE = "TAP/KinesisPipeline"
MEMORY_MIB = 512
ACKNOWLEDGED = (
    Acknowledged(
        "CKV_AWS_111",
        "AWS::IAM::Policy.*RoleDefaultPolicy*",
        "EC2 takes no resource in the calls that attach a function to a VPC; the function's own code is denied them.",
    ),
    Acknowledged(
        "CKV_AWS_115",
        "AWS::Lambda::Function.*Function*",
        "The stream's shards limit the consumer, and a deployment calls the other one once; a reservation would be "
        "taken from the account's other functions, and a new account has ten concurrent executions.",
    ),
    Acknowledged(
        "CKV_AWS_116",
        "AWS::Lambda::Function.ConsumerFunction*",
        "A dead-letter queue takes events of asynchronous invocations, and the database function has one: the stream "
        "has a bucket for failed batches. "
        "https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html",
    ),
)


@dataclass(frozen=True)
class Code:
    """What a function is made of: its package, and what it needs to run.

    ``user`` is the database's role that it signs in as by IAM; without one it is the master user. ``dead_letters``
    takes the events that nobody waits for, when their last try has failed.
    """

    part: str
    description: str
    package: Path
    timeout: cdk.Duration
    user: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    dead_letters: sqs.Queue | None = None


class DatabaseClient(Construct):
    """A function in the isolated subnets that may sign in to the database and write its own log."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        network: Network,
        database: Database,
        keys: Keys,
        code: Code,
    ) -> None:
        super().__init__(scope, construct_id)
        name = settings.name("function", code.part)
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/lambda/{name}",
            retention=retention(settings.log_days),
            encryption_key=keys.operations,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        stack = cdk.Stack.of(self)
        arn = stack.format_arn(
            service="lambda", resource="function", resource_name=name, arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME
        )
        self.role = self._role(settings, code.part, arn)
        sign_in = self._sign_in(settings, database, keys, code.user)
        if code.dead_letters:
            self._bury(code.dead_letters, settings, keys)
        # Lambda reads the environment variables with the function's role.
        # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["kms:Decrypt"],
                resources=[keys.operations.key_arn],
                conditions=via_service("lambda", settings.region),
            )
        )
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            description=code.description,
            runtime=RUNTIME,
            architecture=lambda_.Architecture.ARM_64,
            handler="handler.handler",
            code=lambda_.Code.from_asset(str(code.package)),
            role=self.role.without_policy_updates(),
            vpc=network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_groups=[network.functions],
            timeout=code.timeout,
            memory_size=MEMORY_MIB,
            log_group=self.log_group,
            dead_letter_queue=code.dead_letters,
            environment_encryption=keys.operations,
            environment={
                "DB_HOST": database.instance.db_instance_endpoint_address,
                "DB_PORT": str(settings.database_port),
                "DB_NAME": settings.database_name,
                **sign_in,
                "POWERTOOLS_SERVICE_NAME": name,
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                **code.environment,
            },
        )
        # Lambda needs the permissions before it can attach the function to the VPC.
        self.function.node.add_dependency(self.permissions, network.secrets, network.storage)

    @property
    def permissions(self) -> IConstruct:
        """The role's policy: what needs a permission has to wait for it, the role alone is not enough."""
        return self.role.node.find_child("DefaultPolicy")

    def _role(self, settings: Settings, part: str, function_arn: str) -> iam.Role:
        stack = cdk.Stack.of(self)
        role = iam.Role(
            self,
            "Role",
            role_name=settings.name("role", part),
            assumed_by=iam.ServicePrincipal(LAMBDA, conditions=trust(LAMBDA, stack.account)["Condition"]),
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[self.log_group.log_group_arn]
            )
        )
        for statement in vpc_attachment(function_arn):
            role.add_to_policy(iam.PolicyStatement.from_json(statement))
        cdk.Validations.of(role).acknowledge(
            cdk.Acknowledgment(
                id="AwsSolutions::AwsSolutions-IAM5[Resource::*]",
                reason="EC2 takes no resource in the calls that attach a function to a VPC; "
                "the function's own code is denied them.",
            )
        )
        return role

    def _bury(self, queue: sqs.Queue, settings: Settings, keys: Keys) -> None:
        """Let Lambda, in the function's name, send to the queue, and SQS encrypt what is sent.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
        """
        self.role.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[queue.queue_arn]))
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=[keys.operations.key_arn],
                conditions=via_service("sqs", settings.region),
            )
        )

    def _sign_in(self, settings: Settings, database: Database, keys: Keys, user: str) -> dict[str, str]:
        """Let the function sign in as one user, and return what its environment says of that."""
        if user:
            database.instance.grant_connect(self.role, user)
            return {"DB_USER": user}
        secret = database.instance.secret
        assert secret is not None  # noqa: S101 - there is one, as RDS manages the password
        self.role.add_to_policy(
            iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[secret.secret_arn])
        )
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["kms:Decrypt"],
                resources=[keys.database.key_arn],
                conditions=via_service("secretsmanager", settings.region),
            )
        )
        return {"DB_SECRET_ARN": secret.secret_arn}


class Delivery(Construct):
    """The event source mapping: what Lambda does with the stream, and with what fails.

    The consumer quarantines poison records by itself. What comes back as failed is therefore an outage (the
    database, the bucket) or a defect of the consumer: it is tried again, halved at each error so that a record
    that kills the function ends up alone, and given to the bucket when tries or age run out.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        stream: Stream,
        consumer: DatabaseClient,
        keys: Keys,
    ) -> None:
        super().__init__(scope, construct_id)
        consumer.role.add_to_policy(
            iam.PolicyStatement(
                actions=[
                    "kinesis:DescribeStream",
                    "kinesis:DescribeStreamSummary",
                    "kinesis:GetRecords",
                    "kinesis:GetShardIterator",
                    "kinesis:ListShards",
                ],
                resources=[stream.stream.stream_arn],
            )
        )
        consumer.role.add_to_policy(
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=[keys.stream.key_arn],
                conditions=via_service(("kinesis", "s3"), settings.region),
            )
        )
        bucket = stream.failures
        consumer.role.add_to_policy(
            iam.PolicyStatement(actions=["s3:PutObject"], resources=[bucket.arn_for_objects("*")])
        )
        logical_id = cdk.Stack.of(self).get_logical_id(cast(cdk.CfnElement, bucket.node.default_child))
        cdk.Validations.of(consumer.role).acknowledge(
            cdk.Acknowledgment(
                id=f"AwsSolutions::AwsSolutions-IAM5[Resource::<{logical_id}.Arn>/*]",
                reason="Records that are quarantined are in objects whose names follow from what they hold.",
            )
        )
        # Lambda asks for this before it accepts the bucket as a destination.
        consumer.role.add_to_policy(iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket.bucket_arn]))
        self.mapping = lambda_.CfnEventSourceMapping(
            self,
            "Mapping",
            event_source_arn=stream.stream.stream_arn,
            function_name=consumer.function.function_name,
            starting_position="TRIM_HORIZON",
            batch_size=settings.batch_size,
            maximum_batching_window_in_seconds=delivery.WINDOW_SECONDS,
            bisect_batch_on_function_error=True,
            function_response_types=["ReportBatchItemFailures"],
            maximum_retry_attempts=delivery.RETRIES,
            maximum_record_age_in_seconds=delivery.oldest(settings),
            destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
                on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(destination=bucket.bucket_arn)
            ),
        )
        self.mapping.node.add_dependency(consumer.permissions)

"""The functions: the API's, the one that drains the outbox, and the one that migrates and reports."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from lib.common import lambda_package
from lib.common.acknowledged import Acknowledged
from lib.common.iam_statements import Statement, allow, deny_insecure_transport, traces, via_service, vpc_attachment
from lib.payment.database import Database
from lib.payment.keys import Keys
from lib.payment.network import Network
from lib.payment.settings import Settings
from lib.payment.storage import Storage
from lib.payment.users import USERS
from lib.pulumi_components.policies import AwsContext, document, service_role

FOLDER = "payment"
METRICS_NAMESPACE = "Payments"
MEMORY_MIB = 1024
# API Gateway gives up after 29 s, so the API's function ends before; a run of the drain ends before the next begins.
# A migration has as long as Lambda gives: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
SECONDS: Mapping[str, int] = {"api": 25, "drain": 55, "database": 900}
DRAIN_RATE = "rate(1 minute)"
DRAIN_EVENT_SECONDS = 60  # the least that Lambda takes: an event that waits longer meets the next one
KEPT_SECONDS = 14 * 24 * 3600  # a dead letter waits as long as SQS allows
ACKNOWLEDGED = (
    Acknowledged(
        "CKV_AWS_115",
        "aws_lambda_function.database",
        "It runs once in a deployment; a reservation would be taken from the account's other functions, and a new "
        "account has ten concurrent executions.",
    ),
    Acknowledged(
        "CKV_AWS_272",
        "aws_lambda_function.*",
        "Dependencies are pinned by hash and packages are built and deployed by this program alone; code signing "
        "needs a profile of AWS Signer, which belongs to an account's delivery pipeline.",
    ),
)


@dataclass(frozen=True)
class FunctionsArgs:
    """What the functions are made of."""

    settings: Settings
    context: AwsContext
    network: Network
    database: Database
    storage: Storage
    keys: Keys


class Functions(pulumi.ComponentResource):
    """Three functions with a role and a log group each, the dead-letter queue, the schedule, the migrations."""

    def __init__(self, name: str, args: FunctionsArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("tap:payment:Functions", name, {}, opts)
        self._args, self._own = args, pulumi.ResourceOptions(parent=self)
        self.dead = self._dead_letters()
        self.logs: dict[str, aws.cloudwatch.LogGroup] = {}
        audit = [*self._write_audit()]
        self.migrated: list[pulumi.Resource] = []
        self.database = self._function("database", [])
        self.migrated = [self._migrate()]
        hashes = allow(["kms:GenerateMac"], [args.keys.hashes.arn])
        self.api = self._function("api", [*audit, hashes], concurrency=args.settings.function_concurrency)
        # Two at once would do the same work twice.
        self.drain = self._function("drain", audit, concurrency=1 if args.settings.function_concurrency else 0)
        self._schedule()
        self.register_outputs({})

    def _dead_letters(self) -> aws.sqs.Queue:
        queue = aws.sqs.Queue(
            "dead-letters",
            name=self._args.settings.name("queue", "dead-letters"),
            message_retention_seconds=KEPT_SECONDS,
            kms_master_key_id=self._args.keys.operations.arn,
            opts=self._own,
        )
        refuse = deny_insecure_transport("sqs:*", [queue.arn])
        aws.sqs.QueuePolicy("dead-letters", queue_url=queue.url, policy=document(refuse), opts=self._own)
        return queue

    def _write_audit(self) -> list[Statement]:
        """Return what writing and reading the audit trail takes; nothing of it deletes or shortens a retention."""
        bucket, key = self._args.storage.audit, self._args.keys.audit
        return [
            allow(["s3:PutObject", "s3:GetObject"], [pulumi.Output.concat(bucket.arn, "/payments/*")]),
            # Without it a missing object is "access denied", and not "not found".
            allow(["s3:ListBucket"], [bucket.arn]),
            allow(
                ["kms:Decrypt", "kms:GenerateDataKey"],
                [key.arn],
                Condition=via_service("s3", self._args.context.region),
            ),
        ]

    def _sign_in(self, part: str) -> list[Statement]:
        """Return what it takes to sign in to the database: as one role of its own, or as master user to migrate."""
        args, here = self._args, self._args.context.region
        if part in USERS:
            user = args.database.instance.resource_id.apply(
                lambda resource: args.context.arn("rds-db", f"dbuser:{resource}/{USERS[part]}")
            )
            return [allow(["rds-db:connect"], [user])]
        return [
            allow(["secretsmanager:GetSecretValue"], [args.database.secret_arn]),
            allow(["kms:Decrypt"], [args.keys.database.arn], Condition=via_service("secretsmanager", here)),
        ]

    def _statements(self, part: str, name: str, logs: aws.cloudwatch.LogGroup) -> list[Statement]:
        """Return what every function of the system may do."""
        args, here = self._args, self._args.context.region
        return [
            allow(["logs:CreateLogStream", "logs:PutLogEvents"], [pulumi.Output.concat(logs.arn, ":*")]),
            *vpc_attachment(args.context.arn("lambda", f"function:{name}")),
            *traces(on=args.settings.tracing),
            *self._sign_in(part),
            allow(["sqs:SendMessage"], [self.dead.arn]),
            # Lambda decrypts the environment, and SQS encrypts a dead letter, in the function's name.
            allow(["kms:Decrypt"], [args.keys.operations.arn], Condition=via_service("lambda", here)),
            allow(
                ["kms:Decrypt", "kms:GenerateDataKey"],
                [args.keys.operations.arn],
                Condition=via_service("sqs", here),
            ),
        ]

    def _function(self, part: str, statements: list[Statement], concurrency: int = 0) -> aws.lambda_.Function:
        """Return a function. All but the one that migrates wait for it: code that needs a column must not come before
        the column, and stays away when the migration fails.
        """
        settings, network = self._args.settings, self._args.network
        name = settings.name("function", part)
        # Made before Lambda makes it, for Lambda would keep its lines forever.
        logs = aws.cloudwatch.LogGroup(
            part,
            name=f"/aws/lambda/{name}",
            retention_in_days=settings.log_days,
            kms_key_id=self._args.keys.operations.arn,
            opts=self._own,
        )
        self.logs[part] = logs
        role, policy = service_role(
            part,
            settings.name("role", part),
            service="lambda.amazonaws.com",
            sources=[],
            context=self._args.context,
            statements=[*self._statements(part, name, logs), *statements],
            opts=self._own,
        )
        return aws.lambda_.Function(
            part,
            name=name,
            runtime=aws.lambda_.Runtime.PYTHON3D14,
            architectures=[lambda_package.ARCHITECTURE],
            handler="handler.handler",
            code=pulumi.FileArchive(str(lambda_package.build(FOLDER, part))),
            role=role.arn,
            memory_size=MEMORY_MIB,
            timeout=SECONDS[part],
            reserved_concurrent_executions=concurrency or None,
            kms_key_arn=self._args.keys.operations.arn,
            dead_letter_config={"target_arn": self.dead.arn},
            tracing_config={"mode": "Active" if settings.tracing else "PassThrough"},
            vpc_config={"subnet_ids": network.ids("functions"), "security_group_ids": [network.functions.id]},
            environment={"variables": self._environment(part)},
            # Without its rights a function cannot be attached to the network, and without endpoints it reaches nothing.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy, logs, *network.endpoints, *self.migrated]),
        )

    def _environment(self, part: str) -> dict[str, pulumi.Input[str]]:
        settings, database = self._args.settings, self._args.database
        trail = {} if part == "database" else {"AUDIT_BUCKET": self._args.storage.audit.bucket}
        verified = {"AUDIT_PASS_HOURS": str(settings.audit_pass_hours)} if part == "drain" else {}
        callers: dict[str, pulumi.Input[str]] = {}
        if part == "api":
            callers = {"HASH_KEY_ARN": self._args.keys.hashes.arn}
            callers |= {"ROTATED_API_KEYS": settings.rotated_api_keys} if settings.rotated_api_keys else {}
        return {
            **trail,
            **verified,
            **callers,
            "DB_HOST": database.instance.address,
            "DB_PORT": str(settings.database_port),
            "DB_NAME": settings.database_name,
            **({"DB_USER": USERS[part]} if part in USERS else {"DB_SECRET_ARN": database.secret_arn}),
            "POWERTOOLS_SERVICE_NAME": settings.name("function", part),
            "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
            "LOG_LEVEL": "INFO",
        }

    def _migrate(self) -> aws.lambda_.Invocation:
        """Run the migrations in the deployment, again whenever their text or the database changes."""
        folder = Path(__file__).resolve().parents[2] / "lambda" / FOLDER / "database" / "migrations"
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(folder.glob("*.sql"))))
        return aws.lambda_.Invocation(
            "schema",
            function_name=self.database.name,
            input=json.dumps({"action": "migrate"}),
            triggers={"migrations": digest.hexdigest(), "database": self._args.database.instance.resource_id},
            opts=self._own,
        )

    def _schedule(self) -> None:
        """Drain the outbox every minute: what the API could not write right after its commit."""
        rule = aws.cloudwatch.EventRule(
            "drain",
            name=self._args.settings.name("rule", "drain"),
            description="Audit objects that the API could not write itself",
            schedule_expression=DRAIN_RATE,
            opts=self._own,
        )
        aws.lambda_.Permission(
            "drain",
            function=self.drain.name,
            action="lambda:InvokeFunction",
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            opts=self._own,
        )
        # The next run is the retry. One that Lambda tries again, or whose event has waited, would meet it.
        # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
        once = aws.lambda_.FunctionEventInvokeConfig(
            "drain",
            function_name=self.drain.name,
            qualifier="$LATEST",
            maximum_retry_attempts=0,
            maximum_event_age_in_seconds=DRAIN_EVENT_SECONDS,
            opts=self._own,
        )
        aws.cloudwatch.EventTarget(
            "drain",
            rule=rule.name,
            arn=self.drain.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*self.migrated, once]),
        )

"""The pipeline as one CloudFormation stack: wires the parts, creates nothing itself but outputs."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from lib.common import identity, lambda_package
from lib.kinesis_pipeline import delivery, weeks
from lib.kinesis_pipeline.database import Database
from lib.kinesis_pipeline.functions import Code, DatabaseClient, Delivery
from lib.kinesis_pipeline.keys import Keys
from lib.kinesis_pipeline.monitoring import Alarms
from lib.kinesis_pipeline.network import Network
from lib.kinesis_pipeline.settings import Settings
from lib.kinesis_pipeline.stream import Stream
from lib.kinesis_pipeline.users import USERS
from lib.kinesis_pipeline.weeks import DeadLetters, Weeks

FOLDER = "kinesis_pipeline"


class KinesisPipeline(cdk.Stack):
    """Network, keys, stream, database, functions, alarms."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=settings.name("stack"),
            description="Kinesis to PostgreSQL, each event once (TAP kinesis-pipeline)",
            # With an account, the CDK's command line refuses the credentials of another one.
            env=cdk.Environment(account=settings.account_id or None, region=settings.region),
            termination_protection=settings.deletion_protection,
            tags=dict(settings.tags),
        )
        # Tags of the stack reach its resources too, but only those of the template can be tested.
        for name, value in settings.tags.items():
            cdk.Tags.of(self).add(name, value)
        self.settings = settings
        self.keys = Keys(self, "Keys", settings=settings)
        self.network = Network(self, "Network", settings=settings, keys=self.keys)
        self.stream = Stream(self, "Stream", settings=settings, keys=self.keys)
        self.network.allow_storage(self.stream.failures.bucket_arn)
        self.database = Database(self, "Database", settings=settings, network=self.network, keys=self.keys)
        dead_letters = DeadLetters(self, "DeadLetters", settings=settings, keys=self.keys)
        self.admin = self._function(
            "Admin",
            "database",
            "Migrations, the events' weeks, and reports",
            15,
            {"EVENT_RETENTION_DAYS": str(settings.event_retention_days)},
            dead_letters.queue,
        )
        self.consumer = self._function(
            "Consumer",
            "consumer",
            "Stores the stream's events, each once",
            delivery.CONSUMER_MINUTES,
            {
                "FAILURE_BUCKET": self.stream.failures.bucket_name,
                "UNKNOWN_FIELDS": settings.unknown_fields,
            },
        )
        schema = self._migrate()
        mapped = Delivery(
            self, "Delivery", settings=settings, stream=self.stream, consumer=self.consumer, keys=self.keys
        )
        # New code must not come before the columns that it needs, and stays away when their migration fails.
        self.consumer.function.node.add_dependency(schema)
        mapped.mapping.node.add_dependency(schema)
        Weeks(self, "Weeks", settings=settings, function=self.admin.function, schema=schema)
        self.alarms = Alarms(
            self,
            "Alarms",
            settings=settings,
            keys=self.keys,
            consumer=self.consumer.function,
            source=self.stream.stream,
            bucket=self.stream.failures,
            database=self.database.instance,
        )
        self.alarms.watch(settings, weeks.alarms(self.admin.function, dead_letters.queue))
        self._keep_identity()
        self._outputs()

    @property
    def availability_zones(self) -> list[str]:
        """The region's first two, for where the settings name none: of a known account, the CDK would ask AWS."""
        return [cdk.Fn.select(number, cdk.Fn.get_azs()) for number in range(2)]

    def _keep_identity(self) -> None:
        """Have CloudFormation refuse what contradicts the first deployment, before it changes anything.

        A parameter keeps its value from one deployment to the next (the CDK's command line says UsePreviousValue),
        whatever the template's default has become, and a rule compares the two. A region has its own stacks.
        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
        """
        settings, environment = self.settings, self.settings.environment
        self._keep(
            "DeployedAs",
            "SameEnvironment",
            "environment",
            (environment,),
            f"This stack is deployed as another environment than {environment}: set ENVIRONMENT to that one, deploy "
            "under another ENVIRONMENT_SUFFIX, or, if another environment is meant, deploy with --parameters "
            f"DeployedAs={environment}.",
        )
        for name, setting in settings.permanent().items():
            if name != "region":
                part, value = name.title().replace("_", ""), settings.identity[name]
                # Without a value there was none to keep: AWS's choice is written down later as it is.
                self._keep(
                    f"Deployed{part}",
                    f"Same{part}",
                    setting.variable,
                    dict.fromkeys((value, "")),
                    identity.refusal(settings, name, f"<the parameter Deployed{part}>"),
                )
        if environment != "dev":
            for sentence in settings.from_shell:
                cdk.Annotations.of(self).add_info(f"tap: {sentence}")

    def _keep(  # pylint: disable=too-many-positional-arguments  # a parameter and its rule
        self, parameter: str, rule: str, what: str, values: Iterable[str], refusal: str
    ) -> None:
        """Keep the first of the values; later only these are taken for the one that was kept."""
        first, *others = values
        cdk.CfnParameter(self, parameter, default=first, description=f"The {what} of this stack's first deployment")
        kept = cdk.Fn.ref(parameter)
        same = cdk.Fn.condition_contains([first, *others], kept) if others else cdk.Fn.condition_equals(kept, first)
        cdk.CfnRule(self, rule, assertions=[cdk.CfnRuleAssertion(assert_=same, assert_description=refusal)])

    def _function(  # pylint: disable=too-many-positional-arguments  # what every function needs
        self,
        construct_id: str,
        part: str,
        description: str,
        minutes: int,
        environment: Mapping[str, str] | None = None,
        dead_letters: sqs.Queue | None = None,
    ) -> DatabaseClient:
        package = lambda_package.build(FOLDER, part)
        code = Code(
            part,
            description,
            package,
            cdk.Duration.minutes(minutes),
            USERS.get(part, ""),
            environment or {},
            dead_letters,
        )
        return DatabaseClient(
            self,
            construct_id,
            settings=self.settings,
            network=self.network,
            database=self.database,
            keys=self.keys,
            code=code,
        )

    def _migrate(self) -> cdk.CustomResource:
        """Run the migrations in the deployment, again whenever their text changes."""
        folder = Path(__file__).resolve().parents[2] / "lambda" / FOLDER / "database" / "migrations"
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(folder.glob("*.sql"))))
        resource = cdk.CustomResource(
            self,
            "Schema",
            resource_type="Custom::DatabaseSchema",
            service_token=self.admin.function.function_arn,
            service_timeout=cdk.Duration.minutes(16),  # the function has 15, as long as Lambda gives
            properties={"Migrations": digest.hexdigest()},
        )
        resource.node.add_dependency(self.database.instance, self.admin.permissions, self.network)
        return resource

    def _outputs(self) -> None:
        outputs = {
            "StreamName": self.stream.stream.stream_name,
            "FailureBucket": self.stream.failures.bucket_name,
            "ConsumerFunction": self.consumer.function.function_name,
            "DatabaseFunction": self.admin.function.function_name,
            "DatabaseEndpoint": self.database.instance.db_instance_endpoint_address,
            "DatabaseSecretArn": self.database.instance.secret.secret_arn if self.database.instance.secret else "",
            "AlarmTopicArn": self.alarms.topic.topic_arn,
            "VpcId": self.network.vpc.vpc_id,
        }
        for name, value in outputs.items():
            cdk.CfnOutput(self, name, value=value)


def build(scope: Construct, environ: Mapping[str, str] = os.environ) -> KinesisPipeline:
    """Add the stack that the files and the environment describe to a CDK app."""
    settings = Settings.read(environ).deployable()
    return KinesisPipeline(scope, "KinesisPipeline", settings=settings)

"""What brings the database to the schema that new tasks need: a function, and its invocation in the deployment."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from lib.common import lambda_package
from lib.common.acknowledged import Acknowledged
from lib.common.iam_statements import Statement, allow, via_service, vpc_attachment
from lib.flask_api.database import Database
from lib.flask_api.keys import Keys
from lib.flask_api.network import Network
from lib.flask_api.settings import Settings
from lib.pulumi_components.policies import AwsContext, service_role

FOLDER, PART = "flask_api", "database"
MEMORY_MIB = 512
# As long as Lambda gives: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
SECONDS = 900
METRICS_NAMESPACE = "Shop"
ACKNOWLEDGED = (
    Acknowledged(
        "CKV_AWS_115",
        "aws_lambda_function.database",
        "It runs once in a deployment; a reservation would be taken from the account's other functions, and a new "
        "account has ten concurrent executions.",
    ),
    Acknowledged(
        "CKV_AWS_116",
        "aws_lambda_function.database",
        "A dead-letter queue takes events of asynchronous invocations; the deployment invokes it, waits, and fails "
        "with it. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html",
    ),
    Acknowledged(
        "CKV_AWS_272",
        "aws_lambda_function.database",
        "Dependencies are pinned by hash and packages are built and deployed by this program alone; code signing "
        "needs a profile of AWS Signer, which belongs to an account's delivery pipeline.",
    ),
)


@dataclass(frozen=True)
class MigrationArgs:
    """What a migration is made of."""

    settings: Settings
    context: AwsContext
    network: Network
    database: Database
    keys: Keys


class Migration(pulumi.ComponentResource):
    """The function with its role and log group, and the invocation that new tasks wait for."""

    def __init__(self, name: str, args: MigrationArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("tap:flask-api:Migration", name, {}, opts)
        self._args, self._own = args, pulumi.ResourceOptions(parent=self)
        settings = args.settings
        self._name = settings.name("function", PART)
        # Made before Lambda makes it, for Lambda would keep its lines forever.
        self.logs = aws.cloudwatch.LogGroup(
            PART,
            name=f"/aws/lambda/{self._name}",
            retention_in_days=settings.log_days,
            kms_key_id=args.keys.operations.arn,
            opts=self._own,
        )
        self.function = self._function()
        self.schema = self._invocation()
        self.register_outputs({})

    def _statements(self) -> list[Statement]:
        args, here = self._args, self._args.context.region
        return [
            allow(["logs:CreateLogStream", "logs:PutLogEvents"], [pulumi.Output.concat(self.logs.arn, ":*")]),
            *vpc_attachment(args.context.arn("lambda", f"function:{self._name}")),
            allow(["secretsmanager:GetSecretValue"], [args.database.secret_arn]),
            allow(["kms:Decrypt"], [args.keys.database.arn], Condition=via_service("secretsmanager", here)),
            # Lambda decrypts the environment in the function's name.
            allow(["kms:Decrypt"], [args.keys.operations.arn], Condition=via_service("lambda", here)),
        ]

    def _function(self) -> aws.lambda_.Function:
        settings, network = self._args.settings, self._args.network
        role, policy = service_role(
            PART,
            settings.name("role", PART),
            service="lambda.amazonaws.com",
            sources=[],
            context=self._args.context,
            statements=self._statements(),
            opts=self._own,
        )
        return aws.lambda_.Function(
            PART,
            name=self._name,
            runtime=aws.lambda_.Runtime.PYTHON3D14,
            architectures=[lambda_package.ARCHITECTURE],
            handler="handler.handler",
            code=pulumi.FileArchive(str(lambda_package.build(FOLDER, PART))),
            role=role.arn,
            memory_size=MEMORY_MIB,
            timeout=SECONDS,
            kms_key_arn=self._args.keys.operations.arn,
            tracing_config={"mode": "PassThrough"},  # the deployment waits for it, and shows its error
            vpc_config={"subnet_ids": network.ids("tasks"), "security_group_ids": [network.functions.id]},
            environment={
                "variables": {
                    "DB_HOST": self._args.database.cluster.endpoint,
                    "DB_PORT": str(settings.database_port),
                    "DB_NAME": settings.database_name,
                    "DB_SECRET_ARN": self._args.database.secret_arn,
                    "POWERTOOLS_SERVICE_NAME": self._name,
                    "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                    "LOG_LEVEL": "INFO",
                }
            },
            # Without its rights a function cannot be attached to the network.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy, self.logs]),
        )

    def _invocation(self) -> aws.lambda_.Invocation:
        """Run the migrations in the deployment, again whenever their text or the database changes."""
        folder = Path(__file__).resolve().parents[2] / "lambda" / FOLDER / PART / "migrations"
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(folder.glob("*.sql"))))
        return aws.lambda_.Invocation(
            "schema",
            function_name=self.function.name,
            input=json.dumps({"action": "migrate"}),
            triggers={
                "migrations": digest.hexdigest(),
                "database": self._args.database.cluster.cluster_resource_id,
            },
            # A cluster without an instance takes no connections.
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._args.database.instances),
        )

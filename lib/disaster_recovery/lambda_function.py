"""A Lambda function with its role and its log group; both functions of a region are made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cdktf import AssetType, Fn, TerraformAsset
from cdktf_cdktf_provider_aws.lambda_function import (
    LambdaFunction,
    LambdaFunctionEnvironment,
    LambdaFunctionTracingConfig,
)
from constructs import Construct

from lib.common import lambda_package
from lib.common.acknowledged import Acknowledged
from lib.common.iam_statements import Statement, allow, traces, via_service
from lib.disaster_recovery.aws_context import AwsContext
from lib.disaster_recovery.keys import Keys
from lib.disaster_recovery.logs import log_group
from lib.disaster_recovery.policies import service_role

FOLDER = "disaster_recovery"
METRICS_NAMESPACE = "DisasterRecovery"
MEMORY_MIB = 1024
ACKNOWLEDGED = (
    Acknowledged(
        "CKV_AWS_115",
        "aws_lambda_function.verification-*_verification",
        "A schedule limits the verification; a reservation would be taken from the account's other functions, and a "
        "new account has ten concurrent executions.",
    ),
    Acknowledged(
        "CKV_AWS_272",
        "aws_lambda_function.*",
        "Dependencies are pinned by hash and packages are built and deployed by this program alone; code signing "
        "needs a profile of AWS Signer, which belongs to an account's delivery pipeline.",
    ),
)


@dataclass(frozen=True)
class Work:
    """What a function does: a folder of ``lambda/disaster_recovery``, and what it needs for that."""

    part: str
    description: str
    seconds: int
    environment: Mapping[str, str]
    statements: Sequence[Statement]
    at_once: int = 0  # reserved concurrent executions; 0 reserves none
    more: Mapping[str, Any] = field(default_factory=dict)


def function(scope: Construct, *, context: AwsContext, keys: Keys, work: Work) -> LambdaFunction:
    """Return a function that may do what its work says, write its log and its traces, and nothing else."""
    name = context.name("function", work.part)
    logs = log_group(scope, f"{work.part}-logs", f"/aws/lambda/{name}", context, keys)
    role, policy = service_role(
        scope,
        f"{work.part}-role",
        context=context,
        part=work.part,
        service="lambda.amazonaws.com",
        sources=[],
        statements=[
            allow(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{logs.arn}:*"]),
            *traces(on=context.settings.tracing),
            # Lambda decrypts the environment in the function's name.
            allow(["kms:Decrypt"], [keys.operations.arn], Condition=via_service("lambda", context.region)),
            *work.statements,
        ],
    )
    # Copied into what is synthesised, which can then be deployed from another machine.
    package = TerraformAsset(
        scope, f"{work.part}-package", path=str(lambda_package.build(FOLDER, work.part)), type=AssetType.FILE
    )
    return LambdaFunction(
        scope,
        work.part,
        function_name=name,
        description=work.description,
        runtime=f"python{lambda_package.RUNTIME}",
        architectures=[lambda_package.ARCHITECTURE],
        handler="handler.handler",
        filename=package.path,
        source_code_hash=Fn.filebase64sha256(package.path),
        role=role.arn,
        memory_size=MEMORY_MIB,
        timeout=work.seconds,
        reserved_concurrent_executions=work.at_once or None,
        kms_key_arn=keys.operations.arn,
        tracing_config=LambdaFunctionTracingConfig(mode="Active" if context.settings.tracing else "PassThrough"),
        environment=LambdaFunctionEnvironment(
            variables={
                **work.environment,
                "POWERTOOLS_SERVICE_NAME": name,
                "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
                "LOG_LEVEL": "INFO",
            }
        ),
        # Without its rights a function cannot be attached to a network, and a first line would make a log group.
        depends_on=[policy, logs],
        **context.own(work.part),
        **work.more,
    )

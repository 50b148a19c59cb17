"""What each deploying tool takes itself, beside the resources."""

from collections.abc import Iterable, Mapping, Sequence

from lib.check_account.model import System
from lib.common import region as regions
from lib.common.json_types import JsonObject

TITLES = {"cdk": "the AWS CDK", "cdktf": "CDK for Terraform", "pulumi": "Pulumi"}
QUALIFIER = "hnb659fds"  # the CDK's default: https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-customizing.html
DEPLOYER, EXECUTION = "deployer", "execution"
# What Terraform's AWS provider calls and CloudFormation's handlers do not, by CloudFormation type. Pulumi's AWS package
# is this provider. https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service
PROVIDER: Mapping[str, tuple[str, ...]] = {
    "AWS::EC2::EIP": ("ec2:DescribeAddressesAttribute",),
    # Network interfaces that Lambda has left behind are removed before their group and subnet.
    "AWS::EC2::SecurityGroup": (
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DetachNetworkInterface",
    ),
    "AWS::EC2::VPCEndpoint": ("ec2:DescribePrefixLists",),
    "AWS::IAM::Role": ("iam:ListInstanceProfilesForRole",),
    "AWS::Lambda::Function": ("lambda:ListVersionsByFunction",),
    "AWS::S3::Bucket": ("s3:GetBucketRequestPayment",),
    # A secret and its value are two resources of the provider.
    "AWS::SecretsManager::Secret": (
        "secretsmanager:GetResourcePolicy",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
    ),
    "Terraform::aws_lambda_invocation": ("lambda:InvokeFunction",),
}
NOTES: Mapping[str, Sequence[str]] = {
    "cdk": [
        "Who deploys takes the roles that 'cdk bootstrap' made, and needs the deployer policy alone. CloudFormation",
        "creates the resources as the execution role; instead of AdministratorAccess it gets the execution policies by",
        "  cdk bootstrap --cloudformation-execution-policies ARN,ARN",
        "Bootstrapping itself, once for an account and region, is an administrator's work.",
    ],
    "cdktf": ["With STATE_BUCKET in the environment the rights on the state's bucket are among them."],
    "pulumi": ["With 'pulumi login s3://BUCKET' set STATE_BUCKET=BUCKET here: the rights on it are then among them."],
}
Statement = JsonObject


def more(tool: str) -> Mapping[str, Iterable[str]]:
    """Return the actions by type that a tool takes beyond those of CloudFormation's handlers."""
    return {} if tool == "cdk" else PROVIDER


def parts(system: System, account: str, resources: Sequence[Statement]) -> dict[str, list[Statement]]:
    """Return the statements of each policy: for the CDK one for who deploys and one for CloudFormation.

    Args:
        system: what is deployed.
        account: the account's number, or ``*``.
        resources: what the resources take.
    """
    if system.declaration.tool == "cdk":
        return {
            DEPLOYER: [bootstrap_roles(system, account)],
            EXECUTION: [*resources, *_custom_resources(system, account)],
        }
    return {DEPLOYER: [*resources, *state(system)]}


def bootstrap_roles(system: System, account: str) -> Statement:
    """Return the right to take the roles of the bootstrap stack, which do everything for the CDK's command line.

    https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html#bootstrapping-env-roles
    """
    partition, region = regions.partition(system.declaration.region), system.declaration.region
    arn = f"arn:{partition}:iam::{account}:role/cdk-{QUALIFIER}-*-{account}-{region}"
    return {"Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": [arn]}


def _custom_resources(system: System, account: str) -> list[Statement]:
    """Return what a template takes: the bootstrap version, the assets, the functions behind custom resources."""
    partition, region = regions.partition(system.declaration.region), system.declaration.region
    version = f"arn:{partition}:ssm:{region}:{account}:parameter/cdk-bootstrap/{QUALIFIER}/version"
    statements: list[Statement] = [{"Effect": "Allow", "Action": ["ssm:GetParameters"], "Resource": [version]}]
    # The functions' code is an asset of the bootstrap bucket.
    assets = f"arn:{partition}:s3:::cdk-{QUALIFIER}-assets-{account}-{region}/*"
    statements.append({"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [assets]})
    if any(one.type.startswith("Custom::") for one in system.declaration.resources):
        arn = f"arn:{partition}:lambda:{region}:{account}:function:{system.name}-*{system.suffix}"
        statements.append({"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": [arn]})
    return statements


def state(system: System) -> list[Statement]:
    """Return what a state in S3 takes, the lock beside it among it; none without a bucket.

    https://developer.hashicorp.com/terraform/language/backend/s3#s3-bucket-permissions
    """
    bucket = system.state_bucket
    if not bucket:
        return []
    arn = f"arn:{regions.partition(system.declaration.region)}:s3:::{bucket}"
    objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    return [
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [arn]},
        {"Effect": "Allow", "Action": objects, "Resource": [f"{arn}/*"]},
    ]

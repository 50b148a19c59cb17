"""What there is once in an account or a region belongs to no stack: another one would take it over and away."""

from collections.abc import Iterator, Mapping

from lib.declared.model import Declaration
from tests.policy.rule import rule

# CloudFormation's types, and those of Terraform's provider that CloudFormation does not have, with what AWS says.
SINGLETONS: Mapping[str, str] = {
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-account.html
    "AWS::ApiGateway::Account": "API Gateway's role for logs is one for each account and region",
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
    "AWS::Logs::ResourcePolicy": "CloudWatch Logs takes 10 for each account and region",
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatchLogs-Account-Policy.html
    "AWS::Logs::AccountPolicy": "a policy of the account holds for every log group of the region",
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/registries.html
    "AWS::ECR::RegistryPolicy": "the registry is one for each account and region",
    "AWS::ECR::ReplicationConfiguration": "the registry is one for each account and region",
    "AWS::ECR::RegistryScanningConfiguration": "the registry is one for each account and region",
    # https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-settingup.html
    "AWS::SecurityHub::Hub": "Security Hub is switched on once for each account and region",
    # https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_settingup.html
    "AWS::GuardDuty::Detector": "GuardDuty has one detector for each account and region",
    # https://docs.aws.amazon.com/macie/latest/user/getting-started.html
    "AWS::Macie::Session": "Macie is switched on once for each account and region",
    # https://docs.aws.amazon.com/config/latest/developerguide/stop-start-recorder.html
    "AWS::Config::ConfigurationRecorder": "AWS Config has one recorder of the customer's for each account and region",
    "AWS::Config::DeliveryChannel": "AWS Config has one delivery channel for each account and region",
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
    "AWS::IAM::ServiceLinkedRole": "a service's role is one for each account: scripts/check_account --fix creates it",
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
    "Terraform::aws_iam_account_password_policy": "the password policy is one for each account",
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/configuring-block-public-access-account.html
    "Terraform::aws_s3_account_public_access_block": "the block is one for each account, over every bucket",
    # https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html
    "Terraform::aws_ebs_encryption_by_default": "the default is one for each account and region",
    "Terraform::aws_ebs_default_kms_key": "the default is one for each account and region",
    # https://docs.aws.amazon.com/ebs/latest/userguide/block-public-access-snapshots.html
    "AWS::EC2::SnapshotBlockPublicAccess": "the block is one for each account and region",
    # https://docs.aws.amazon.com/xray/latest/devguide/xray-console-encryption.html
    "Terraform::aws_xray_encryption_config": "X-Ray's encryption is one for each account and region",
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html
    "Terraform::aws_ecs_account_setting_default": "the default is one for each account and region",
    # https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html
    "Terraform::aws_default_vpc": "the default VPC is one for each account and region",
}


@rule()
def account_settings(declaration: Declaration) -> Iterator[str]:
    """Find what an account or a region has once: destroying one stack would take it from all the others."""
    for kind, why in SINGLETONS.items():
        for resource in declaration.of(kind):
            yield f"{resource.name}: is an {kind}: {why}, and must be of no stack"

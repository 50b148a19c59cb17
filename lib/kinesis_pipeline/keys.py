"""Three keys, one for each kind of data: the stream, the database, and operations."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from lib.common.iam_statements import key_for_alarms, key_for_log_groups
from lib.kinesis_pipeline.settings import Settings


def removal_policy(retain_data: bool) -> cdk.RemovalPolicy:
    """Return what becomes of a resource with data when the stack goes, or no longer declares it.

    One that is kept goes all the same when the deployment that created it fails: nothing is in it yet, and its name
    would be taken when the deployment is tried again.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
    """
    return cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if retain_data else cdk.RemovalPolicy.DESTROY


class Keys(Construct):
    """Customer-managed keys that rotate every year; each costs 1 USD a month."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self.stream = self._key("Stream", "records in the Kinesis stream and what is quarantined")
        self.database = self._key("Database", "the database, its password and its insights")
        self.operations = self._key("Operations", "logs and alarm messages")
        stack = cdk.Stack.of(self)
        groups = stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name="*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        for statement in (key_for_log_groups(settings.region, groups), key_for_alarms(stack.account)):
            self.operations.add_to_resource_policy(iam.PolicyStatement.from_json(statement))

    def _key(self, construct_id: str, purpose: str) -> kms.Key:
        retain_data = self._settings.retain_data
        return kms.Key(
            self,
            construct_id,
            alias=f"alias/{self._settings.name('key_alias', construct_id.lower())}",
            description=f"{self._settings.name('stack')}: {purpose}",
            enable_key_rotation=True,
            removal_policy=removal_policy(retain_data),
            pending_window=cdk.Duration.days(30 if retain_data else 7),
        )

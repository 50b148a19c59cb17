"""Two keys in each region: one for data, one for operations."""

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from constructs import Construct

from lib.common.iam_statements import (
    Statement,
    allow,
    key_for_alarms,
    key_for_log_groups,
    key_for_undelivered_events,
)
from lib.disaster_recovery.aws_context import AwsContext
from lib.disaster_recovery.policies import document

# Days until a deleted key is gone: the most, and the least, that KMS takes.
KEPT_DAYS, LOST_DAYS = 30, 7


class Keys(Construct):
    """Customer-managed keys that rotate every year; each costs 1 USD a month.

    None is a multi-region key: each service encrypts a replica with a key of the replica's own region, and a key that
    exists twice would be lost twice.
    """

    def __init__(self, scope: Construct, construct_id: str, *, context: AwsContext, data: bool = True) -> None:
        super().__init__(scope, construct_id)
        self._aws = context
        self.operations = self._key("operations", "logs, alarm messages, dead letters", _operations(context))
        if data:
            self.data = self._key("data", "database, table, password, reports", [])

    def _key(self, part: str, purpose: str, statements: Sequence[Statement]) -> KmsKey:
        context = self._aws
        retain_data = context.settings.retain_data
        key = KmsKey(
            self,
            part,
            description=f"{context.name('stack')}: {purpose}",
            enable_key_rotation=True,
            deletion_window_in_days=KEPT_DAYS if retain_data else LOST_DAYS,
            policy=document(_administration(context), *statements),
            lifecycle=context.protected(),
            **context.own(part),
        )
        KmsAlias(
            self,
            f"{part}-alias",
            name=f"alias/{context.name('key_alias', part)}",
            target_key_id=key.key_id,
            provider=context.provider,
        )
        return key


def _administration(context: AwsContext) -> Statement:
    """Return what keeps a key in the account's own hands.

    Without it the account's IAM policies count for nothing, and nobody could ever change the key:
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    return allow(["kms:*"], ["*"], Principal={"AWS": f"arn:{context.partition}:iam::{context.account}:root"})


def _operations(context: AwsContext) -> list[Statement]:
    """Return what a key for log groups, alarm messages and dead letters has to allow."""
    return [
        key_for_log_groups(context.region, context.arn("logs", "log-group:*")),
        key_for_alarms(context.account),
        key_for_undelivered_events(),
    ]

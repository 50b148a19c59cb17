"""Two keys in each region: one for data, one for operations. And one key in both, for hashes."""

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from cdktf_cdktf_provider_aws.kms_replica_key import KmsReplicaKey
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

    None is a multi-Region key: each service encrypts a replica with a key of the replica's own region, and a key that
    exists twice would be lost twice. :class:`HashKeys` are what has to be the same in both.
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


class HashKeys(Construct):
    """The key of keyed hashes (HMAC-SHA-256), the same in both regions: a request is known again in either.

    Data needs no such key, for each service encrypts a replica with a key of the replica's own region. Hashes do.
    Either region's key works when the other region is lost. KMS rotates no key of this kind, and none may be: what was
    hashed before would not be recognised. Each of the two costs 1 USD a month.
    https://docs.aws.amazon.com/kms/latest/developerguide/hmac.html
    https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
    """

    def __init__(self, scope: Construct, construct_id: str, *, context: AwsContext, replica: AwsContext) -> None:
        super().__init__(scope, construct_id)
        purpose = f"{context.name('stack')}: hashes of idempotency keys"
        days = KEPT_DAYS if context.settings.retain_data else LOST_DAYS
        key = KmsKey(
            self,
            context.role,
            description=purpose,
            key_usage="GENERATE_VERIFY_MAC",
            customer_master_key_spec="HMAC_256",
            multi_region=True,
            deletion_window_in_days=days,
            policy=document(_administration(context)),
            lifecycle=context.protected(),
            **context.own("hashes"),
        )
        other = KmsReplicaKey(
            self,
            replica.role,
            description=purpose,
            primary_key_arn=key.arn,
            deletion_window_in_days=days,
            policy=document(_administration(replica)),
            lifecycle=replica.protected(),
            **replica.own("hashes"),
        )
        self.arns = {context.role: key.arn, replica.role: other.arn}
        for where, key_id in ((context, key.key_id), (replica, other.key_id)):
            KmsAlias(
                self,
                f"{where.role}-alias",
                name=f"alias/{where.name('key_alias', 'hashes')}",
                target_key_id=key_id,
                provider=where.provider,
            )


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

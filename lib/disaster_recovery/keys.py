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
from lib.disaster_recovery.place import Place
from lib.disaster_recovery.policies import document

# Days until a deleted key is gone: the most, and the least, that KMS takes.
KEPT_DAYS, LOST_DAYS = 30, 7


class Keys(Construct):
    """Customer-managed keys that rotate every year; each costs 1 USD a month.

    None is a multi-region key: each service encrypts a replica with a key of the replica's own region, and a key that
    exists twice would be lost twice.
    """

    def __init__(self, scope: Construct, construct_id: str, *, place: Place, data: bool = True) -> None:
        super().__init__(scope, construct_id)
        self._place = place
        self.operations = self._key("operations", "logs, alarm messages, dead letters", _operations(place))
        if data:
            self.data = self._key("data", "database, table, password, reports", [])

    def _key(self, part: str, purpose: str, statements: Sequence[Statement]) -> KmsKey:
        place = self._place
        keep = place.settings.profile.keep
        key = KmsKey(
            self,
            part,
            description=f"{place.name('stack')}: {purpose}",
            enable_key_rotation=True,
            deletion_window_in_days=KEPT_DAYS if keep else LOST_DAYS,
            policy=document(_administration(place), *statements),
            **place.own(part),
        )
        KmsAlias(
            self,
            f"{part}-alias",
            name=f"alias/{place.name('key_alias', part)}",
            target_key_id=key.key_id,
            provider=place.provider,
        )
        return key


def _administration(place: Place) -> Statement:
    """Return what keeps a key in the account's own hands.

    Without it the account's IAM policies count for nothing, and nobody could ever change the key:
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    return allow(["kms:*"], ["*"], Principal={"AWS": f"arn:{place.partition}:iam::{place.account}:root"})


def _operations(place: Place) -> list[Statement]:
    """Return what a key for log groups, alarm messages and dead letters has to allow."""
    return [
        key_for_log_groups(place.region, place.arn("logs", "log-group:*")),
        key_for_alarms(place.account),
        key_for_undelivered_events(),
    ]

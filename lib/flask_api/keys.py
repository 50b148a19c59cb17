"""Two keys, one for each kind of data: the database, and operations."""

import pulumi
import pulumi_aws as aws

from lib.common import region
from lib.flask_api.policies import Place, allow, document
from lib.flask_api.settings import Settings

ADMINISTRATION = "kms:*"


class Keys(pulumi.ComponentResource):
    """Customer-managed keys that rotate every year; each costs 1 USD a month."""

    def __init__(self, name: str, *, settings: Settings, place: Place, opts: pulumi.ResourceOptions) -> None:
        super().__init__("tap:flask-api:Keys", name, {}, opts)
        self._settings, self._place = settings, place
        self.database = self._key("database", "the database, its password and its insights")
        suffix = region.dns_suffix(settings.region)
        self.operations = self._key(
            "operations",
            "logs and alarm messages",
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
            allow(
                ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
                ["*"],  # in a key's own policy: this key
                Principal={"Service": f"logs.{settings.region}.{suffix}"},
                Condition={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": place.arn("logs", "log-group:*")}},
            ),
            # An encrypted topic takes an alarm's message only when CloudWatch may use the key.
            allow(
                ["kms:Decrypt", "kms:GenerateDataKey*"],
                ["*"],
                Principal={"Service": "cloudwatch.amazonaws.com"},
                Condition={"StringEquals": {"aws:SourceAccount": place.account}},
            ),
        )
        self.register_outputs({})

    def _key(self, part: str, purpose: str, *statements: object) -> aws.kms.Key:
        options = pulumi.ResourceOptions(parent=self)
        root = f"arn:{self._place.partition}:iam::{self._place.account}:root"
        # Without this the account's own IAM policies count for nothing, and nobody could ever change the key.
        own = allow([ADMINISTRATION], ["*"], Principal={"AWS": root})
        key = aws.kms.Key(
            part,
            description=f"{self._settings.name('service')}: {purpose}",
            enable_key_rotation=True,
            deletion_window_in_days=30 if self._settings.durability.keep else 7,
            policy=document(own, *statements),  # type: ignore[arg-type]
            opts=options,
        )
        aws.kms.Alias(
            part, name=f"alias/{self._settings.name('key_alias', part)}", target_key_id=key.key_id, opts=options
        )
        return key

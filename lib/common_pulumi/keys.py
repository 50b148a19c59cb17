"""Customer-managed keys, and what CloudWatch needs of the one for logs and messages."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from lib.common import region
from lib.common_pulumi.policies import Place, Statement, allow, document

# Days until a deleted key is gone: the most, and the least, that KMS takes.
KEPT_DAYS, LOST_DAYS = 30, 7


def administration(place: Place) -> Statement:
    """Return what keeps a key in the account's own hands.

    Without it the account's IAM policies count for nothing, and nobody could ever change the key:
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    return allow(["kms:*"], ["*"], Principal={"AWS": f"arn:{place.partition}:iam::{place.account}:root"})


def operations(place: Place) -> list[Statement]:
    """Return what a key for log groups and alarm messages has to allow."""
    return [
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
        allow(
            ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
            ["*"],  # in a key's own policy: this key
            Principal={"Service": f"logs.{place.region}.{region.dns_suffix(place.region)}"},
            Condition={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": place.arn("logs", "log-group:*")}},
        ),
        # An encrypted topic takes an alarm's message only when CloudWatch may use the key.
        allow(
            ["kms:Decrypt", "kms:GenerateDataKey*"],
            ["*"],
            Principal={"Service": "cloudwatch.amazonaws.com"},
            Condition={"StringEquals": {"aws:SourceAccount": place.account}},
        ),
    ]


def customer_key(
    part: str, *, alias: str, purpose: str, keep: bool, policy: Sequence[Statement], opts: pulumi.ResourceOptions
) -> aws.kms.Key:  # fmt: skip
    """Return a key that rotates every year, with an alias; it costs 1 USD a month.

    Args:
        part: the resources' name in the program.
        alias: the alias without ``alias/``.
        purpose: what it is for, in its description.
        keep: whether it outlives the stack: without it a final snapshot, or what a locked bucket keeps, is lost.
        policy: who may use it, its administration included.
        opts: whose child it is.
    """
    opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(retain_on_delete=keep))
    key = aws.kms.Key(
        part,
        description=purpose,
        enable_key_rotation=True,
        deletion_window_in_days=KEPT_DAYS if keep else LOST_DAYS,
        policy=document(*policy),
        opts=opts,
    )
    aws.kms.Alias(part, name=f"alias/{alias}", target_key_id=key.key_id, opts=opts)
    return key

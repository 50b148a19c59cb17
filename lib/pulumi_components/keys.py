"""Customer-managed keys, and what CloudWatch needs of the one for logs and messages."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pulumi
import pulumi_aws as aws

from lib.common.iam_statements import Statement, allow, key_for_alarms, key_for_log_groups
from lib.common.settings import DatabaseSettings
from lib.pulumi_components.policies import AwsContext, document

# Days until a deleted key is gone: the most, and the least, that KMS takes.
KEPT_DAYS, LOST_DAYS = 30, 7


def administration(context: AwsContext) -> Statement:
    """Return what keeps a key in the account's own hands.

    Without it the account's IAM policies count for nothing, and nobody could ever change the key:
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    return allow(["kms:*"], ["*"], Principal={"AWS": f"arn:{context.partition}:iam::{context.account}:root"})


def operations(context: AwsContext) -> list[Statement]:
    """Return what a key for log groups and alarm messages has to allow."""
    return [key_for_log_groups(context.region, context.arn("logs", "log-group:*")), key_for_alarms(context.account)]


def stack_keys(
    settings: DatabaseSettings,
    context: AwsContext,
    purposes: Mapping[str, str],
    *,
    protected: bool,
    opts: pulumi.ResourceOptions,
    more: Mapping[str, Sequence[Statement]] = MappingProxyType({}),
) -> tuple[dict[str, aws.kms.Key], aws.kms.Key]:
    """Return a key for each purpose, and the one for the hashes of callers' idempotency keys.

    Args:
        settings: the stack's.
        context: where the stack is.
        purposes: what each key is for, by its name; ``operations`` is also for logs and alarm messages.
        protected: whether Pulumi refuses every update and destroy that would delete one.
        opts: whose children they are.
        more: of each key's policy, by the key's name.
    """
    kept, service = settings.retain_data, settings.name("service")
    keys = {
        part: customer_key(
            part,
            alias=settings.name("key_alias", part),
            purpose=f"{service}: {purpose}",
            retain_data=kept,
            protected=protected,
            policy=[
                administration(context),
                *(operations(context) if part == "operations" else []),
                *more.get(part, []),
            ],
            opts=opts,
        )
        for part, purpose in purposes.items()
    }
    hashes = hash_key(
        "hashes",
        alias=settings.name("key_alias", "hashes"),
        purpose=f"{service}: hashes of idempotency keys",
        retain_data=kept,
        protected=protected,
        policy=[administration(context)],
        opts=opts,
    )
    return keys, hashes


def customer_key(
    part: str,
    *,
    alias: str,
    purpose: str,
    retain_data: bool,
    protected: bool,
    policy: Sequence[Statement],
    opts: pulumi.ResourceOptions,
) -> aws.kms.Key:
    """Return a key that rotates every year, with an alias; it costs 1 USD a month.

    The alias goes with the stack, also where the key stays: the next stack of this suffix gives it to its own key.

    Args:
        part: the resources' name in the program.
        alias: the alias without ``alias/``.
        purpose: what it is for, in its description.
        retain_data: whether it outlives the stack: without it a final snapshot, or what a locked bucket keeps, is lost.
        protected: whether Pulumi refuses every update and destroy that would delete it.
        policy: who may use it, its administration included.
        opts: whose child it is.
    """
    kept = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(retain_on_delete=retain_data, protect=protected))
    key = aws.kms.Key(
        part,
        description=purpose,
        enable_key_rotation=True,
        deletion_window_in_days=KEPT_DAYS if retain_data else LOST_DAYS,
        policy=document(*policy),
        opts=kept,
    )
    aws.kms.Alias(part, name=f"alias/{alias}", target_key_id=key.key_id, opts=opts)
    return key


def hash_key(
    part: str,
    *,
    alias: str,
    purpose: str,
    retain_data: bool,
    protected: bool,
    policy: Sequence[Statement],
    opts: pulumi.ResourceOptions,
) -> aws.kms.Key:
    """Return a key for keyed hashes (HMAC-SHA-256), with an alias; it costs 1 USD a month.

    KMS rotates no key of this kind, and none may be: what was hashed before would not be recognised.
    https://docs.aws.amazon.com/kms/latest/developerguide/hmac.html

    Args:
        part: the resources' name in the program.
        alias: the alias without ``alias/``.
        purpose: what it is for, in its description.
        retain_data: whether it outlives the stack, as the database's final snapshot does.
        protected: whether Pulumi refuses every update and destroy that would delete it.
        policy: who may use it, its administration included.
        opts: whose child it is.
    """
    kept = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(retain_on_delete=retain_data, protect=protected))
    key = aws.kms.Key(
        part,
        description=purpose,
        key_usage="GENERATE_VERIFY_MAC",
        customer_master_key_spec="HMAC_256",
        deletion_window_in_days=KEPT_DAYS if retain_data else LOST_DAYS,
        policy=document(*policy),
        opts=kept,
    )
    aws.kms.Alias(part, name=f"alias/{alias}", target_key_id=key.key_id, opts=opts)
    return key

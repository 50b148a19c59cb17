"""Accounts whose logs stay in one storage tier, however seldom they are read."""

from collections.abc import Iterator

from lib.analyse.model import Check, Context, Finding, StorageTier

TIERED = "INTELLIGENT_TIERING"
NOT_SET = "not-set"


def evaluate(storage_tier: StorageTier, context: Context) -> Iterator[Finding]:
    """Yield the account in this region, unless its logs move between tiers by themselves.

    It has no price: what is saved depends on what is read.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutStorageTierPolicy.html
    """
    if storage_tier.tier == TIERED:
        return
    policy = f"is {storage_tier.tier}" if storage_tier.tier else "is not set"
    yield Finding(
        id="storage-tier-policy",
        arn=context.arn("logs", "log-group:*"),
        type=storage_tier.tier or NOT_SET,
        severity="info",
        title=f"The storage tier policy of CloudWatch Logs {policy}",
        details={
            "storage_tier": storage_tier.tier or None,
            "updated_at": storage_tier.updated_at.isoformat() if storage_tier.updated_at else None,
        },
    )


CHECK = Check(
    "log-storage-tier",
    "Logs of an account in one storage tier",
    "log_storage_tier",
    "Set the account's storage tier policy to INTELLIGENT_TIERING where old logs are kept and seldom read.",
    evaluate,
    default=False,
    description="CloudWatch Logs keeps all logs of the account in one storage tier in this region, whatever their age.",
)

"""EBS snapshots that nothing needs: their volume is gone, or they are old, and no AMI is made of them."""

from collections.abc import Iterator
from decimal import Decimal

from lib.analyse import cost_severity
from lib.analyse.model import Check, Context, Cost, Finding, Snapshot

# What keeps snapshots by a plan, and deletes them by it; the tags that it gives them.
# https://docs.aws.amazon.com/aws-backup/latest/devguide/recovery-points.html
# https://docs.aws.amazon.com/ebs/latest/userguide/dlm-elements.html
MANAGERS = {"aws:backup:": "AWS Backup", "aws:dlm:": "Data Lifecycle Manager"}


def manager(snapshot: Snapshot) -> str:
    """Return the service that keeps a snapshot, or nothing."""
    return next((name for start, name in MANAGERS.items() if any(key.startswith(start) for key in snapshot.tags)), "")


def kind(snapshot: Snapshot, context: Context) -> str:
    """Return why nothing needs a snapshot, or nothing: the newest one of a volume that exists is its backup."""
    if snapshot.images:
        return ""
    if snapshot.volume_exists is False:
        return "orphaned"
    old = context.days(snapshot.started_at) >= context.old_snapshot
    return "old" if old and not snapshot.newest else ""


def severity(cost: Cost, most: Decimal | None, managed: str) -> str:
    """Return the severity; what has no price is low when it cannot cost much."""
    if managed:
        return "info"
    if cost.monthly is None and most is not None and most < cost_severity.MEDIUM and cost.currency == "USD":
        return "low"
    return cost_severity.severity(cost)


def evaluate(snapshot: Snapshot, context: Context) -> Iterator[Finding]:
    """Yield the snapshot when nothing needs it."""
    reason = kind(snapshot, context)
    if not reason:
        return
    cost, most = context.prices.snapshot(context.region, snapshot)
    days, managed = context.days(snapshot.started_at), manager(snapshot)
    gone = ", its volume is gone" if snapshot.volume_exists is False else ""
    images = ", AMIs not known" if snapshot.images is None else ", no AMI uses it"
    yield Finding(
        id=snapshot.id,
        arn=f"arn:{context.partition}:ec2:{context.region}::snapshot/{snapshot.id}",
        type=reason,
        severity=severity(cost, most, managed),
        title=f"snapshot of {snapshot.size} GiB, {days} day{'' if days == 1 else 's'} old{gone}{images}",
        tags=snapshot.tags,
        cost=cost,
        details={
            "volume": snapshot.volume,
            "volume_exists": snapshot.volume_exists,
            "size_gib": snapshot.size,
            "full_bytes": snapshot.full_bytes,
            "tier": snapshot.tier,
            "started_at": snapshot.started_at.isoformat(),
            "days_old": days,
            "only_of_its_volume": snapshot.alone,
            "images_read": snapshot.images is not None,
            "managed_by": managed,
            "monthly_at_most": None if most is None else float(round(most, 6)),
            "description": snapshot.description,
        },
    )


CHECK = Check(
    "unused-snapshot",
    "EBS snapshot that nothing needs",
    "snapshots",
    "Delete it, let a policy of Data Lifecycle Manager or AWS Backup expire it, or archive what has to be kept.",
    evaluate,
    default=False,
    description="A completed snapshot that no AMI of the account is made of, and whose volume is gone, or that is old "
    "and not its volume's newest.",
)

"""Volumes that nothing is attached to, and what they cost."""

from collections.abc import Iterator

from lib.analyse import cost_severity, owners
from lib.analyse.model import Check, Context, Finding, Volume


def evaluate(volume: Volume, context: Context) -> Iterator[Finding]:
    """Yield the volume: the collector reads no other than those in state ``available``.

    Since when it is unused is known only when CloudTrail was asked and remembers; its creation is the longest that it
    can be.
    """
    cost, age = context.prices.volume(context.region, volume), context.days(volume.created_at)
    snapshot, detached = volume.snapshot_at, volume.detached_at
    if context.days(detached or volume.created_at) < context.older_than:
        return
    ago = f"{age} day{'' if age == 1 else 's'} ago"
    yield Finding(
        id=volume.id,
        arn=context.arn("ec2", f"volume/{volume.id}"),
        type=volume.type,
        severity=cost_severity.severity(cost),
        title=f"{volume.type} of {volume.size} GiB, attached to nothing, created {ago}",
        tags=volume.tags,
        cost=cost,
        details={
            "size_gib": volume.size,
            "iops": volume.iops,
            "throughput_mibps": volume.throughput,
            "zone": volume.zone,
            "encrypted": volume.encrypted,
            "created_at": volume.created_at.isoformat(),
            "created_days_ago": age,
            "detached_at": detached.isoformat() if detached else None,
            "last_snapshot_at": snapshot.isoformat() if snapshot else None,
            "snapshots_read": volume.snapshots_read,
            "kubernetes_claim": owners.claim(volume.tags),
            "cost_parts": {name: float(part) for name, part in cost.parts.items()},
        },
    )


CHECK = Check(
    "zombie-volume",
    "EBS volume attached to nothing",
    "volumes",
    "Take a last snapshot if the data may be wanted, then delete the volume.",
    evaluate,
    description="A volume in state available: nothing is attached to it, and it is paid for like one in use.",
)

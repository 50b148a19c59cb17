"""Volumes of stopped instances, and what they cost meanwhile."""

from collections.abc import Iterator
from datetime import datetime

from lib.analyse import cost_severity
from lib.analyse.model import Check, Context, Finding, StoppedVolume


def stopped_at(volume: StoppedVolume) -> datetime | None:
    """Return since when no instance of a volume runs, or None when that is not known of one of them."""
    moments = [instance.stopped_at for instance in volume.instances]
    known = [moment for moment in moments if moment is not None]
    return max(known) if len(known) == len(moments) else None


def evaluate(stopped_volume: StoppedVolume, context: Context) -> Iterator[Finding]:
    """Yield the volume, unless it was in use fewer days ago than ``older_than``.

    An instance whose stop has no time was stopped after its last launch: it can be no longer unused than since then.
    """
    volume, stopped = stopped_volume.volume, stopped_at(stopped_volume)
    unused_since = stopped or max(instance.launched_at for instance in stopped_volume.instances)
    if context.days(unused_since) < context.older_than:
        return
    days = None if stopped is None else context.days(stopped)
    since = "at an unknown time" if days is None else f"{days} day{'' if days == 1 else 's'} ago"
    names = ", ".join(instance.id for instance in stopped_volume.instances)
    cost = context.prices.volume(context.region, volume)
    yield Finding(
        id=volume.id,
        arn=context.arn("ec2", f"volume/{volume.id}"),
        type=volume.type,
        severity=cost_severity.severity(cost),
        title=f"{volume.type} of {volume.size} GiB, attached to {names}, stopped {since}",
        tags=volume.tags,
        cost=cost,
        details={
            "size_gib": volume.size,
            "iops": volume.iops,
            "throughput_mibps": volume.throughput,
            "zone": volume.zone,
            "instances": [instance.id for instance in stopped_volume.instances],
            "instance_names": [instance.name for instance in stopped_volume.instances if instance.name],
            "stopped_at": stopped.isoformat() if stopped else None,
            "stopped_days_ago": days,
            "launched_at": max(instance.launched_at for instance in stopped_volume.instances).isoformat(),
        },
    )


CHECK = Check(
    "stopped-instance-volume",
    "EBS volume of a stopped instance",
    "stopped_volumes",
    "Start the instance again, or keep a snapshot or an AMI of it and terminate it.",
    evaluate,
    default=False,
    description="A volume that is attached to stopped instances only: it is paid for, and nothing can use it.",
)

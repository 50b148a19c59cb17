"""gp2 volumes in use that would cost less as gp3 with the same performance."""

from collections.abc import Iterator
from dataclasses import replace

from lib.analyse import cost_severity
from lib.analyse.model import Check, Context, Cost, Finding, Volume

# What a gp2 volume performs by its size: https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html
IOPS_PER_GIB, MIN_IOPS, MAX_IOPS = 3, 100, 16_000
SMALL, SMALL_THROUGHPUT, THROUGHPUT = 170, 128, 250  # GiB, MiB/s, MiB/s: larger ones have 250, some only with credits
# What every gp3 volume has without paying more, also the 3,000 IOPS to which a small gp2 volume can burst.
GP3_IOPS, GP3_THROUGHPUT = 3000, 125


def as_gp3(volume: Volume) -> Volume:
    """Return the gp3 volume that performs at least as a gp2 volume does at its best."""
    iops = min(MAX_IOPS, max(MIN_IOPS, IOPS_PER_GIB * volume.size))
    throughput = SMALL_THROUGHPUT if volume.size <= SMALL else THROUGHPUT
    return replace(volume, type="gp3", iops=max(GP3_IOPS, iops), throughput=max(GP3_THROUGHPUT, throughput))


def evaluate(volume: Volume, context: Context) -> Iterator[Finding]:
    """Yield the volume when both prices are known and gp3 is cheaper; the finding's cost is what is saved a month."""
    other = as_gp3(volume)
    now, then = context.prices.volume(context.region, volume), context.prices.volume(context.region, other)
    if now.monthly is None or then.monthly is None or then.monthly >= now.monthly:
        return
    saving = Cost(now.monthly - then.monthly, currency=now.currency)
    yield Finding(
        id=volume.id,
        arn=context.arn("ec2", f"volume/{volume.id}"),
        type=volume.type,
        severity=cost_severity.severity(saving),
        title=f"gp2 of {volume.size} GiB for {now.monthly:,.2f} {now.currency} a month: as gp3 with {other.iops} IOPS "
        f"and {other.throughput} MiB/s it costs {then.monthly:,.2f}",
        tags=volume.tags,
        cost=saving,
        details={
            "size_gib": volume.size,
            "zone": volume.zone,
            "gp3_iops": other.iops,
            "gp3_throughput_mibps": other.throughput,
            "monthly_gp2": float(round(now.monthly, 6)),
            "monthly_gp3": float(round(then.monthly, 6)),
        },
    )


CHECK = Check(
    "gp2-volume",
    "gp2 volume that costs less as gp3",
    "gp2_volumes",
    "Change the volume's type to gp3 with these IOPS and this throughput; it stays in use meanwhile.",
    evaluate,
    default=False,
    prices=(("volumes", "gp2"), ("volumes", "gp3")),
    description="A gp2 volume in use that costs less as gp3 with at least the IOPS and the throughput that it has.",
)

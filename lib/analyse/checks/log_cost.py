"""What each log group that was asked for holds and costs; never expiring is what makes it grow."""

from collections.abc import Iterator
from decimal import Decimal

from lib.analyse.model import Check, Context, Finding, LogGroup

DEAR = Decimal(10)  # US dollars a month


def size(number: float) -> str:
    """Return bytes as a reader says them."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1024:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"


def judge(group: LogGroup, context: Context) -> Iterator[Finding]:
    """Yield the log group: grave enough to act on only when nothing in it ever expires."""
    cost, ingestion = context.prices.logs(context.region, group, context.now)
    grave = "info"
    if group.retention is None and group.stored:
        grave = "medium" if (cost.usd or 0) >= DEAR else "low"
    kept = f"kept {group.retention} days" if group.retention else "kept for ever"
    yield Finding(
        id=group.name,
        arn=group.arn or context.arn("logs", f"log-group:{group.name}"),
        type=group.log_class,
        severity=grave,
        title=f"{size(group.stored)} of logs, {kept}",
        tags=group.tags,
        cost=cost,
        estimate=True,
        details={
            "stored_bytes": group.stored,
            "streams": group.streams,
            "average_stream_bytes": group.stored // group.streams if group.streams else None,
            "retention_days": group.retention,
            "created_at": group.created_at.isoformat(),
            "estimated_ingestion_usd": None if ingestion.usd is None else float(round(ingestion.usd, 6)),
            "estimated_ingestion": None if ingestion.monthly is None else float(round(ingestion.monthly, 6)),
        },
    )


CHECK = Check(
    "log-cost",
    "CloudWatch log group and its cost",
    "log_groups",
    "Set a retention in days; export to S3 what has to be kept longer.",
    judge,
    description="A log group that matches, with what its storage costs a month at most and an estimate of its "
    "ingestion. Without a retention it keeps every event forever.",
)

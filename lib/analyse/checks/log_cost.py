"""What each log group that was asked for holds and costs; never expiring is what makes it grow."""

from collections.abc import Iterator
from decimal import Decimal

from lib.analyse import cost_severity
from lib.analyse.model import Check, Context, Cost, Finding, LogGroup

CENT = Decimal("0.01")  # a title names no smaller saving


def size(number: float) -> str:
    """Return bytes as a reader says them."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1024:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"


def total(storage: Cost, ingestion: Cost) -> Cost:
    """Return what a group costs a month: what it holds and what it takes in."""
    if storage.monthly is None or ingestion.monthly is None:
        return storage
    parts = {"storage": storage.monthly, "ingestion": ingestion.monthly}
    return Cost(storage.monthly + ingestion.monthly, parts=parts, currency=storage.currency)


def severity(group: LogGroup, cost: Cost) -> str:
    """Return the severity: that of the cost where nothing ever expires, and one step less where logs expire.

    What expires and has no price in US dollars is info, as what expires and costs little.
    """
    if group.retention is None and group.stored:
        return cost_severity.severity(cost)
    return "info" if cost.usd is None else {"high": "medium", "medium": "low"}.get(cost_severity.severity(cost), "info")


def advice(group: LogGroup, storage: Cost, context: Context) -> tuple[int | None, Decimal | None]:
    """Return the retention that a group is advised to have, and what that saves a month; None where it keeps less.

    The saving is an estimate: as if the stored bytes had come evenly over the days that they can be from.
    """
    if not group.stored or (group.retention is not None and group.retention <= context.retention):
        return None, None
    age = max(1, context.days(group.created_at))
    days = min(age, group.retention or age)
    if storage.monthly is None:
        return context.retention, None
    return context.retention, storage.monthly * max(0, days - context.retention) / days


def _amount(value: Decimal | None) -> float | None:
    return None if value is None else float(round(value, 6))


def evaluate(group: LogGroup, context: Context) -> Iterator[Finding]:
    """Yield the log group, with what it holds, what it takes in, and what a retention would save."""
    storage, ingestion = context.prices.logs(context.region, group, context.now)
    cost, (days, saving) = total(storage, ingestion), advice(group, storage, context)
    kept = f"kept {group.retention} days" if group.retention else "kept forever"
    less = f"; {days} days save {saving:,.2f} {storage.currency} a month" if saving and saving >= CENT else ""
    yield Finding(
        id=group.name,
        arn=group.arn or context.arn("logs", f"log-group:{group.name}"),
        type=group.log_class,
        severity=severity(group, cost),
        title=f"{size(group.stored)} of logs, {kept}{less}",
        tags=group.tags,
        cost=cost,
        estimate=True,
        details={
            "stored_bytes": group.stored,
            "streams": group.streams,
            "average_stream_bytes": group.stored // group.streams if group.streams else None,
            "retention_days": group.retention,
            "created_at": group.created_at.isoformat(),
            "storage_monthly": _amount(storage.monthly),
            "ingestion_basis": "stored bytes" if group.ingested is None else "IncomingBytes",
            "ingested_bytes": group.ingested,
            "estimated_ingestion_usd": _amount(ingestion.usd),
            "estimated_ingestion": _amount(ingestion.monthly),
            "advised_retention_days": days,
            "retention_saves_monthly": _amount(saving),
        },
    )


CHECK = Check(
    "log-cost",
    "CloudWatch log group and its cost",
    "log_groups",
    "Set a retention in days; export to S3 what has to be kept longer.",
    evaluate,
    description="A log group that matches, with what its storage costs a month at most and an estimate of its "
    "ingestion. Without a retention it keeps every event forever.",
)

"""What a simulation found: alarms that begin, a table by the minute, a sentence for each question."""

from collections.abc import Callable, Sequence

from lib.common.json_types import JsonObject
from lib.kinesis_pipeline import delivery
from lib.kinesis_pipeline.simulation.model import MINUTE, Minute, Run

HEAD = ("minute", "sent", "stored", "waiting", "oldest", "errors", "poison", "to the bucket", "lost")
# The alarms of monitoring.py that a load or an outage can begin: what a minute has to show, and how many in a row.
ALARMS: tuple[tuple[str, int, Callable[[Minute], bool]], ...] = (
    ("iterator-age", delivery.AGE_MINUTES, lambda minute: (minute.age or 0.0) > delivery.AGE_SECONDS),
    ("consumer-errors", delivery.ERROR_MINUTES, lambda minute: minute.errors > 0),
    ("set-aside", 1, lambda minute: minute.quarantined > 0),
    ("failure-bucket", 1, lambda minute: minute.quarantined + minute.given_up > 0),
)


def alarms(run: Run) -> list[tuple[str, int, int | None]]:
    """Return each alarm with the minute at whose end it begins and the one at whose end it is over, None for never."""
    found = list[tuple[str, int, int | None]]()
    for name, periods, bad in ALARMS:
        row, begun = 0, None
        for number, minute in enumerate(run.minutes, start=1):
            row = row + 1 if bad(minute) else 0
            if begun is None and row >= periods:
                begun = number
            elif begun is not None and not row:
                found.append((name, begun, number))
                begun = None
        if begun is not None:
            found.append((name, begun, None))
    return found


def duration(seconds: float) -> str:
    """Return a time as people read it: ``38 s``, ``3.2 min``."""
    return f"{seconds:.0f} s" if seconds < 2 * MINUTE else f"{seconds / MINUTE:.1f} min"


def rows(run: Run) -> list[tuple[str, ...]]:
    """Return a row for each minute."""
    return [
        (
            str(number),
            f"{each.sent:,}",
            f"{each.stored:,}",
            f"{each.waiting:,}",
            "" if each.age is None else duration(each.age),
            *(f"{count:,}" if count else "" for count in (each.errors, each.quarantined, each.given_up, each.lost)),
        )
        for number, each in enumerate(run.minutes, start=1)
    ]


def summary(run: Run) -> list[str]:
    """Return what was found, a sentence each."""
    plant, demand, minutes = run.plant, run.demand, run.minutes
    oldest = max((age for _at, age in run.ages), default=0.0)
    shards = f"{plant.shards} shard{'s' if plant.shards > 1 else ''}"
    counts = {
        "sent": "sent",
        "taken by the stream": "taken",
        "stored": "stored",
        "poison": "quarantined",
        "to the bucket": "given_up",
        "lost": "lost",
    }
    lines = [
        f"{demand.rate:,.0f} events a second, {shards}, batches of {plant.batch_size}.",
        ", ".join(f"{words} {_sum(minutes, name):,}" for words, name in counts.items())
        + f", waiting {minutes[-1].waiting:,}.",
        f"The oldest event that was read had waited for {duration(oldest)}.",
    ]
    if demand.away[1]:
        after = "not within the simulation" if run.caught_up is None else f"{duration(run.caught_up)} after its return"
        lines.append(f"Without its database for {duration(demand.away[1] - demand.away[0])}; on time again: {after}.")
    for name, begun, over in alarms(run):
        lines.append(f"Alarm {name}: from minute {begun}" + (f" to minute {over}." if over else "."))
    return lines


def as_json(run: Run) -> JsonObject:
    """Return a run as data."""
    return {
        "caught_up_seconds": run.caught_up,
        "oldest_seconds": max((age for _at, age in run.ages), default=0.0),
        "alarms": [{"name": name, "from_minute": begun, "to_minute": over} for name, begun, over in alarms(run)],
        "minutes": [vars(minute) for minute in run.minutes],
    }


def text(run: Run) -> str:
    """Return everything for a terminal."""
    table = [HEAD, *rows(run)]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEAD))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return "\n".join([*lines, "", *summary(run)]) + "\n"


def _sum(minutes: Sequence[Minute], name: str) -> int:
    return sum(getattr(minute, name) for minute in minutes)

"""The pipeline's database function: migrations in a deployment, the events' weeks by a schedule, a report on request.

The database lies in isolated subnets, so whoever wants to look into it asks this function.
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import aws
import migrations
import weeks
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from custom_resource import ANSWER_SECONDS, Answer
from json_types import JsonObject
from postgres import Database

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MIGRATIONS = Path(__file__).with_name("migrations")
REPORT_SECONDS = 10.0
logger = Logger()
metrics = Metrics()
database = Database(secrets=aws.Secrets, answer_seconds=REPORT_SECONDS)

REPORT = """
SELECT count(*), count(DISTINCT event_id), COALESCE(sum(amount), 0)::text, min(stored_at)::text, max(stored_at)::text
FROM stored_events
"""
# Two statements: a plan that is good for both reads everything for one source.
REPORT_OF = f"{REPORT} WHERE source = CAST(:source AS text)"  # a constant of this module
# Reading everything takes as long as there is much: nobody waits for it but who asks.
PATIENCE = "SELECT set_config('statement_timeout', '{}', false)"


def migrate(seconds: float) -> list[str]:
    """Apply the migrations that are missing, within so many seconds, and return their names.

    See :func:`migrations.migrate`.
    """
    return migrations.migrate(database, MIGRATIONS, seconds)


def report(source: str | None, seconds: float) -> JsonObject:
    """Return how many events are stored (of one source, or all), and the migrations applied.

    Args:
        source: whose events; without one all of them, which are all read.
        seconds: how long reading all of them may take.

    Raises:
        DatabaseUnavailable: no answer in time.
    """
    if source is None:
        database.once(PATIENCE.format(f"{seconds * 1000:.0f}"), seconds=REPORT_SECONDS)
        try:
            found = database.once(REPORT, seconds=seconds)
        finally:
            database.close()  # and its patience with it
    else:
        found = database.run(REPORT_OF, seconds=REPORT_SECONDS, source=source)
    rows, distinct, amount, first, last = found[0]
    return {
        "rows": rows,
        "distinct": distinct,
        "amount": amount,
        "first_stored_at": first,
        "last_stored_at": last,
        "migrations": migrations.applied(database),
    }


def custom_resource(event: JsonObject, seconds: float) -> None:
    """Migrate on create and update; on delete leave the data to the database's own fate.

    Args:
        event: CloudFormation's.
        seconds: what is left of the function's time.
    """
    with Answer(event, seconds) as answer:
        try:
            in_time = seconds - ANSWER_SECONDS - migrations.MARGIN_SECONDS
            added = [] if event["RequestType"] == "Delete" else migrate(in_time)
        except Exception as error:  # pylint: disable=broad-exception-caught  # see below
            # Whatever it was, CloudFormation has to hear of it.
            logger.exception("migration failed")
            answer.give("FAILED", f"{type(error).__name__}: {error}", {})
        else:
            # Short, however many there are: the log has their names.
            logger.info("migrated", extra={"applied": added})
            latest = max((path.name for path in MIGRATIONS.glob("*.sql")), default="none")
            data = {"Applied": len(added), "Version": latest}
            answer.give("SUCCESS", f"migrations applied: {len(added)}; the schema's version: {latest}", data)


def keep_weeks(seconds: float) -> JsonObject:
    """Make the events' weeks that come, let go those that are old, and say how many are ahead.

    See :func:`weeks.keep`.
    """
    done = asdict(weeks.keep(database, seconds, weeks.retention_days()))
    metrics.add_metric(name="WeeksAhead", unit=MetricUnit.Count, value=done["ahead"])
    metrics.flush_metrics()
    logger.info("weeks", extra=done)
    return done


def _seconds_left(context: "LambdaContext") -> float:
    return context.get_remaining_time_in_millis() / 1000


def handler(event: JsonObject, context: "LambdaContext") -> JsonObject:
    """Serve CloudFormation (``RequestType``) or a caller: ``{"action": "migrate" | "weeks" | "report", "source": …}``.

    Raises:
        ValueError: another action.
    """
    if "RequestType" in event:
        custom_resource(event, _seconds_left(context))
        return {}
    if event.get("action") == "migrate":
        return {"applied": migrate(_seconds_left(context) - migrations.MARGIN_SECONDS)}
    if event.get("action") == "weeks":
        return keep_weeks(_seconds_left(context) - migrations.MARGIN_SECONDS)
    if event.get("action") == "report":
        return report(event.get("source"), _seconds_left(context) - migrations.MARGIN_SECONDS)
    raise ValueError(f"action {event.get('action')!r} is unknown: use 'migrate', 'weeks' or 'report'.")

"""The pipeline's database function: migrations during a deployment, a report on request.

The database lies in isolated subnets, so whoever wants to look into it asks this function.
"""

import json
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import migrations
from aws_lambda_powertools import Logger
from json_types import JsonObject
from postgres import Database

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MIGRATIONS = Path(__file__).with_name("migrations")
REPORT_SECONDS = 10.0
logger = Logger()
database = Database(secrets=lambda: boto3.client("secretsmanager"), answer_seconds=REPORT_SECONDS)

REPORT = """
SELECT count(*), count(DISTINCT event_id), COALESCE(sum(amount), 0)::text, min(stored_at)::text, max(stored_at)::text
FROM events WHERE CAST(:source AS text) IS NULL OR source = :source
"""


def migrate(seconds: float) -> list[str]:
    """Apply the migrations that are missing, within so many seconds, and return their names.

    See :func:`migrations.migrate`.
    """
    return migrations.migrate(database, MIGRATIONS, seconds)


def report(source: str | None) -> JsonObject:
    """Return how many events are stored (of one source, or all), and the migrations applied."""
    rows, distinct, amount, first, last = database.run(REPORT, seconds=REPORT_SECONDS, source=source)[0]
    return {
        "rows": rows,
        "distinct": distinct,
        "amount": amount,
        "first_stored_at": first,
        "last_stored_at": last,
        "migrations": migrations.applied(database),
    }


def answer_cloudformation(event: JsonObject, status: str, reason: str, data: JsonObject) -> None:
    """Tell CloudFormation how its custom resource fared.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
    """
    body = {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": event.get("PhysicalResourceId", "database-schema"),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": data,
    }
    request = urllib.request.Request(  # noqa: S310 - the URL is CloudFormation's own, signed by it
        event["ResponseURL"], data=json.dumps(body).encode(), method="PUT", headers={"Content-Type": ""}
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310  # the same URL
        logger.info("answered", extra={"status": status, "reason": reason})


def custom_resource(event: JsonObject, seconds: float) -> None:
    """Migrate on create and update; on delete leave the data to the database's own fate."""
    try:
        applied = [] if event["RequestType"] == "Delete" else migrate(seconds)
    except Exception as error:  # pylint: disable=broad-exception-caught  # see below
        # Whatever it was, CloudFormation has to hear of it, or it waits for an hour.
        logger.exception("migration failed")
        answer_cloudformation(event, "FAILED", f"{type(error).__name__}: {error}"[:1000], {})
        return
    answer_cloudformation(
        event, "SUCCESS", f"applied: {', '.join(applied) or 'nothing new'}", {"Applied": ",".join(applied)}
    )


def _seconds(context: "LambdaContext") -> float:
    """Return how long a migration may take, so that its answer is given in the function's time."""
    return context.get_remaining_time_in_millis() / 1000 - migrations.MARGIN_SECONDS


def handler(event: JsonObject, context: "LambdaContext") -> JsonObject:
    """Serve CloudFormation (``RequestType``) or a caller: ``{"action": "migrate" | "report", "source": …}``.

    Raises:
        ValueError: another action.
    """
    if "RequestType" in event:
        custom_resource(event, _seconds(context))
        return {}
    if event.get("action") == "migrate":
        return {"applied": migrate(_seconds(context))}
    if event.get("action") == "report":
        return report(event.get("source"))
    raise ValueError(f"action {event.get('action')!r} is unknown: use 'migrate' or 'report'.")

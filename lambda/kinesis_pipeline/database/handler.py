"""The pipeline's database function: migrations during a deployment, a report on request.

The database lies in isolated subnets, so whoever wants to look into it asks this function.
"""

import hashlib
import json
import urllib.request
from pathlib import Path
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from pg8000.native import literal
from postgres import Database

MIGRATIONS = Path(__file__).with_name("migrations")
LOCK = 7_210_401  # any number: it keeps two migrations of this database apart
WAIT_SECONDS = 240.0  # a database that has just been created may not answer at once; building an index takes time
REPORT_SECONDS = 10.0
logger = Logger()
database = Database(secrets=lambda: boto3.client("secretsmanager"), answer_seconds=WAIT_SECONDS)

# IF NOT EXISTS alone is not enough: of two that create at the same time, one fails.
LEDGER = f"""
DO $tap$ BEGIN
    PERFORM pg_advisory_xact_lock({LOCK});
    CREATE TABLE IF NOT EXISTS schema_migrations (
        name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
END $tap$
"""
# One statement, hence one transaction, which can be sent again when the answer to the first was lost.
MIGRATION = """
DO $tap$ BEGIN
    PERFORM pg_advisory_xact_lock({lock});
    IF NOT EXISTS (SELECT FROM schema_migrations WHERE name = {name}) THEN
        EXECUTE {text};
        INSERT INTO schema_migrations (name, sha256) VALUES ({name}, {digest});
    END IF;
END $tap$
"""
REPORT = """
SELECT count(*), count(DISTINCT event_id), COALESCE(sum(amount), 0)::text, min(stored_at)::text, max(stored_at)::text
FROM events WHERE CAST(:source AS text) IS NULL OR source = :source
"""


class MigrationChanged(Exception):
    """A migration that was applied before has another text now."""


def migrate() -> list[str]:
    """Apply what is missing, each migration in one transaction, and return the names applied.

    Raises:
        MigrationChanged: an applied file was edited; add a new file instead.
    """
    database.run(LEDGER, seconds=WAIT_SECONDS)
    known = dict(database.run("SELECT name, sha256 FROM schema_migrations", seconds=REPORT_SECONDS))
    applied: list[str] = []
    for path in sorted(MIGRATIONS.glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        digest = hashlib.sha256(text.encode()).hexdigest()
        if path.name not in known:
            parts = {"name": literal(path.name), "text": literal(text), "digest": literal(digest)}
            database.run(MIGRATION.format(lock=LOCK, **parts), seconds=WAIT_SECONDS)
            applied.append(path.name)
        elif known[path.name] != digest:
            raise MigrationChanged(
                f"{path.name} differs from what was applied: restore it, and put the change into a new file."
            )
    return applied


def report(source: str | None) -> dict[str, Any]:
    """Return how many events are stored (of one source, or all), and the migrations applied."""
    rows, distinct, amount, first, last = database.run(REPORT, seconds=REPORT_SECONDS, source=source)[0]
    names = database.run("SELECT name FROM schema_migrations ORDER BY name", seconds=REPORT_SECONDS)
    return {
        "rows": rows,
        "distinct": distinct,
        "amount": amount,
        "first_stored_at": first,
        "last_stored_at": last,
        "migrations": [name for (name,) in names],
    }


def answer_cloudformation(event: dict[str, Any], status: str, reason: str, data: dict[str, Any]) -> None:
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
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310
        logger.info("answered", extra={"status": status, "reason": reason})


def custom_resource(event: dict[str, Any]) -> None:
    """Migrate on create and update; on delete leave the data to the database's own fate."""
    try:
        applied = [] if event["RequestType"] == "Delete" else migrate()
    except Exception as error:  # pylint: disable=broad-exception-caught
        # Whatever it was, CloudFormation has to hear of it, or it waits for an hour.
        logger.exception("migration failed")
        answer_cloudformation(event, "FAILED", f"{type(error).__name__}: {error}"[:1000], {})
        return
    answer_cloudformation(
        event, "SUCCESS", f"applied: {', '.join(applied) or 'nothing new'}", {"Applied": ",".join(applied)}
    )


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Serve CloudFormation (``RequestType``) or a caller: ``{"action": "migrate" | "report", "source": …}``.

    Raises:
        ValueError: another action.
    """
    if "RequestType" in event:
        custom_resource(event)
        return {}
    if event.get("action") == "migrate":
        return {"applied": migrate()}
    if event.get("action") == "report":
        return report(event.get("source"))
    raise ValueError(f"action {event.get('action')!r} is unknown: use 'migrate' or 'report'.")

"""The shop's database function: it migrates, in a deployment, before new tasks run."""

from pathlib import Path
from typing import TYPE_CHECKING

import aws
import migrations
from json_types import JsonObject
from postgres import Database
from telemetry import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MIGRATIONS = Path(__file__).with_name("migrations")
database = Database(secrets=aws.Secrets)


def handler(event: JsonObject, context: "LambdaContext") -> JsonObject:
    """Serve a caller: ``{"action": "migrate"}``; other members are left alone.

    Raises:
        ValueError: another action.
    """
    if event.get("action") != "migrate":
        raise ValueError(f"action {event.get('action')!r} is unknown: use 'migrate'.")
    seconds = context.get_remaining_time_in_millis() / 1000 - migrations.MARGIN_SECONDS
    applied = migrations.migrate(database, MIGRATIONS, seconds)
    logger.info("migrated", extra={"applied": applied})
    return {"applied": applied}

"""The payments' database function: migrations during a deployment, a report on request.

The database lies in isolated subnets, so whoever wants to look into it asks this function.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import aws
import migrations
from json_types import JsonObject
from money import Money
from postgres import Database
from telemetry import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MIGRATIONS = Path(__file__).with_name("migrations")
REPORT_SECONDS = 10.0
database = Database(secrets=aws.Secrets, answer_seconds=REPORT_SECONDS)

PAYMENTS = """
SELECT status, currency, count(*), sum(amount)::bigint, sum(refunded)::bigint FROM payments GROUP BY 1, 2 ORDER BY 1, 2
"""
LEDGER = """
SELECT currency, count(*), sum(amount)::bigint, COALESCE(sum(amount) FILTER (WHERE account = 'processor'), 0)::bigint
FROM ledger_entries GROUP BY 1 ORDER BY 1
"""
OTHERS = """
SELECT (SELECT count(*) FROM refunds), (SELECT count(*) FROM idempotency_keys), count(*),
       COALESCE(round(extract(epoch FROM clock_timestamp() - min(created_at)), 1), 0)::float
FROM audit_outbox
"""


def report() -> JsonObject:
    """Return what is in the database, amounts in their currencies' units.

    ``ledger`` has for each currency ``balance``, the sum of all entries, which is nothing in a sound ledger, and
    ``processor``, what came in and has not gone back.
    """
    ((refunds, keys, pending, oldest),) = database.run(OTHERS, seconds=REPORT_SECONDS)
    return {
        "payments": [
            {
                "status": status,
                "currency": currency,
                "count": count,
                "amount": str(Money(amount, currency)),
                "refunded": str(Money(refunded, currency)),
            }
            for status, currency, count, amount, refunded in database.run(PAYMENTS, seconds=REPORT_SECONDS)
        ],
        "ledger": {
            currency: {
                "entries": entries,
                "balance": str(Money(balance, currency)),
                "processor": str(Money(processor, currency)),
            }
            for currency, entries, balance, processor in database.run(LEDGER, seconds=REPORT_SECONDS)
        },
        "refunds": refunds,
        "idempotency_records": keys,
        "outbox": {"pending": pending, "oldest_seconds": oldest},
        "migrations": migrations.applied(database),
    }


def handler(event: JsonObject, context: "LambdaContext") -> JsonObject:
    """Serve a caller: ``{"action": "migrate" | "report"}``; other members are left alone.

    Raises:
        ValueError: another action.
    """
    action = event.get("action")
    if action == "migrate":
        seconds = context.get_remaining_time_in_millis() / 1000 - migrations.MARGIN_SECONDS
        applied = migrations.migrate(database, MIGRATIONS, seconds)
        logger.info("migrated", extra={"applied": applied})
        return {"applied": applied}
    if action == "report":
        return report()
    raise ValueError(f"action {action!r} is unknown: use 'migrate' or 'report'.")

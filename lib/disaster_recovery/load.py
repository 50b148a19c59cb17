"""How many payments the system takes, and what gives way first."""

from decimal import Decimal

from lib.common import load
from lib.common.load import Limit, Load
from lib.disaster_recovery import writer
from lib.disaster_recovery.settings import Settings

# Write units of a payment in a transaction: the check, the item and its index, in this region and replicated.
PAYMENT_UNITS = 7
# Of these, the check's and the item's are the table's own in this region: 2 each, for a transaction counts twice.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-capacity-handling
TABLE_UNITS = 4
# Write units a second of a table on demand that has never had more: it takes twice its highest load of before.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
NEW_TABLE_UNITS = 4000


def of(settings: Settings) -> Load:
    """Return how the system grows with these settings.

    Args:
        settings: validated.
    """
    return Load(
        "payments",
        Decimal(settings.api_rate),
        f"API_RATE={settings.api_rate}",
        (
            Limit(f"API_RATE={settings.api_rate}", Decimal(settings.api_rate), "a larger API_RATE and API_BURST"),
            Limit(
                f"a table that is new: {TABLE_UNITS} of its {NEW_TABLE_UNITS:,} write units for each payment",
                Decimal(NEW_TABLE_UNITS) / TABLE_UNITS,
                "a load that grows (it at most doubles in 30 minutes), or the table's warm throughput, set before",
            ),
            Limit(
                f"the {len(writer.ITEMS)} writer items, one of which each payment's transaction holds",
                Decimal(writer.PAYMENTS_A_SECOND),
                "more writer items",
            ),
            load.gateway(),
        ),
        (),
        {
            ("AmazonApiGateway", "ApiGatewayRequest"): Decimal(1),
            ("AWSLambda", "Request-ARM"): Decimal(1),
            ("AmazonDynamoDB", "ReplWriteRequestUnits"): Decimal(PAYMENT_UNITS),
        },
    )

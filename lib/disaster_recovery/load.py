"""How many payments the system takes, and what gives way first."""

from decimal import Decimal

from lib.common import load
from lib.common.load import Limit, Load
from lib.disaster_recovery.settings import CHECK_UNITS, PARTITION_UNITS, Settings

# Write units of a payment in a transaction: the check, the item and its index, in this region and replicated.
PAYMENT_UNITS = 7


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
                f"the one writer item: {CHECK_UNITS} of a partition's {PARTITION_UNITS:,} write units for each payment",
                Decimal(PARTITION_UNITS) / CHECK_UNITS,
                "several writer items, chosen by the key's hash",
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

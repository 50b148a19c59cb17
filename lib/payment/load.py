"""How many payments the system takes, and what gives way first."""

from decimal import Decimal

from lib.common import load, rds_instances
from lib.common.load import Limit, Load, Servers, Store
from lib.payment.settings import Settings

# tests/benchmarks/payment.py, on a machine with 2 cores: a warm function, and the bare SQL of the same transaction.
FUNCTION_RATE, SQL_RATE = 676, 878
# Lambda counts the function's time in milliseconds, and it has 1 GB.
GB_SECONDS = Decimal("0.002")
# tests/benchmarks/sizes.py: what a payment leaves in the database, and in the logs of function, Lambda and API Gateway.
ROW_BYTES, LOG_BYTES = 1242, 1356


def of(settings: Settings) -> Load:
    """Return how the system grows with these settings.

    Args:
        settings: validated.
    """
    functions = settings.function_concurrency or settings.api_burst
    return Load(
        "payments",
        Decimal(settings.api_rate),
        f"API_RATE={settings.api_rate}",
        (
            Limit(f"API_RATE={settings.api_rate}", Decimal(settings.api_rate), "a larger API_RATE and API_BURST"),
            load.sender(settings.sender_rate),
            Limit(
                f"{functions} functions at once, each with one connection",
                Decimal(functions * FUNCTION_RATE),
                "a larger FUNCTION_CONCURRENCY and class; RDS Proxy from some hundred functions on",
            ),
            load.database(
                settings.database_instance_class, rds_instances.cores(settings.database_instance_class), SQL_RATE
            ),
            load.gateway(),
        ),
        (),
        {
            ("AmazonApiGateway", "ApiGatewayRequest"): Decimal(1),
            ("awswaf", "RequestV2-Tier1"): Decimal(1),
            ("AWSLambda", "Request-ARM"): Decimal(1),
            ("AWSLambda", "Lambda-GB-Second-ARM"): GB_SECONDS,
            ("AmazonS3", "Requests-Tier1"): Decimal(1),  # the audit record
            load.LOGS: load.gigabytes(LOG_BYTES),
        },
        (
            Store(
                f"STORAGE_LIMIT_GIB={settings.storage_limit_gib}, {ROW_BYTES:,} bytes each",
                ROW_BYTES,
                settings.storage_limit_gib * load.GIB,
                "a larger STORAGE_LIMIT_GIB; archiving of old payments, which is not built",
            ),
        ),
        Servers(
            SQL_RATE,
            settings.database_instance_class,
            "Multi-AZUsage:{} CreateDBInstance:0014"
            if settings.database_multi_az
            else "InstanceUsage:{} CreateDBInstance:0014",
            1,
        ),
    )

"""Which prices of AWS's price list the stacks are paid by: a section of the table for each of AWS's services.

A price is known by its usage type without the region's billing code, and by its operation where several products share
a usage type: RDS has one for each engine. The names are those of AWS's price list and of a bill's line items:
https://docs.aws.amazon.com/cur/latest/userguide/Lineitem-columns.html
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from lib.analyse.price_list.files import Price, PriceListError
from lib.analyse.price_list.rates import Rates, text

# The region's billing code (EUS1-), or the region itself before KMS's usage types; the oldest region may have neither.
_REGION = re.compile(r"\A(?!KMS-)(?:[A-Z]{2,4}\d*|[a-z]{2}(?:-[a-z]+)+-\d)-")
# Of RDS's operations: what is created, and the number of its engine.
POSTGRESQL, AURORA = "CreateDBInstance:0014", "CreateDBInstance:0021"
APPLICATION = "LoadBalancing:Application"
# Families with PostgreSQL; of other classes nothing is known here: lib/common/rds_instances.py.
_CLASS = r"db\.(?:t3|t4g|m6g|m6i|m7g|m7i|m8g|r6g|r6i|r7g|r7i|r8g)\.(?:micro|small|medium|large|\d*xl)"
# A new price that differs by more than this factor from the one that is known is another unit, or another product.
JUMP = 5


@dataclass(frozen=True)
class Wanted:
    """A usage type, as a pattern without the region's code, and the operation that tells products apart."""

    usage: str
    operation: str = ""


# https://aws.amazon.com/pricing/services/ has each service's page.
SERVICES: Mapping[str, tuple[Wanted, ...]] = {
    "AmazonEC2": (Wanted("NatGateway-Hours"), Wanted("NatGateway-Bytes")),
    "AmazonVPC": (
        Wanted("PublicIPv4:InUseAddress"),
        Wanted("VpcEndpoint-Hours"),
        Wanted("VpcEndpoint-Bytes"),
    ),
    "AWSELB": (Wanted("LoadBalancerUsage", APPLICATION), Wanted("LCUUsage", APPLICATION)),
    "AmazonRDS": (
        Wanted(f"InstanceUsage:{_CLASS}", POSTGRESQL),
        Wanted(f"Multi-AZUsage:{_CLASS}", POSTGRESQL),
        Wanted(f"InstanceUsage:{_CLASS}", AURORA),
        Wanted("RDS:GP3-Storage"),
        Wanted("RDS:Multi-AZ-GP3-Storage"),
        Wanted("RDS:ChargedBackupUsage"),
        Wanted("CPUCredits:db.t4g", POSTGRESQL),
        Wanted("CPUCredits:db.t4g", AURORA),
        Wanted("Aurora:StorageUsage"),
        Wanted("Aurora:StorageIOUsage"),
        Wanted("Aurora:BackupUsage"),
        Wanted("Aurora:ReplicatedWriteIO"),
    ),
    "AmazonECS": (Wanted("Fargate-vCPU-Hours:perCPU"), Wanted("Fargate-GB-Hours")),
    "AmazonECR": (Wanted("TimedStorage-ByteHrs"),),
    "AWSLambda": (
        Wanted("Request"),
        Wanted("Request-ARM"),
        Wanted("Lambda-GB-Second"),
        Wanted("Lambda-GB-Second-ARM"),
    ),
    "AmazonApiGateway": (Wanted("ApiGatewayRequest"),),
    "awswaf": (Wanted("WebACLV2"), Wanted("RuleV2"), Wanted("RequestV2-Tier1")),
    "awskms": (Wanted("KMS-Keys"), Wanted("KMS-Requests")),
    "AWSSecretsManager": (Wanted("AWSSecretsManager-Secrets"), Wanted("AWSSecretsManagerAPIRequest")),
    "AmazonKinesis": (
        Wanted("Storage-ShardHour"),
        Wanted("Extended-ShardHour"),
        Wanted("PutRequestPayloadUnits"),
        Wanted("OnDemand-StreamHour"),
        Wanted("OnDemand-BilledIncomingBytes"),
        Wanted("OnDemand-BilledOutgoingBytes"),
    ),
    "AmazonDynamoDB": (
        Wanted("WriteRequestUnits"),
        Wanted("ReplWriteRequestUnits"),
        Wanted("ReadRequestUnits"),
        Wanted("TimedStorage-ByteHrs"),
        Wanted("TimedPITRStorage-ByteHrs"),
    ),
    "AmazonS3": (Wanted("TimedStorage-ByteHrs"), Wanted("Requests-Tier1"), Wanted("Requests-Tier2")),
    "AmazonSNS": (Wanted("DeliveryAttempts-SMTP"),),
    "AWSQueueService": (Wanted("Requests-Tier1"),),
    "AmazonCloudWatch": (
        Wanted("CW:AlarmMonitorUsage"),
        Wanted("CW:MetricMonitorUsage"),
        Wanted("DashboardsUsageHour"),
        Wanted("VendedLog-Bytes"),
    ),
    "AWSXRay": (Wanted("XRay-TracesStored"),),
}


def name(price: Price) -> str:
    """Return what a price is called in the table, without its region: ``InstanceUsage:db.t4g.medium CreateDB...``."""
    return named(_REGION.sub("", price.usage, count=1), price.operation)


def named(usage: str, operation: str = "") -> str:
    """Return the table's name of a usage type: operations that tell nothing apart are left out."""
    return f"{usage} {operation}" if operation in (POSTGRESQL, AURORA, APPLICATION) else usage


def _wanted(service: str, price: Price) -> bool:
    usage = _REGION.sub("", price.usage, count=1)
    return any(
        re.fullmatch(each.usage, usage) and each.operation in ("", price.operation) for each in SERVICES[service]
    )


def relevant(service: str, price: Price) -> bool:
    """Return whether a price of a service's file is one that a section takes."""
    return service in SERVICES and _wanted(service, price)


def parse(service: str, rows: Iterable[Price], currency: str, known: Mapping[str, str]) -> Rates:
    """Return the rates of a service, each for one of AWS's own units: an hour, a request, a gigabyte.

    Where a price has tiers, the first that is not free is taken: stacks of this size stay in it.

    Args:
        service: its code in the price list.
        rows: the rows of its file.
        currency: what prices have to be in.
        known: the rates of the same section that the table has, or of another region where it has none.

    Raises:
        PriceListError: a price in another currency, or that is no amount.
    """
    tiers: dict[str, dict[Decimal, set[Decimal]]] = {}
    for price in rows:
        if _wanted(service, price):
            amount, start = _amounts(price, currency)
            if amount:
                tiers.setdefault(name(price), {}).setdefault(start, set()).add(amount)
    found = Rates()
    for key, by_start in sorted(tiers.items()):
        amounts = by_start[min(by_start)]
        if len(amounts) > 1:
            found.problems.append(f"{key} has {len(amounts)} prices: {', '.join(map(text, sorted(amounts)))}")
            continue
        (amount,) = amounts
        before = Decimal(known[key]) if key in known else amount
        if not before / JUMP <= amount <= before * JUMP:
            found.problems.append(f"{key} is {text(amount)}, and was {text(before)}: another unit, or another product")
            continue
        found.rates[key] = text(amount)
    found.absent = sorted(set(known) - set(tiers))
    return found


def _amounts(price: Price, currency: str) -> tuple[Decimal, Decimal]:
    if price.currency != currency:
        raise PriceListError(f"{price.usage} is priced in {price.currency!r}, and {currency} was expected")
    try:
        amount, start = Decimal(price.amount), Decimal(price.start or 0)
    except InvalidOperation:
        amount, start = Decimal(-1), Decimal(0)
    if not amount.is_finite() or not start.is_finite() or amount < 0:
        raise PriceListError(
            f"{price.usage} has the price {price.amount!r} from {price.start!r} on, which is no amount of {currency}"
        )
    return amount, start

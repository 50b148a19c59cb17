"""How much a system takes before a part of it gives way, and what one unit of its work uses: plain data.

What one unit costs was measured on a machine with 2 cores (the README's figures): on AWS a call to the database or to
S3 crosses a network, so that a function takes less than here.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple


class Limit(NamedTuple):
    """A part and what it takes.

    Attributes:
        what: the part, with the setting or the quota that makes it as large as it is.
        takes: units a second.
        moved_by: what to set, ask AWS for, or build, when it gives way.
    """

    what: str
    takes: Decimal
    moved_by: str


class Part(NamedTuple):
    """What there have to be more of as the load grows.

    Attributes:
        what: one of them.
        takes: units a second that one takes.
        service: in AWS's price list, as in lib/analyse/prices.json.
        prices: its prices there: the name, how many of them, and ``hour`` or ``month``.
    """

    what: str
    takes: Decimal
    service: str
    prices: tuple[tuple[str, Decimal, str], ...]


class Store(NamedTuple):
    """What fills: what each unit leaves in it, and when it is full.

    Attributes:
        what: the store, with the setting or the limit that makes it as large as it is.
        unit_bytes: that one unit leaves, indexes included.
        limit_bytes: that it takes.
        moved_by: what to set or build before it is full.
        kept_days: that a unit stays; 0 for always.
    """

    what: str
    unit_bytes: int
    limit_bytes: int
    moved_by: str
    kept_days: int = 0

    def days(self, rate: Decimal) -> Decimal | None:
        """Return after how many days it is full, at so many units a second all the time; None for never."""
        found = Decimal(self.limit_bytes) / (rate * self.unit_bytes * DAY_SECONDS)
        return None if self.kept_days and found > self.kept_days else found


class Servers(NamedTuple):
    """The classes that a database may have.

    Attributes:
        unit_rate: units a second that one core was measured to carry.
        instance_class: the class that it has.
        price: the name of a class's price in AmazonRDS's list, with ``{}`` for the class.
        instances: that have the class.
    """

    unit_rate: int
    instance_class: str
    price: str
    instances: int


class Load(NamedTuple):
    """How a system grows.

    Attributes:
        unit: what is counted, such as ``payments``.
        rate: units a second that the settings are made for: the load that factors multiply.
        source: why it is so many.
        limits: in any order.
        parts: what is multiplied.
        uses: of AWS's prices, how many of its units one unit of work takes, by service and name.
        stores: what fills.
        servers: what the database may be; None where there is none that the load is on.
    """

    unit: str
    rate: Decimal
    source: str
    limits: tuple[Limit, ...]
    parts: tuple[Part, ...]
    uses: Mapping[tuple[str, str], Decimal]
    stores: tuple[Store, ...] = ()
    servers: Servers | None = None


DAY_SECONDS, GIB = 86_400, 1024**3
# What CloudWatch Logs takes in is paid for by the GB, which is 10^9 bytes here, to be on the safe side.
LOGS = ("logs", "STANDARD/ingestion")


def gigabytes(count: int) -> Decimal:
    """Return bytes as the GB that are paid for."""
    return Decimal(count) / 10**9


# Aurora's volume: 128 TiB, and 256 TiB with the latest versions.
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html
AURORA_BYTES = 128 * 1024 * GIB


# Requests a second of an account: 10,000, and 2,500 in some newer regions; here the fewer.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
GATEWAY_RATE = 2_500
# Over which a rate-based rule of AWS WAF counts a sender's requests, where nothing else is set.
# https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based-high-level-settings.html
SENDER_SECONDS = 300


def sender(rate: int) -> Limit:
    """Return what AWS WAF lets one sender do.

    Args:
        rate: requests in five minutes.
    """
    return Limit(
        f"one sender, with SENDER_RATE={rate} in {SENDER_SECONDS} s",
        Decimal(rate) / SENDER_SECONDS,
        "a larger SENDER_RATE, where callers share an address",
    )


def gateway(calls: int = 1) -> Limit:
    """Return what API Gateway takes of all APIs of an account in a region.

    Args:
        calls: requests that one unit makes.
    """
    return Limit(
        f"API Gateway's quota in the account: {GATEWAY_RATE:,} requests a second, or 10,000, by region",
        Decimal(GATEWAY_RATE) / calls,
        "a larger quota (Service Quotas), or an account of its own",
    )


def database(instance_class: str, cores: Decimal, unit_rate: int) -> Limit:
    """Return what a database's processors take for as long as it lasts: a burstable class's without credits.

    Args:
        instance_class: such as ``db.t4g.medium``.
        cores: the vCPUs that it may use all the time.
        unit_rate: units a second that one core was measured to carry, client and server together.
    """
    return Limit(
        f"processors of DATABASE_INSTANCE_CLASS={instance_class}, {cores.normalize():f} vCPU all the time",
        cores * unit_rate,
        "a larger class, or one that is not burstable",
    )

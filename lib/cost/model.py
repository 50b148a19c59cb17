"""What AWS asks money for: what stands, what is used, and what no price is known of."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from lib.declared.model import Declaration, Resource

HOUR, MONTH = "hour", "month"


@dataclass(frozen=True)
class Rate:
    """One price of the table: its service and its name there, both as AWS's price list has them."""

    service: str
    name: str


@dataclass(frozen=True)
class Standing:
    """What a resource is paid for while it exists, whether anything uses it or not.

    Attributes:
        what: what a bill's reader calls it, such as ``RDS db.t4g.medium, Multi-AZ``.
        rate: its price for one.
        quantity: how many.
        per: how often the price is paid: ``hour`` or ``month``.
        region: where, if not in the resource's region.
    """

    what: str
    rate: Rate
    quantity: Decimal
    per: str
    region: str = ""


@dataclass(frozen=True)
class Use:
    """What is paid by use.

    Attributes:
        what: what is counted, such as ``API Gateway requests``.
        rate: its price for one of AWS's units.
        unit: what the price is shown for, such as ``million``.
        times: how many of AWS's units that is.
        region: where, if not in the resource's region.
    """

    what: str
    rate: Rate
    unit: str
    times: int = 1
    region: str = ""


@dataclass(frozen=True)
class Unpriced:
    """What is paid for and has no price here, and why."""

    what: str
    why: str


Part = Standing | Use | Unpriced
Pricer = Callable[[Resource, Declaration], Iterable[Part]]
Pricers = Mapping[str, Pricer]
MILLION = 1_000_000


def one(what: str, rate: Rate, per: str, quantity: int | Decimal = 1, region: str = "") -> Standing:
    """Return a standing cost of so many."""
    return Standing(what, rate, Decimal(quantity), per, region)


def millions(what: str, rate: Rate, region: str = "") -> Use:
    """Return a use whose price people know for a million."""
    return Use(what, rate, "million", MILLION, region)


def gigabytes(what: str, rate: Rate, region: str = "") -> Use:
    """Return a use that is counted in gigabytes, or in gigabytes kept for a month."""
    return Use(what, rate, "GB", 1, region)

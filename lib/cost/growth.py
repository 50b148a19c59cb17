"""What gives way first when a system's load grows, and what the load costs."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from types import ModuleType

from lib.analyse.prices import HOURS
from lib.common.load import Limit, Load
from lib.cost.model import HOUR, MILLION, Rate
from lib.cost.pricing import Prices
from lib.cost.report import aligned, month

FACTORS = (10, 100, 1000)
SECONDS = 3600 * HOURS  # of a month


@dataclass(frozen=True)
class Charge:
    """What a load costs a month, in US dollars, for one use or one part of which there have to be so many."""

    what: str
    count: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Growth:
    """A system at a load.

    Attributes:
        load: how it grows.
        rate: units a second.
        where: the region, for its prices.
        charges: what the load costs all month long.
    """

    load: Load
    rate: Decimal
    where: str
    charges: tuple[Charge, ...]

    @property
    def gives_way(self) -> tuple[Limit, ...]:
        """What does not take the load, the first to give way first."""
        return tuple(limit for limit in self.ordered() if limit.takes < self.rate)

    @property
    def holds(self) -> tuple[Limit, ...]:
        """What takes it."""
        return tuple(limit for limit in self.ordered() if limit.takes >= self.rate)

    @property
    def month(self) -> Decimal:
        """What the load costs a month, in US dollars."""
        return sum((charge.amount for charge in self.charges), Decimal(0))

    def ordered(self) -> list[Limit]:
        """Return every limit, the lowest first."""
        return sorted(self.load.limits, key=lambda limit: limit.takes)


def module(system: str) -> ModuleType | None:
    """Return what a system says of its load, or None."""
    name = f"lib.{system.replace('-', '_')}.load"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None


def at(load: Load, factor: Decimal, where: str, prices: Prices) -> Growth:
    """Return a system at so many times the load that its settings are made for.

    Args:
        load: how it grows.
        factor: how many times.
        where: the region.
        prices: the table; what has no price there counts nothing, and scripts/cost names it.
    """
    rate = load.rate * factor
    charges = list[Charge]()
    for (service, name), units in load.uses.items():
        count = rate * SECONDS * units
        if price := prices.get(Rate(service, name), where):
            charges.append(Charge(f"{service} {name}", count, count * price.amount))
    for part in load.parts:
        many = max(Decimal(1), (rate / part.takes).to_integral_value(ROUND_CEILING))
        amount = Decimal(0)
        for name, quantity, per in part.prices:
            if price := prices.get(Rate(part.service, name), where):
                amount += many * quantity * price.amount * (HOURS if per == HOUR else 1)
        charges.append(Charge(part.what, many, amount))
    return Growth(load, rate, where, tuple(charges))


def number(value: Decimal) -> str:
    """Return a rate or a count as people read it: ``26,000``, ``342.5``, ``5,256 million``."""
    if value >= 10 * MILLION:
        return f"{value / MILLION:,.0f} million"
    return f"{value:,.0f}" if value == value.to_integral_value() or value >= 1000 else f"{value:,.1f}"


def text(growth: Growth) -> str:
    """Return everything about a load for a terminal."""
    unit = growth.load.unit
    rows = [
        [f"{unit} a second", "takes", "", "moved by"],
        *([limit.what, number(limit.takes), "gives way", limit.moved_by] for limit in growth.gives_way),
        *([limit.what, number(limit.takes), "holds", ""] for limit in growth.holds),
    ]
    charges = [
        [f"{number(growth.rate)} {unit} a second, all month long", "count", "a month"],
        *([charge.what, number(charge.count), month(charge.amount)] for charge in growth.charges),
        ["sum", "", month(growth.month)],
    ]
    first = f"{number(growth.load.rate)} {unit} a second are what the settings are made for: {growth.load.source}."
    lines = [first, f"At {number(growth.rate)} a second:", "", *_limits(rows), "", *aligned(charges)]
    return "\n".join(lines) + "\n"


def _limits(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]}".rstrip() for row in rows]


def document(load: Load, where: str, prices: Prices) -> list[list[str]]:
    """Return a document's rows: each limit, what gives way at each of :data:`FACTORS`, and what such a load costs.

    Args:
        load: how the system grows.
        where: the region.
        prices: the table.
    """
    growths = [at(load, Decimal(factor), where, prices) for factor in FACTORS]
    rows = [
        [limit.what, number(limit.takes), *_words(limit, growths), limit.moved_by] for limit in growths[0].ordered()
    ]
    loads = [f"{number(each.rate)}" for each in growths]
    return [
        [f"{load.unit} a second ({load.source})", number(load.rate), *loads, ""],
        *rows,
        ["**a month of such a load, USD**", "", *(month(each.month) for each in growths), ""],
    ]


def _words(limit: Limit, growths: Sequence[Growth]) -> list[str]:
    return ["gives way" if limit in each.gives_way else "" for each in growths]

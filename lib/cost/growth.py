"""What gives way first when a system's load grows, and what the load costs."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from types import ModuleType

from lib.analyse.prices import HOURS
from lib.common.load import Limit, Load, Servers
from lib.common.rds_instances import cores
from lib.cost.model import HOUR, MILLION, Rate
from lib.cost.pricing import Prices
from lib.cost.report import aligned, month

FACTORS = (10, 100, 1000)
SECONDS = 3600 * HOURS  # of a month
# Of the price table.
CLASSES = ("db.t4g.medium", "db.t4g.large", "db.m6g.large", "db.r6g.large", "db.r6g.xlarge")


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
    if load.servers:
        charges += _server(load.servers, rate, where, prices)
    return Growth(load, rate, where, tuple(charges))


def _server(servers: Servers, rate: Decimal, where: str, prices: Prices) -> list[Charge]:
    """Return what the class costs more that takes the load all the time, and nothing where the present one does."""
    found = list[tuple[Decimal, str]]()
    for name in {*CLASSES, servers.instance_class}:
        usage = servers.price.format(name.replace("xlarge", "xl"))
        if price := prices.get(Rate("AmazonRDS", usage), where):
            found.append((price.amount, name))
    now = next((amount for amount, name in found if name == servers.instance_class), None)
    if now is None or cores(servers.instance_class) * servers.unit_rate >= rate:
        return []
    instead = f"{{}} in the place of {servers.instance_class}"
    for amount, name in sorted(found):
        if cores(name) * servers.unit_rate >= rate:
            count = Decimal(servers.instances)
            return [Charge(instead.format(name), count, count * (amount - now) * HOURS)]
    return [Charge(instead.format("a class that the price table has not"), Decimal(servers.instances), Decimal(0))]


def days(value: Decimal | None) -> str:
    """Return a time as people read it: ``4.8 hours``, ``20 days``, ``3.1 years``, ``never``."""
    if value is None:
        return "never"
    for size, unit in ((Decimal(365), "years"), (Decimal(1), "days")):
        if value >= 2 * size:
            return f"{value / size:,.0f} {unit}" if value >= 10 * size else f"{value / size:,.1f} {unit}"
    return f"{value * 24:,.1f} hours"


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
    stores = [
        [
            f"{number(growth.rate)} {unit} a second, all the time, fill",
            "in",
            "moved by",
        ],
        *([store.what, days(store.days(growth.rate)), store.moved_by] for store in growth.load.stores),
    ]
    full = ["", *(f"{a}  {b}  {c}" for a, b, c in _even(stores))] if growth.load.stores else []
    first = f"{number(growth.load.rate)} {unit} a second are what the settings are made for: {growth.load.source}."
    lines = [first, f"At {number(growth.rate)} a second:", "", *_limits(rows), "", *aligned(charges), *full]
    return "\n".join(lines) + "\n"


def _limits(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]}".rstrip() for row in rows]


def _even(rows: Sequence[Sequence[str]]) -> list[tuple[str, str, str]]:
    first, second = (max(len(row[column]) for row in rows) for column in range(2))
    return [(f"{a:<{first}}", f"{b:>{second}}", c) for a, b, c in rows]


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
    fills = [
        [
            f"{store.what}: full after",
            days(store.days(load.rate)),
            *(days(store.days(each.rate)) for each in growths),
            store.moved_by,
        ]
        for store in load.stores
    ]
    loads = [f"{number(each.rate)}" for each in growths]
    return [
        [f"{load.unit} a second ({load.source})", number(load.rate), *loads, ""],
        *rows,
        *fills,
        ["**a month of such a load, USD**", "", *(month(each.month) for each in growths), ""],
    ]


def _words(limit: Limit, growths: Sequence[Growth]) -> list[str]:
    return ["gives way" if limit in each.gives_way else "" for each in growths]

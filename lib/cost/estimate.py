"""A system's parts with their prices: rows of what stands, of what is used, and of what has no price."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from lib.analyse.prices import HOURS
from lib.cost.model import HOUR, Part, Standing, Unpriced, Use
from lib.cost.pricing import Prices
from lib.cost.resources import UNKNOWN, parts
from lib.cost.resources.free import FREE
from lib.declared.model import Declaration, Resource


@dataclass
class Row:
    """So many of the same thing at the same price: ``names`` are the resources that it is paid for."""

    what: str
    price: Decimal
    per: str
    quantity: Decimal = Decimal(0)
    names: list[str] = field(default_factory=list)

    @property
    def hour(self) -> Decimal:
        """What it costs an hour, in US dollars."""
        return self.price * self.quantity / (1 if self.per == HOUR else HOURS)

    @property
    def month(self) -> Decimal:
        """What it costs a month of 730 hours, in US dollars."""
        return self.price * self.quantity * (HOURS if self.per == HOUR else 1)


@dataclass(frozen=True)
class UseRow:
    """A use and its price in US dollars for its unit."""

    what: str
    price: Decimal
    unit: str


@dataclass
class Estimate:
    """What a declaration costs.

    Attributes:
        rows: what stands, most expensive first.
        uses: what is paid by use, by name.
        unpriced: what is paid for and has no price here, for a reason: why, by what.
        missing: what should have a price here: what is wrong, by what.
        free: how many resources of each type AWS asks nothing for.
        borrowed: codes of the regions for which another one's prices were taken.
        dates: the days of the price lists.
    """

    rows: list[Row]
    uses: list[UseRow]
    unpriced: dict[str, str]
    missing: dict[str, str]
    free: Counter[str]
    borrowed: set[str]
    dates: set[str]

    @property
    def hour(self) -> Decimal:
        """What everything that stands costs an hour, in US dollars."""
        return sum((row.hour for row in self.rows), Decimal(0))

    @property
    def month(self) -> Decimal:
        """What everything that stands costs a month, in US dollars."""
        return sum((row.month for row in self.rows), Decimal(0))


def estimate(declaration: Declaration, prices: Prices) -> Estimate:
    """Return what a declaration costs while nothing uses it, and what its use costs.

    Args:
        declaration: what a system declares in one environment.
        prices: the table.
    """
    rows: dict[tuple[str, Decimal, str], Row] = {}
    uses: dict[tuple[str, Decimal], UseRow] = {}
    unpriced: dict[str, str] = {}
    missing: dict[str, str] = {}
    for resource, part in _parts(declaration):
        if isinstance(part, Unpriced):
            (missing if part.why == UNKNOWN else unpriced)[part.what] = part.why
            continue
        where = part.region or resource.region or declaration.region
        price = prices.get(part.rate, where)
        if price is None:
            missing[part.what] = f"no price of {part.rate.service} for {part.rate.name} in {where}"
        elif isinstance(part, Standing):
            row = rows.setdefault((part.what, price.amount, part.per), Row(part.what, price.amount, part.per))
            row.quantity += part.quantity
            row.names.append(resource.name)
        else:
            amount = price.amount * part.times
            uses[part.what, amount] = UseRow(part.what, amount, part.unit)
    free = Counter(resource.type for resource in declaration.resources if resource.type in FREE)
    return Estimate(
        sorted(rows.values(), key=lambda row: (-row.month, row.what)),
        sorted(uses.values(), key=lambda use: (use.what, use.price)),
        dict(sorted(unpriced.items())),
        dict(sorted(missing.items())),
        free,
        set(prices.borrowed),
        set(prices.dates),
    )


def _parts(declaration: Declaration) -> Iterator[tuple[Resource, Standing | Use | Unpriced]]:
    for resource in declaration.resources:
        part: Part
        for part in parts(resource, declaration):
            yield resource, part

"""An estimate as people and programs read it: a table on the terminal, a document's rows, JSON."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

from lib.analyse import region_names
from lib.analyse.prices import CURRENCY, HOURS, OLD
from lib.common.json_types import JsonObject
from lib.cost.estimate import Estimate, Row
from lib.cost.model import HOUR
from lib.cost.pricing import REFERENCE

CENT, MILL = Decimal("0.01"), Decimal("0.001")
SHORT = {HOUR: "h"}


def plain(amount: Decimal) -> str:
    """Return a unit price without an exponent or zeros at its end, with two decimals at least: ``0.30``, ``0.0225``."""
    exact = f"{amount.normalize():f}"
    return f"{amount:.2f}" if len(exact.partition(".")[2]) < 2 else exact


def month(amount: Decimal) -> str:
    """Return an amount to the cent."""
    return f"{amount.quantize(CENT, ROUND_HALF_UP):,}"


def hour(amount: Decimal) -> str:
    """Return an amount to a tenth of a cent."""
    return f"{amount.quantize(MILL, ROUND_HALF_UP):,}"


def price(row: Row) -> str:
    """Return a row's unit price: ``0.0225 / h``."""
    return f"{plain(row.price)} / {SHORT.get(row.per, row.per)}"


def counted(quantity: Decimal) -> str:
    """Return how many: ``4``, ``0.5``."""
    return f"{quantity.normalize():f}"


def aligned(rows: Sequence[Sequence[str]], words: int = 1) -> list[str]:
    """Return rows as lines whose columns stand below each other, the first ones at the left, numbers at the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column < words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def text(title: str, estimate: Estimate) -> str:
    """Return everything about an estimate for a terminal."""
    standing = [
        ["while nothing uses it", "count", "unit price", "an hour", "a month"],
        *([row.what, counted(row.quantity), price(row), hour(row.hour), month(row.month)] for row in estimate.rows),
        ["sum", "", "", hour(estimate.hour), month(estimate.month)],
    ]
    uses = [["by use", "unit price"], *([use.what, f"{plain(use.price)} / {use.unit}"] for use in estimate.uses)]
    lines = [f"{title}, {CURRENCY}, {HOURS} hours a month", "", *aligned(standing), "", *aligned(uses)]
    if without := estimate.missing | estimate.unpriced:
        unpriced = [["paid for, and not priced here", "why"], *map(list, without.items())]
        lines += ["", *aligned(unpriced, 2)]
    lines += ["", f"Free of charge: {estimate.free.total()} resources of {len(estimate.free)} types."]
    return "\n".join([*lines, *notes(estimate)]) + "\n"


def notes(estimate: Estimate) -> list[str]:
    """Return what has to be known of the prices: their days, and whose they are."""
    found = [f"Prices of {' and '.join(sorted(estimate.dates))}, on demand, before taxes and discounts."]
    oldest = min((date.fromisoformat(each) for each in estimate.dates), default=datetime.now(UTC).date())
    if (age := (datetime.now(UTC).date() - oldest).days) > OLD:
        found.append(f"The oldest of them are {age} days old and may have changed: run scripts/refresh_prices.")
    found += [
        f"{region_names.names().get(code, code)} has no prices of its own for all of this in the table: those of "
        f"{REFERENCE} are shown. scripts/refresh_prices {code} takes them from AWS's price list."
        for code in sorted(estimate.borrowed)
    ]
    return found


def as_json(title: Mapping[str, str], estimate: Estimate) -> JsonObject:
    """Return an estimate for programs; amounts are texts, so that none is rounded."""
    return {
        **title,
        "currency": CURRENCY,
        "hours_a_month": HOURS,
        "standing": [
            {
                "what": row.what,
                "count": counted(row.quantity),
                "unit_price": plain(row.price),
                "per": row.per,
                "hour": hour(row.hour),
                "month": month(row.month).replace(",", ""),
                "resources": row.names,
            }
            for row in estimate.rows
        ],
        "hour": hour(estimate.hour).replace(",", ""),
        "month": month(estimate.month).replace(",", ""),
        "uses": [{"what": use.what, "unit_price": plain(use.price), "unit": use.unit} for use in estimate.uses],
        "not_priced": estimate.missing | estimate.unpriced,
        "free": dict(sorted(estimate.free.items())),
        "price_dates": sorted(estimate.dates),
        "prices_of_another_region": sorted(estimate.borrowed),
    }


def document(estimates: Mapping[str, Estimate]) -> list[list[str]]:
    """Return a document's rows: what stands in any environment, what that costs a month in each, and the sums.

    Args:
        estimates: by the environments' names.
    """
    keys = {(row.what, row.price, row.per): row for each in estimates.values() for row in each.rows}
    by_environment = [{(row.what, row.price, row.per): row for row in each.rows} for each in estimates.values()]
    most = {key: max(found[key].month for found in by_environment if key in found) for key in keys}
    rows = [
        [keys[key].what, price(keys[key]), *(_cell(found.get(key)) for found in by_environment)]
        for key in sorted(keys, key=lambda key: (-most[key], key))
    ]
    return [
        *rows,
        ["**sum, a month**", "", *(f"**{month(each.month)}**" for each in estimates.values())],
        ["**sum, an hour**", "", *(f"**{hour(each.hour)}**" for each in estimates.values())],
    ]


def _cell(row: Row | None) -> str:
    return f"{counted(row.quantity)}: {month(row.month)}" if row else ""


def used(estimates: Mapping[str, Estimate]) -> list[list[str]]:
    """Return a document's rows of what is paid by use, in any environment, and of what is not priced, and why."""
    uses = {(use.what, use.price): use for each in estimates.values() for use in each.uses}
    unpriced = {what: why for each in estimates.values() for what, why in each.unpriced.items()}
    return [
        *([use.what, f"{plain(use.price)} / {use.unit}"] for _, use in sorted(uses.items())),
        *([what, f"not priced: {why}"] for what, why in sorted(unpriced.items())),
    ]

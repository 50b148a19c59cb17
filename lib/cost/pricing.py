"""The prices of a region; those of another one, which are named, where the table has none of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from lib.analyse import region_names
from lib.analyse.prices import CURRENCY, TABLE
from lib.common.json_types import JsonMapping
from lib.cost.model import Rate

REFERENCE = "US East (N. Virginia)"
# These services have one price everywhere, and AWS has it in the region of their own API.
GLOBAL = ("AmazonRoute53",)
LOGS = "logs"  # the auditor's section: its names are those of classes


@dataclass(frozen=True)
class Price:
    """A price in US dollars, the name of the region that it is of, and the day of the price list that had it."""

    amount: Decimal
    region: str
    date: str


class Prices:
    """The table of ``lib/analyse/prices.json``, with what was taken from it."""

    def __init__(self, regions: Mapping[str, JsonMapping]) -> None:
        self._regions = regions
        self.borrowed = set[str]()  # codes of the regions that another one's prices were taken for
        self.dates = set[str]()

    @classmethod
    def read(cls, path: Path = TABLE) -> "Prices":
        """Return the table of this checkout, or another one of the same form."""
        return cls(json.loads(path.read_text(encoding="utf-8"))["regions"])

    def reference(self) -> "Prices":
        """Return the table with the reference region alone: its prices for every region."""
        return Prices({REFERENCE: self._regions[REFERENCE]})

    def get(self, rate: Rate, code: str) -> Price | None:
        """Return a price in a region, or the reference region's where the table has none, or None.

        Args:
            rate: the price.
            code: the region, such as the one that ``lib/AWS_REGION`` has.
        """
        own = region_names.names().get(code, "")
        found = self._find(rate, REFERENCE if rate.service in GLOBAL else own)
        if found is None:
            found = self._find(rate, REFERENCE)
            if found is not None:
                self.borrowed.add(code)
        if found is not None:
            self.dates.add(found.date)
        return found

    def _find(self, rate: Rate, region: str) -> Price | None:
        entry = self._regions.get(region, {})
        section = entry.get(rate.service, {})
        name, _, part = rate.name.partition("/") if rate.service == LOGS else (rate.name, "", "")
        amount = section.get("rates", {}).get(name)
        amount = amount.get(part) if isinstance(amount, Mapping) else amount
        if amount is None or entry.get("currency") != CURRENCY:
            return None
        return Price(Decimal(amount), region, section["date"])

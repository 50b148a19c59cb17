"""Makes the auditor's rates from the rows of AWS's price list: only what is complete, and means one thing."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import partial

from lib.analyse.price_list.files import Price, PriceListError
from lib.common.json_types import JsonObject

# A usage type begins with the billing code of its region (EUS1- is Milan), but for the oldest region's. Local Zones
# have two such codes.
# https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-region-billing-codes.html
_VOLUME = re.compile(r"(?:[A-Z]+\d*-)?EBS:Volume(Usage|P-IOPS|P-Throughput)(?:\.(.+))?")
_LOGS = re.compile(r"(?:[A-Z]+\d*-)?(TimedStorage-ByteHrs|DataProcessing-Bytes|DataProcessingIA-Bytes)")
_SNAPSHOTS = re.compile(r"(?:[A-Z]+\d*-)?EBS:(SnapshotUsage|SnapshotArchiveStorage)")
_ADDRESSES = re.compile(r"(?:[A-Z]+\d*-)?PublicIPv4:(IdleAddress)")
_NAMES = {None: "standard", "piops": "io1"}
# How many of the table's units (GB and IOPS a month, MiB/s a month) one of a price's is; any other is not taken.
UNITS = {
    "storage": {"gb-mo": 1, "gb-month": 1},
    "iops": {"iops-mo": 1},
    "throughput": {"mibps-mo": 1, "gibps-mo": 1024},
    "ingestion": {"gb": 1},
    "hour": {"hrs": 1},
}
# Where a volume's IOPS and throughput begin to cost, and where the next tier begins: the price list does not say it.
# https://aws.amazon.com/ebs/pricing/
FREE = {("gp3", "iops"): 3000, ("gp3", "throughput"): 125}
TIERS = {("io2", "iops"): (32_000, 64_000)}
NEEDED = {"gp3": {"storage", "iops", "throughput"}, "io1": {"storage", "iops"}, "io2": {"storage", "iops"}}
VOLUMES = ("gp2", "gp3", "io1", "io2", "sc1", "st1", "standard")
LOGS = {"INFREQUENT_ACCESS": "DataProcessingIA-Bytes", "STANDARD": "DataProcessing-Bytes"}

# The tiers of EBS snapshots: https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-archive-pricing.html
SNAPSHOTS = {"archive": "SnapshotArchiveStorage", "standard": "SnapshotUsage"}
# A public IPv4 address that nothing uses: https://aws.amazon.com/vpc/pricing/
ADDRESSES = {"idle": "IdleAddress"}

Key = tuple[str, str, int]  # of what, for which part of it, in which tier


@dataclass
class Rates:
    """Rates as the table has them; what is not offered (``absent``), and what is only half there (``problems``)."""

    rates: JsonObject = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def text(value: Decimal) -> str:
    """Return a price as the table has it: no exponent, no zeros at the end."""
    return f"{value.normalize():f}"


def _amount(price: Price, part: str, currency: str) -> Decimal:
    """Return a price for the table's unit.

    Raises:
        PriceListError: another currency or unit than expected, or no number.
    """
    if price.currency != currency:
        raise PriceListError(f"{price.usage} is priced in {price.currency!r}, and {currency} was expected")
    per = UNITS[part].get(price.unit.lower())
    if per is None:
        raise PriceListError(f"{price.usage} is priced by {price.unit!r}, and {' or '.join(UNITS[part])} was expected")
    try:
        amount = Decimal(price.amount) / per
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise PriceListError(f"{price.usage} has the price {price.amount!r}, which is no amount of {currency}")
    return amount


class _Prices:
    """The one price of each part. A range that is free is an account's allowance, or a price that AWS lacks."""

    def __init__(self, currency: str) -> None:
        self._currency = currency
        self._found: dict[Key, set[Decimal]] = {}

    def add(self, key: Key, price: Price) -> None:
        """Keep a price, unless it is 0; raises PriceListError for one that cannot be right."""
        amount = _amount(price, key[1], self._currency)
        if amount:
            self._found.setdefault(key, set()).add(amount)

    def seen(self, name: str) -> bool:
        """Return whether anything of a name has a price."""
        return any(key[0] == name for key in self._found)

    def one(self, name: str, part: str, tier: int = 1) -> Decimal | None:
        """Return the price, or None when there is none, or more than one, of which none can be chosen."""
        amounts = self._found.get((name, part, tier), set())
        return next(iter(amounts)) if len(amounts) == 1 else None


def _volume_key(match: re.Match[str]) -> Key | None:
    """Return what a price of volumes is for, or None for a type that the table does not have."""
    name, _, tier = (match[2] or "").partition(".tier")
    part = {"Usage": "storage", "P-IOPS": "iops", "P-Throughput": "throughput"}[match[1]]
    key = _NAMES.get(name or None, name), part, int(tier) if tier.isdigit() else 1
    return key if key[0] in VOLUMES else None


def _volume(gathered: _Prices, name: str) -> JsonObject | None:
    """Return the rates of one type of volume, or None when a price is missing."""
    storage = gathered.one(name, "storage")
    if storage is None:
        return None
    entry: JsonObject = {"storage": text(storage)}
    for part in sorted(NEEDED.get(name, set()) - {"storage"}):
        ends: list[int | None] = [*TIERS.get((name, part), ()), None]
        steps = list[list[int | str | None]]()
        for number, end in enumerate(ends, 1):
            price = gathered.one(name, part, number)
            if price is None:
                return None
            steps.append([end, text(price)])
        if gathered.one(name, part, len(ends) + 1) is not None:
            return None  # more tiers than are known
        free = FREE.get((name, part))
        entry[part] = [[free, "0"], *steps] if free else steps
    return entry


def _gathered(
    rows: Iterable[Price], currency: str, usage: re.Pattern[str], key_of: Callable[[re.Match[str]], Key | None]
) -> _Prices:
    """Return the prices whose usage type matches and has a key, each under that.

    Raises:
        PriceListError: a price in another currency or unit; whatever the rows raise.
    """
    gathered = _Prices(currency)
    for price in rows:
        match = usage.fullmatch(price.usage)
        key = key_of(match) if match else None
        if key is not None:
            gathered.add(key, price)
    return gathered


def _rates(
    gathered: _Prices, names: Mapping[str, str], rate: Callable[[str], JsonObject | None], problem: str
) -> Rates:
    """Return the rates of everything that has each price it needs.

    Args:
        gathered: the prices.
        names: what the prices of each of the table's names are gathered under.
        rate: returns the rates by what they are gathered under, or None when a price is missing or ambiguous.
        problem: what to say of a name that has prices and no rates.
    """
    result = Rates()
    for name, key in names.items():
        entry = rate(key)
        if entry is not None:
            result.rates[name] = entry
        elif gathered.seen(key):
            result.problems.append(f"{name} {problem}")
        else:
            result.absent.append(name)
    return result


def volumes(rows: Iterable[Price], currency: str) -> Rates:
    """Return the rates of EBS volumes, of those types that have every price they need.

    Raises:
        PriceListError: a price in another currency or unit; whatever the rows raise.
    """
    gathered = _gathered(rows, currency, _VOLUME, _volume_key)
    problem = "has some of its prices only, or several for the same thing"
    return _rates(gathered, {name: name for name in VOLUMES}, partial(_volume, gathered), problem)


def _log_key(match: re.Match[str]) -> Key:
    return match[1], "storage" if match[1].startswith("Timed") else "ingestion", 1


def logs(rows: Iterable[Price], currency: str) -> Rates:
    """Return the rates of log groups, of those classes that have every price they need; raises as for volumes."""
    gathered = _gathered(rows, currency, _LOGS, _log_key)
    storage = gathered.one("TimedStorage-ByteHrs", "storage")

    def rate(usage: str) -> JsonObject | None:
        ingestion = gathered.one(usage, "ingestion")
        if storage is None or ingestion is None:
            return None
        return {"storage": text(storage), "ingestion": text(ingestion)}

    return _rates(gathered, LOGS, rate, "logs have some of their prices only, or several for the same thing")


def _single(rows: Iterable[Price], currency: str, usage: re.Pattern[str], names: Mapping[str, str], part: str) -> Rates:
    """Return the rates of what has one price each, by the name of its usage type; raises as for volumes."""
    gathered = _gathered(rows, currency, usage, lambda match: (match[1], part, 1))

    def rate(kind: str) -> JsonObject | None:
        amount = gathered.one(kind, part)
        return None if amount is None else {part: text(amount)}

    return _rates(gathered, names, rate, "has several prices for the same thing")


def snapshots(rows: Iterable[Price], currency: str) -> Rates:
    """Return the rates of EBS snapshots, for each tier of storage; raises as for volumes."""
    return _single(rows, currency, _SNAPSHOTS, SNAPSHOTS, "storage")


def addresses(rows: Iterable[Price], currency: str) -> Rates:
    """Return the rate of a public IPv4 address that nothing uses, an hour; raises as for volumes."""
    return _single(rows, currency, _ADDRESSES, ADDRESSES, "hour")


def relevant(price: Price) -> bool:
    """Return whether a price is one that any of the sections takes: the others of a file need not be kept."""
    return any(usage.fullmatch(price.usage) for usage in (_VOLUME, _LOGS, _SNAPSHOTS, _ADDRESSES))


PARSERS = {"volumes": volumes, "snapshots": snapshots, "logs": logs, "addresses": addresses}

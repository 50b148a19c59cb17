"""What a volume or a log group costs a month, from a dated table. What the table does not hold has no price."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Day
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from lib.analyse import region_names
from lib.analyse.model import Address, Cost, LogGroup, Snapshot, Volume
from lib.common.json_types import JsonMapping, JsonValue

FORMAT = 2  # of the table
CURRENCY = "USD"  # what sums are in; other currencies are shown beside them, never added
OLD = 90  # days: after that a report says that prices may have changed
SECTIONS = ("volumes", "logs", "snapshots", "addresses")
TABLE = Path(__file__).with_name("prices.json")
GIB = 1 << 30  # AWS bills both in binary gigabytes, and calls them GB
MONTH = 30  # days: what an estimate spreads over
HOURS = 730  # a month, as the AWS Pricing Calculator counts: 365 days in 12 parts
AMAZON_POOL, BYOIP_POOL = "amazon", "ipv4pool-ec2-"
_ZONE = re.compile(r"[a-z]")

Tiers = Sequence[tuple[int | None, Decimal]]


def tiered(quantity: int, tiers: Tiers) -> Decimal:
    """Return what a quantity costs when each tier's price holds up to the tier's end (None: without end)."""
    total, start = Decimal(0), 0
    for end, price in tiers:
        upper = quantity if end is None else min(quantity, end)
        total += max(0, upper - start) * price
        start = max(start, upper)
    return total


def _tiers(rows: Sequence[Sequence[JsonValue]]) -> Tiers:
    return tuple((end, Decimal(price)) for end, price in rows)


@dataclass(frozen=True)
class Prices:
    """A table of prices; ``regions`` is keyed by AWS's names of regions, and ``date`` that of its newest price.

    A region has a currency, and the sections of :data:`SECTIONS`: each has a date (the day on which AWS's price
    list had these prices), a source and rates, and may be missing.
    """

    date: str
    currency: str
    regions: Mapping[str, JsonMapping]

    @classmethod
    def read(cls, path: Path = TABLE) -> "Prices":
        """Return the bundled table, or another one of the same form."""
        data = json.loads(path.read_text(encoding="utf-8"))
        return cls(data["date"], data["currency"], data["regions"])

    def _region(self, code: str) -> JsonMapping:
        return self.regions.get(region_names.names().get(code, ""), {})

    def _rates(self, code: str, section: str, name: str) -> JsonMapping | None:
        rates: JsonMapping | None = self._region(code).get(section, {}).get("rates", {}).get(name)
        return rates

    def has(self, code: str, section: str, name: str) -> bool:
        """Return whether the table has a price of a region, by its section and name."""
        return self._rates(code, section, name) is not None

    def dates(self, code: str) -> dict[str, str | None]:
        """Return a region's currency, and the date of the prices of each section (None: there are none)."""
        entry = self._region(code)
        return {"currency": entry.get("currency"), **{name: entry.get(name, {}).get("date") for name in SECTIONS}}

    def warnings(self, codes: Iterable[str], today: Day) -> list[str]:
        """Return a sentence for each section of these regions whose prices are more than :data:`OLD` days old."""
        sentences = []
        for code in sorted(set(codes)):
            for name in SECTIONS:
                dated = self._region(code).get(name, {}).get("date")
                age = (today - Day.fromisoformat(dated)).days if dated else 0
                if age > OLD:
                    sentences.append(
                        f"The prices of {name} in {code} are {age} days old ({dated}) and may have changed: run "
                        "scripts/refresh_prices."
                    )
        return sentences

    def volume(self, region: str, volume: Volume) -> Cost:
        """Return what a volume costs a month, attached or not: size, and the IOPS and throughput that are paid for.

        gp2's IOPS come with its size: its rates have none, whatever AWS reports.
        https://aws.amazon.com/ebs/pricing/
        """
        if volume.outpost:
            return Cost(None, "on an Outpost: paid for with the Outpost")
        if not _ZONE.fullmatch(volume.zone.removeprefix(region)):
            return Cost(None, f"in {volume.zone}, which has prices of its own")
        rates = self._rates(region, "volumes", volume.type)
        if rates is None:
            return Cost(None, f"no price for {volume.type} in {region}")
        parts = {"storage": volume.size * Decimal(rates["storage"])}
        for name, quantity in (("iops", volume.iops), ("throughput", volume.throughput)):
            if name in rates:
                parts[name] = tiered(quantity or 0, _tiers(rates[name]))
        return Cost(sum(parts.values(), Decimal(0)), parts=parts, currency=self._region(region)["currency"])

    def snapshot(self, region: str, snapshot: Snapshot) -> tuple[Cost, Decimal | None]:
        """Return what a snapshot costs a month, and the most that it can cost.

        In the standard tier blocks that it shares with others of its volume are paid once: what one of several adds is
        not known. A snapshot in the archive tier is stored in full.
        https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-archive-pricing.html
        """
        if snapshot.outpost:
            return Cost(None, "on an Outpost: paid for with the Outpost"), None
        if snapshot.zone:
            return Cost(None, f"in {snapshot.zone}, which has prices of its own"), None
        rates = self._rates(region, "snapshots", snapshot.tier)
        if rates is None:
            return Cost(None, f"no price for snapshots in the {snapshot.tier} tier in {region}"), None
        currency = self._region(region)["currency"]  # also of what has no price: the most is in it
        known = snapshot.full_bytes is not None
        gigabytes = Decimal(snapshot.full_bytes or 0) / GIB if known else Decimal(snapshot.size)
        most = gigabytes * Decimal(rates["storage"])
        if not known:
            return Cost(None, "AWS does not say how much it holds", currency=currency), most
        if snapshot.tier == "standard" and not snapshot.alone:
            return Cost(None, "it shares blocks with other snapshots of its volume", currency=currency), most
        return Cost(most, currency=currency), most

    def address(self, region: str, address: Address) -> Cost:
        """Return what a public IPv4 address costs a month while nothing uses it; one's own addresses cost nothing.

        https://aws.amazon.com/vpc/pricing/
        https://aws.amazon.com/blogs/networking-and-content-delivery/identify-and-optimize-public-ipv4-address-usage-on-aws/
        """
        if address.pool.startswith(BYOIP_POOL):
            return Cost(Decimal(0), currency=self._region(region).get("currency", CURRENCY))
        if address.pool != AMAZON_POOL:
            return Cost(None, f"from the pool {address.pool or 'of an Outpost'}, which may have a price of its own")
        if address.border_group != region:
            return Cost(None, f"in {address.border_group}, which has prices of its own")
        rates = self._rates(region, "addresses", "idle")
        if rates is None:
            return Cost(None, f"no price for public IPv4 addresses in {region}")
        return Cost(Decimal(rates["hour"]) * HOURS, currency=self._region(region)["currency"])

    def logs(self, region: str, group: LogGroup, now: datetime) -> tuple[Cost, Cost]:
        """Return what a log group's storage costs a month at most, and what its ingestion costs.

        Storage is an upper bound: AWS moves old logs to cheaper tiers where the account's storage tier says so.
        Ingestion is that of the last 30 days where CloudWatch was asked; else it is estimated from the stored bytes
        alone, as if they had come evenly over the days that they can be from.
        https://aws.amazon.com/cloudwatch/pricing/
        """
        rates = self._rates(region, "logs", group.log_class)
        if rates is None:
            cost = Cost(None, f"no price for {group.log_class} logs in {region}")
            return cost, cost
        gigabytes = Decimal(group.stored) / GIB
        taken_in = Decimal(group.ingested or 0) / GIB
        if group.ingested is None:
            age = max(1, (now - group.created_at).days)
            taken_in = gigabytes / min(age, group.retention or age) * MONTH
        currency = self._region(region)["currency"]
        return (
            Cost(gigabytes * Decimal(rates["storage"]), currency=currency),
            Cost(taken_in * Decimal(rates["ingestion"]), currency=currency),
        )

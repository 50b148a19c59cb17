"""The command: ``scripts/refresh_prices``."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import urllib3  # comes with botocore

from lib.analyse import prices, region_names
from lib.analyse.checkpoint import write_atomically
from lib.analyse.price_list import rates, services
from lib.analyse.price_list.command_line import parse
from lib.analyse.price_list.files import OfferFile, Price, PriceList, PriceListError, region_urls
from lib.common import region
from lib.common.errors import SettingError
from lib.common.json_types import JsonMapping, JsonObject

_CODES = {name: code for code, name in region_names.names().items()}


def _host(name: str) -> str:
    """Return the URL of the price list that is kept in the region of this name."""
    code = _CODES[name]
    return f"https://pricing.{code}.{region.dns_suffix(code)}"


# China has a list of its own, in its own currency; what the other one says of China is not used. For the European
# Sovereign Cloud and the isolated partitions no public address is documented: their regions stay unpriced.
# https://docs.amazonaws.cn/en_us/awsaccountbilling/latest/aboutv2/using-the-aws-price-list-bulk-api-fetching-price-list-files-manually.html
LISTS = (
    PriceList(_host("US East (N. Virginia)"), "/offers/v1.0/aws/index.json", ("aws", "aws-us-gov"), "USD"),
    PriceList(_host("China (Beijing)"), "/offers/v1.0/cn/index.json", ("aws-cn",), "CNY"),
)
# The sections of the table that each service's files have the prices of: a file is read once.
AUDITED = {"AmazonEC2": ("volumes", "snapshots"), "AmazonCloudWatch": ("logs",), "AmazonVPC": ("addresses",)}
SERVICES = {name: (*AUDITED.get(name, ()), name) for name in (*AUDITED, *sorted(set(services.SERVICES) - set(AUDITED)))}
# What a region may lack altogether without anything being wrong.
OPTIONAL = ("snapshots", "addresses", *services.SERVICES)
# Prices of a region that the table does not have yet are held against this one's.
REFERENCE = "US East (N. Virginia)"


@dataclass
class Refresh:
    """The table while it is made: ``missing`` is what the files did not have, ``notes`` what a reader may want."""

    regions: dict[str, JsonObject]
    today: date
    asked: Sequence[str] = ()
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    read: int = 0

    def read_list(self, pool: urllib3.PoolManager, source: PriceList) -> None:
        """Take the prices of one list."""
        codes = [
            code
            for code, partition in sorted(region.known().items())
            if partition in source.partitions and (not self.asked or code in self.asked)
        ]
        for service, sections in SERVICES.items() if codes else ():
            try:
                urls = region_urls(pool, source, service)
            except PriceListError as error:
                self.missing += [f"{section} of {len(codes)} regions: {error}" for section in sections]
                continue
            for code in codes:
                if code in urls:
                    self._file(code, OfferFile(pool, urls[code], service, code), service, source.currency)
                else:
                    self._absent(code, service)

    def _absent(self, code: str, service: str) -> None:
        name = region_names.names()[code]
        for section in SERVICES[service]:
            text = f"{section} in {name}: the region is not in the price list of {service}"
            known = section in self.regions.get(name, {})
            (self.missing if known or code in self.asked else self.notes).append(text)

    def _file(self, code: str, file: OfferFile, service: str, currency: str) -> None:
        """Take the sections of one file."""
        name = region_names.names()[code]
        try:
            rows = [each for each in file.prices() if rates.relevant(each) or services.relevant(service, each)]
        except PriceListError as error:
            self.missing += [f"{section} in {name}: {error}" for section in SERVICES[service]]
            return
        source = f"AWS price list, {service}, published {file.published}"
        for section in SERVICES[service]:
            self._section(name, section, rows, source, currency)

    def _section(self, name: str, section: str, rows: Sequence[Price], source: str, currency: str) -> None:
        """Take the prices of one section of a region, unless that would lose some that the table has."""
        entry = self.regions.get(name, {})
        old = entry.get(section, {}).get("rates", {})
        try:
            if section in services.SERVICES:
                parsed = services.parse(section, rows, currency, old or self._reference(section, currency))
            else:
                parsed = rates.PARSERS[section](rows, currency)
        except PriceListError as error:
            self.missing.append(f"{section} in {name}: {error}")
            return
        lost = sorted(set(old) - set(parsed.rates))
        self.missing += [f"{section} in {name}: {problem}" for problem in parsed.problems]
        if section in OPTIONAL and not (old or parsed.rates or parsed.problems):
            self.notes.append(f"{section} in {name}: not offered, or not priced")
            return
        if lost or not parsed.rates:
            what = f"no price for {', '.join(lost)} any more" if parsed.rates else "no prices at all"
            self.missing.append(f"{section} in {name}: {what}; the table keeps what it had")
            return
        if parsed.absent:
            self.notes.append(f"{section} in {name}: not offered, or not priced: {', '.join(parsed.absent)}")
        self.read += 1
        self.regions[name] = entry | {
            "currency": currency,
            section: {
                "date": self.today.isoformat(),
                "source": source,
                "rates": parsed.rates,
            },
        }

    def _reference(self, section: str, currency: str) -> JsonMapping:
        entry = self.regions.get(REFERENCE, {})
        found: JsonMapping = entry.get(section, {}).get("rates", {}) if entry.get("currency") == currency else {}
        return found

    def table(self) -> JsonObject:
        """Return the table; its date is that of the newest prices in it."""
        sections = (*prices.SECTIONS, *services.SERVICES)
        dates = [entry[name]["date"] for entry in self.regions.values() for name in sections if name in entry]
        return {
            "format": prices.FORMAT,
            "currency": prices.CURRENCY,
            "date": max(dates),
            "regions": dict(sorted(self.regions.items())),
        }


def _asked(arguments: Sequence[str] | None) -> list[str]:
    asked: list[str] = parse(arguments).regions
    partitions = {partition for source in LISTS for partition in source.partitions}
    for name in asked:
        if name not in region.known():
            raise SettingError(f"{name!r} is not an AWS region known to the installed botocore: correct the name.")
        if region.partition(name) not in partitions:
            raise SettingError(
                f"{name!r} is in partition {region.partition(name)!r}, which has no public price list: leave it out."
            )
    return asked


def main(arguments: Sequence[str] | None = None, path: Path = prices.TABLE, lists: Sequence[PriceList] = LISTS) -> int:
    """Write the table and return the exit status."""
    try:
        asked = _asked(arguments)
    except SettingError as error:
        print(f"scripts/refresh_prices: {error}", file=sys.stderr)
        return 2
    before: JsonMapping = json.loads(path.read_text(encoding="utf-8"))
    refresh = Refresh({name: dict(entry) for name, entry in before["regions"].items()}, datetime.now(UTC).date(), asked)
    with urllib3.PoolManager() as pool:
        for source in lists:
            refresh.read_list(pool, source)
    if refresh.read:
        write_atomically(path, json.dumps(refresh.table(), indent=1) + "\n")
    for text in refresh.notes:
        print(text)
    for text in refresh.missing:
        print(f"MISSING: {text}", file=sys.stderr)
    written = f"{path.name} is written" if refresh.read else f"{path.name} stays as it was"
    print(f"{refresh.read} sections taken, {len(refresh.missing)} prices missing: {written}.")
    return 3 if refresh.missing else 0


if __name__ == "__main__":
    sys.exit(main())

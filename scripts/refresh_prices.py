"""Rewrite the auditor's price table from AWS's own price list.

    scripts/refresh_prices                  the regions that the table has, and the one in lib/AWS_REGION
    scripts/refresh_prices REGION ...       these as well

Needs credentials that allow ``pricing:GetProducts``; creates nothing and costs nothing. A kind of volume or of log
group is taken only when every price that it needs is in the list; what is left out is said, and stays unpriced.
Exit status: 0 the table is written, 2 AWS cannot be asked.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lib.analyse import places, prices  # noqa: E402  # pylint: disable=wrong-import-position
from lib.common import region  # noqa: E402  # pylint: disable=wrong-import-position
from lib.common.errors import SettingError  # noqa: E402  # pylint: disable=wrong-import-position

PATIENCE = Config(connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 5, "mode": "standard"})
# A usage type begins with a region's short name, but for the oldest region's.
_VOLUME = re.compile(r"(?:[A-Z]+\d*-)?EBS:Volume(Usage|P-IOPS|P-Throughput)(?:\.(.+))?")
_LOGS = re.compile(r"(?:[A-Z]+\d*-)?(TimedStorage-ByteHrs|DataProcessing-Bytes|DataProcessingIA-Bytes)")
_NAMES = {None: "standard", "piops": "io1"}
# Where a volume's IOPS and throughput begin to cost, and where the next tier begins: the price list does not say it.
# https://aws.amazon.com/ebs/pricing/
FREE = {("gp3", "iops"): 3000, ("gp3", "throughput"): 125}
TIERS = {("io2", "iops"): (32_000, 64_000)}
NEEDED = {"gp3": {"storage", "iops", "throughput"}, "io1": {"storage", "iops"}, "io2": {"storage", "iops"}}
VOLUMES = ("gp2", "gp3", "io1", "io2", "sc1", "st1", "standard")


def products(client: Any, service: str, code: str) -> Iterator[dict[str, Any]]:
    """Yield a service's products in a region."""
    wanted = [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": code}]
    families: Sequence[str | None] = (None,)
    if service == "AmazonEC2":  # all of it would be a gigabyte
        families = ("Storage", "System Operation", "Provisioned Throughput")
    for family in families:
        more = [{"Type": "TERM_MATCH", "Field": "productFamily", "Value": family}] if family else []
        pages = client.get_paginator("get_products").paginate(ServiceCode=service, Filters=[*wanted, *more])
        yield from (json.loads(text) for page in pages for text in page["PriceList"])


def price(product: Mapping[str, Any]) -> Decimal:
    """Return a product's dearest on-demand price in USD, per MiB/s where the list has it per GiB/s.

    (Some begin with a free allowance, which is the account's and not each resource's.)
    """
    found = [
        Decimal(dimension["pricePerUnit"]["USD"]) / (1024 if dimension["unit"].lower().startswith("gibps") else 1)
        for term in product["terms"]["OnDemand"].values()
        for dimension in term["priceDimensions"].values()
    ]
    return max(found)


def text(value: Decimal) -> str:
    """Return a price as the table has it: no exponent, no zeros at the end."""
    return f"{value.normalize():f}"


def _part(kind: str, ending: str | None) -> tuple[str, str, int]:
    """Return a usage type's volume type, what it is the price of, and which tier of it."""
    name, _, tier = (ending or "").partition(".tier")
    part = {"Usage": "storage", "P-IOPS": "iops", "P-Throughput": "throughput"}[kind]
    return _NAMES.get(name or None, name), part, int(tier or 1)


def volumes(found: Iterator[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the rates of volumes, of those types that have every price they need."""
    rates: dict[str, dict[str, dict[int, Decimal]]] = {}
    for product in found:
        match = _VOLUME.fullmatch(product["product"]["attributes"].get("usagetype", ""))
        if match:
            name, part, tier = _part(match[1], match[2])
            rates.setdefault(name, {}).setdefault(part, {})[tier] = price(product)
    kinds: dict[str, Any] = {}
    for name in VOLUMES:
        parts = rates.get(name, {})
        tiers = all(len(parts.get(part, ())) == len(ends) + 1 for (kind, part), ends in TIERS.items() if kind == name)
        if not NEEDED.get(name, {"storage"}) <= set(parts) or not tiers:
            continue
        entry: dict[str, Any] = {"storage": text(parts["storage"][1])}
        for part in sorted(NEEDED.get(name, set()) - {"storage"}):
            ends: list[int | None] = [*TIERS.get((name, part), ()), None]
            steps = [[end, text(parts[part][number])] for number, end in enumerate(ends, 1)]
            free = FREE.get((name, part))
            entry[part] = [[free, "0"], *steps] if free else steps
        kinds[name] = entry
    return kinds


def logs(found: Iterator[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the rates of log groups, of those classes that have every price they need."""
    rates: dict[str, Decimal] = {}
    for product in found:
        match = _LOGS.fullmatch(product["product"]["attributes"].get("usagetype", ""))
        if match:
            rates[match[1]] = max(price(product), rates.get(match[1], Decimal(0)))
    classes = {"INFREQUENT_ACCESS": "DataProcessingIA-Bytes", "STANDARD": "DataProcessing-Bytes"}
    storage = rates.get("TimedStorage-ByteHrs")
    return {
        name: {"storage": text(storage), "ingestion": text(rates[usage])}
        for name, usage in classes.items()
        if storage is not None and usage in rates
    }


def table(client: Any, codes: Sequence[str], today: date) -> dict[str, Any]:
    """Return the whole table."""
    regions = {
        places.names()[code]: {
            "source": f"AWS Price List API, {today.isoformat()}",
            "volumes": volumes(products(client, "AmazonEC2", code)),
            "logs": logs(products(client, "AmazonCloudWatch", code)),
        }
        for code in codes
    }
    return {"format": 1, "currency": "USD", "date": today.isoformat(), "regions": dict(sorted(regions.items()))}


def main(arguments: Sequence[str] | None = None, path: Path = prices.TABLE) -> int:
    """Write the table and return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/refresh_prices", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("regions", nargs="*", metavar="REGION")
    options = parser.parse_args(arguments)
    try:
        unknown = [name for name in options.regions if name not in region.known()]
        if unknown:
            raise SettingError(f"{unknown[0]!r} is not an AWS region known to the installed botocore.")
        kept = prices.Prices.read(path).regions
        codes = {code for code, name in places.names().items() if name in kept}
        session = boto3.Session()
        where = session.get_available_regions("pricing")[0]  # the price list has few endpoints, all with all regions
        client = session.client("pricing", region_name=where, config=PATIENCE)
        fresh = table(client, sorted(codes | {region.primary(), *options.regions}), datetime.now(UTC).date())
    except SettingError as error:
        print(f"scripts/refresh_prices: {error}", file=sys.stderr)
        return 2
    except (BotoCoreError, ClientError) as error:
        print(f"scripts/refresh_prices: the price list cannot be asked: {error}", file=sys.stderr)
        return 2
    path.write_text(json.dumps(fresh, indent=1) + "\n", encoding="utf-8")
    for name, entry in fresh["regions"].items():
        missing = [kind for kind in VOLUMES if kind not in entry["volumes"]]
        print(f"{name}: {len(entry['volumes'])} kinds of volume, {len(entry['logs'])} classes of logs", end="")
        print(f"; unpriced: {', '.join(missing)}" if missing else "")
    return 0


if __name__ == "__main__":
    sys.exit(main())

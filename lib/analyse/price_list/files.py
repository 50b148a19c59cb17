"""AWS's public price list files, read line by line: they need no credentials, and EC2's have hundreds of megabytes.

The index of services names an index of regions for each service, and that names the service's file for each region:
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-the-aws-price-list-bulk-api-fetching-price-list-files-manually.html
In the CSV form of a file each row has a product with one of its prices, so that nothing has to be joined:
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file-for-services.html
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import urllib3  # comes with botocore

from lib.common.json_types import JsonMapping

TIMEOUT = urllib3.Timeout(connect=10, read=60)  # seconds
RETRIES = urllib3.Retry(total=4, backoff_factor=1, status_forcelist=(429, 500, 502, 503, 504), raise_on_status=False)
INDEX_LIMIT = 32 << 20  # bytes: the index of services has some hundred kilobytes
LINE_LIMIT = 1 << 20  # characters: a row has some thousand
COLUMNS = (
    "TermType",
    "Unit",
    "PricePerUnit",
    "Currency",
    "Location Type",
    "usageType",
    "operation",
    "StartingRange",
    "Region Code",
)


class PriceListError(Exception):
    """A file of the price list cannot be read, or is not what AWS documents; says which and why."""


@dataclass(frozen=True)
class PriceList:
    """One of AWS's price lists: where its files are, the partitions that it is for, and what it counts in.

    ``url`` ends without a slash; ``index`` is the path of the index of services.
    """

    url: str
    index: str
    partitions: tuple[str, ...]
    currency: str


@dataclass(frozen=True)
class Price:
    """One price on demand of a product, as its row has it; ``start`` is where its tier begins."""

    usage: str
    unit: str
    amount: str
    currency: str
    operation: str = ""
    start: str = "0"


def _get(pool: urllib3.PoolManager, url: str) -> urllib3.BaseHTTPResponse:
    response = pool.request("GET", url, preload_content=False, retries=RETRIES, timeout=TIMEOUT)
    if response.status != 200:
        response.close()
        raise PriceListError(f"{url} was answered with HTTP status {response.status}")
    return response


def _json(pool: urllib3.PoolManager, url: str, key: str) -> JsonMapping:
    """Return the mapping that an index has under ``key``."""
    try:
        response = _get(pool, url)
        try:
            section = json.loads(response.read(INDEX_LIMIT))[key]
        finally:
            response.close()
    except urllib3.exceptions.HTTPError as error:
        raise PriceListError(f"{url} cannot be read: {error}") from None
    except (ValueError, KeyError, TypeError):
        raise PriceListError(f"{url} is no index of AWS's price list: it has no {key!r}") from None
    if not isinstance(section, dict) or not section:
        raise PriceListError(f"{url} lists no {key}")
    return section


def region_urls(pool: urllib3.PoolManager, prices: PriceList, service: str) -> dict[str, str]:
    """Return the URL of a service's CSV file for each region's code.

    Raises:
        PriceListError: an index cannot be read, or does not have the service.
    """
    offers = _json(pool, prices.url + prices.index, "offers")
    try:
        path = offers[service]["currentRegionIndexUrl"]
        regions = _json(pool, prices.url + path, "regions")
        # Each file exists as JSON, which the index names, and as CSV beside it.
        return {
            code: prices.url + entry["currentVersionUrl"][: -len("json")] + "csv" for code, entry in regions.items()
        }
    except (KeyError, TypeError):
        raise PriceListError(f"{prices.url}{prices.index} has no index of regions for {service}") from None


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(LINE_LIMIT):
        if len(line) == LINE_LIMIT:
            raise csv.Error(f"a line has more than {LINE_LIMIT} characters")
        yield line


class OfferFile:
    """The CSV file of one service in one region: iterate over :meth:`prices` once, then read ``published``."""

    def __init__(self, pool: urllib3.PoolManager, url: str, service: str, code: str) -> None:
        self._pool, self._url, self._service, self._code = pool, url, service, code
        self.published = ""  # AWS's date and time of the file

    def prices(self) -> Iterator[Price]:
        """Yield the prices on demand of the region itself, without its Local Zones and Outposts.

        Raises:
            PriceListError: the file cannot be read to its end, or is not such a file.
        """
        try:
            response: Any = _get(self._pool, self._url)
            # urllib3 counts the bytes against Content-Length: a file that was cut short is an error.
            response.auto_close = False
            try:
                with io.TextIOWrapper(response, encoding="utf-8", newline="") as text:
                    yield from self._rows(csv.reader(_lines(text)))
            finally:
                response.close()
        except (urllib3.exceptions.HTTPError, csv.Error, UnicodeDecodeError) as error:
            raise PriceListError(f"{self._url} cannot be read to its end: {error}") from None

    def _rows(self, rows: Iterator[list[str]]) -> Iterator[Price]:
        index = self._header(rows)
        for row in rows:
            if len(row) <= max(index.values()):
                raise PriceListError(f"{self._url} has a row of {len(row)} columns: it was cut short")
            term, unit, amount, currency, kind, usage, operation, start, code = (row[index[each]] for each in COLUMNS)
            if term == "OnDemand" and kind == "AWS Region" and code == self._code:
                yield Price(usage, unit, amount, currency, operation, start)

    def _header(self, rows: Iterator[list[str]]) -> dict[str, int]:
        """Read the rows before the first product: five of two columns, then the names of the columns."""
        details = dict[str, str]()
        for row in rows:
            if row[:1] == ["SKU"]:
                missing = [name for name in COLUMNS if name not in row]
                if missing or details.get("OfferCode") != self._service or not details.get("Publication Date"):
                    break
                self.published = details["Publication Date"]
                return {name: row.index(name) for name in COLUMNS}
            if len(row) != 2:
                break
            details[row[0]] = row[1]
        raise PriceListError(
            f"{self._url} is no price list file of {self._service}: it needs OfferCode, Publication Date and the "
            f"columns {', '.join(COLUMNS)}"
        )

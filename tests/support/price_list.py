"""AWS's public price list on this machine: small files of the same shape, over HTTP, that can be cut short or denied.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file-for-services.html
"""

import csv
import io
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PUBLISHED = "2026-11-20T17:07:46Z"
VERSION = "20261120170746"
COLUMNS = (
    "SKU",
    "OfferTermCode",
    "RateCode",
    "TermType",
    "PriceDescription",
    "EffectiveDate",
    "StartingRange",
    "EndingRange",
    "Unit",
    "PricePerUnit",
    "Currency",
    "Product Family",
    "serviceCode",
    "Location",
    "Location Type",
    "usageType",
    "operation",
    "Region Code",
    "serviceName",
)
Row = dict[str, str]


def row(usage: str, unit: str, price: str, code: str, **other: str) -> Row:
    """Return a price on demand as the CSV file has it; ``other`` replaces columns, with ``_`` for a space."""
    found = dict.fromkeys(COLUMNS, "")
    found |= {"SKU": "ABCDEFGHIJKLMNOP", "TermType": "OnDemand", "StartingRange": "0", "EndingRange": "Inf"}
    found |= {"Unit": unit, "PricePerUnit": price, "Currency": "USD", "usageType": usage, "Region Code": code}
    found |= {"Location Type": "AWS Region", "PriceDescription": 'a description, "quoted"'}
    return found | {name.replace("_", " "): value for name, value in other.items()}


def volumes(code: str, prefix: str, **other: str) -> list[Row]:
    """Return the prices of every type of volume as EC2's file has them, among others; the units are AWS's own."""
    prices = {
        "EBS:VolumeUsage": ("GB-Mo", "0.05"),
        "EBS:VolumeUsage.gp2": ("GB-Mo", "0.116"),
        "EBS:VolumeUsage.gp3": ("GB-Mo", "0.0928000000"),
        "EBS:VolumeP-IOPS.gp3": ("IOPS-Mo", "0.0058"),
        "EBS:VolumeP-Throughput.gp3": ("GiBps-mo", "47.5136"),
        "EBS:VolumeUsage.piops": ("GB-Mo", "0.145"),
        "EBS:VolumeP-IOPS.piops": ("IOPS-Mo", "0.076"),
        "EBS:VolumeUsage.io2": ("GB-month", "0.145"),
        "EBS:VolumeP-IOPS.io2": ("IOPS-Mo", "0.076"),
        "EBS:VolumeP-IOPS.io2.tier2": ("IOPS-Mo", "0.0532"),
        "EBS:VolumeP-IOPS.io2.tier3": ("IOPS-Mo", "0.03724"),
        "EBS:VolumeUsage.sc1": ("GB-Mo", "0.0174"),
        "EBS:VolumeUsage.st1": ("GB-Mo", "0.053"),
        "EBS:SnapshotUsage": ("GB-Mo", "0.053"),
        "EBS:SnapshotUsage.outposts": ("GB-Mo", "9"),
        "EBS:SnapshotArchiveStorage": ("GB-Mo", "0.01325"),
        "EBS:SnapshotArchiveRetrieval": ("GB", "0.03"),
        "EBS:VolumeUsage.gp3.outposts": ("GB-Mo", "9"),
        "BoxUsage:m7i.large": ("Hrs", "0.1"),
    }
    found = [row(prefix + usage, unit, price, code, **other) for usage, (unit, price) in prices.items()]
    local = {"Location_Type": "AWS Local Zone", **other}
    return [
        *found,
        row(f"{prefix}BOS1-EBS:VolumeUsage.gp3", "GB-Mo", "9", f"{code}-bos-1", **local),
        row(f"{prefix}EBS:VolumeUsage.gp2", "GB-Mo", "9", code, **local),
        row(f"{prefix}EBS:VolumeUsage.gp2", "GB-Mo", "9", code, **{"TermType": "Reserved", **other}),
    ]


def logs(code: str, prefix: str, **other: str) -> list[Row]:
    """Return the prices of log groups as CloudWatch's file has them: the first gigabytes of an account are free."""
    return [
        row(f"{prefix}TimedStorage-ByteHrs", "GB-Mo", "0.0000000000", code, EndingRange="5", **other),
        row(f"{prefix}TimedStorage-ByteHrs", "GB-Mo", "0.0324", code, StartingRange="5", **other),
        row(f"{prefix}DataProcessing-Bytes", "GB", "0.58", code, **other),
        row(f"{prefix}DataProcessingIA-Bytes", "GB", "0.29", code, **other),
        row(f"{prefix}CW:MetricMonitorUsage", "Metrics", "0.30", code, **other),
    ]


def addresses(code: str, prefix: str, **other: str) -> list[Row]:
    """Return the prices of public IPv4 addresses as VPC's file has them, among others."""
    return [
        row(f"{prefix}PublicIPv4:IdleAddress", "Hrs", "0.005", code, **other),
        row(f"{prefix}PublicIPv4:InUseAddress", "Hrs", "0.0051", code, **other),
        row(f"{prefix}IPAddressManager-IP-Hours", "Hrs", "0.00027", code, **other),
    ]


def text(service: str, rows: Iterable[Row], columns: Sequence[str] = COLUMNS) -> str:
    """Return a file of a service."""
    file = io.StringIO(newline="")
    details = ("FormatVersion", "v1.0"), ("Disclaimer", "d"), ("Publication Date", PUBLISHED), ("Version", VERSION)
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([*details, ("OfferCode", service), columns])
    writer.writerows([found[name] for name in columns] for found in rows)
    return file.getvalue()


@dataclass
class Server:
    """What is served, by path: a text, or a function that writes to a stream without saying how much will come."""

    partition: str = "aws"
    files: dict[str, str | Callable[[Any], object]] = field(default_factory=dict)
    short: set[str] = field(default_factory=set)  # paths that end early
    status: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    url: str = ""

    @property
    def index(self) -> str:
        """Return the path of the index of services."""
        return f"/offers/v1.0/{self.partition}/index.json"

    def path(self, service: str, code: str = "") -> str:
        """Return the path of a service's file of a region, or of its index of regions."""
        start = f"/offers/v1.0/{self.partition}/{service}"
        return f"{start}/{VERSION}/{code}/index.csv" if code else f"{start}/current/region_index.json"

    def put(self, service: str, **regions: str) -> None:
        """Serve a service's files: of each region (with ``_`` for ``-`` in its code) this text."""
        codes = {code.replace("_", "-"): content for code, content in regions.items()}
        entries = {
            code: {"regionCode": code, "currentVersionUrl": self.path(service, code)[: -len("csv")] + "json"}
            for code in codes
        }
        self.files |= {self.path(service, code): content for code, content in codes.items()}
        self.files[self.path(service)] = json.dumps({"formatVersion": "v1.0", "regions": entries})
        known = json.loads(str(self.files.get(self.index, '{"formatVersion": "v1.0", "offers": {}}')))
        known["offers"][service] = {"offerCode": service, "currentRegionIndexUrl": self.path(service)}
        self.files[self.index] = json.dumps(known)


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers GET requests."""

        def do_GET(self) -> None:
            """Answer with the file of the path."""
            server.asked.append((self.path, dict(self.headers)))
            content = server.files.get(self.path)
            status = server.status.get(self.path, 404 if content is None else 200)
            self.send_response(status)
            if content is None or status != 200:
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif callable(content):
                self.end_headers()
                content(self.wfile)
            else:
                data = content.encode()
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                # A file that is cut short ends after a row: only its length can tell.
                some = data[: data.rindex(b"\n", 0, len(data) // 2) + 1] if self.path in server.short else data
                self.wfile.write(some)
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def serving(partition: str = "aws") -> Iterator[Server]:
    """Serve a price list on a port of this machine."""
    server = Server(partition)
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(server)) as http:
        server.url = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()

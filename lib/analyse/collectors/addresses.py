"""Reads the Elastic IP addresses that are associated with nothing."""

from collections.abc import Iterator

from lib.analyse.collectors.volumes import tags
from lib.analyse.model import Address, Collector
from lib.analyse.options import Options
from lib.analyse.region_client import RegionClient
from lib.common.json_types import JsonMapping

FIELDS = (
    "AllocationId",
    "AssociationId",
    "PublicIp",
    "PublicIpv4Pool",
    "NetworkBorderGroup",
    "CustomerOwnedIp",
    "ServiceManaged",
    "Tags",
)


def address(row: JsonMapping, region: str) -> Address:
    """Return an address as AWS describes it: those of a customer on an Outpost are from no public pool."""
    customer_owned = row.get("CustomerOwnedIp")
    return Address(
        id=row["AllocationId"],
        address=row.get("PublicIp") or customer_owned or "",
        pool=row.get("PublicIpv4Pool") or ("" if customer_owned else "amazon"),
        border_group=row.get("NetworkBorderGroup") or region,
        managed_by=row.get("ServiceManaged") or "",
        tags=tags(row.get("Tags", ())),
    )


def collect(client: RegionClient, _options: Options) -> Iterator[Address]:
    """Yield every address without an association. AWS answers with all addresses of a region at once."""
    for page in client.pages("ec2", "describe_addresses", "Addresses", FIELDS):
        for row in page:
            if not row.get("AssociationId"):
                yield address(row, client.region)


COLLECTOR = Collector("addresses", ("ec2:DescribeAddresses",), collect)

"""Every Pulumi function that the in-process way knows."""

from collections.abc import Callable, Mapping

from lib.common import region as regions
from lib.common.json_types import JsonMapping
from lib.local_cloud.cloud import ACCOUNT
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.pulumi.in_process.clients import Clients

Arguments = JsonMapping


def _only(arguments: Arguments, token: str, *known: str) -> None:
    other = sorted(set(arguments) - set(known))
    if other:
        raise LocalCloudError(
            f"{token}: its entry in lib/local_cloud/pulumi/in_process/invokes.py takes no {other[0]!r}."
        )


def _zones(arguments: Arguments, clients: Clients, region: str) -> JsonMapping:
    _only(arguments, "getAvailabilityZones", "state", "filters", "excludeNames", "excludeZoneIds")
    filters = [
        {"Name": condition["name"], "Values": list(condition["values"])} for condition in arguments.get("filters", [])
    ]
    zones = clients.client("ec2", region).describe_availability_zones(Filters=filters)["AvailabilityZones"]
    kept = [
        zone
        for zone in sorted(zones, key=lambda zone: str(zone["ZoneName"]))
        if zone["State"] == arguments.get("state", zone["State"])
        and zone["ZoneName"] not in arguments.get("excludeNames", [])
        and zone["ZoneId"] not in arguments.get("excludeZoneIds", [])
    ]
    names, ids = [zone["ZoneName"] for zone in kept], [zone["ZoneId"] for zone in kept]
    return {"id": region, "names": names, "zoneIds": ids, "groupNames": [region], "region": region}


def _identity(arguments: Arguments, clients: Clients, region: str) -> JsonMapping:
    _only(arguments, "getCallerIdentity")
    identity = clients.client("sts", region).get_caller_identity()
    return {"id": ACCOUNT, "accountId": identity["Account"], "arn": identity["Arn"], "userId": identity["UserId"]}


def _region(arguments: Arguments, _clients: Clients, region: str) -> JsonMapping:
    _only(arguments, "getRegion")
    return {"id": region, "name": region, "region": region, "description": region}


def _partition(arguments: Arguments, _clients: Clients, region: str) -> JsonMapping:
    _only(arguments, "getPartition")
    name = regions.partition(region)
    suffix = "amazonaws.com.cn" if name == "aws-cn" else "amazonaws.com"
    reverse = ".".join(reversed(suffix.split(".")))
    return {"id": name, "partition": name, "dnsSuffix": suffix, "reverseDnsPrefix": reverse}


INVOKES: Mapping[str, Callable[[Arguments, Clients, str], JsonMapping]] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": _partition,
}

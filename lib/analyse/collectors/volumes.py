"""Reads the EBS volumes that nothing is attached to, with their newest snapshots."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from lib.analyse.aws import Place
from lib.analyse.model import Collector, Volume
from lib.analyse.pace import Pace

FILTER_VALUES = 200  # the most that AWS takes in one filter
LOOKUPS = 2.0  # a second: CloudTrail's quota
FIELDS = (
    "VolumeId", "AvailabilityZone", "VolumeType", "Size", "CreateTime", "Iops", "Throughput", "OutpostArn", "Encrypted",
    "Tags",
)  # fmt: skip


def tags(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return AWS's list of tags as a mapping."""
    return {row["Key"]: row["Value"] for row in rows}


def volume(row: Mapping[str, Any], snapshot_at: datetime | None, detached_at: datetime | None) -> Volume:
    """Return a volume as AWS describes it, and what is known from elsewhere."""
    return Volume(
        id=row["VolumeId"],
        zone=row["AvailabilityZone"],
        type=row["VolumeType"],
        size=row["Size"],
        created_at=row["CreateTime"],
        iops=row.get("Iops"),
        throughput=row.get("Throughput"),
        outpost=row.get("OutpostArn"),
        encrypted=bool(row.get("Encrypted")),
        tags=tags(row.get("Tags", ())),
        snapshot_at=snapshot_at,
        detached_at=detached_at,
    )


def _snapshots(place: Place, ids: Sequence[str]) -> dict[str, datetime]:
    newest: dict[str, datetime] = {}
    for start in range(0, len(ids), FILTER_VALUES):
        some = list(ids[start : start + FILTER_VALUES])
        asked = {"OwnerIds": ["self"], "Filters": [{"Name": "volume-id", "Values": some}], "MaxResults": 1000}
        for page in place.pages("ec2", "describe_snapshots", "Snapshots", ("VolumeId", "StartTime"), **asked):
            for row in page:
                known = newest.get(row["VolumeId"])
                newest[row["VolumeId"]] = max(known or row["StartTime"], row["StartTime"])
    return newest


def _detached(place: Place, pace: Pace, identifier: str) -> datetime | None:
    asked = {"LookupAttributes": [{"AttributeKey": "ResourceName", "AttributeValue": identifier}]}
    for page in place.pages("cloudtrail", "lookup_events", "Events", ("EventName", "EventTime"), pace=pace, **asked):
        for event in page:  # the newest comes first
            if event["EventName"] == "DetachVolume":
                moment: datetime = event["EventTime"]
                return moment
    return None


def collect(place: Place, options: Any) -> Iterator[Volume]:
    """Yield every volume in state ``available``, a page at a time."""
    pace = Pace(LOOKUPS)
    asked = {"Filters": [{"Name": "status", "Values": ["available"]}], "MaxResults": 1000}
    for page in place.pages("ec2", "describe_volumes", "Volumes", FIELDS, **asked):
        newest = _snapshots(place, [row["VolumeId"] for row in page])
        for row in page:
            detached = _detached(place, pace, row["VolumeId"]) if options.detach_times else None
            yield volume(row, newest.get(row["VolumeId"]), detached)


COLLECTOR = Collector(
    "volumes",
    ("ec2:DescribeVolumes", "ec2:DescribeSnapshots"),
    collect,
    optional={"detach_times": ("cloudtrail:LookupEvents",)},
)

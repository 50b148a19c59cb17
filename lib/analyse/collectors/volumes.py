"""Reads the EBS volumes that nothing is attached to, with their newest snapshots."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from lib.analyse.model import Collector, Volume
from lib.analyse.options import Options
from lib.analyse.rate_limiter import RateLimiter
from lib.analyse.region_client import RegionClient
from lib.common.json_types import JsonMapping

FILTER_VALUES = 200  # the most that AWS takes in one filter
LOOKUPS = 2.0  # a second: CloudTrail's quota
# Of every collector that reads volumes, or snapshots: see lib.analyse.region_client.trim.
FIELDS = (
    "VolumeId",
    "AvailabilityZone",
    "VolumeType",
    "Size",
    "CreateTime",
    "Iops",
    "Throughput",
    "OutpostArn",
    "Encrypted",
    "Tags",
    "Attachments",
)
SNAPSHOT = (
    "VolumeId",
    "StartTime",
    "State",
    "SnapshotId",
    "VolumeSize",
    "FullSnapshotSizeInBytes",
    "StorageTier",
    "AvailabilityZone",
    "OutpostArn",
    "Description",
    "TransferType",
    "Tags",
)
EVENT = ("EventName", "EventTime", "CloudTrailEvent")


def tags(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return AWS's list of tags as a mapping."""
    return {row["Key"]: row["Value"] for row in rows}


Newest = Mapping[str, datetime]


def volume(row: JsonMapping, newest: Newest | None, detached_at: datetime | None) -> Volume:
    """Return a volume as AWS describes it, and what is known from elsewhere; ``newest`` is None when that is not."""
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
        snapshot_at=(newest or {}).get(row["VolumeId"]),
        detached_at=detached_at,
        snapshots_read=newest is not None,
    )


def _snapshots(client: RegionClient, ids: Sequence[str]) -> Newest | None:
    """Return when the newest snapshot of each volume began that can be restored from, or None (and a note).

    A snapshot that is pending or failed holds nothing yet, or never will.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Snapshot.html
    """
    newest: dict[str, datetime] = {}
    with client.optional("snapshots of the volumes could not be read"):
        for start in range(0, len(ids), FILTER_VALUES):
            some = list(ids[start : start + FILTER_VALUES])
            asked = {"OwnerIds": ["self"], "Filters": [{"Name": "volume-id", "Values": some}], "MaxResults": 1000}
            for page in client.pages("ec2", "describe_snapshots", "Snapshots", SNAPSHOT, **asked):
                for row in page:
                    if row["State"] == "completed":
                        known = newest.get(row["VolumeId"], row["StartTime"])
                        newest[row["VolumeId"]] = max(known, row["StartTime"])
        return newest
    return None


class _DetachTimes:
    """Asks CloudTrail when volumes were detached; after the first refusal not again: each call takes half a second."""

    def __init__(self, client: RegionClient) -> None:
        self._client, self._limiter, self._refused = client, RateLimiter(LOOKUPS), False

    def find(self, identifier: str) -> datetime | None:
        """Return when a volume was detached last, or None: CloudTrail does not know, or refuses to say (a note)."""
        if not self._refused:
            self._refused = True
            with self._client.optional("when volumes were detached is not known"):
                moment = self._last(identifier)
                self._refused = False
                return moment
        return None

    def _last(self, identifier: str) -> datetime | None:
        """Return the last detachment, unless a later event shows that it was not what detached the volume.

        Events come with the newest first. CloudTrail also holds calls that were refused: those have an error code.
        https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
        https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
        """
        asked = {"LookupAttributes": [{"AttributeKey": "ResourceName", "AttributeValue": identifier}]}
        for page in self._client.pages("cloudtrail", "lookup_events", "Events", EVENT, limiter=self._limiter, **asked):
            for event in page:
                if event["EventName"] not in ("AttachVolume", "DetachVolume"):
                    continue
                if json.loads(event["CloudTrailEvent"]).get("errorCode"):
                    continue
                moment: datetime | None = event["EventTime"] if event["EventName"] == "DetachVolume" else None
                return moment
        return None


def collect(client: RegionClient, options: Options) -> Iterator[Volume]:
    """Yield every volume in state ``available``, a page at a time."""
    detach_times = _DetachTimes(client)
    asked = {"Filters": [{"Name": "status", "Values": ["available"]}], "MaxResults": 1000}
    for page in client.pages("ec2", "describe_volumes", "Volumes", FIELDS, **asked):
        newest = _snapshots(client, [row["VolumeId"] for row in page])
        for row in page:
            detached = detach_times.find(row["VolumeId"]) if options.detach_times else None
            yield volume(row, newest, detached)


COLLECTOR = Collector(
    "volumes",
    ("ec2:DescribeVolumes", "ec2:DescribeSnapshots"),
    collect,
    optional={"detach_times": ("cloudtrail:LookupEvents",)},
)

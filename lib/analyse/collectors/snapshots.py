"""Reads the account's EBS snapshots, and what refers to them: their volumes, other snapshots, and AMIs."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from lib.analyse.collectors.volumes import FIELDS, SNAPSHOT, tags
from lib.analyse.model import Collector, Snapshot
from lib.analyse.options import Options
from lib.analyse.region_client import RegionClient
from lib.common.json_types import JsonMapping

IMAGE = ("ImageId", "BlockDeviceMappings")
# A copy has an id of no volume. AWS documents only that it is arbitrary; it is this one.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Snapshot.html
NO_VOLUME = "vol-ffffffff"
_COPIED = "[Copied snap-"  # how the description begins that AWS gives a copy when none is named
Row = JsonMapping


def copied(row: Row) -> bool:
    """Return whether a snapshot is a copy: the id of its volume means nothing then."""
    is_copy = bool(row.get("TransferType")) or row.get("Description", "").startswith(_COPIED)
    return is_copy or row["VolumeId"] == NO_VOLUME


def _images(client: RegionClient) -> dict[str, list[str]] | None:
    """Return the AMIs that are made of each snapshot, or None (and a note) when AWS refuses.

    Deprecated ones come anyway, disabled ones only when asked for: both still need their snapshots.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html
    """
    images = defaultdict[str, list[str]](list)
    with client.optional("which snapshots AMIs are made of is not known"):
        asked = {"Owners": ["self"], "IncludeDisabled": True, "MaxResults": 1000}
        for page in client.pages("ec2", "describe_images", "Images", IMAGE, **asked):
            for row in page:
                for disk in row.get("BlockDeviceMappings", ()):
                    images[disk.get("Ebs", {}).get("SnapshotId", "")].append(row["ImageId"])
        return images
    return None


def _volumes(client: RegionClient) -> set[str]:
    pages = client.pages("ec2", "describe_volumes", "Volumes", FIELDS, MaxResults=1000)
    return {row["VolumeId"] for page in pages for row in page}


def snapshot(row: Row, siblings: Sequence[Row], volumes: set[str], images: Mapping[str, list[str]] | None) -> Snapshot:
    """Return a snapshot as AWS describes it, and what refers to it; ``siblings`` are all snapshots of its volume."""
    copy = copied(row)
    return Snapshot(
        id=row["SnapshotId"],
        volume=row["VolumeId"],
        size=row["VolumeSize"],
        started_at=row["StartTime"],
        full_bytes=row.get("FullSnapshotSizeInBytes"),
        tier=row.get("StorageTier", "standard"),
        zone=row.get("AvailabilityZone", ""),
        outpost=row.get("OutpostArn", ""),
        description=row.get("Description", ""),
        tags=tags(row.get("Tags", ())),
        volume_exists=None if copy else row["VolumeId"] in volumes,
        images=None if images is None else tuple(images.get(row["SnapshotId"], ())),
        newest=not copy and row["StartTime"] == max(other["StartTime"] for other in siblings),
        alone=len(siblings) == 1,
    )


def collect(client: RegionClient, _options: Options) -> Iterator[Snapshot]:
    """Yield every completed snapshot. All of them are held, for those of one volume have to be known together."""
    siblings = defaultdict[str, list[Row]](list)
    asked = {"OwnerIds": ["self"], "MaxResults": 1000}
    for page in client.pages("ec2", "describe_snapshots", "Snapshots", SNAPSHOT, **asked):
        for row in page:
            if row["State"] == "completed":
                siblings[row["VolumeId"]].append(row)
    if not siblings:
        return
    volumes, images = _volumes(client), _images(client)
    for rows in siblings.values():
        for row in rows:
            yield snapshot(row, rows, volumes, images)


COLLECTOR = Collector("snapshots", ("ec2:DescribeSnapshots", "ec2:DescribeVolumes", "ec2:DescribeImages"), collect)

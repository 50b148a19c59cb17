"""Reads the EBS volumes that are attached to stopped instances only."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from lib.analyse.collectors.volumes import FIELDS, FILTER_VALUES, tags, volume
from lib.analyse.model import Collector, StoppedInstance, StoppedVolume
from lib.analyse.options import Options
from lib.analyse.region_client import RegionClient
from lib.common.json_types import JsonMapping

# "User initiated (2026-11-20 08:15:42 GMT)"; for other reasons the text may have no time, or be empty.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html
_STOPPED_AT = re.compile(r"\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:GMT|UTC)\)")


def stopped_at(reason: str) -> datetime | None:
    """Return the time that an instance's StateTransitionReason has, if it has one."""
    match = _STOPPED_AT.search(reason)
    try:
        return datetime.fromisoformat(match[1]).replace(tzinfo=UTC) if match else None
    except ValueError:
        return None


def instance(row: JsonMapping) -> StoppedInstance:
    """Return a stopped instance as AWS describes it."""
    return StoppedInstance(
        id=row["InstanceId"],
        launched_at=row["LaunchTime"],
        stopped_at=stopped_at(row.get("StateTransitionReason", "")),
        name=tags(row.get("Tags", ())).get("Name", ""),
    )


def _stopped_instances(client: RegionClient) -> dict[str, StoppedInstance]:
    asked = {"Filters": [{"Name": "instance-state-name", "Values": ["stopped"]}], "MaxResults": 1000}
    pages = client.pages("ec2", "describe_instances", "Reservations", ("Instances",), **asked)
    rows = (row for page in pages for reservation in page for row in reservation["Instances"])
    return {row["InstanceId"]: instance(row) for row in rows}


def collect(client: RegionClient, _options: Options) -> Iterator[StoppedVolume]:
    """Yield every volume all of whose instances are stopped: with Multi-Attach another instance may use it."""
    instances = _stopped_instances(client)
    ids, seen = list(instances), set[str]()
    for start in range(0, len(ids), FILTER_VALUES):
        asked = {"Filters": [{"Name": "attachment.instance-id", "Values": ids[start : start + FILTER_VALUES]}]}
        for page in client.pages("ec2", "describe_volumes", "Volumes", FIELDS, **asked, MaxResults=1000):
            for row in page:
                users = [attachment.get("InstanceId") for attachment in row["Attachments"]]
                if row["VolumeId"] not in seen and all(user in instances for user in users):
                    seen.add(row["VolumeId"])
                    yield StoppedVolume(volume(row, None, None), tuple(instances[user] for user in users))


COLLECTOR = Collector("stopped_volumes", ("ec2:DescribeInstances", "ec2:DescribeVolumes"), collect)

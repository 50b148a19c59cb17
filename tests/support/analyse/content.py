"""What an account of a given size holds, as AWS describes it; random, and the same each time."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OWNERS = ("data", "web", "platform", None)
TYPES = ("gp3", "gp3", "gp2", "io1", "io2", "st1", "sc1", "standard")
OPEN = [("tcp", 22), ("tcp", 443), ("tcp", 80), ("tcp", 5432), ("tcp", 8080), ("-1", -1), ("icmp", -1)]


@dataclass
class Content:
    """What there is, by the names that AWS's answers have; ``rows`` is of EC2."""

    rows: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {
            name: []
            for name in (
                "Volumes",
                "Snapshots",
                "SecurityGroups",
                "SecurityGroupRules",
                "NetworkInterfaces",
                "Reservations",
                "Addresses",
                "Images",
            )
        }
    )
    log_groups: list[dict[str, Any]] = field(default_factory=list)
    streams: dict[str, int] = field(default_factory=dict)
    storage_tier: str | None = "STANDARD"  # of logs
    incoming: dict[str, list[float]] = field(default_factory=dict)  # bytes a day, by log group
    metric_states: dict[str, str] = field(default_factory=dict)  # of log groups that CloudWatch cannot tell all of
    log_tags: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    prefix_lists: dict[str, Sequence[str]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    organization: list[dict[str, str]] = field(default_factory=list)
    closed: Sequence[str] = ()  # accounts whose role cannot be assumed
    name: str | None = "sandbox"  # the account's
    regions: Sequence[str] = ()
    off: Sequence[str] = ()  # regions that are not switched on


def _short(row: Mapping[str, Any]) -> bool:
    return len(row.get("AvailabilityZone", "")) == 1


def placed(rows: Sequence[dict[str, Any]], region: str) -> list[dict[str, Any]]:
    """Return rows in the zones of a region: content is written with zones ``a`` and ``b``."""
    return [{**row, "AvailabilityZone": region + row["AvailabilityZone"]} if _short(row) else row for row in rows]


def tags(**values: str | None) -> list[dict[str, str]]:
    """Return tags as AWS lists them."""
    return [{"Key": key, "Value": value} for key, value in values.items() if value]


def volume(number: int, kind: str = "gp3", size: int = 100, **other: Any) -> dict[str, Any]:
    """Return a volume as DescribeVolumes does: gp2 has IOPS too, though nobody provisioned them."""
    iops = {"gp3": 3000, "io1": 2000, "io2": 40_000, "gp2": max(100, 3 * size)}
    row = {
        "VolumeId": f"vol-{number:017x}",
        "AvailabilityZone": "a",
        "VolumeType": kind,
        "Size": size,
        "State": "available",
        "CreateTime": NOW - timedelta(days=number % 900),
        "Encrypted": number % 2 == 0,
        "Attachments": [],
        "MultiAttachEnabled": False,
        "SnapshotId": "",
        **({"Iops": iops[kind]} if kind in iops else {}),
        **({"Throughput": 125} if kind == "gp3" else {}),
    }
    return {**row, **other}


def attached(*instances: str) -> dict[str, Any]:
    """Return what makes a volume one that instances use."""
    return {"State": "in-use", "Attachments": [{"InstanceId": name, "State": "attached"} for name in instances]}


def instance(
    identifier: str, reason: str = "", state: str = "stopped", days: int = 100, **other: Any
) -> dict[str, Any]:
    """Return a reservation of one instance as DescribeInstances does; it was launched so many days ago."""
    row = {
        "InstanceId": identifier,
        "State": {"Name": state},
        "StateTransitionReason": reason,
        "LaunchTime": NOW - timedelta(days=days),
        **other,
    }
    return {"ReservationId": f"r-{identifier}", "OwnerId": "123456789012", "Instances": [row]}


def address(number: int, region: str, **other: Any) -> dict[str, Any]:
    """Return an Elastic IP address as DescribeAddresses does."""
    row = {
        "AllocationId": f"eipalloc-{number:017x}",
        "PublicIp": f"203.0.113.{number}",
        "PublicIpv4Pool": "amazon",
        "NetworkBorderGroup": region,
        "Domain": "vpc",
    }
    return {**row, **other}


def snapshot(number: int, volume: int | str, days: int, **other: Any) -> dict[str, Any]:
    """Return a completed snapshot as DescribeSnapshots does; it was begun so many days ago."""
    row = {
        "SnapshotId": f"snap-{number:017x}",
        "VolumeId": volume if isinstance(volume, str) else f"vol-{volume:017x}",
        "StartTime": NOW - timedelta(days=days),
        "State": "completed",
        "OwnerId": "123456789012",
        "VolumeSize": 100,
        "FullSnapshotSizeInBytes": 40 << 30,
        "StorageTier": "standard",
        "Description": "",
    }
    return {**row, **other}


def image(identifier: str, *snapshots: int, state: str = "available") -> dict[str, Any]:
    """Return an AMI as DescribeImages does; an instance store volume of it has no snapshot."""
    disks = [{"DeviceName": "/dev/sda", "Ebs": {"SnapshotId": f"snap-{number:017x}"}} for number in snapshots]
    disks.append({"DeviceName": "sdb", "VirtualName": "ephemeral0"})
    return {"ImageId": identifier, "State": state, "BlockDeviceMappings": disks}


def rule(number: int, group: str, protocol: str, port: int, source: str = "0.0.0.0/0", **other: Any) -> dict[str, Any]:
    """Return an ingress rule as DescribeSecurityGroupRules does: a rule for everything has ports of -1."""
    key = "PrefixListId" if source.startswith("pl-") else "CidrIpv6" if ":" in source else "CidrIpv4"
    row: dict[str, Any] = {
        "SecurityGroupRuleId": f"sgr-{number:017x}",
        "GroupId": group,
        "GroupOwnerId": "123456789012",
        "IsEgress": False,
        "IpProtocol": protocol,
        "FromPort": port,
        "ToPort": port,
        key: source,
        "Description": "",
    }
    return {**row, **other}


def group(identifier: str, name: str = "", **other: Any) -> dict[str, Any]:
    """Return a security group as DescribeSecurityGroups does."""
    row = {
        "GroupId": identifier,
        "GroupName": name or f"name-of-{identifier}",
        "Description": "d",
        "VpcId": "vpc-1",
        "OwnerId": "123456789012",
        "IpPermissions": [],
        "Tags": [],
    }
    return {**row, **other}


def permission(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule as DescribeSecurityGroups has it within its group."""
    same = {"IpProtocol": row["IpProtocol"], "FromPort": row["FromPort"], "ToPort": row["ToPort"]}
    if "CidrIpv6" in row:
        return {**same, "Ipv6Ranges": [{"CidrIpv6": row["CidrIpv6"]}]}
    return {**same, "IpRanges": [{"CidrIp": row["CidrIpv4"]}]}


def interface(number: int, *groups: str, **other: Any) -> dict[str, Any]:
    """Return a network interface as DescribeNetworkInterfaces does."""
    row = {
        "NetworkInterfaceId": f"eni-{number:017x}",
        "Description": "",
        "InterfaceType": "interface",
        "Status": "in-use",
        "PrivateIpAddress": "10.0.0.1",
        "SubnetId": "subnet-1",
        "VpcId": "vpc-1",
        "Groups": [{"GroupId": name, "GroupName": name} for name in groups],
        "TagSet": [],
    }
    return {**row, **other}


def log_group(
    name: str, stored: int = 0, retention: int | None = None, days: int = 100, **other: Any
) -> dict[str, Any]:
    """Return a log group as DescribeLogGroups does; old ones have no class."""
    return {
        "logGroupName": name,
        "arn": f"arn:aws:logs:region:123456789012:log-group:{name}:*",
        "creationTime": int((NOW - timedelta(days=days)).timestamp() * 1000),
        "storedBytes": stored,
        "metricFilterCount": 0,
        **({"retentionInDays": retention} if retention else {}),
        **other,
    }


def event(name: str, when: int) -> dict[str, Any]:
    """Return an event as LookupEvents does; an error code after the name makes it one of a refused call."""
    name, _, code = name.partition(" ")
    record = {"eventName": name, **({"errorCode": code} if code else {})}
    return {"EventName": name, "EventTime": when, "CloudTrailEvent": json.dumps(record)}


def _groups(content: Content, number: int, chance: random.Random) -> None:
    for n in range(number):
        name = f"sg-{n:017x}"
        owner: Mapping[str, str | None] = {"Owner": chance.choice(OWNERS), "Name": f"group {n}"}
        content.rows["SecurityGroups"].append(group(name, f"service-{n}", Tags=tags(**owner)))
        for m in range(4):
            count = len(content.rows["SecurityGroupRules"])
            protocol, port = chance.choice(OPEN)
            source = chance.choice(("0.0.0.0/0", "::/0")) if chance.random() < 0.1 else f"10.{n % 250}.{m}.0/24"
            content.rows["SecurityGroupRules"].append(rule(count, name, protocol, port, source))
            content.rows["SecurityGroups"][-1]["IpPermissions"].append(
                permission(content.rows["SecurityGroupRules"][-1])
            )
        count = len(content.rows["SecurityGroupRules"])
        egress = rule(count, name, "-1", -1, IsEgress=True)
        content.rows["SecurityGroupRules"].append(egress)
        if n % 3:
            content.rows["NetworkInterfaces"].append(
                interface(n, name, Attachment={"InstanceId": f"i-{n:017x}", "Status": "attached"})
            )


def account(volumes: int, groups: int, log_groups: int, streams: int = 1, seed: int = 7) -> Content:
    """Return the content of an account: so many volumes that nobody uses, security groups and log groups."""
    chance, content = random.Random(seed), Content(regions=())
    for n in range(volumes):
        kind, size = chance.choice(TYPES), chance.choice((8, 20, 100, 500, 1000))
        owner = {
            "Owner": chance.choice(OWNERS),
            "Name": f"data-{n}",
            "Environment": chance.choice(("dev", "production")),
        }
        content.rows["Volumes"].append(volume(n, kind, size, Tags=tags(**owner)))
        if n % 4 == 0:
            content.rows["Snapshots"].append(
                {
                    "SnapshotId": f"snap-{n:017x}",
                    "VolumeId": f"vol-{n:017x}",
                    "StartTime": NOW - timedelta(days=chance.randrange(1, 400)),
                    "State": "completed",
                    "OwnerId": "123456789012",
                    "VolumeSize": size,
                }
            )
    _groups(content, groups, chance)
    for n in range(log_groups):
        kind = chance.choice(("lambda/production-app", "lambda/staging-app", "ecs/service", "rds/cluster"))
        name, retention = f"/aws/{kind}-{n:05}", chance.choice((None, 7, 30, 90, 365))
        stored = int(chance.lognormvariate(19, 3))
        other = {"logGroupClass": chance.choice(("STANDARD", "INFREQUENT_ACCESS"))} if n % 5 else {}
        content.log_groups.append(log_group(name, stored, retention, chance.randrange(1, 1500), **other))
        content.streams[name] = streams if isinstance(streams, int) and streams else chance.randrange(1, 40)
    return content

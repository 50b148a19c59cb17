"""The least that an auditor can do: page through the same lists as it, with the largest pages, and keep nothing.

    python floor.py REGION [streams]

``streams`` also counts every log group's streams, 25 calls a second at most, as AWS allows.
"""

import sys
import time

import boto3


def main(region: str, *, streams: bool) -> None:
    """Read every list once."""
    ec2, logs = boto3.client("ec2", region_name=region), boto3.client("logs", region_name=region)
    available = [{"Name": "status", "Values": ["available"]}]
    for page in ec2.get_paginator("describe_volumes").paginate(Filters=available, MaxResults=1000):
        found = [volume["VolumeId"] for volume in page["Volumes"]]
        for start in range(0, len(found), 200):
            wanted = [{"Name": "volume-id", "Values": found[start : start + 200]}]
            for _ in ec2.get_paginator("describe_snapshots").paginate(
                OwnerIds=["self"], Filters=wanted, MaxResults=1000
            ):
                pass
    for name in ("describe_security_group_rules", "describe_network_interfaces", "describe_security_groups"):
        for _ in ec2.get_paginator(name).paginate(MaxResults=1000):
            pass
    slot = time.monotonic()
    for page in logs.get_paginator("describe_log_groups").paginate(limit=50):
        for group in page["logGroups"] if streams else ():
            for _ in logs.get_paginator("describe_log_streams").paginate(logGroupName=group["logGroupName"], limit=50):
                slot = max(slot + 0.04, time.monotonic())
                time.sleep(max(0.0, slot - time.monotonic()))


if __name__ == "__main__":
    main(sys.argv[1], streams="streams" in sys.argv[2:])

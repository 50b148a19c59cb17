"""Can a stream that is deployed be given as many shards as are declared, in one step?

Kinesis refuses more than twice as many as a stream has, and less than half; CloudFormation then rolls the deployment
back. https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
"""

from collections.abc import Sequence

from botocore.exceptions import ClientError

from lib.check_account.account import Account, code
from lib.check_account.model import Check, Row, System, Verdict


def checks(systems: Sequence[System]) -> list[Check]:
    """Return a check for each stream whose shards are declared."""
    return [
        _check(system, stream.region, str(stream.properties["Name"]), int(str(stream.properties["ShardCount"])))
        for system in systems
        for stream in system.of("AWS::Kinesis::Stream")
        if "ShardCount" in stream.properties
    ]


def collect(account: Account, region: str, name: str) -> int:
    """Return how many shards a stream has open, 0 where it is not deployed."""
    try:
        answer = account.client("kinesis", region).describe_stream_summary(StreamName=name)
    except ClientError as error:
        if code(error) == "ResourceNotFoundException":
            return 0
        raise
    return int(answer["StreamDescriptionSummary"]["OpenShardCount"])


def steps(deployed: int, declared: int) -> list[int]:
    """Return the numbers of shards on the way from one number to another, the last one included."""
    way = [deployed]
    while way[-1] != declared:
        half, twice = -(-way[-1] // 2), 2 * way[-1]
        way.append(min(max(declared, half), twice))
    return way[1:]


def evaluate(check: Check, deployed: int, declared: int) -> list[Row]:
    """Return whether Kinesis takes the declared number, and if not, the numbers to deploy one after the other."""
    if not deployed:
        return [check.row(Verdict.OK, "no stream yet")]
    found = f"{deployed} open"
    way = steps(deployed, declared)
    if len(way) < 2:
        return [check.row(Verdict.OK, found)]
    return [check.row(Verdict.CHANGE, found, fix=f"deploy with STREAM_SHARDS={', then '.join(map(str, way))}")]


def _check(system: System, region: str, name: str, declared: int) -> Check:
    check = Check(
        what=f"shards of {system.name}",
        region=region,
        needed=f"{declared}, half to twice what there is",
        collect=lambda account: collect(account, region, name),
        evaluate=lambda deployed: evaluate(check, deployed, declared),
    )
    return check

"""DynamoDB: a replica of the payments' table, its backups, and the items that say which region writes."""

from datetime import datetime
from typing import TYPE_CHECKING

import writer
from findings import Finding, Part, hours, too_old, too_short
from settings import Settings

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

PAGE = 100  # the most keys that BatchGetItem takes


def table(dynamodb: "DynamoDBClient", region: str, settings: Settings, moment: datetime) -> Part:
    """Look at a region's replica: whether it is whole, protected, and can be restored far enough back."""
    name, part = settings.table, Part()

    def add(code: str, detail: str) -> None:
        part.findings.append(Finding("table", region, code, detail))

    try:
        description = dynamodb.describe_table(TableName=name)["Table"]
    except dynamodb.exceptions.ResourceNotFoundException:
        add("table-missing", f"There is no table {name}.")
        return part
    if description["TableStatus"] != "ACTIVE":
        add("table-status", f"{name} is {description['TableStatus']}, not ACTIVE.")
    if settings.protected and not description.get("DeletionProtectionEnabled"):
        add("table-unprotected", f"{name} can be deleted: switch its deletion protection on.")
    for index in description.get("GlobalSecondaryIndexes", []):
        if index["IndexStatus"] != "ACTIVE":
            add("index-status", f"The index {index['IndexName']} is {index['IndexStatus']}, not ACTIVE.")
    replicas = {each["RegionName"]: each.get("ReplicaStatus") for each in description.get("Replicas", [])}
    for other in settings.regions:
        if other != region and replicas.get(other) != "ACTIVE":
            add("replica-status", f"The replica of {name} in {other} is {replicas.get(other, 'missing')}, not ACTIVE.")
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {})
    earliest = recovery.get("EarliestRestorableDateTime")
    part.measured["table_restore_hours"] = earliest and hours(earliest, moment)
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        add("table-restore-off", f"{name} has no point-in-time recovery: switch it on in this region too.")
    else:
        born = description["CreationDateTime"]
        if short := too_short(name, earliest, settings.restore_hours, born, moment):
            add("table-restore-window", short)
        if old := too_old(name, recovery.get("LatestRestorableDateTime"), born, moment):
            add("table-restore-late", old)
    if description.get("SSEDescription", {}).get("Status") != "ENABLED":
        add("table-unencrypted", f"{name} is not encrypted with a key of its own.")
    return part


def _items(dynamodb: "DynamoDBClient", table_name: str) -> "dict[str, writer.Item]":
    """Return the writer items that payments check, by name."""
    found: dict[str, writer.Item] = {}
    waiting = list(writer.ITEMS)
    while waiting:
        page, waiting = waiting[:PAGE], waiting[PAGE:]
        keys = [{"pk": {"S": name}} for name in page]
        answer = dynamodb.batch_get_item(RequestItems={table_name: {"Keys": keys, "ConsistentRead": True}})
        found |= {item["pk"]["S"]: item for item in answer["Responses"][table_name]}
        left = answer["UnprocessedKeys"]
        waiting += [key["pk"]["S"] for key in left[table_name]["Keys"]] if left else []
    return found


def writing(dynamodb: "DynamoDBClient", region: str, settings: Settings) -> Part:
    """Return which region may write, as a region's replica says, and whether all writer items say the same."""
    part, home = Part(), settings.regions[0]

    def add(code: str, detail: str) -> None:
        part.findings.append(Finding("writer", region, code, detail))

    response = dynamodb.get_item(TableName=settings.table, Key=writer.KEY, ConsistentRead=True)
    items = _items(dynamodb, settings.table)
    try:
        now = writer.read(response.get("Item"), home)
        others = [writer.read(items.get(name), home, name) for name in writer.ITEMS]
    except writer.WriterMalformed as error:
        add("writer-malformed", f"A writer item says of no region that it writes: {error}. Payments are refused.")
        return part
    part.measured |= {"writer": now.region, "epoch": now.epoch}
    apart = sum(other[:3] != now[:3] for other in others)
    if apart:
        add(
            "writer-items",
            f"{apart} of the {len(others)} items that payments check do not say what {writer.NAME} says: a change of "
            "the writer was not finished, or was made by hand. Run scripts/drill writer with the region that writes.",
        )
    return part

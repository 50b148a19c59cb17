"""DynamoDB: a replica of the payments' table, its backups, and the item that says which region writes."""

from datetime import datetime
from typing import TYPE_CHECKING

import writer
from findings import Finding, Part, hours, too_old, too_short
from settings import Settings

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


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


def writing(dynamodb: "DynamoDBClient", region: str, settings: Settings) -> Part:
    """Return which region may write, as a region's replica says."""
    response = dynamodb.get_item(TableName=settings.table, Key=writer.KEY, ConsistentRead=True)
    try:
        now = writer.read(response.get("Item"), settings.regions[0])
    except writer.WriterMalformed as error:
        detail = f"The item {writer.NAME} says of no region that it writes: {error}. Payments are refused."
        return Part([Finding("writer", region, "writer-malformed", detail)])
    return Part(measured={"writer": now.region, "epoch": now.epoch})

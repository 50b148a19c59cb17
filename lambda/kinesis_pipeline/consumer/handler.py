"""The stream's consumer: each event becomes one row, however often it is delivered.

Three fates, told apart because they need different answers:

- an event that is valid is stored, or recognised as stored before;
- a poison record (not JSON, against the schema, refused by the database, or another event under a
  known id) is quarantined in the failure bucket with its payload, at once, so that it holds nothing back;
- when the database or the bucket is unavailable, the event source mapping is told exactly what to deliver again.
"""

import json
import os
from typing import TYPE_CHECKING

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from events import Poison, Record, read
from json_types import JsonObject
from postgres import ANSWER_SECONDS, Database, DatabaseUnavailable
from store import store

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from types_boto3_s3 import S3Client

# Kept back from the function's time limit: the last try may wait for its answer, the rest is to answer in order.
MARGIN_SECONDS = ANSWER_SECONDS + 5.0
# The SDK's own patience, minutes for one call, is longer than the function lives.
QUICK = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
logger = Logger()
metrics = Metrics()
database = Database(secrets=lambda: boto3.client("secretsmanager", config=QUICK))
_clients: "dict[str, S3Client]" = {}


def quarantine(record: Record, reason: str) -> None:
    """Keep a poison record, payload included, under a key that a second delivery writes again."""
    if "s3" not in _clients:
        _clients["s3"] = boto3.client("s3", config=QUICK)
    _clients["s3"].put_object(
        Bucket=os.environ["FAILURE_BUCKET"],
        Key=f"poison/{record.shard_id}/{record.sequence_number}.json",
        ContentType="application/json",
        # The shape of Lambda's own S3 failure destination, so that one tool reads both.
        Body=json.dumps(
            {
                "version": "1.0",
                "requestContext": {"condition": "PoisonRecord", "reason": reason},
                "payload": json.dumps({"Records": [record.raw]}),
            }
        ).encode(),
    )


def quarantine_all(poison: list[Poison]) -> list[str]:
    """Quarantine records and return the sequence numbers of those that could not be."""
    failed = []
    for record, reason in poison:
        try:
            quarantine(record, reason)
        except (BotoCoreError, ClientError) as error:
            logger.error("not quarantined", extra={"sequence": record.sequence_number, "cause": type(error).__name__})
            failed.append(record.sequence_number)
        else:
            logger.warning("quarantined", extra={"sequence": record.sequence_number, "reason": reason})
    return failed


@metrics.log_metrics
def handler(event: JsonObject, context: "LambdaContext") -> JsonObject:
    """Store one batch of Kinesis records.

    Returns:
        ``batchItemFailures``: the sequence numbers that are neither stored nor quarantined.

    Raises:
        DatabaseUnavailable: nothing is known of the whole batch; deliver it again.
    """
    events, poison = read(event["Records"])
    failed = quarantine_all(poison)
    seconds = context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS  # after what the bucket took
    try:
        stored, duplicates, refused = store(database, events, seconds)
    except DatabaseUnavailable as error:
        metrics.add_metric(name="Returned", unit=MetricUnit.Count, value=len(event["Records"]))
        logger.error("database unavailable", extra={"records": len(event["Records"]), "cause": str(error)})
        raise
    failed += quarantine_all(refused)
    counts = {"Stored": stored, "Duplicates": duplicates, "SetAside": len(poison) + len(refused) - len(failed)}
    for name, value in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    logger.info("batch", extra={"records": len(event["Records"]), "failed": len(failed), **counts})
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}

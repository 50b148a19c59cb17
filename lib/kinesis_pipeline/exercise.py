"""Sends events through a deployed pipeline and waits until each has met its fate."""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lib.common.aws_clients import ClientFactory
from lib.common.errors import ExerciseError
from lib.common.json_types import JsonObject
from lib.kinesis_pipeline.events import encode, make, poison
from lib.kinesis_pipeline.settings import Settings

if TYPE_CHECKING:
    from types_boto3_kinesis import KinesisClient
    from types_boto3_kinesis.type_defs import PutRecordsRequestEntryTypeDef
    from types_boto3_lambda import LambdaClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_s3 import S3Client

BATCH = 500  # the most that PutRecords takes
DUPLICATE_EVERY, POISON_EVERY = 25, 100
WAIT_SECONDS = 180.0
NAMES = {"Stored": "stored", "Duplicates": "duplicates refused", "SetAside": "quarantined"}
Report = Callable[[str], None]


@dataclass(frozen=True)
class Flow:
    """What was sent and what became of it, in records; times in seconds."""

    sent: int
    stored: int
    duplicates: int
    quarantined: int
    send_seconds: float
    total_seconds: float


def records(count: int, source: str) -> tuple[list[tuple[str, bytes]], int, int]:
    """Return records (partition key, data) with duplicates and poison among them, and how many of each."""
    sent: list[tuple[str, bytes]] = []
    duplicates = invalid = 0
    for number, event in enumerate(make(count, source), start=1):
        key = str(event["customer_id"])
        sent.append((key, encode(event)))
        if number % DUPLICATE_EVERY == 0:
            sent.append((key, encode(event)))
            duplicates += 1
        if number % POISON_EVERY == 0:
            sent.append((key, poison(invalid, source)))
            invalid += 1
    return sent, duplicates, invalid


def send(kinesis: "KinesisClient", stream: str, sent: list[tuple[str, bytes]], report: Report) -> None:
    """Put records on the stream in order, again where Kinesis refused some of a batch.

    Raises:
        ExerciseError: the stream refuses for too long.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    waiting: list[PutRecordsRequestEntryTypeDef] = [{"PartitionKey": key, "Data": data} for key, data in sent]
    while waiting:
        batch, waiting = waiting[:BATCH], waiting[BATCH:]
        answer = kinesis.put_records(StreamName=stream, Records=batch)
        refused = [record for record, result in zip(batch, answer["Records"], strict=True) if "ErrorCode" in result]
        waiting = refused + waiting
        if refused and time.monotonic() > deadline:
            raise ExerciseError(
                f"The stream {stream} still refuses records after {WAIT_SECONDS:.0f} s: it needs more shards."
            )
        if refused:
            time.sleep(0.2)
        report(f"sent {len(sent) - len(waiting)} of {len(sent)}")


def ask(lambda_: "LambdaClient", function: str, source: str | None) -> JsonObject:
    """Return the database function's report.

    Raises:
        ExerciseError: the function failed.
    """
    answer = lambda_.invoke(FunctionName=function, Payload=json.dumps({"action": "report", "source": source}))
    result = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise ExerciseError(f"The function {function} failed: {result.get('errorType')}: {result.get('errorMessage')}")
    return dict(result)


def object_keys(s3: "S3Client", bucket: str) -> set[str]:
    """Return the keys of all objects in a bucket."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {entry["Key"] for page in pages for entry in page.get("Contents", [])}


def quarantined(s3: "S3Client", bucket: str, before: set[str]) -> int:
    """Return how many records the objects hold that were not there before; what is in two of them counts once."""
    numbers: set[tuple[str, int]] = set()
    for key in object_keys(s3, bucket) - before:
        body = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        for record in json.loads(body["payload"])["Records"]:
            numbers.add((record["eventID"], record["kinesis"].get("subSequenceNumber", 0)))
    return len(numbers)


def duplicates_refused(logs: "CloudWatchLogsClient", settings: Settings, since: datetime) -> int:
    """Return how many duplicates the consumer says, in its log, that it refused."""
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{settings.name('function', 'consumer')}",
        startTime=int(since.timestamp() * 1000),
        filterPattern='"Duplicates"',
    )
    lines = (event["message"] for page in pages for event in page["events"])
    batches = (json.loads(line) for line in lines if line.startswith("{"))
    return sum(int(batch["Duplicates"]) for batch in batches if batch.get("message") == "batch")


def exercise(clients: ClientFactory, settings: Settings, account: str, report: Report, count: int = 3000) -> Flow:
    """Send ``count`` events, duplicates and poison among them, and wait for every one of them.

    Args:
        clients: makes a client of a service.
        settings: which pipeline.
        account: the account's number, part of the bucket's name.
        report: is told how far it is.
        count: distinct valid events to send.

    Raises:
        ExerciseError: something is still missing after ``WAIT_SECONDS``.
    """
    source = f"exercise-{uuid.uuid4().hex[:8]}"
    sent, duplicates, invalid = records(count, source)
    expected = {"Stored": count, "Duplicates": duplicates, "SetAside": invalid}
    before = object_keys(clients("s3"), settings.bucket(account))
    started, began = datetime.now(UTC), time.monotonic()
    send(clients("kinesis"), settings.name("stream"), sent, report)
    send_seconds = time.monotonic() - began
    while True:
        counts = {
            "Stored": int(ask(clients("lambda"), settings.name("function", "database"), source)["rows"]),
            "Duplicates": duplicates_refused(clients("logs"), settings, started),
            "SetAside": quarantined(clients("s3"), settings.bucket(account), before),
        }
        words = ", ".join(f"{NAMES[name]} {counts[name]} of {number}" for name, number in expected.items())
        report(words)
        if all(counts[name] >= number for name, number in expected.items()):
            seconds = time.monotonic() - began
            return Flow(len(sent), counts["Stored"], counts["Duplicates"], counts["SetAside"], send_seconds, seconds)
        if time.monotonic() - began > WAIT_SECONDS:
            raise ExerciseError(
                f"After {WAIT_SECONDS:.0f} s: {words}. Look into the log group "
                f"/aws/lambda/{settings.name('function', 'consumer')}."
            )
        time.sleep(0.25)

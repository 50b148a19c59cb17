"""Sends events through a deployed pipeline and waits until each has met its fate."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lib.kinesis_pipeline.events import encode, make, poison
from lib.kinesis_pipeline.settings import Settings

BATCH = 500  # the most that PutRecords takes
DUPLICATE_EVERY, POISON_EVERY = 25, 100
WAIT_SECONDS = 180.0
Clients = Callable[[str], Any]
Report = Callable[[str], None]


class ExerciseError(RuntimeError):
    """The pipeline did not do what it should; the message says what is missing."""


@dataclass(frozen=True)
class Flow:
    """What was sent and what became of it, in records; times in seconds."""

    sent: int
    stored: int
    duplicates: int
    set_aside: int
    send_seconds: float
    total_seconds: float


def records(count: int, source: str) -> tuple[list[tuple[str, bytes]], int, int]:
    """Return records (partition key, data) with duplicates and poison among them, and how many of each."""
    sent: list[tuple[str, bytes]] = []
    duplicates = spoilt = 0
    for number, event in enumerate(make(count, source), start=1):
        key = str(event["customer_id"])
        sent.append((key, encode(event)))
        if number % DUPLICATE_EVERY == 0:
            sent.append((key, encode(event)))
            duplicates += 1
        if number % POISON_EVERY == 0:
            sent.append((key, poison(spoilt, source)))
            spoilt += 1
    return sent, duplicates, spoilt


def send(kinesis: Any, stream: str, sent: list[tuple[str, bytes]], report: Report) -> None:
    """Put records on the stream in order, again where Kinesis refused some of a batch.

    Raises:
        ExerciseError: the stream refuses for too long.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    waiting = [{"PartitionKey": key, "Data": data} for key, data in sent]
    while waiting:
        batch, waiting = waiting[:BATCH], waiting[BATCH:]
        answer = kinesis.put_records(StreamName=stream, Records=batch)
        refused = [record for record, result in zip(batch, answer["Records"], strict=True) if "ErrorCode" in result]
        waiting = refused + waiting
        if refused and time.monotonic() > deadline:
            raise ExerciseError(f"The stream {stream} still refuses records after {WAIT_SECONDS:.0f} s: it needs more shards.")
        if refused:
            time.sleep(0.2)
        report(f"sent {len(sent) - len(waiting)} of {len(sent)}")


def ask(lambda_: Any, function: str, source: str | None) -> dict[str, Any]:
    """Return the database function's report.

    Raises:
        ExerciseError: the function failed.
    """
    answer = lambda_.invoke(FunctionName=function, Payload=json.dumps({"action": "report", "source": source}))
    result = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise ExerciseError(f"The function {function} failed: {result.get('errorType')}: {result.get('errorMessage')}")
    return dict(result)


def set_aside(s3: Any, bucket: str) -> Iterator[str]:
    """Yield the keys of everything in the failure bucket."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for found in page.get("Contents", []):
            yield found["Key"]


def exercise(clients: Clients, settings: Settings, account: str, report: Report, count: int = 3000) -> Flow:
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
    sent, duplicates, spoilt = records(count, source)
    lambda_, s3 = clients("lambda"), clients("s3")
    bucket, function = settings.bucket(account), settings.name("function", "database")
    before = sum(1 for _ in set_aside(s3, bucket))
    began = time.monotonic()
    send(clients("kinesis"), settings.name("stream"), sent, report)
    send_seconds = time.monotonic() - began
    while True:
        rows = int(ask(lambda_, function, source)["rows"])
        aside = sum(1 for _ in set_aside(s3, bucket)) - before
        report(f"stored {rows} of {count}, set aside {aside} of {spoilt}")
        if (rows, aside) == (count, spoilt):
            return Flow(len(sent), rows, duplicates, aside, send_seconds, time.monotonic() - began)
        if time.monotonic() - began > WAIT_SECONDS:
            raise ExerciseError(
                f"After {WAIT_SECONDS:.0f} s {rows} of {count} events are stored and {aside} of {spoilt} poison records "
                f"are set aside: look into the log group /aws/lambda/{settings.name('function', 'consumer')}."
            )
        time.sleep(0.25)

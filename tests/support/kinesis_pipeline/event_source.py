"""A Kinesis stream in memory, and Lambda's event source mapping for it as AWS documents it.

The local cloud knows the happy path only. Pages of the guide, https://docs.aws.amazon.com/lambda/latest/dg/...:

- with-kinesis, invocation-eventsourcemapping: batches of one shard, in order, one at a time; at least once.
- kinesis-on-failure-destination (formerly services-kinesis-errors): retries until the quota or the age ends
  them; bisecting, which the quota does not pay for; the record of what is discarded, and its key in S3.
- services-kinesis-batchfailurereporting: what an answer means, and bisecting at the checkpoint.

Not documented, hence decided here: a partial answer whose checkpoint is the first record halves the batch like
an error; an unknown sequence number, or an answer that is no object, fails the whole batch; halves inherit the
retries of the whole; the failure destination itself never fails.
"""

import base64
import hashlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from lib.common import region

REGION = region.primary({})
STREAM = f"arn:aws:kinesis:{REGION}:123456789012:stream/test"
Records = list[dict[str, Any]]


@dataclass
class Shard:
    """One shard: its records as Lambda presents them, and how far they are dealt with."""

    name: str
    records: Records = field(default_factory=list)
    position: int = 0
    moved: list[float] = field(default_factory=list)  # time.monotonic() of each step forward

    def put(self, key: str, data: bytes, age: float = 0.0) -> str:
        """Append a record that arrived ``age`` seconds ago; return its sequence number."""
        sequence = f"496{int(self.name[-12:]):04}{len(self.records):049}"
        self.records.append(
            {
                "kinesis": {
                    "partitionKey": key,
                    "sequenceNumber": sequence,
                    "data": base64.b64encode(data).decode(),
                    "kinesisSchemaVersion": "1.0",
                    "approximateArrivalTimestamp": round(time.time() - age, 3),
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventName": "aws:kinesis:record",
                "eventID": f"{self.name}:{sequence}",
                "awsRegion": REGION,
                "eventSourceARN": STREAM,
            }
        )
        return sequence

    def advance(self, count: int) -> None:
        """Move on: that many more records are dealt with."""
        if count:
            self.position += count
            self.moved.append(time.monotonic())


class Stream:
    """Shards with equal parts of the range of MD5 hashes, as Kinesis makes them."""

    def __init__(self, shards: int) -> None:
        self.shards = [Shard(f"shardId-{place:012}") for place in range(shards)]

    def put(self, key: str, data: bytes, age: float = 0.0) -> str:
        """Append a record to the shard that the key's hash says; return its sequence number."""
        place = int(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), 16) * len(self.shards) >> 128
        return self.shards[place].put(key, data, age)


@dataclass(frozen=True)
class Settings:
    """The mapping's settings under AWS's names; -1 is no limit. The pause is ours: AWS documents none."""

    batch_size: int = 100
    bisect_batch_on_function_error: bool = False
    report_batch_item_failures: bool = False
    maximum_retry_attempts: int = -1
    maximum_record_age_in_seconds: float = -1
    pause_seconds: float = 0.001


class Batch(NamedTuple):
    """Records to deliver together, how often that was retried, and how the function failed last."""

    records: Records
    retries: int = 0
    error: str | None = None


def number(record: dict[str, Any]) -> str:
    """Return a record's sequence number."""
    return str(record["kinesis"]["sequenceNumber"])


def arrival(record: dict[str, Any]) -> float:
    """Return when a record arrived."""
    return float(record["kinesis"]["approximateArrivalTimestamp"])


def stamp(moment: float) -> str:
    """Return a time as invocation records write it."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def succeeded(answer: Any, records: Records) -> int:
    """Return how many records, from the first on, an answer calls done (services-kinesis-batchfailurereporting)."""
    if answer is None:
        return len(records)
    order = {number(record): place for place, record in enumerate(records)}
    try:
        failed = [order[failure["itemIdentifier"]] for failure in answer.get("batchItemFailures") or []]
        return min(failed, default=len(records))
    except (AttributeError, KeyError, TypeError):
        return 0


@dataclass
class Poller:
    """The event source mapping at work: one thread for each shard."""

    stream: Stream
    functions: Mapping[str, Callable[[dict[str, Any]], Any]]  # by shard; what one raises is an error, or a timeout
    settings: Settings
    discarded: Callable[[str, bytes], None]  # the failure destination, a bucket: takes key and body
    again: Callable[[], bool] = lambda: False  # whether a batch that just succeeded is to be delivered once more
    stop: threading.Event = field(default_factory=threading.Event)  # ends run() early when set

    def run(self) -> None:
        """Deliver every record there is."""
        with ThreadPoolExecutor(len(self.stream.shards), "shard") as pool:
            running = [pool.submit(self._shard, shard) for shard in self.stream.shards]
        for shard in running:
            shard.result()

    def _shard(self, shard: Shard) -> None:
        waiting: list[Batch] = []  # what a failure left to deliver, the next one last
        while (waiting or shard.position < len(shard.records)) and not self.stop.is_set():
            if not waiting:
                waiting = [Batch(shard.records[shard.position : shard.position + self.settings.batch_size])]
            batch = self._drop_old(shard, waiting.pop())
            if not batch.records:
                continue
            done, error = self._invoke(shard, batch.records)
            if done == len(batch.records) and self.again():
                waiting.append(Batch(batch.records))
                continue
            shard.advance(done)
            if done < len(batch.records):
                waiting += self._next(shard, batch._replace(error=error), done)
                self.stop.wait(self.settings.pause_seconds)

    def _invoke(self, shard: Shard, records: Records) -> tuple[int, str | None]:
        try:  # through JSON there and back, as between Lambda and a function
            answer = json.loads(json.dumps(self.functions[shard.name](json.loads(json.dumps({"Records": records})))))
        except Exception:  # noqa: BLE001  # pylint: disable=broad-exception-caught
            return 0, "Unhandled"
        return (succeeded(answer, records) if self.settings.report_batch_item_failures else len(records)), None

    def _next(self, shard: Shard, failed: Batch, done: int) -> list[Batch]:
        """Return what to deliver after a failure, the next one last (kinesis-on-failure-destination)."""
        rest = failed._replace(records=failed.records[done:])
        if self.settings.bisect_batch_on_function_error and len(failed.records) > 1:
            middle = 0 if done else len(rest.records) // 2
            return [rest._replace(records=part) for part in (rest.records[middle:], rest.records[:middle]) if part]
        if rest.retries == self.settings.maximum_retry_attempts:
            self._discard(shard, rest, "RetryAttemptsExhausted")
            return []
        return [rest._replace(retries=rest.retries + 1)]

    def _drop_old(self, shard: Shard, batch: Batch) -> Batch:
        limit = self.settings.maximum_record_age_in_seconds
        old = 0 if limit < 0 else sum(arrival(record) < time.time() - limit for record in batch.records)
        if old:
            self._discard(shard, batch._replace(records=batch.records[:old]), "RecordAgeExceeded")
        return batch._replace(records=batch.records[old:])

    def _discard(self, shard: Shard, batch: Batch, condition: str) -> None:
        now, first, last = datetime.now(UTC), batch.records[0], batch.records[-1]
        body = {
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": f"arn:aws:lambda:{REGION}:123456789012:function:test",
                "condition": condition,
                "approximateInvokeCount": batch.retries + 1,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": batch.error},
            "version": "1.0",
            "timestamp": stamp(now.timestamp()),
            "KinesisBatchInfo": {
                "shardId": shard.name,
                "startSequenceNumber": number(first),
                "endSequenceNumber": number(last),
                "approximateArrivalOfFirstRecord": stamp(arrival(first)),
                "batchSize": len(batch.records),
                "approximateArrivalOfLastRecord": stamp(arrival(last)),
                "streamArn": STREAM,
            },
            "payload": json.dumps({"Records": batch.records}),
        }
        key = f"aws/lambda/{uuid.UUID(int=1)}/{shard.name}/{now:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
        self.discarded(key, json.dumps(body).encode())
        shard.advance(len(batch.records))

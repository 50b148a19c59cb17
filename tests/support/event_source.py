"""A Kinesis stream in memory, and Lambda's event source mapping for it as AWS documents it.

The local cloud knows the happy path only, so what happens when a function fails is played here. Pages of the
AWS Lambda Developer Guide (https://docs.aws.amazon.com/lambda/latest/dg/...) that say what each part does:

- with-kinesis, invocation-eventsourcemapping: batches of one shard, in order, one invocation a shard at a
  time; at least once, so a batch that succeeded may come again.
- kinesis-on-failure-destination (formerly services-kinesis-errors): retries until the quota or the age ends
  them; bisecting, which the quota does not pay for; the record of what is discarded, and its key in S3.
- services-kinesis-batchfailurereporting: what an answer means, and bisecting at the checkpoint.

Not documented, and decided here for the side that shows more: a partial answer whose checkpoint is the first
record halves the batch like an error; an unknown sequence number, or an answer that is no object, fails the
whole batch; halves inherit the tries of the whole; the failure destination itself never fails.
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

STREAM = "arn:aws:kinesis:eu-test-1:123456789012:stream/test"
FUNCTION = "arn:aws:lambda:eu-test-1:123456789012:function:test"
MAPPING = "5f3e9d0c-0000-4000-8000-00000000e5a0"
Records = list[dict[str, Any]]
Function = Callable[[dict[str, Any]], Any]


@dataclass
class Shard:
    """One shard: its records as Lambda presents them, and how far they are dealt with."""

    name: str
    records: Records = field(default_factory=list)
    position: int = 0
    moved: list[float] = field(default_factory=list)  # time.monotonic() of each step forward

    def put(self, key: str, data: bytes, age: float = 0.0) -> str:
        """Append a record that arrived ``age`` seconds ago; return its sequence number."""
        number = f"496{int(self.name[-12:]):04}{len(self.records):049}"
        self.records.append({
            "kinesis": {
                "kinesisSchemaVersion": "1.0", "partitionKey": key, "sequenceNumber": number,
                "data": base64.b64encode(data).decode(), "approximateArrivalTimestamp": round(time.time() - age, 3),
            },
            "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": f"{self.name}:{number}",
            "eventName": "aws:kinesis:record", "invokeIdentityArn": "arn:aws:iam::123456789012:role/test",
            "awsRegion": STREAM.split(":")[3], "eventSourceARN": STREAM,
        })  # fmt: skip
        return number

    def advance(self, count: int) -> None:
        """Move on: that many more records are dealt with."""
        if count:
            self.position += count
            self.moved.append(time.monotonic())


class Stream:
    """Shards with equal parts of the range of MD5 hashes, as Kinesis makes them."""

    def __init__(self, shards: int) -> None:
        self.shards = [Shard(f"shardId-{number:012}") for number in range(shards)]

    def put(self, key: str, data: bytes, age: float = 0.0) -> str:
        """Append a record to the shard that the key's hash says."""
        place = int(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), 16) * len(self.shards) >> 128
        return self.shards[place].put(key, data, age)


@dataclass(frozen=True)
class Settings:
    """The mapping's settings under AWS's names; -1 is no limit. Pauses are ours: AWS documents none."""

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


def succeeded(answer: Any, records: Records) -> int:
    """Return how many records, from the first on, an answer calls done (services-kinesis-batchfailurereporting)."""
    if answer is None or answer == {}:
        return len(records)
    order = {number(record): place for place, record in enumerate(records)}
    try:
        failures = answer.get("batchItemFailures") or []
        return min((order[failure["itemIdentifier"]] for failure in failures), default=len(records))
    except (AttributeError, KeyError, TypeError):
        return 0


class Poller:
    """The event source mapping at work: one thread for each shard.

    Args:
        stream: where the records come from.
        functions: by shard, what gets its batches; what it raises is a function error (or a timeout).
        settings: the mapping's.
        discarded: the failure destination, a bucket: takes key and body.
        again: tells whether a batch that just succeeded is to be delivered once more.
    """

    def __init__(
        self, stream: Stream, functions: Mapping[str, Function], settings: Settings, *,
        discarded: Callable[[str, bytes], None], again: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self._stream, self._functions, self._settings = stream, functions, settings
        self._discarded, self._again = discarded, again
        self.stop = threading.Event()

    def run(self) -> None:
        """Deliver every record there is, or until ``stop`` is set."""
        with ThreadPoolExecutor(len(self._stream.shards), "shard") as pool:
            running = [pool.submit(self._shard, shard) for shard in self._stream.shards]
        for shard in running:
            shard.result()

    def _shard(self, shard: Shard) -> None:
        try:
            while shard.position < len(shard.records) and not self.stop.is_set():
                self._batch(shard, shard.records[shard.position :][: self._settings.batch_size])
        except BaseException:
            self.stop.set()
            raise

    def _batch(self, shard: Shard, records: Records) -> None:
        waiting = [Batch(records)]  # the next one is the last
        while waiting and not self.stop.is_set():
            batch = self._drop_old(shard, waiting.pop())
            if not batch.records:
                continue
            done, error = self._invoke(shard, batch.records)
            if done == len(batch.records):
                if self._again():
                    waiting.append(Batch(batch.records))
                else:
                    shard.advance(done)
                continue
            shard.advance(done)
            waiting += self._next(shard, Batch(batch.records, batch.retries, error), done)
            self.stop.wait(self._settings.pause_seconds)

    def _invoke(self, shard: Shard, records: Records) -> tuple[int, str | None]:
        """Return how many records are done, and the function's error."""
        try:
            # Both ways through JSON, as between Lambda and a function.
            answer = json.loads(json.dumps(self._functions[shard.name](json.loads(json.dumps({"Records": records})))))
        except Exception:  # noqa: BLE001  # pylint: disable=broad-exception-caught
            return 0, "Unhandled"
        return (succeeded(answer, records) if self._settings.report_batch_item_failures else len(records)), None

    def _next(self, shard: Shard, failed: Batch, done: int) -> list[Batch]:
        """Return what to deliver after a failure, the next one last (kinesis-on-failure-destination)."""
        rest = failed.records[done:]
        if self._settings.bisect_batch_on_function_error and len(failed.records) > 1:
            middle = 0 if done else len(rest) // 2
            parts = (rest[middle:], rest[:middle])
            return [Batch(part, failed.retries, failed.error) for part in parts if part]
        if failed.retries == self._settings.maximum_retry_attempts:
            self._discard(shard, Batch(rest, failed.retries, failed.error), "RetryAttemptsExhausted")
            return []
        return [Batch(rest, failed.retries + 1, failed.error)]

    def _drop_old(self, shard: Shard, batch: Batch) -> Batch:
        limit = self._settings.maximum_record_age_in_seconds
        records = batch.records
        arrivals = [record["kinesis"]["approximateArrivalTimestamp"] for record in records]
        old = 0 if limit < 0 else sum(arrival < time.time() - limit for arrival in arrivals)
        if old:
            self._discard(shard, Batch(records[:old], batch.retries, batch.error), "RecordAgeExceeded")
        return Batch(records[old:], batch.retries, batch.error)

    def _discard(self, shard: Shard, batch: Batch, condition: str) -> None:
        now, records = datetime.now(UTC), batch.records
        first, last = (
            datetime.fromtimestamp(record["kinesis"]["approximateArrivalTimestamp"], UTC)
            for record in (records[0], records[-1])
        )
        body = {
            "requestContext": {
                "requestId": str(uuid.uuid4()), "functionArn": FUNCTION, "condition": condition,
                "approximateInvokeCount": batch.retries + 1,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": batch.error},
            "version": "1.0",
            "timestamp": stamp(now),
            "KinesisBatchInfo": {
                "shardId": shard.name, "startSequenceNumber": number(records[0]),
                "endSequenceNumber": number(records[-1]), "approximateArrivalOfFirstRecord": stamp(first),
                "approximateArrivalOfLastRecord": stamp(last), "batchSize": len(records), "streamArn": STREAM,
            },
            "payload": json.dumps({"Records": records}),
        }  # fmt: skip
        key = f"aws/lambda/{MAPPING}/{shard.name}/{now:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
        self._discarded(key, json.dumps(body).encode())
        shard.advance(len(records))


def stamp(moment: datetime) -> str:
    """Return a time as invocation records write it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

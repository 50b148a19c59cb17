"""The event source mapping that the reliability tests use does what AWS documents, each rule with its failing twin.

A test of the consumer is worth as much as the delivery that it is tested with. Each rule is shown twice: once
as it is, and once with the setting or the answer that makes the outcome another one. The pages that the rules
come from are named in ``tests.support.kinesis_pipeline.event_source``.
"""

import json
import re
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.kinesis_pipeline import event_source
from tests.support.kinesis_pipeline.event_source import Poller, Settings, Shard, Stream, number

Event = dict[str, Any]
Function = Callable[[Event], Any]


class Run:
    """One shard delivered to one function: what was invoked with what, and what was discarded."""

    def __init__(self, function: Function, settings: Settings, records: int = 8, **options: Any) -> None:
        self.stream = Stream(1)
        self.shard = self.stream.shards[0]
        for place in range(records):
            self.shard.put("key", str(place).encode(), age=options.get("ages", [0.0] * records)[place])
        self.invoked: list[list[int]] = []
        self.discarded: dict[str, Event] = {}

        def invoke(event: Event) -> Any:
            self.invoked.append([self.place(record) for record in event["Records"]])
            return function(event)

        Poller(
            self.stream,
            {self.shard.name: invoke},
            settings,
            discarded=self.keep,
            again=options.get("again", lambda: False),
        ).run()

    def place(self, record: Event) -> int:
        """Return where in the shard a record stands."""
        return next(place for place, each in enumerate(self.shard.records) if number(each) == number(record))

    def keep(self, key: str, body: bytes) -> None:
        """Be the failure destination."""
        self.discarded[key] = json.loads(body)

    @property
    def lost(self) -> list[list[int]]:
        """The places of the records in the failure destination, from each object's payload."""
        return [
            [self.place(record) for record in json.loads(body["payload"])["Records"]]
            for body in self.discarded.values()
        ]


def fine(_event: Event) -> Any:
    """Be a function that succeeds."""
    return {"batchItemFailures": []}


def failing(*places: int, error: type[Exception] = RuntimeError) -> Function:
    """Return a function that raises whenever one of the records is in its batch."""

    def function(event: Event) -> Any:
        if any(str(place) in numbers(event) for place in places):
            raise error
        return fine(event)

    return function


def numbers(event: Event) -> list[str]:
    """Return where the batch's records stand, as text."""
    return [str(int(number(record)[-49:])) for record in event["Records"]]


def reporting(*places: int) -> Function:
    """Return a function that reports records as failed, in the order given."""

    def function(event: Event) -> Any:
        by_place = dict(zip(numbers(event), map(number, event["Records"]), strict=True))
        return {"batchItemFailures": [{"itemIdentifier": by_place[str(p)]} for p in places if str(p) in by_place]}

    return function


def once(bad: Function) -> Function:
    """Return a function that goes wrong the first time and succeeds from then on."""
    calls: list[Event] = []

    def function(event: Event) -> Any:
        calls.append(event)
        return bad(event) if len(calls) == 1 else fine(event)

    return function


def test_batches_come_in_order_and_no_larger_than_asked() -> None:
    """with-kinesis: records in batches, in the shard's order; another size makes other batches."""
    assert Run(fine, Settings(batch_size=3)).invoked == [[0, 1, 2], [3, 4, 5], [6, 7]]
    assert Run(fine, Settings(batch_size=8)).invoked == [list(range(8))]


@pytest.mark.parametrize("shards", [1, 2])
def test_shards_run_beside_each_other_and_one_after_the_other_within(shards: int) -> None:
    """with-kinesis: one invocation a shard at a time; two shards do meet at a barrier, one shard never does."""
    stream, meeting = Stream(shards), threading.Barrier(2)
    running: dict[str, int] = dict.fromkeys((shard.name for shard in stream.shards), 0)
    most, met = [0], []

    def function(event: Event) -> None:
        name = event["Records"][0]["eventID"].split(":")[0]
        running[name] += 1
        most[0] = max(most[0], running[name])
        try:
            meeting.wait(0.2 if shards == 1 else 10)
            met.append(name)
        except threading.BrokenBarrierError:
            pass
        running[name] -= 1

    for shard in stream.shards:
        shard.put("key", b"1")
        shard.put("key", b"2")
    Poller(stream, dict.fromkeys(running, function), Settings(batch_size=1), discarded=lambda *_: None).run()
    assert most == [1]
    assert bool(met) is (shards == 2)


def test_a_key_keeps_to_its_shard() -> None:
    """The same partition key is the same shard; enough keys reach every shard."""
    stream = Stream(4)
    for place in range(200):
        stream.put(f"key-{place % 50}", b"x")
    homes = {record["kinesis"]["partitionKey"]: shard.name for shard in stream.shards for record in shard.records}
    assert sum(len(shard.records) for shard in stream.shards) == 200
    assert all(homes[record["kinesis"]["partitionKey"]] == s.name for s in stream.shards for record in s.records)
    assert set(homes.values()) == {shard.name for shard in stream.shards}


@pytest.mark.parametrize("error", [RuntimeError, TimeoutError])
def test_an_error_fails_the_whole_batch(error: type[Exception]) -> None:
    """kinesis-on-failure-destination: a function error or a timeout brings the whole batch back; success does not."""
    assert Run(once(failing(5, error=error)), Settings()).invoked == [list(range(8))] * 2
    assert Run(once(failing(99, error=error)), Settings()).invoked == [list(range(8))]


def test_a_failed_batch_is_halved_in_order() -> None:
    """Bisecting: halves until the bad record is alone, earlier records first; without it the batch stays whole."""
    bisecting = Settings(bisect_batch_on_function_error=True, maximum_retry_attempts=0)
    run = Run(failing(5), bisecting)
    assert run.invoked == [list(range(8)), [0, 1, 2, 3], [4, 5, 6, 7], [4, 5], [4], [5], [6, 7]]
    assert run.lost == [[5]]
    whole = Run(failing(5), Settings(maximum_retry_attempts=0))
    assert (whole.invoked, whole.lost) == ([list(range(8))], [list(range(8))])


def test_splitting_does_not_count_as_a_retry() -> None:
    """Bisecting: the bad record has all its retries left once it is alone; a retry proper does count."""
    alone = Run(failing(0), Settings(bisect_batch_on_function_error=True, maximum_retry_attempts=2))
    assert alone.invoked.count([0]) == 3
    assert Run(failing(0), Settings(maximum_retry_attempts=2)).invoked == [list(range(8))] * 3


@pytest.mark.parametrize(("places", "second"), [((6, 3, 5), [3, 4, 5, 6, 7]), ((7,), [7])])
@pytest.mark.parametrize("bisect", [True, False])
def test_the_lowest_reported_number_is_the_checkpoint(places: tuple[int, ...], second: list[int], bisect: bool) -> None:
    """services-kinesis-batchfailurereporting: everything from the lowest number on comes again, bisecting or not."""
    settings = Settings(report_batch_item_failures=True, bisect_batch_on_function_error=bisect)
    assert Run(once(reporting(*places)), settings).invoked == [list(range(8)), second]


def test_reports_count_only_when_they_are_turned_on() -> None:
    """services-kinesis-batchfailurereporting: without the setting the same answer is a success."""
    assert Run(once(reporting(3)), Settings()).invoked == [list(range(8))]


def test_what_precedes_the_checkpoint_is_done_for_good() -> None:
    """The position moves to the checkpoint, so that what is discarded later is the rest only."""
    run = Run(reporting(6), Settings(report_batch_item_failures=True, maximum_retry_attempts=1))
    assert run.lost == [[6, 7]]
    assert run.shard.position == 8
    assert len(run.shard.moved) == 2
    assert Run(reporting(0), Settings(report_batch_item_failures=True, maximum_retry_attempts=1)).lost == [
        list(range(8))
    ]


def test_a_report_of_the_first_record_halves_the_batch() -> None:
    """Undocumented: there is nothing to split off before the first, so it is halved, and ends up alone."""
    settings = Settings(report_batch_item_failures=True, bisect_batch_on_function_error=True, maximum_retry_attempts=1)
    run = Run(reporting(0), settings)
    assert run.invoked == [list(range(8)), [0, 1, 2, 3], [0, 1], [0], [0], [1], [2, 3], [4, 5, 6, 7]]
    assert run.lost == [[0]]


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": None}, {"batchItemFailures": []}, {"other": 1}])
def test_an_empty_answer_is_success(answer: Any) -> None:
    """services-kinesis-batchfailurereporting: null or empty, as a whole or in its list, is complete success."""
    assert len(Run(once(lambda _: answer), Settings(report_batch_item_failures=True)).invoked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"itemIdentifer": "1"}]},
        {"batchItemFailures": [{"itemIdentifier": "496-of-another-batch"}]},
        {"batchItemFailures": [None]},
        {"batchItemFailures": [{"itemIdentifier": []}]},
        "done",
        {"not JSON": {1, 2}},
    ],
)
def test_a_malformed_answer_is_complete_failure(answer: Any) -> None:
    """services-kinesis-batchfailurereporting: an identifier that is empty, null, misspelt or unknown fails all."""
    run = Run(once(lambda _: answer), Settings(report_batch_item_failures=True))
    assert run.invoked == [list(range(8))] * 2


@pytest.mark.parametrize("retries", [0, 1, 4])
def test_retries_are_counted_and_end(retries: int) -> None:
    """MaximumRetryAttempts: one invocation and that many retries, then the shard moves on."""
    run = Run(failing(0), Settings(batch_size=4, maximum_retry_attempts=retries))
    assert run.invoked == [[0, 1, 2, 3]] * (retries + 1) + [[4, 5, 6, 7]]
    assert [body["requestContext"]["approximateInvokeCount"] for body in run.discarded.values()] == [retries + 1]


def test_without_a_limit_nothing_is_discarded() -> None:
    """MaximumRetryAttempts -1: it goes on until it succeeds."""
    patience = iter([True] * 200)

    def function(event: Event) -> Any:
        if next(patience, False):
            raise RuntimeError
        return fine(event)

    run = Run(function, Settings(pause_seconds=0))
    assert (len(run.invoked), run.discarded) == (201, {})


def test_old_records_are_discarded_uninvoked() -> None:
    """MaximumRecordAgeInSeconds: what is older goes to the destination, the rest of the batch to the function."""
    ages = [100.0, 90.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    run = Run(fine, Settings(maximum_record_age_in_seconds=60), ages=ages)
    assert (run.invoked, run.lost) == ([[2, 3, 4, 5, 6, 7]], [[0, 1]])
    assert [body["requestContext"]["condition"] for body in run.discarded.values()] == ["RecordAgeExceeded"]
    assert Run(fine, Settings(maximum_record_age_in_seconds=120), ages=ages).lost == []


def test_records_grow_too_old_between_retries() -> None:
    """MaximumRecordAgeInSeconds: the age ends retries that the quota would allow."""
    began = time.monotonic()
    run = Run(failing(0), Settings(maximum_record_age_in_seconds=0.2, pause_seconds=0.02))
    assert run.lost == [list(range(8))]
    assert len(run.invoked) > 1
    assert time.monotonic() - began >= 0.19


def test_the_invocation_record_is_the_documented_one() -> None:
    """kinesis-on-failure-destination: every member of the documented example, and the payload that S3 gets."""
    run = Run(failing(2), Settings(bisect_batch_on_function_error=True, maximum_retry_attempts=3))
    key, body = run.discarded.popitem()
    assert not run.discarded
    record = run.shard.records[2]
    uuid = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    place = f"aws/lambda/{uuid}/{run.shard.name}"
    assert re.fullmatch(rf"{place}/\d{{4}}/\d\d/\d\d/\d{{4}}-\d\d-\d\dT\d\d\.\d\d\.\d\d-{uuid}", key)
    assert re.fullmatch(uuid, body["requestContext"].pop("requestId"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body.pop("timestamp"))
    arrived = event_source.stamp(event_source.arrival(record))
    assert body == {
        "requestContext": {
            "functionArn": f"arn:aws:lambda:{event_source.REGION}:123456789012:function:test",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 4,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "KinesisBatchInfo": {
            "shardId": run.shard.name,
            "startSequenceNumber": number(record),
            "endSequenceNumber": number(record),
            "approximateArrivalOfFirstRecord": arrived,
            "approximateArrivalOfLastRecord": arrived,
            "batchSize": 1,
            "streamArn": event_source.STREAM,
        },
        "payload": json.dumps({"Records": [record]}),
    }


def test_a_reported_failure_is_no_function_error() -> None:
    """A function that answers has no error, so the record names none; its twin above names one."""
    settings = Settings(report_batch_item_failures=True, maximum_retry_attempts=0)
    _, body = Run(reporting(5), settings).discarded.popitem()
    assert body["responseContext"]["functionError"] is None
    assert body["KinesisBatchInfo"]["batchSize"] == 3


def test_a_successful_batch_may_come_again() -> None:
    """invocation-eventsourcemapping: at least once; the second delivery is an ordinary one, and may fail."""
    again = iter([True, False, False])
    run = Run(fine, Settings(batch_size=4), again=lambda: next(again))
    assert run.invoked == [[0, 1, 2, 3], [0, 1, 2, 3], [4, 5, 6, 7]]
    assert run.shard.moved == sorted(run.shard.moved)
    assert len(run.shard.moved) == 2
    assert Run(fine, Settings(batch_size=4)).invoked == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_the_function_gets_a_copy() -> None:
    """What a function does to its event stays with it: the next delivery has the record as it was put."""

    def vandal(event: Event) -> None:
        event["Records"][0]["kinesis"]["data"] = "gone"

    run = Run(vandal, Settings())
    assert run.shard.records[0]["kinesis"]["data"] == "MA=="


def test_it_stops_when_told_and_when_it_breaks() -> None:
    """A test that fails half-way does not leave a thread behind that delivers forever."""
    shard = Shard("shardId-000000000000")
    shard.put("key", b"x")
    stream = Stream(2)
    stream.shards[0] = shard
    stream.shards[1].put("key", b"y")
    calls: list[str] = []

    def stuck(event: Event) -> None:
        calls.append(event["Records"][0]["eventID"])
        raise RuntimeError

    def no_bucket(_key: str, _body: bytes) -> None:
        raise OSError("no bucket")

    poller = Poller(stream, dict.fromkeys((s.name for s in stream.shards), stuck), Settings(), discarded=no_bucket)
    threading.Timer(0.1, poller.stop.set).start()
    poller.run()
    assert len(calls) > 2
    settings = Settings(maximum_retry_attempts=0)
    poller = Poller(stream, dict.fromkeys((s.name for s in stream.shards), stuck), settings, discarded=no_bucket)
    with pytest.raises(OSError, match="no bucket"):
        poller.run()

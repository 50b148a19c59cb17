"""The exercise sends what it says, notices what is missing, and counts only what it is told by AWS."""

import base64
import io
import json

import pytest

from lib.common.errors import ExerciseError
from lib.kinesis_pipeline import exercise
from lib.kinesis_pipeline.events import make, poison
from lib.kinesis_pipeline.settings import Settings
from tests.support import functions
from tests.support.kinesis_pipeline.kinesis import read, record, records


class Aws:
    """A pipeline in memory: stores valid events by id, and can be told to misbehave."""

    def __init__(self, lose: int = 0, refuse: int = 0, fail: bool = False) -> None:
        self.lose, self.refuse, self.fail = lose, refuse, fail
        self.consumer = functions.load("kinesis_pipeline", "consumer")
        self.rows: dict[str, str] = {}
        self.objects: dict[str, list[str]] = {"left over": ["from another exercise"]}  # identities of records by key
        self.records = 0
        self.duplicates = 0
        self.operation = ""

    def __call__(self, service: str) -> "Aws":
        return self

    def put_records(self, StreamName, Records):
        results = []
        for entry in Records:
            if self.refuse:
                self.refuse -= 1
                results.append({"ErrorCode": "ProvisionedThroughputExceededException"})
                continue
            results.append({"SequenceNumber": "1"})
            self._take(entry["Data"])
        return {"Records": results}

    def _quarantine(self) -> None:
        """Keep a record, together with the one before it, as after a second delivery in other parts."""
        self.records += 1
        self.objects[f"poison/{self.records}"] = [f"shard:{number}" for number in (self.records - 1, self.records)][
            self.records == 1 :
        ]

    def get_object(self, Bucket, Key):
        entries = [{"eventID": identity, "kinesis": {}} for identity in self.objects[Key]]
        return {"Body": io.BytesIO(json.dumps({"payload": json.dumps({"Records": entries})}).encode())}

    def _take(self, data: bytes) -> None:
        valid, poison = read(self.consumer, [record(1, base64.b64encode(data).decode())])
        if poison:
            self._quarantine()
            return
        event = json.loads(valid[0].text)
        if "\x00" in event["attributes"].get("note", ""):
            self._quarantine()
        elif event["event_id"] in self.rows:
            self.duplicates += 1
        elif self.lose:
            self.lose -= 1
        else:
            self.rows[event["event_id"]] = event["source"]

    def invoke(self, FunctionName, Payload):
        if self.fail:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorType": "E", "errorMessage": "away"}')}
        source = json.loads(Payload)["source"]
        rows = sum(value == source for value in self.rows.values())
        return {"Payload": io.BytesIO(json.dumps({"rows": rows}).encode())}

    def get_paginator(self, operation: str) -> "Aws":
        self.operation = operation
        return self

    def paginate(self, **_arguments):
        if self.operation == "list_objects_v2":
            return [{"Contents": [{"Key": key} for key in self.objects]}, {}]
        batch = json.dumps({"message": "batch", "Duplicates": self.duplicates})
        metric = json.dumps({"_aws": {}, "Duplicates": [99.0]})
        return [{"events": [{"message": "START"}, {"message": batch}, {"message": metric}]}]


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr(exercise, "WAIT_SECONDS", 0.0)
    monkeypatch.setattr(exercise.time, "sleep", lambda _seconds: None)


def run(aws, count=200):
    heard = []
    return exercise.exercise(aws, Settings.read({}), "123456789012", heard.append, count), heard


def test_a_working_pipeline_accounts_for_every_record():
    flow, _heard = run(Aws())
    assert (flow.sent, flow.stored, flow.duplicates, flow.quarantined) == (210, 200, 8, 2)


def test_progress_is_told():
    _flow, heard = run(Aws())
    assert heard[0] == "sent 210 of 210"
    assert heard[-1] == "stored 200 of 200, duplicates refused 8 of 8, quarantined 2 of 2"


def test_a_lost_event_is_noticed():
    with pytest.raises(ExerciseError, match="stored 199 of 200"):
        run(Aws(lose=1))


def test_refused_records_are_sent_again(monkeypatch):
    monkeypatch.setattr(exercise, "WAIT_SECONDS", 60.0)
    flow, _heard = run(Aws(refuse=3))
    assert flow.stored == 200


def test_a_stream_that_refuses_for_ever_is_an_error():
    with pytest.raises(ExerciseError, match="needs more shards"):
        run(Aws(refuse=10_000))


def test_a_failing_function_is_told_with_its_own_words():
    with pytest.raises(ExerciseError, match="E: away"):
        run(Aws(fail=True))


def test_waiting_goes_on_until_everything_is_there(monkeypatch):
    monkeypatch.setattr(exercise, "WAIT_SECONDS", 60.0)
    aws = Aws()
    answers = iter([1, 2])
    real = aws.invoke
    monkeypatch.setattr(
        aws,
        "invoke",
        lambda **a: {"Payload": io.BytesIO(b'{"rows": 1}')} if next(answers, None) else real(**a),
    )
    flow, heard = run(aws)
    assert flow.stored == 200
    assert sum(text.startswith("stored 1 of") for text in heard) == 2


def test_the_same_source_makes_the_same_events():
    assert list(make(20, "a")) == list(make(20, "a"))
    assert list(make(20, "a")) != list(make(20, "b"))


def test_events_are_valid_and_distinct():
    consumer = functions.load("kinesis_pipeline", "consumer")
    events = list(make(300, "shop"))
    valid, poison = read(consumer, records(*events))
    assert len({event.event_id for event in valid}) == 300
    assert poison == []


@pytest.mark.parametrize("kind", range(4))
def test_poison_breaks_the_schema(kind):
    consumer = functions.load("kinesis_pipeline", "consumer")
    assert len(read(consumer, records(poison(kind, "shop")))[1]) == 1

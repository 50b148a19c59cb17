"""What was given up comes back onto the stream, byte for byte; what is not understood stays where it is."""

import base64
import io
import json

import pytest

from lib.kinesis_pipeline import redrive
from lib.kinesis_pipeline.settings import Settings
from tests.support import functions
from tests.support.kinesis_pipeline.kinesis import read, records

ACCOUNT = "123456789012"


def failure(*data: bytes) -> bytes:
    found = [{"kinesis": {"partitionKey": "k", "data": base64.b64encode(d).decode()}} for d in data]
    return json.dumps({"version": "1.0", "payload": json.dumps({"Records": found})}).encode()


class Aws:
    """A bucket and a stream in memory."""

    def __init__(self, **objects: bytes) -> None:
        self.objects, self.stream, self.prefix = objects, [], ""

    def __call__(self, _service: str) -> "Aws":
        return self

    def get_paginator(self, _operation: str) -> "Aws":
        return self

    def paginate(self, Bucket, Prefix):
        assert Bucket == Settings.read({}).bucket(ACCOUNT)
        return [{"Contents": [{"Key": key} for key in sorted(self.objects) if key.startswith(Prefix)]}, {}]

    def get_object(self, Bucket, Key):
        return {"Body": io.BytesIO(self.objects[Key])}

    def put_record(self, StreamName, PartitionKey, Data):
        if Data == b"refused":
            raise RuntimeError("throttled")
        self.stream.append((StreamName, PartitionKey, Data))

    def delete_object(self, Bucket, Key):
        del self.objects[Key]


def run(aws, **options):
    heard = []
    return redrive.redrive(aws, Settings.read({}), ACCOUNT, heard.append, **options), heard


def test_undelivered_batches_come_back_in_order():
    aws = Aws(**{"aws/lambda/1": failure(b"a", b"b"), "aws/lambda/2": failure(b"c"), "poison/1": failure(b"p")})
    assert run(aws)[0] == (3, 0)
    assert [data for _stream, _key, data in aws.stream] == [b"a", b"b", b"c"]
    assert list(aws.objects) == ["poison/1"]


def test_poison_comes_back_when_asked_for():
    """One record for each object, as they were kept once."""
    aws = Aws(**{"aws/lambda/1": failure(b"a"), "poison/1": failure(b"\xff")})
    assert run(aws, poison=True)[0] == (1, 0)
    assert aws.stream == [("kinesis-pipeline-dev", "k", b"\xff")]


def test_what_the_consumer_quarantines_comes_back_record_by_record():
    modules = functions.load("kinesis_pipeline", "consumer")
    raws = records(b"{", b"}", first=7)
    _events, poison = read(modules, raws)
    aws = Aws(**{"poison/new": modules.quarantine.document(poison)})
    assert run(aws, poison=True)[0] == (2, 0)
    assert [data for _stream, _key, data in aws.stream] == [b"{", b"}"]


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"payload": "{}"}', b'{"payload": "x"}', failure()[:-3]])
def test_what_is_not_understood_stays_and_is_named(body):
    aws = Aws(**{"aws/lambda/odd": body, "aws/lambda/good": failure(b"a")})
    (sent, kept), heard = run(aws)
    assert (sent, kept) == (1, 1)
    assert list(aws.objects) == ["aws/lambda/odd"]
    assert any(text.startswith("kept aws/lambda/odd") for text in heard)


def test_an_object_stays_when_the_stream_refuses():
    aws = Aws(**{"aws/lambda/1": failure(b"a", b"refused")})
    with pytest.raises(RuntimeError, match="throttled"):
        run(aws)
    assert list(aws.objects) == ["aws/lambda/1"]

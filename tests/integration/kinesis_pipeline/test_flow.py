"""Records that go in come out as rows, once each; poison ends in the bucket; a second deployment changes nothing."""

import base64
import gzip
import json
import time
import uuid

import pytest

from lib.kinesis_pipeline import exercise
from lib.kinesis_pipeline.events import encode, make, poison
from lib.kinesis_pipeline.settings import Settings
from tests.integration.conftest import TARGET
from tests.support.kinesis_pipeline.kinesis import aggregate, lines

PATIENCE_SECONDS = 120


@pytest.fixture
def settings(environ):
    return Settings.read()


@pytest.fixture
def source():
    return f"test-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def put(aws, settings):
    def send(*data: bytes) -> list[str]:
        kinesis, name = aws("kinesis"), settings.name("stream")
        return [kinesis.put_record(StreamName=name, PartitionKey="k", Data=d)["SequenceNumber"] for d in data]

    return send


def eventually(question, wanted):
    """Ask until the answer is the wanted one, and return the last answer."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (answer := question()) != wanted and time.monotonic() < deadline:
        time.sleep(0.2)
    return answer


def stored(aws, settings, source):
    return exercise.ask(aws("lambda"), settings.name("function", "database"), source)["rows"]


def test_a_record_becomes_a_row(aws, settings, source, put):
    put(encode(next(make(1, source))))
    assert eventually(lambda: stored(aws, settings, source), 1) == 1


def test_the_same_event_twice_is_one_row(aws, settings, source, put):
    first, last = make(2, source)
    put(encode(first), encode(first), encode(last))
    # The last one is stored after the two before it: when it is there, their fate is decided.
    assert eventually(lambda: stored(aws, settings, source), 2) == 2
    report = exercise.ask(aws("lambda"), settings.name("function", "database"), source)
    assert report["rows"] == report["distinct"] == 2


@pytest.mark.parametrize("kind", range(5))
def test_poison_ends_in_the_bucket_with_its_payload_and_holds_nothing_back(aws, settings, source, put, kind):
    bad = poison(kind, source)
    numbers = put(bad, encode(next(make(1, source))))
    assert eventually(lambda: stored(aws, settings, source), 1) == 1
    s3, bucket = aws("s3"), settings.bucket(aws("sts").get_caller_identity()["Account"])

    def found() -> list[str]:
        return [key for key in exercise.object_keys(s3, bucket) if f"/{numbers[0]}-" in key]

    assert eventually(lambda: len(found()), 1) == 1  # after what is valid
    body = json.loads(s3.get_object(Bucket=bucket, Key=found()[0])["Body"].read())
    assert bad in [base64.b64decode(r["kinesis"]["data"]) for r in json.loads(body["payload"])["Records"]]


@pytest.mark.parametrize("pack", [aggregate, lines, lambda *bodies: gzip.compress(lines(*bodies))])
def test_several_events_in_a_record_are_rows(aws, settings, source, put, pack):
    put(pack(*make(5, source)))
    assert eventually(lambda: stored(aws, settings, source), 5) == 5


def test_what_lambda_gave_up_can_be_put_back(aws, settings, source):
    from lib.kinesis_pipeline.redrive import UNDELIVERED, redrive

    account = aws("sts").get_caller_identity()["Account"]
    data = base64.b64encode(encode(next(make(1, source)))).decode()
    payload = json.dumps({"Records": [{"kinesis": {"partitionKey": "k", "data": data}}]})
    key = f"{UNDELIVERED}test/{source}"
    aws("s3").put_object(Bucket=settings.bucket(account), Key=key, Body=json.dumps({"payload": payload}).encode())
    sent, kept = redrive(aws, settings, account, lambda _text: None)
    assert sent >= 1
    assert kept == 0
    assert eventually(lambda: stored(aws, settings, source), 1) == 1


def test_a_rotated_password_is_picked_up(aws, settings, source, put, environ):
    if TARGET == "aws":
        pytest.skip("RDS rotates by itself every seven days; a test does not ask for it")
    from lib.local_cloud.cloud import LocalCloud
    from lib.local_cloud.emulation import rds

    secrets, name = aws("secretsmanager"), f"rds!db-{settings.name('database')}"
    value = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
    secrets.put_secret_value(SecretId=name, SecretString=json.dumps({**value, "password": "another-Password.2"}))
    rds.provide(LocalCloud.read(), {})
    with LocalCloud.read().database(settings.database_port).administrator() as admin:
        admin.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :name", name=value["username"]
        )
    put(encode(next(make(1, source))))
    assert eventually(lambda: stored(aws, settings, source), 1) == 1


def test_a_second_run_changes_nothing_and_says_so(environ, capsys):
    if TARGET == "aws":
        pytest.skip("cdk deploy is the user's own there")
    from lib.local_cloud import cli

    assert cli.main(["up", "kinesis-pipeline"]) == 0
    assert "kinesis-pipeline: no changes" in capsys.readouterr().out

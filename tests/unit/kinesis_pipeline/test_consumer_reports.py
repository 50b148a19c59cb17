"""What the consumer says of a batch: errors, metrics and log lines, right to the number, and no payload."""

import json
import traceback
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from lib.local_cloud.names import HOST
from lib.local_cloud.servers.process import free_port
from tests.support.database import TestServer
from tests.support.functions import Context
from tests.support.kinesis_pipeline.kinesis import SHARD, event, events

Lines = Callable[[], list[dict[str, Any]]]
Handle = Callable[..., list[str]]
Aside = Callable[[], dict[str, Any]]

# pylint: disable=redefined-outer-name


def metrics(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """Return the metrics that were printed, which is how a function publishes them."""
    (line,) = capsys.readouterr().out.splitlines()
    printed = json.loads(line)
    (directive,) = printed["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "TAP/Unit"
    assert {metric["Unit"] for metric in directive["Metrics"]} == {"Count"}
    return {metric["Name"]: sum(printed[metric["Name"]]) for metric in directive["Metrics"]}


def test_only_what_the_bucket_refused_comes_again(
    consumer: SimpleNamespace, handle: Handle, lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of three; it is counted as not quarantined, and the cause is logged."""
    client = boto3.client("s3")
    consumer.handler._clients["s3"] = client  # pylint: disable=protected-access
    with Stubber(client) as stub:
        expected = {"Bucket": ANY, "Key": ANY, "ContentType": ANY, "Body": ANY}
        stub.add_response("put_object", {}, expected)
        stub.add_client_error("put_object", "SlowDown", http_status_code=503)
        stub.add_response("put_object", {}, expected)
        assert handle(b"1", b"2", event(), b"3") == ["1001"]
        stub.assert_no_pending_responses()
    assert metrics(capsys) == {"Stored": 1, "Duplicates": 0, "SetAside": 2}
    (error,) = [line for line in lines() if line["level"] == "ERROR"]
    assert (error["message"], error["sequence"], error["cause"]) == ("not quarantined", "1001", "ClientError")


@pytest.fixture
def away(
    consumer: SimpleNamespace, handle: Handle, connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Calls the function while the database is away, and returns the error."""
    monkeypatch.setattr(consumer.handler, "database", connect(DB_PORT=str(free_port())))

    def call(*bodies: object) -> Any:
        with pytest.raises(consumer.postgres.DatabaseUnavailable) as caught:
            handle(*bodies, context=Context(consumer.handler.MARGIN_SECONDS + 0.1))
        return caught.value

    return call


def test_without_the_database_the_batch_comes_again(
    away: Callable[..., Any], aside: Aside, lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of it, by an error; the poison is out of the way already, and the metric and the log say what happened."""
    error = away(event(), b"{", event())
    assert list(aside()) == [f"poison/{SHARD}/1001.json"]
    assert metrics(capsys) == {"Returned": 3}
    line = lines()[-1]
    assert (line["level"], line["message"], line["records"]) == ("ERROR", "database unavailable", 3)
    assert line["cause"] == str(error) == "no answer from the database within 0 s (ConnectionRefusedError)"


def test_the_time_that_the_bucket_took_is_gone(
    consumer: SimpleNamespace, handle: Handle, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left for the database is measured when its turn comes."""
    del s3
    context, quarantine = Context(30.0), consumer.handler.quarantine

    def slowly(*arguments: Any) -> None:
        quarantine(*arguments)
        context.seconds = consumer.handler.MARGIN_SECONDS

    monkeypatch.setattr(consumer.handler, "quarantine", slowly)
    with pytest.raises(consumer.postgres.DatabaseUnavailable, match="no time left"):
        handle(b"{", event(), context=context)


def test_the_last_try_ends_within_the_time_limit(consumer: SimpleNamespace) -> None:
    """What is kept back is longer than the database may take for an answer."""
    assert consumer.handler.MARGIN_SECONDS > consumer.postgres.ANSWER_SECONDS


@pytest.mark.usefixtures("s3")
def test_the_counts_are_those_of_the_batch(handle: Handle, lines: Lines, capsys: pytest.CaptureFixture[str]) -> None:
    """As metrics for the alarms, and on one line for the reader."""
    one, two, three = events(3)
    assert handle(one, two, one, b"{", three, event(attributes={"x": "\x00"})) == []
    counts = {"Stored": 3, "Duplicates": 1, "SetAside": 2}
    assert metrics(capsys) == counts
    line = lines()[-1]
    assert (line["level"], line["message"], line["records"], line["failed"]) == ("INFO", "batch", 6, 0)
    assert {name: line[name] for name in counts} == counts


def test_the_log_holds_no_payload_and_no_password(
    handle: Handle, aside: Aside, lines: Lines, capsys: pytest.CaptureFixture[str], postgres: TestServer
) -> None:
    """Whatever happens to a record: each line tells where it was and why, never what was in it."""
    mark = "Zq7-leak"
    known = event(source=mark, customer_id=mark, amount="1.00")
    batch = [
        known,
        known,
        known | {"amount": "7777777.77"},
        known | {"amount": mark},
        known | {mark: mark},
        mark.encode(),
        event(source=mark, attributes={mark: f"\x00{mark}"}),
    ]
    assert handle(*batch) == []
    assert len(aside()) == 5
    text = json.dumps(lines()) + capsys.readouterr().out
    assert text.count('"quarantined"') == 5
    for secret in (mark, "7777777", known["event_id"], postgres.password):
        assert secret not in text


def test_the_log_of_an_outage_holds_no_payload_and_no_password(
    away: Callable[..., Any], lines: Lines, monkeypatch: pytest.MonkeyPatch, postgres: TestServer
) -> None:
    """Neither do the error that Lambda prints, and the line on a bucket that is away too."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{HOST}:{free_port()}")
    known = event(source="Zq7-leak")
    error = away(known, b"Zq7-leak")
    text = json.dumps(lines()) + "".join(traceback.format_exception(error))
    assert [line["message"] for line in lines()] == ["not quarantined", "database unavailable"]
    for secret in ("Zq7-leak", known["event_id"], postgres.password):
        assert secret not in text

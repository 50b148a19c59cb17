"""What the consumer says of a batch: errors, metrics and log lines, right to the number, and no payload."""

import json
import traceback
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.stub import Stubber

from lib.local_cloud.names import HOST
from lib.local_cloud.servers.process import free_port
from tests.support.database import TestServer
from tests.support.functions import Context
from tests.support.kinesis_pipeline.kinesis import event, events

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


def test_what_the_bucket_refused_is_no_longer_counted(
    consumer: SimpleNamespace,
    handle: Handle,
    lines: Lines,
    capsys: pytest.CaptureFixture[str],
    s3: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three of four records come again; the cause is logged."""
    del s3
    client = consumer.quarantine.client()
    context = Context(consumer.handler.MARGIN_SECONDS + 5)
    monkeypatch.setattr(consumer.handler.time, "sleep", lambda _seconds: setattr(context, "seconds", 0.0))
    with Stubber(client) as stub:
        stub.add_client_error("put_object", "SlowDown", http_status_code=503)
        assert handle(event(), b"2", event(), b"3", context=context) == ["1001"]
        stub.assert_no_pending_responses()
    assert metrics(capsys) == {"Stored": 2, "Duplicates": 0, "SetAside": 0, "Returned": 3}
    error, late = [line for line in lines() if line["level"] == "ERROR"]
    assert (error["message"], error["records"], error["cause"]) == ("not quarantined", 2, "ClientError")
    assert (late["message"], late["records"]) == ("no time left to quarantine", 2)


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
    """All of it, by an error, poison included; the metric and the log say what happened."""
    error = away(event(), b"{", event())
    assert not aside()
    assert metrics(capsys) == {"Returned": 3}
    line = lines()[-1]
    assert (line["level"], line["message"], line["records"]) == ("ERROR", "database unavailable", 3)
    assert line["cause"] == str(error) == "no answer from the database within 0 s (ConnectionRefusedError)"


def test_the_last_try_ends_within_the_time_limit(consumer: SimpleNamespace) -> None:
    """The database is given up in time, and what is kept back is longer than the bucket may take for an answer."""
    assert consumer.handler.MARGIN_SECONDS > consumer.quarantine.PUT_SECONDS


@pytest.mark.usefixtures("s3")
def test_the_counts_are_those_of_the_batch(handle: Handle, lines: Lines, capsys: pytest.CaptureFixture[str]) -> None:
    """As metrics for the alarms, and on one line for the reader."""
    one, two, three = events(3)
    assert handle(one, two, one, b"{", three, event(attributes={"x": "\x00"})) == []
    counts = {"Stored": 3, "Duplicates": 1, "SetAside": 2}
    assert metrics(capsys) == counts
    line = lines()[-1]
    assert (line["level"], line["message"], line["records"], line["returned"]) == ("INFO", "batch", 6, 0)
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
    (kept,) = aside().values()
    assert len(kept["requestContext"]["reasons"]) == 5
    text = json.dumps(lines()) + capsys.readouterr().out
    assert text.count('"quarantined"') == 1
    for secret in (mark, "7777777", known["event_id"], postgres.password):
        assert secret not in text


def test_the_log_of_an_outage_holds_no_payload_and_no_password(
    away: Callable[..., Any], lines: Lines, monkeypatch: pytest.MonkeyPatch, postgres: TestServer
) -> None:
    """Neither does the error that Lambda prints."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{HOST}:{free_port()}")
    known = event(source="Zq7-leak")
    error = away(known, b"Zq7-leak")
    text = json.dumps(lines()) + "".join(traceback.format_exception(error))
    assert [line["message"] for line in lines()] == ["database unavailable"]
    for secret in ("Zq7-leak", known["event_id"], postgres.password):
        assert secret not in text

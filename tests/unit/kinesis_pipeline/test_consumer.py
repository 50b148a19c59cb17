"""A batch as Lambda delivers it: stored, quarantined with its payload, or named to be delivered again."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from pg8000.native import Connection

from lib.kinesis_pipeline.events import make, poison
from lib.kinesis_pipeline.users import USERS
from lib.local_cloud.names import HOST
from lib.local_cloud.servers.process import free_port
from tests.support.functions import Context, RunningContext
from tests.support.kinesis_pipeline.kinesis import SHARD, event, events, records

Lines = Callable[[], list[dict[str, Any]]]
Handle = Callable[..., list[str]]
Aside = Callable[[], dict[str, Any]]


def rows(sql: Connection) -> int:
    """Return how many events are stored."""
    ((count,),) = sql.run("SELECT count(*) FROM stored_events")
    return int(count)


def patience(client: Any) -> float:
    """Return how many seconds a client of AWS may take for one call."""
    config = client.meta.config
    return float((config.connect_timeout + config.read_timeout) * config.retries["total_max_attempts"])


def test_valid_events_are_stored(handle: Handle, sql: Connection) -> None:
    """Nothing is to be delivered again, and nobody asks S3, which is not there."""
    assert handle(*events(20)) == []
    assert rows(sql) == 20


def test_poison_is_quarantined_in_one_object(
    handle: Handle, aside: Aside, quarantined: Callable[[], dict[str, str]], sql: Connection
) -> None:
    """Before, between and after valid events; what the schema lets pass and the database refuses too."""
    good = list(make(6, "handler"))
    bad = [poison(number, "handler") for number in range(5)]
    assert handle(bad[0], *good[:3], bad[1], bad[4], *good[3:], bad[2], bad[3]) == []
    assert rows(sql) == 6
    assert list(quarantined()) == ["1000", "1004", "1005", "1009", "1010"]
    ((key, kept),) = aside().items()
    assert key.startswith(f"poison/{SHARD}/1000-")
    assert kept["KinesisBatchInfo"] == {
        "shardId": SHARD,
        "startSequenceNumber": "1000",
        "endSequenceNumber": "1010",
        "batchSize": 5,
    }


def test_what_is_quarantined_is_the_record_itself(handle: Handle, aside: Aside, s3: Any) -> None:
    """In the shape of Lambda's own failure destination, so that it can be put on the stream again."""
    assert handle(event(), b"\xffno JSON") == []
    ((key, kept),) = aside().items()
    assert key.startswith(f"poison/{SHARD}/1001-")
    assert kept["version"] == "1.0"
    assert kept["requestContext"] == {
        "condition": "PoisonRecord",
        "reasons": [{"sequenceNumber": "1001", "subSequenceNumber": 0, "reason": "not JSON"}],
    }
    assert json.loads(kept["payload"]) == {"Records": records(event(), b"\xffno JSON")[1:]}
    assert s3.head_object(Bucket="failures", Key=key)["ContentType"] == "application/json"


def test_a_second_delivery_writes_the_same_again(handle: Handle, aside: Aside, sql: Connection) -> None:
    """The batch came again for another reason: one object, one row."""
    batch = [event(), b"{"]
    assert handle(*batch) == []
    first = aside()
    assert handle(*batch) == []
    assert aside() == first
    assert len(first) == rows(sql) == 1


def test_a_part_of_a_batch_overwrites_nothing(handle: Handle, quarantined: Callable[[], dict[str, str]]) -> None:
    """A batch that comes again in halves begins with the same record: what the first half lacks stays."""
    assert handle(b"{", b"}") == []
    assert handle(b"{") == []
    assert sorted(quarantined()) == ["1000", "1001"]


def test_another_event_under_a_known_id_is_quarantined(
    handle: Handle, quarantined: Callable[[], dict[str, str]]
) -> None:
    """Somebody has to look at it: it is neither a duplicate nor new."""
    body = event(amount="1.00")
    assert handle(body, body, body | {"amount": "2.00"}) == []
    assert quarantined() == {"1002": "another event was stored under this event_id"}


@pytest.mark.usefixtures("account")
def test_without_a_bucket_the_poison_comes_again(
    handle: Handle, sql: Connection, consumer: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the first of it on, whether found by the schema or by the database; what is valid is stored."""
    monkeypatch.setenv("FAILURE_BUCKET", "gone")
    batch = [event(), event(attributes={"x": "\x00"}), event(), b"}", event()]
    assert handle(*batch, context=RunningContext(consumer.handler.MARGIN_SECONDS + 1)) == ["1001"]
    assert rows(sql) == 3


def test_an_unreachable_bucket_is_given_up_in_time(
    consumer: SimpleNamespace, handle: Handle, monkeypatch: pytest.MonkeyPatch, lines: Lines, sql: Connection
) -> None:
    """An error of the network is as good as one of S3, and the function does not wait for it until it is killed."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{HOST}:{free_port()}")
    assert handle(b"{", event(), context=RunningContext(consumer.handler.MARGIN_SECONDS + 1)) == ["1000"]
    errors = [line for line in lines() if line["level"] == "ERROR"]
    assert {line["cause"] for line in errors[:-1]} == {EndpointConnectionError.__name__}
    assert errors[-1]["message"] == "no time left to quarantine"
    assert rows(sql) == 1


def test_the_sdk_waits_as_long_as_is_kept_back_for_it(consumer: SimpleNamespace) -> None:
    """The defaults are minutes, and the function lives for one."""
    seconds = consumer.quarantine.PUT_SECONDS
    config = consumer.quarantine.client().meta.config
    addresses = consumer.aws.ADDRESSES
    once = config.connect_timeout * addresses + config.read_timeout
    assert once * config.retries["total_max_attempts"] + consumer.quarantine.BACKOFF_SECONDS == seconds
    assert consumer.handler.MARGIN_SECONDS < 40


def test_the_client_of_s3_is_made_once(consumer: SimpleNamespace) -> None:
    """It costs more than the call does."""
    assert consumer.quarantine.client() is consumer.quarantine.client()


def test_deployed_it_signs_in_by_iam(
    deployed: Callable[[str], Any], sql: Connection, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As its role, with nothing but the environment; there is no secret for it."""
    monkeypatch.delenv("DB_SECRET_ARN")
    handler = deployed("consumer")
    assert handler.handler({"Records": records(event())}, Context(60.0)) == {"batchItemFailures": []}
    assert rows(sql) == 1
    assert handler.database.run("SELECT current_user", seconds=5) == [[USERS["consumer"]]]
    assert lines() == []  # another instance, another logger


def test_deployed_what_migrates_reads_the_secret(deployed: Callable[[str], Any], sql: Connection) -> None:
    """By the SDK, impatient too."""
    del sql
    handler = deployed("database")
    assert handler.handler({"action": "migrate"}, Context(60.0)) == {"applied": []}
    assert patience(handler.database._client._client) < 15  # pylint: disable=protected-access

"""Time passes while the consumer works: a silent or failing S3, a slow database, and a limit that comes closer.

What is valid is stored first. What was not done is named, and comes again: nothing is lost or done twice.
"""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.stub import ANY, Stubber
from pg8000.native import Connection

from lib.local_cloud.names import HOST
from tests.support.functions import Context, RunningContext
from tests.support.kinesis_pipeline.kinesis import event, events

# pylint: disable=redefined-outer-name

Handle = Callable[..., list[str]]
Quarantined = Callable[[], dict[str, str]]
LIMIT_SECONDS = 60  # of the function: lib/kinesis_pipeline/stack.py
SLOWLY = """
    CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.25); RETURN NULL; END $$;
    CREATE TRIGGER slowly BEFORE INSERT ON stored_events FOR EACH STATEMENT EXECUTE FUNCTION slowly()
"""


def rows(sql: Connection) -> int:
    """Return how many events are stored."""
    ((count,),) = sql.run("SELECT count(*) FROM stored_events")
    return int(count)


@pytest.fixture
def silent_s3(monkeypatch: pytest.MonkeyPatch, consumer: SimpleNamespace) -> Iterator[None]:
    """An S3 that takes connections and never answers; it is given up after half a second."""
    monkeypatch.setattr(consumer.quarantine, "READ_SECONDS", 0.25)
    with socket.create_server((HOST, 0)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{HOST}:{server.getsockname()[1]}")
        yield


@pytest.fixture
def slow_database(sql: Connection) -> Iterator[None]:
    """Each INSERT takes a quarter of a second."""
    sql.run(SLOWLY)
    yield
    sql.run("DROP TRIGGER slowly ON stored_events; DROP FUNCTION slowly")


@pytest.fixture
def patient(consumer: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> float:
    """How long S3 is tried; what is kept back for one call is as short as the call is here."""
    monkeypatch.setattr(consumer.handler, "PUT_SECONDS", 2.0)
    monkeypatch.setattr(consumer.handler, "MARGIN_SECONDS", 2.5)
    return 5.0


@pytest.mark.usefixtures("silent_s3")
def test_a_silent_s3_keeps_nothing_valid_out(handle: Handle, sql: Connection, patient: float) -> None:
    """Six records of poison among twenty events: the events are stored, and the first poison is named."""
    good = events(20)
    batch = [*good[:2], b"{", *good[2:9], b"{", b"{", *good[9:], b"{", b"{", b"{"]
    began = time.monotonic()
    assert handle(*batch, context=RunningContext(patient)) == ["1002"]
    assert rows(sql) == 20
    assert time.monotonic() - began < patient


def test_what_s3_did_not_take_is_quarantined_when_it_answers_again(
    handle: Handle,
    sql: Connection,
    quarantined: Quarantined,
    consumer: SimpleNamespace,
    silent_s3: None,
    patient: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Lambda delivers again from the first poison on: events are recognised, and each poison is in the bucket."""
    del silent_s3
    batch = [event(), b"{", event(), b"}"]
    assert handle(*batch, context=RunningContext(patient)) == ["1001"]
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    consumer.quarantine.client.cache_clear()
    assert handle(*batch[1:], first=1001) == []
    assert sorted(quarantined()) == ["1001", "1003"]
    assert rows(sql) == 2


@pytest.mark.usefixtures("s3")
def test_s3_is_waited_for_in_the_invocation(
    consumer: SimpleNamespace, handle: Handle, quarantined: Quarantined
) -> None:
    """The mapping's tries are counted: an outage of minutes does not use them up."""
    client = consumer.quarantine.client()
    with Stubber(client) as stub:
        for _ in range(3):
            stub.add_client_error("put_object", "SlowDown", http_status_code=503)
        stub.add_response("put_object", {}, {"Bucket": ANY, "Key": ANY, "ContentType": ANY, "Body": ANY})
        assert handle(b"{", event(), context=RunningContext(LIMIT_SECONDS)) == []
        stub.assert_no_pending_responses()
    assert quarantined() == {}  # the stub took it


@pytest.mark.usefixtures("silent_s3")
def test_s3_is_not_asked_when_it_could_not_be_waited_for(
    handle: Handle, consumer: SimpleNamespace, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """A function that is killed while it waits would have its whole batch delivered again."""
    began = time.monotonic()
    assert handle(b"{", context=RunningContext(consumer.quarantine.PUT_SECONDS - 0.1)) == ["1000"]
    assert time.monotonic() - began < 0.2
    assert lines()[0]["message"] == "no time left to quarantine"


def test_a_locked_table_ends_within_the_limit(
    consumer: SimpleNamespace, handle: Handle, sql: Connection, connect: Callable[..., Any], monkeypatch: Any
) -> None:
    """Nothing was done, so all of it comes again, in halves; and is stored once when the lock is gone."""
    limit = consumer.handler.FINISH_SECONDS + 1.5
    monkeypatch.setattr(consumer.handler, "database", connect(answer_seconds=0.5))
    monkeypatch.setattr(consumer.handler, "MARGIN_SECONDS", consumer.handler.FINISH_SECONDS + 0.5)
    batch, began = events(5), time.monotonic()
    sql.run("START TRANSACTION")
    sql.run("LOCK TABLE events")
    with pytest.raises(consumer.postgres.DatabaseUnavailable):
        handle(*batch, context=RunningContext(limit))
    assert time.monotonic() - began < limit
    sql.run("COMMIT")
    assert handle(*batch) == []
    assert rows(sql) == 5


@pytest.mark.usefixtures("slow_database")
def test_a_slow_database_makes_progress_in_each_delivery(
    consumer: SimpleNamespace, handle: Handle, sql: Connection, quarantined: Quarantined
) -> None:
    """A batch that takes longer than one invocation: each delivery goes on where the one before stopped."""
    bodies: list[Any] = events(16)
    for place in (3, 9, 14):
        bodies[place] = event(attributes={"note": "\x00"})
    margin, position, deliveries = consumer.handler.MARGIN_SECONDS, 0, 0
    while position < len(bodies):
        deliveries += 1
        assert deliveries < 20, "no progress"
        context = RunningContext(margin + 1.2)
        try:
            returned = handle(*bodies[position:], context=context, first=1000 + position)
        except consumer.postgres.DatabaseUnavailable:
            returned = [str(1000 + position)]
        position = int(returned[0]) - 1000 if returned else len(bodies)
    assert deliveries > 1
    assert rows(sql) == 13
    assert sorted(quarantined()) == ["1003", "1009", "1014"]


def test_poison_before_the_first_unfinished_event_is_quarantined(
    consumer: SimpleNamespace,
    handle: Handle,
    quarantined: Quarantined,
    connect: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Lambda goes on behind it: what stands behind the event comes again and is quarantined then."""
    monkeypatch.setattr(consumer.handler, "database", connect(DB_PORT="1"))
    context = Context(consumer.handler.MARGIN_SECONDS + 0.1)
    assert handle(b"{", event(), b"}", context=context) == ["1001"]
    assert list(quarantined()) == ["1000"]


def test_events_beside_poison_do_not_wait_for_s3(
    handle: Handle, silent_s3: None, sql: Connection, patient: float
) -> None:
    """They are there long before S3 is given up."""
    del silent_s3
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(handle, b"{", *events(200), context=RunningContext(patient))
        deadline = time.monotonic() + 5
        while rows(sql) < 200:
            assert time.monotonic() < deadline, "the events wait for S3"
            time.sleep(0.005)
        assert not running.done()  # S3 is still waited for
        assert running.result(10) == ["1000"]

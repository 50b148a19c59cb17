"""A region is whole when its table and its Aurora answer; whether it writes is told apart."""

import threading
import time

import pytest
from botocore.exceptions import ReadTimeoutError

from lib.local_cloud.names import HOST
from lib.local_cloud.servers.process import free_port
from tests.support.database import TestServer
from tests.support.disaster_recovery import two_regions as world
from tests.support.disaster_recovery.two_regions import HOME, PEER, fail, listener


def ready(api, query=None):
    """Ask whether a region is whole."""
    answer = api("GET", "/health/ready", query=query)
    assert answer.headers["cache-control"] == "no-store"
    return answer.status, answer.body


@pytest.fixture
def database(payment_home, monkeypatch):
    """Lets the function look at another port."""

    def look(port: int) -> None:
        monkeypatch.setitem(payment_home.modules.handler.payments.environ, "DB_PORT", str(port))

    return look


def test_the_function_is_alive_without_anything_else(payment_home, database):
    calls = fail(payment_home.client, "GetItem", RuntimeError())
    database(free_port())
    answer = payment_home("GET", "/health")
    assert (answer.status, answer.body, calls) == (200, {"status": "ok", "region": HOME}, [])


def test_a_whole_region_says_who_writes(payment_home, payment_peer):
    checks = {"table": "ok", "database": "ok", "keys": "ok"}
    said = {"ready": True, "takes_payments": True, "writer": HOME, "epoch": 0, "checks": checks}
    assert ready(payment_home) == (200, {**said, "region": HOME, "peer": PEER, "may_write": True})
    assert ready(payment_peer) == (200, {**said, "region": PEER, "peer": HOME, "may_write": False})


def test_the_writer_can_be_asked_for(payment_home, payment_peer):
    """So that a record of Route 53 can follow the writer, and not only what is whole."""
    assert ready(payment_home, {"writer": "true"})[0] == 200
    assert ready(payment_peer, {"writer": "true"})[0] == 503
    world.flip(payment_home.client, payment_home.table, PEER, 3)
    assert ready(payment_home, {"writer": "true"})[0] == 503
    assert ready(payment_peer, {"writer": "true"}) == (200, ready(payment_peer)[1])
    assert ready(payment_home)[1]["epoch"] == 3


def test_aurora_alone_moves_no_caller(payment_home, database):
    """A payment does not ask it: who pays stays where payments are taken, and alarms tell of the rest."""
    database(free_port())
    assert ready(payment_home)[0] == 503
    for query in ({"payments": "true"}, {"writer": "true"}):
        status, said = ready(payment_home, query)
        assert (status, said["ready"], said["takes_payments"]) == (200, False, True)


@pytest.mark.parametrize("query", [{"payments": "true"}, {"writer": "true"}])
def test_a_region_without_what_payments_need_takes_none(payment_home, query):
    fail(payment_home.client, "GetItem", ReadTimeoutError(endpoint_url="https://dynamodb.test"))
    status, said = ready(payment_home, query)
    assert (status, said["takes_payments"]) == (503, False)


def test_what_payments_need_answers_in_a_passive_region_too(payment_peer):
    assert ready(payment_peer, {"payments": "true"})[0] == 200


def test_a_region_without_its_table_is_not_whole(payment_home):
    fail(payment_home.client, "GetItem", ReadTimeoutError(endpoint_url="https://dynamodb.test"))
    status, said = ready(payment_home)
    assert (status, said["ready"], said["checks"]) == (503, False, {"table": "away", "database": "ok", "keys": "ok"})
    assert (said["writer"], said["epoch"], said["may_write"]) == (None, None, False)
    assert payment_home.lines()[-1]["level"] == "ERROR"


def test_a_region_whose_writer_item_says_nothing_is_healthy_and_does_not_write(payment_home):
    payment_home.client.put_item(
        TableName=payment_home.table,
        Item={"pk": {"S": "control#writer"}, "region": {"S": HOME}, "epoch": {"S": "1"}},
    )
    status, said = ready(payment_home)
    assert (status, said["ready"], said["may_write"], said["writer"]) == (200, True, False, None)
    assert said["writer_malformed"] == "control#writer: its epoch is not a whole number from 0 on"
    assert ready(payment_home, {"writer": "true"})[0] == 503


def test_a_region_without_its_database_is_not_whole(payment_home, database):
    database(free_port())
    status, said = ready(payment_home)
    assert (status, said["checks"]) == (503, {"table": "ok", "database": "away", "keys": "ok"})
    assert said["may_write"]


@pytest.mark.parametrize(("letter", "status"), [(b"S", 200), (b"N", 200), (b"H", 503), (b"", 503)])
def test_only_postgresql_answers_like_this(payment_home, database, letter, status):
    with listener(lambda _: letter) as (port, heard):
        database(port)
        assert ready(payment_home)[0] == status
    assert heard == [b"\x00\x00\x00\x08\x04\xd2\x16\x2f"]


def test_a_real_postgresql_answers(payment_home, database, postgres: TestServer):
    database(postgres.server.port)
    assert ready(payment_home)[0] == 200


def test_a_database_that_says_nothing_is_not_waited_for(payment_home, database):
    readiness = payment_home.modules.readiness
    with listener(lambda _: None) as (port, _):
        database(port)
        began = time.monotonic()
        assert not readiness.database_answers(HOST, port, 0.1)
        assert time.monotonic() - began < 1


def test_a_region_without_the_key_of_the_hashes_is_not_whole(payment_home, monkeypatch):
    """A new environment could not take a payment."""
    monkeypatch.setattr(payment_home.modules.handler.payments, "hashes", world.hashes(payment_home.modules, silent_kms))
    status, said = ready(payment_home)
    assert (status, said["checks"]) == (503, {"table": "ok", "database": "ok", "keys": "away"})


def silent_kms():
    raise ConnectionError("no answer from KMS")


def test_a_look_that_takes_too_long_is_a_no(payment_home, monkeypatch):
    """Route 53 waits two seconds; what comes later is not an answer."""
    readiness, ended = payment_home.modules.readiness, threading.Event()
    monkeypatch.setattr(readiness, "SECONDS", 0.1)
    monkeypatch.setattr(readiness, "database_answers", lambda *_: ended.wait(10))
    status, said = ready(payment_home)
    ended.set()
    assert (status, said["checks"]["database"]) == (503, "away")
    assert readiness.DATABASE_SECONDS < 1.5 < 2.0


def test_table_and_database_are_asked_at_once(payment_home, monkeypatch):
    """Each waits for the other: one after the other they would not come through."""
    meeting = threading.Barrier(2)
    monkeypatch.setattr(payment_home.modules.readiness, "database_answers", lambda *_: meeting.wait(5) >= 0)
    payment_home.client.meta.events.register("before-call.dynamodb.GetItem", lambda **_: print(meeting.wait(5)))
    assert ready(payment_home)[0] == 200


def test_a_defect_is_not_taken_for_an_absence(payment_home):
    fail(payment_home.client, "GetItem", KeyError("defect"))
    assert payment_home("GET", "/health/ready").body["code"] == "internal"


def test_health_is_not_logged_while_all_is_well(payment_home):
    ready(payment_home)
    payment_home("GET", "/health")
    assert payment_home.lines() == []


def test_nothing_is_made_before_it_is_needed_outside_of_lambda(payment_home, monkeypatch):
    """The package is checked by an import without a region."""
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    loaded = world.functions.load("disaster_recovery", "payment")
    assert loaded.handler.payments.table._client is None
    assert payment_home.modules.handler.payments.table._client is not None

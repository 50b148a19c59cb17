"""Whatever is away - the database, the bucket, the time -, the caller is told so in time, and nothing happens twice."""

import json
import socket
import threading
import time
from types import SimpleNamespace

import pytest
from pg8000.exceptions import DatabaseError

from lib.local_cloud.names import HOST
from lib.local_cloud.servers.process import free_port
from lib.payment.users import USERS
from tests.support import payment as support


@pytest.fixture
def database(api, monkeypatch):
    """The API's database, whose environment a test may change; the connection is a new one."""
    found = api.modules.handler.database
    found.close()
    monkeypatch.setattr(found, "_environ", dict(found._environ))
    yield found
    found.close()


def test_without_the_database_the_caller_is_told_to_come_again(api, database, lines, metrics):
    """Soon: no caller waits for a failover. The log knows the cause."""
    database._environ["DB_PORT"] = str(free_port())
    handler = api.modules.handler
    began = time.monotonic()
    answer = api("POST", "/payments", support.payment(), key="key", seconds=handler.MARGIN_SECONDS + 0.3)
    assert time.monotonic() - began < handler.MARGIN_SECONDS
    assert (answer.status, answer.body["code"]) == (503, "database_unavailable")
    assert answer.headers["retry-after"] == "2"
    (line,) = lines()
    assert (line["level"], line["cause"]) == (
        "ERROR",
        "no answer from the database within 0 s (ConnectionRefusedError)",
    )
    assert metrics() == {"Refused": 1}


def test_the_caller_does_not_wait_as_long_as_the_function_could(api, database, monkeypatch):
    """Patience is limited, however much time there is."""
    database._environ["DB_PORT"] = str(free_port())
    monkeypatch.setattr(api.modules.handler, "PATIENCE_SECONDS", 0.2)
    began = time.monotonic()
    assert api("GET", "/payments/pay_bcdfghjklmnpqrstvwxyzbcdfghj", seconds=20).status == 503
    assert time.monotonic() - began < 5


def test_a_silent_database_is_given_up_before_the_function_is_killed(api, database, monkeypatch):
    """It accepts and says nothing."""
    monkeypatch.setattr(database, "_answer_seconds", 0.2)
    monkeypatch.setattr(api.modules.handler, "MARGIN_SECONDS", 3.0)
    with socket.create_server((HOST, 0)) as silent:
        database._environ["DB_PORT"] = str(silent.getsockname()[1])
        began = time.monotonic()
        answer = api("POST", "/payments", support.payment(), key="key", seconds=3.3)
        assert time.monotonic() - began < 3.3
    assert (answer.status, answer.body["code"]) == (503, "database_unavailable")


def test_the_time_for_the_database_is_what_the_rest_does_not_need(api):
    """The record with its look at what is there, then its row, then the line in the log."""
    handler, aws = api.modules.handler, api.modules.aws
    needed = aws.LONGEST_SECONDS + aws.READ_SECONDS + handler.ANSWER_SECONDS
    assert needed < handler.MARGIN_SECONDS < 15
    assert aws.LONGEST_SECONDS >= 8 * aws.CONNECT_SECONDS + aws.READ_SECONDS


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_without_time_nothing_is_begun(api, sql, lines, seconds):
    answer = api("POST", "/payments", support.payment(), key="key", seconds=seconds)
    assert (answer.status, answer.body["code"]) == (503, "timeout")
    assert answer.headers["retry-after"] == "2"
    assert sql.run("SELECT count(*) FROM payments") == [[0]]
    assert [line["code"] for line in lines()] == ["timeout"]


def test_time_that_runs_out_between_two_statements_is_noticed(api, monkeypatch):
    """The second one is not begun."""
    api.pay("key")
    run, handler = api.modules.handler.database.run, api.modules.handler

    def slowly(*arguments, **options):
        time.sleep(0.1)
        return run(*arguments, **options)

    monkeypatch.setattr(handler.database, "run", slowly)
    monkeypatch.setattr(handler, "PATIENCE_SECONDS", 0.1)
    assert api.pay("key").body["code"] == "timeout"


def test_without_credentials_there_is_no_database(api, database, lines, monkeypatch):
    """Nothing can be signed with, and the next request may find some."""
    session = SimpleNamespace(get_credentials=lambda: None, region_name="r")
    monkeypatch.setattr(api.modules.aws, "_session", lambda: session)
    answer = api("POST", "/payments", support.payment(), key="key", seconds=api.modules.handler.MARGIN_SECONDS + 0.1)
    assert answer.body["code"] == "database_unavailable"
    assert "(ConnectionError)" in lines()[0]["cause"]


def test_a_refused_token_is_told_in_the_log_alone(api, database, lines, monkeypatch):
    """What to look at, without the token."""
    database._environ["DB_USER"] = "nobody"
    monkeypatch.setattr(database, "_token", lambda *_address: "token-of-mine")
    answer = api("POST", "/payments", support.payment(), key="key", seconds=api.modules.handler.MARGIN_SECONDS + 0.1)
    assert answer.body["code"] == "database_unavailable"
    assert "the token is refused" in lines()[0]["cause"]
    assert "token" not in answer.text
    assert "token-of-mine" not in json.dumps(lines())


def test_an_error_of_the_service_itself_has_no_details(api, sql, lines, metrics, monkeypatch):
    """Such as a table that is not there: the log says where, the caller gets an id to name."""
    monkeypatch.setattr(api.modules.sql, "CAPTURE", "SELECT CAST(:key AS text) FROM nowhere")
    answer = api.pay("key")
    assert (answer.status, answer.body["code"]) == (500, "internal")
    assert answer.body["request_id"] == lines()[0]["request_id"]
    assert "nowhere" not in answer.text
    assert lines()[0]["cause"] == f"{DatabaseError.__name__} 42P01"
    assert metrics() == {"Refused": 1}
    del sql


def test_data_that_the_database_refuses_is_an_error_of_the_service(api, sql, bucket, lines, monkeypatch):
    """Such as entries that do not balance: nothing is stored or recorded, and the log has the database's code."""
    broken = api.modules.sql.CAPTURE.replace("('sales', -1)", "('sales', -2)")
    monkeypatch.setattr(api.modules.sql, "CAPTURE", broken)
    assert api.pay("key").body["code"] == "internal"
    assert lines()[0]["cause"] == "DataRejected 23514"
    assert support.everything(sql).count("[]") == len(support.TABLES)
    assert bucket.calls == []  # a record is written after the commit, or never


@pytest.fixture
def breaks(api, monkeypatch):
    """Makes the connection break after statements that hold a text: committed, but not answered."""
    database = api.modules.handler.database
    once = database._once

    def after(text, times=1):
        left = [times]

        def run(statement, parameters):
            rows = once(statement, parameters)
            if text in statement and left[0]:
                left[0] -= 1
                raise ConnectionResetError
            return rows

        monkeypatch.setattr(database, "_once", run)

    return after


def test_a_payment_whose_answer_was_lost_is_the_same_payment(api, sql, breaks, metrics, bucket):
    """It is sent again, found, and recognised as its own: captured, not replayed."""
    breaks("INTO payments")
    answer = api.pay("key")
    assert answer.status == 201
    assert "idempotent-replayed" not in answer.headers
    assert sql.run("SELECT id FROM payments") == [[answer.body["id"]]]
    assert len(bucket.objects) == 1
    assert metrics() == {"PaymentsCreated": 1, "AuditWritten": 1}


def test_a_refund_whose_answer_was_lost_is_the_same_refund(api, sql, breaks, metrics, bucket):
    payment_id = api.pay("key").body["id"]
    metrics()
    breaks("INTO refunds")
    answer = api.refund(payment_id, "refund", "2.50")
    assert answer.status == 201
    assert "idempotent-replayed" not in answer.headers
    assert sql.run("SELECT id, amount FROM refunds") == [[answer.body["id"], 250]]
    assert len(bucket.objects) == 2
    assert metrics() == {"Refunds": 1, "AuditWritten": 1}


def test_a_killed_connection_is_made_again(api, server):
    """The caller notices nothing."""
    api.pay("key")
    with server.administrator() as superuser:
        killed = superuser.run(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE usename = :user",
            user=USERS["api"],
        )
    assert killed[0][0] >= 1
    assert api.pay("other").status == 201


@pytest.mark.parametrize("fate", ["network", "refused", "answer lost"])
def test_a_bucket_that_fails_fails_no_payment(api, sql, bucket, lines, metrics, fate):
    """The record waits in the outbox, as it is, and the log says why."""
    rolls = {"network": 0.1, "refused": 0.4, "answer lost": 0.9}
    bucket.failing, bucket.chance = 1.0, SimpleNamespace(random=lambda: rolls[fate])
    answer = api.pay("key")
    assert answer.status == 201
    ((key, body),) = sql.run("SELECT object_key, body FROM audit_outbox")
    assert answer.body["id"] in key
    assert json.loads(body)["payment_id"] == answer.body["id"]
    warning = lines()[0]
    assert (warning["level"], warning["key"]) == ("WARNING", key)
    assert warning["cause"] == {"network": "EndpointConnectionError", "refused": "SlowDown"}.get(fate, "InternalError")
    assert metrics() == {"PaymentsCreated": 1}


def test_a_bucket_that_failed_is_left_alone_for_a_while(api, bucket, sql):
    """So that its failure does not slow down one request after the other; then it is tried again."""
    bucket.failing, bucket.chance = 1.0, SimpleNamespace(random=lambda: 0.1)
    for number in range(3):
        assert api.pay(f"key-{number}").status == 201
    assert len(bucket.calls) == 1
    bucket.failing = 0.0
    api.modules.handler.outbox.resting = time.monotonic()
    api.pay("later")
    assert len(bucket.objects) == 1
    assert sql.run("SELECT count(*) FROM audit_outbox") == [[3]]


def test_without_time_the_record_waits(api, bucket, sql):
    """The payment was made in the last moment; a write that is cut off would only cost the answer."""
    handler, committed = api.modules.handler, api.modules.handler.payments.capture

    def slowly(*arguments):
        outcome = committed(*arguments)
        time.sleep(0.6)
        return outcome

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handler.payments, "capture", slowly)
        patch.setattr(handler, "MARGIN_SECONDS", api.modules.outbox.SECONDS + 0.01)
        answer = api("POST", "/payments", support.payment(), key="key", seconds=api.modules.outbox.SECONDS + 0.5)
    assert answer.status == 201
    assert bucket.calls == []
    assert sql.run("SELECT count(*) FROM audit_outbox") == [[1]]


def test_another_record_under_the_key_is_an_alarm_and_no_failure(api, bucket, sql, lines, metrics, monkeypatch):
    """Somebody was there first: the payment stands, the record waits, the metric rings."""
    put = bucket.put_object

    def late(**call):
        bucket.objects.setdefault(call["Key"], b"forged")
        put(**call)

    monkeypatch.setattr(bucket, "put_object", late)
    assert api.pay("key").status == 201
    assert sql.run("SELECT count(*) FROM audit_outbox") == [[1]]
    assert metrics() == {"PaymentsCreated": 1, "AuditMismatch": 1}
    assert next((line["level"], line["message"]) for line in lines()) == (
        "ERROR",
        "another audit record is in the bucket",
    )
    assert api.pay("other").status == 201
    assert len(bucket.calls) == 2  # the bucket works, so it is not left alone


def test_a_row_that_cannot_be_removed_is_left_to_the_drain(api, sql, breaks, bucket):
    """The database went away after the commit: the answer is the same."""
    breaks("DELETE", times=1)
    assert api.pay("key").status == 201
    assert len(bucket.objects) == 1
    assert sql.run("SELECT count(*) FROM audit_outbox") in ([[0]], [[1]])  # the deletion itself came through


def test_the_database_stops_and_starts_between_two_requests(api, server, monkeypatch):
    """Within the function's patience; how long a start takes here is not the question."""
    monkeypatch.setattr(api.modules.handler, "PATIENCE_SECONDS", 60.0)
    api.pay("key")
    server.stop()
    starting = threading.Timer(0.3, server.start)
    starting.start()
    try:
        assert api("POST", "/payments", support.payment(), key="other", seconds=90.0).status == 201
    finally:
        starting.join()

"""A locked row, a slow disk or a migration that comes meanwhile: callers are told soon, and nothing stays behind."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
CALLERS = 8


def until(condition, seconds):
    """Return when something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def impatient(another, monkeypatch):
    """Makes environments of the function that give up soon."""

    def make():
        api = another()
        monkeypatch.setattr(api.modules.handler, "PATIENCE_SECONDS", 1.5)
        monkeypatch.setattr(api.modules.handler.database, "_answer_seconds", 0.6)
        return api

    return make


def test_one_locked_payment_takes_no_connection_for_long(api, impatient, sql, server):
    """Refunds of it are refused for now; soon after the callers have left, no backend waits for the lock."""
    payment_id = api.pay("key").body["id"]
    environments = [impatient() for _ in range(CALLERS)]
    sql.run("START TRANSACTION")
    sql.run("SELECT FROM payments WHERE id = :id FOR UPDATE", id=payment_id)
    try:
        with ThreadPoolExecutor(CALLERS) as pool:
            asked = [pool.submit(each.refund, payment_id, f"key-{n}", "1.00") for n, each in enumerate(environments)]
            answers = [each.result(20) for each in asked]
        assert {(answer.status, answer.body["code"]) for answer in answers} == {(503, "database_unavailable")}
        until(lambda: sql.run(WAITING) == [[0]], 0.6)  # the server's limits for a lock and a statement are below that
    finally:
        sql.run("COMMIT")
    assert sql.run("SELECT refunded FROM payments") == [[0]]
    assert environments[0].refund(payment_id, "key-0", "1.00").status == 201
    del server


def test_a_warm_function_survives_a_migration(api, sql):
    """What its prepared statement returns has another type now, which PostgreSQL refuses once."""
    payment_id = api.pay("key").body["id"]
    before = api("GET", f"/payments/{payment_id}").body
    sql.run("ALTER TABLE payments ALTER payment_method TYPE varchar(300)")
    try:
        began = time.monotonic()
        answer = api("GET", f"/payments/{payment_id}")
        assert (answer.status, answer.body) == (200, before)
        assert time.monotonic() - began < 1
    finally:
        sql.run("ALTER TABLE payments ALTER payment_method TYPE text")

"""Requests at the same moment: one payment for a key, refunds never more than the payment, the same answers."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support import payment as support

KEY = "the key"


@pytest.fixture
def pool():
    """Runs what has to wait."""
    with ThreadPoolExecutor() as made:
        yield made


@pytest.fixture
def other(server, sql):
    """Another function, in the middle of a transaction."""
    del sql
    with support.connect(server) as connection:
        connection.run("START TRANSACTION")
        yield connection


def wait_until_blocked(connection):
    """Return when another session waits for a lock."""
    deadline = time.monotonic() + 10
    while not connection.run("SELECT FROM pg_locks WHERE NOT granted"):
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.005)


def claim(api, connection, key="key"):
    """Make the transaction of a request with this key up to its commit, and return the answer it would give."""
    modules = api.modules
    run, closed = modules.handler.database.run, []

    def through(statement, *, seconds, **parameters):
        del seconds
        return connection.run(statement, **parameters)

    modules.handler.database.run = through
    try:
        once = modules.handler.payments.once(key, f"api-key:{support.API_KEY}")
        outcome = modules.handler.payments.capture(support.payment(), once, modules.payments.Deadline(10))
    finally:
        modules.handler.database.run = run
    assert not closed
    return outcome.response.body


def test_the_second_waits_for_the_first_and_gets_its_answer(api, another, other, pool, sql):
    first = claim(another(), other)
    second = pool.submit(api.pay, "key")
    wait_until_blocked(other)
    other.run("COMMIT")
    assert second.result(10).text == first
    assert sql.run("SELECT count(*) FROM payments") == [[1]]


def test_the_second_takes_over_when_the_first_gives_up(api, another, other, pool, sql):
    """It died before its commit."""
    first = claim(another(), other)
    second = pool.submit(api.pay, "key")
    wait_until_blocked(other)
    other.run("ROLLBACK")
    answer = second.result(10)
    assert answer.status == 201
    assert answer.text != first
    assert sql.run("SELECT id FROM payments") == [[answer.body["id"]]]


def test_another_request_with_the_key_is_a_conflict_when_the_first_is_done(api, another, other, pool):
    claim(another(), other)
    second = pool.submit(api.pay, "key", amount="99.00")
    wait_until_blocked(other)
    other.run("COMMIT")
    assert second.result(10).body["code"] == "idempotency_conflict"


def together(pool, count, call):
    """Return what calls give that begin at the same moment."""
    barrier = threading.Barrier(count)

    def one(number):
        barrier.wait(10)
        return call(number)

    return [running.result(30) for running in [pool.submit(one, number) for number in range(count)]]


def test_many_with_one_key_make_one_payment(another, pool, sql):
    apis = [another() for _ in range(6)]
    for key in ("a", "b", "c"):
        answers = together(pool, 6, lambda number, key=key: apis[number].pay(key))
        assert len({answer.text for answer in answers}) == 1
        assert {answer.status for answer in answers} == {201}
    assert sql.run("SELECT count(*), (SELECT count(*) FROM ledger_entries) FROM payments") == [[3, 6]]


def test_many_refunds_give_back_no_more_than_there_is(another, pool, sql, bucket):
    """Ten of 3.00 from 12.50: four pass; the records are one chain nevertheless."""
    apis = [another() for _ in range(5)]
    payment_id = apis[0].pay("key").body["id"]
    answers = together(
        pool, 5, lambda number: [apis[number].refund(payment_id, f"{number}-{each}", "3.00") for each in range(2)]
    )
    statuses = sorted(answer.status for pair in answers for answer in pair)
    assert statuses == [201] * 4 + [409] * 6
    ((refunded, sequence, digest),) = sql.run("SELECT refunded, audit_sequence, audit_hash FROM payments")
    assert (refunded, sequence) == (1200, 5)
    audit = apis[0].modules.audit
    assert audit.verify_chain(bucket.objects.values(), audit.Head(sequence, digest)) == []
    assert sql.run("SELECT sum(amount) FROM ledger_entries") == [[0]]


def test_the_same_refund_many_times_at_once_is_one_refund(another, pool, sql):
    apis = [another() for _ in range(5)]
    payment_id = apis[0].pay("key").body["id"]
    answers = together(pool, 5, lambda number: apis[number].refund(payment_id, "refund", "2.50"))
    assert len({answer.text for answer in answers}) == 1
    assert sql.run("SELECT refunded FROM payments") == [[250]]


def test_one_key_for_refunds_of_two_payments_serves_one(another, pool, sql):
    apis = [another() for _ in range(2)]
    paid = [apis[0].pay(f"key {number}".replace(" ", "")).body["id"] for number in range(2)]
    answers = together(pool, 2, lambda number: apis[number].refund(paid[number], "refund", "2.50"))
    assert sorted(answer.status for answer in answers) == [201, 409]
    assert sql.run("SELECT sum(refunded) FROM payments") == [[250]]

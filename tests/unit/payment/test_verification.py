"""Audit records that are not what they were are told by the next run or by a report."""

import pytest

from tests.support.payment import tamper

WHOLE = {"whole": 0, "broken": {}, "unread": 0}


def test_few_chains_are_verified_in_each_run(run, drain, waiting, monkeypatch):
    monkeypatch.setattr(drain.handler, "VERIFIED", 2)
    waiting(4, refund="")
    report = run()
    assert (report["written"], report["chains"]["whole"]) == (4, 2)


@pytest.fixture
def sampling(drain, sql, monkeypatch):
    """The real number, which other tests do without; what they left of their rows is no part of the table."""
    monkeypatch.setattr(drain.handler, "SAMPLED", 5)
    sql.run("VACUUM payments")


@pytest.mark.usefixtures("sampling")
def test_what_was_changed_although_nothing_waited_is_told(run, api, bucket, metrics):
    """The API wrote all records itself, as it does nearly always; then one was taken away."""
    made = sorted(api.pay(f"key-{number}").body["id"] for number in range(4))
    assert run()["chains"] == {**WHOLE, "whole": 4}
    metrics()
    del bucket.objects[min(bucket.objects)]
    chains = run()["chains"]
    assert (chains["whole"], list(chains["broken"])) == (3, made[:1])
    assert metrics()["AuditMismatch"] == 1


@pytest.mark.usefixtures("sampling")
def test_a_few_chains_in_each_run_are_enough(run, api):
    for number in range(8):
        api.pay(f"key-{number}")
    assert run()["chains"] == {**WHOLE, "whole": 5}


@pytest.mark.usefixtures("sampling")
def test_no_chain_is_verified_twice_in_a_run(run, waiting):
    """The sample may hold those that were written to."""
    waiting(3)
    assert run()["chains"] == {**WHOLE, "whole": 3}


@pytest.mark.usefixtures("sampling")
def test_the_age_of_a_payment_keeps_it_from_no_verification(run, api, sql, bucket):
    """A chain that is years old is verified, and reported when it is broken."""
    made = [api.pay(f"key-{number}").body["id"] for number in range(3)]
    tamper(sql, "UPDATE payments SET created_at = created_at - interval '2000 days'")
    bucket.objects.clear()
    assert sorted(run()["chains"]["broken"]) == sorted(made)


def test_a_large_table_is_not_read_for_the_sample(drain, sql):
    """A few pages of it, whatever its size: here a tenth, in a table of the same name that hides the real one."""
    sql.run("CREATE TEMPORARY TABLE payments (LIKE payments INCLUDING DEFAULTS INCLUDING GENERATED)")
    sql.run(
        "INSERT INTO payments (id, currency, amount, payment_method, created_at, audit_sequence, audit_hash) "
        "SELECT 'pay_' || n, 'EUR', 1, 'tok_12345678', now(), 1, repeat('0', 64) FROM generate_series(1, 20000) n"
    )
    explained = sql.run("EXPLAIN (ANALYZE, FORMAT JSON) " + drain.handler.SAMPLE.replace(":most", "20"))
    sql.run("DROP TABLE pg_temp.payments")
    plan = explained[0][0][0]["Plan"]
    while "Plans" in plan:
        plan = plan["Plans"][0]
    assert plan["Node Type"] == "Sample Scan"
    assert 0 < plan["Actual Rows"] < 10_000


def test_a_report_verifies_the_latest_or_those_that_are_named(run, api, bucket, metrics):
    made = [api.pay(f"key-{number}").body["id"] for number in range(4)]
    made.sort()  # two of one millisecond are in any order
    del bucket.objects[min(bucket.objects)]  # the first payment's only record
    metrics()
    assert run({"action": "report", "latest": 2})["chains"] == {**WHOLE, "whole": 2}
    chains = run({"action": "report"})["chains"]
    assert (chains["whole"], list(chains["broken"])) == (3, [made[0]])
    assert metrics()["AuditMismatch"] == 1
    named = run({"action": "report", "payments": [made[1], "pay_nobody"]})["chains"]
    assert named == {"whole": 1, "unread": 0, "broken": {"pay_nobody": ["there is no such payment"]}}


def test_what_waits_is_not_missing(run, waiting, sql):
    """It was committed with its change."""
    (payment_id,) = waiting(1)
    assert run({"action": "report"})["chains"] == {**WHOLE, "whole": 1}
    sql.run("DELETE FROM audit_outbox WHERE object_key LIKE '%000002.json'")
    assert list(run({"action": "report"})["chains"]["broken"]) == [payment_id]


def test_a_change_during_the_look_is_looked_at_again(run, drain, api, monkeypatch):
    """The second record came between the row and the bucket."""
    payment_id = api.pay("key").body["id"]
    keys, once = drain.handler.trail.keys, [payment_id]

    def late(prefix):
        if once:
            api.refund(once.pop(), "refund", "1.00")
        return keys(prefix)

    monkeypatch.setattr(drain.handler.trail, "keys", late)
    assert run({"action": "report"})["chains"] == {**WHOLE, "whole": 1}


def test_a_forged_record_is_told(run, api, bucket, drain_lines):
    """Its own hash made right does not help it."""
    payment_id = api.pay("key").body["id"]
    key = next(iter(bucket.objects))
    other = api.modules.audit.entry(
        api.modules.audit.NOTHING, payment_id=payment_id, created="2026", at="now", event="payment_captured", data={}
    )
    bucket.objects[key] = other.body.encode()
    assert list(run({"action": "report"})["chains"]["broken"]) == [payment_id]
    (line,) = [line for line in drain_lines() if line["level"] == "ERROR"]
    assert (line["message"], line["payment_id"]) == ("the audit trail is broken", payment_id)


def test_a_chain_that_cannot_be_read_is_counted_as_such(run, api, bucket):
    """Neither whole nor broken; nor are the next ones looked at while the bucket is away."""
    for number in range(3):
        api.pay(f"key-{number}")
    bucket.failing, bucket.gets = 1.0, 0
    assert run({"action": "report"})["chains"] == {**WHOLE, "unread": 3}
    assert bucket.gets == 1


def test_chains_for_which_there_is_no_time_are_counted_too(run, drain, api):
    api.pay("key")
    report = run({"action": "report"}, seconds=drain.handler.MARGIN_SECONDS)
    assert report["chains"] == {**WHOLE, "unread": 1}

"""The verification goes over everything in parts, and says what it finds until somebody acknowledges it."""

import json

import pytest

from tests.support.payment import answered, books, tamper

WHOLE = {"whole": 0, "broken": {}, "unreadable": {}, "unread": 0}
ACKNOWLEDGE = {"action": "acknowledge", "by": "ada", "reason": "a test"}


@pytest.fixture
def small(drain, monkeypatch):
    """Parts of few rows and records."""
    monkeypatch.setattr(drain.chains, "PAYMENTS", 2)
    monkeypatch.setattr(drain.chains, "RECORDS", 3)
    monkeypatch.setattr(drain.chains, "READERS", 1)
    monkeypatch.setattr(drain.books, "ROWS", 4)


@pytest.fixture
def verify(drain):
    """Runs the verification alone, with a clock that a test may give it."""

    def call(left=lambda: 30.0):
        return drain.verification.Verification(drain.handler.database, drain.handler.trail, left).run()

    return call


def again(sql):
    """Let the next run begin a pass."""
    sql.run("UPDATE audit_progress SET began_at = now() - interval '1 day'")


def test_a_run_goes_over_everything_and_rests(run, api, sql, bucket, metrics):
    """Until the pass is a day old; then it begins again."""
    for number in range(3):
        api.pay(f"key-{number}")
    metrics()
    assert run()["verified"] == 3
    found = metrics()
    assert (found["AuditVerified"], found["AuditPassSeconds"]) == (3, 0)
    bucket.gets = 0
    assert run()["verified"] == bucket.gets == 0
    again(sql)
    assert run()["verified"] == 3


def test_the_hours_of_a_pass_are_a_setting(run, api, sql, monkeypatch):
    api.pay("key")
    monkeypatch.setenv("AUDIT_PASS_HOURS", "2")
    assert run()["verified"] == 1
    sql.run("UPDATE audit_progress SET began_at = now() - interval '119 minutes'")
    assert run()["verified"] == 0
    sql.run("UPDATE audit_progress SET began_at = now() - interval '121 minutes'")
    assert run()["verified"] == 1


def test_the_age_is_that_of_the_last_pass_that_ended(run, verify, api, sql):
    """And of the first one's beginning while none has ended."""
    api.pay("key")
    sql.run("UPDATE audit_progress SET began_at = now() - interval '3 hours'")
    assert 10_800 <= verify(lambda: 0.0).age < 10_900
    assert run()["pass_seconds"] == 0
    sql.run("UPDATE audit_progress SET began_at = now(), finished_at = now() - interval '5 hours'")
    assert 18_000 <= run()["pass_seconds"] < 18_100


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("calls", [2, 3, 5])
def test_a_pass_of_many_runs_finds_what_one_run_does(server, api, bucket, sql, drain, verify, calls):
    """However short the runs are: here the time is over after some looks at the clock."""
    made = books.fill(api, bucket)
    for number in range(17):
        api.refund(made[1], f"more-{number}", "0.10")
    with books.superuser(server) as connection:
        connection.run("UPDATE refunds SET amount = 11 WHERE id = (SELECT max(id) FROM refunds WHERE amount = 10)")
    runs, verified = 0, 0
    while sql.run("SELECT finished_at IS NULL FROM audit_progress") == [[True]]:
        verified += verify(books.countdown(calls)).verified
        runs += 1
        assert runs < 200
    assert (verified, runs > 5) == (6, True)
    found = {
        (subject, what) for subject, what in sql.run("SELECT subject, what FROM audit_findings") if subject == made[1]
    }
    assert {(made[1], "amount differs in record 19"), (made[1], "refunded is not the sum of the refunds")} <= found
    del drain


@pytest.mark.usefixtures("small")
def test_a_long_chain_is_continued_where_it_was_left(api, bucket, sql, verify):
    """Its first records are not read again, whatever the run that comes next."""
    paid = api.pay("key", amount="900.00").body["id"]
    for number in range(20):
        api.refund(paid, f"refund-{number}", "0.10")
    bucket.gets, runs = 0, 0
    while sql.run("SELECT finished_at IS NULL FROM audit_progress") == [[True]]:
        before = bucket.gets
        verify(books.countdown(4))
        assert bucket.gets - before <= 4
        runs += 1
    assert bucket.gets == 21
    assert runs > 6


@pytest.mark.usefixtures("small")
def test_two_runs_at_once_are_one_pass(api, sql, drain, verify, monkeypatch):
    """Whoever comes second finds another position, and stops."""
    for number in range(6):
        api.pay(f"key-{number}")
    step, verified = drain.chains.Chains.step, []

    def meanwhile(self, *arguments):
        monkeypatch.setattr(drain.chains.Chains, "step", step)
        verified.append(verify().verified)
        return step(self, *arguments)

    monkeypatch.setattr(drain.chains.Chains, "step", meanwhile)
    assert verify().verified == 2
    assert verified == [6]
    assert sql.run("SELECT position FROM audit_progress") == [["{}"]]


@pytest.mark.parametrize(
    "position", ["", "[]", "{}", '{"phase": 9, "reached": null}', '{"reached": 1}', '{"reached": {}}']
)
def test_a_position_that_is_none_begins_again(run, api, sql, position):
    api.pay("key")
    sql.run("UPDATE audit_progress SET position = :position", position=position)
    assert run()["verified"] == 1


def test_a_finding_stays_until_it_is_acknowledged(run, api, sql, metrics):
    """In each run's figure, although the verification rests."""
    paid = sorted(api.pay(key).body["id"] for key in ("one", "two"))
    tamper(sql, "UPDATE payments SET caller = 'eve'")
    metrics()
    for _ in range(3):
        assert run()["mismatches"] == 2
        assert metrics()["AuditMismatch"] == 2
    shown = run({"action": "findings"})
    first, second = shown["findings"]
    assert shown["open"] == 2
    assert [(each["subject"], each["what"]) for each in (first, second)] == [
        (p, "caller differs in record 1") for p in paid
    ]
    assert first["details"] == "'eve' in the table, 'api-key:firstkey00' on the other side"
    ids = [first["id"], second["id"]]
    assert run({**ACKNOWLEDGE, "findings": ids[:1]}) == {"acknowledged": ids[:1], "open": 1}
    assert run({**ACKNOWLEDGE, "findings": [*ids, 0]}) == {"acknowledged": ids[1:], "open": 0}
    again(sql)
    assert run()["mismatches"] == 0  # the same as what was acknowledged
    tamper(sql, "UPDATE payments SET caller = 'mallory'")
    again(sql)
    assert run()["mismatches"] == 2


@pytest.mark.parametrize(
    "event",
    [
        {"findings": [1]},
        {**ACKNOWLEDGE},
        {**ACKNOWLEDGE, "findings": []},
        {**ACKNOWLEDGE, "findings": "all"},
        {**ACKNOWLEDGE, "findings": [True]},
        {**ACKNOWLEDGE, "findings": [1], "by": ""},
        {**ACKNOWLEDGE, "findings": [1], "reason": None},
    ],
)
def test_an_acknowledgement_says_what_who_and_why(run, event):
    with pytest.raises(ValueError, match='an acknowledgement has "findings"'):
        run({**event, "action": "acknowledge"})


def test_who_acknowledged_what_is_kept_and_logged(run, api, sql, drain_lines):
    api.pay("key")
    tamper(sql, "UPDATE payments SET reference = '4111 1111 1111 1111'")
    run()
    ((number,),) = sql.run("SELECT id FROM audit_findings ORDER BY id LIMIT 1")
    run({**ACKNOWLEDGE, "findings": [number]})
    row = sql.run("SELECT acknowledged_by, reason, acknowledged_at IS NULL FROM audit_findings ORDER BY id LIMIT 1")
    assert row == [["ada", "a test", False]]
    (line,) = [line for line in drain_lines() if line["message"] == "findings acknowledged"]
    assert (line["findings"], line["by"], line["reason"]) == ([number], "ada", "a test")
    assert "4111" not in json.dumps(drain_lines())  # values are in the table, and not in the log


@pytest.mark.parametrize("code", ["InvalidObjectState", "AccessDenied", "KMS.DisabledException"])
def test_one_object_that_cannot_be_read_keeps_nothing_from_its_verification(run, api, bucket, sql, metrics, code):
    """It is no mismatch, the others are verified, those of its own chain as well; and it may be readable later."""
    made = [api.pay(f"key-{number}").body["id"] for number in range(4)]
    for number in range(3):
        api.refund(made[1], f"refund-{number}", "1.00")
    third = sorted(key for key in bucket.objects if made[1] in key)[2]
    bucket.refused[third] = code
    tamper(sql, "UPDATE payments SET caller = 'eve' WHERE id = (SELECT max(id) FROM payments)")
    metrics()
    report = run()
    assert (report["verified"], report["unreadable"], report["mismatches"]) == (4, 1, 1)
    assert metrics()["AuditUnreadable"] == 1
    (finding,) = [found for found in run({"action": "findings"})["findings"] if found["kind"] == "unreadable"]
    assert (finding["subject"], finding["what"]) == (made[1], "record 3 cannot be read")
    assert finding["details"] == f"{third}: {code}"
    assert run({"action": "report", "payments": [made[1]]})["chains"]["unreadable"] == {made[1]: [f"{third}: {code}"]}
    tamper(sql, "UPDATE refunds SET reason = 'other' WHERE id = (SELECT max(id) FROM refunds)")
    bucket.refused.clear()
    again(sql)
    report = run()
    assert report["unreadable"] == 0
    assert report["mismatches"] > 1


def test_what_follows_an_unreadable_record_is_compared(run, api, bucket, sql):
    """With its own row; and what it follows is not known, which is no mismatch."""
    paid = api.pay("key").body["id"]
    for number in range(3):
        api.refund(paid, f"refund-{number}", "1.00")
    bucket.refused[min(bucket.objects)] = "AccessDenied"
    assert (run()["mismatches"], run()["unreadable"]) == (0, 1)
    tamper(sql, "UPDATE refunds SET amount = 99 WHERE id = (SELECT max(id) FROM refunds)")
    again(sql)
    run()
    found = {what for (what,) in sql.run("SELECT what FROM audit_findings WHERE kind = 'mismatch'")}
    assert "amount differs in record 4" in found


def test_a_bucket_that_is_away_is_left_alone(run, api, bucket, sql, drain_lines):
    """Nothing is found, and nothing is passed over; after some runs an object that never answers is."""
    for number in range(3):
        api.pay(f"key-{number}")
    bucket.failing = 1.0
    for _ in range(3):
        report = run()
        assert (report["verified"], report["unreadable"], report["mismatches"]) == (0, 0, 0)
    assert [line["cause"] for line in drain_lines() if "cause" in line] == ["EndpointConnectionError"] * 3
    report = run()
    assert (report["verified"], report["unreadable"]) == (3, 3)
    bucket.failing = 0.0
    assert run()["pass_seconds"] == 0
    again(sql)
    assert run()["unreadable"] == 0


def test_a_listing_that_fails_is_tried_again(run, api, bucket, sql):
    """By the next run, from the same place."""
    api.pay("key")

    def failing(**_call):
        raise answered("InternalError", 500)

    bucket.list_objects_v2, whole = failing, bucket.list_objects_v2
    assert [run()["verified"] for _ in range(2)] == [1, 0]
    assert sql.run("SELECT finished_at FROM audit_progress") == [[None]]
    bucket.list_objects_v2 = whole
    run()
    assert sql.run("SELECT finished_at FROM audit_progress") != [[None]]


def test_no_more_findings_are_kept_than_there_is_room_for(run, api, sql, drain, monkeypatch):
    """A table that was changed altogether must not fill the disk."""
    monkeypatch.setattr(drain.findings, "MOST", 1)
    monkeypatch.setattr(drain.findings, "LOGGED", 1)
    for number in range(3):
        api.pay(f"key-{number}")
    tamper(sql, "UPDATE payments SET caller = 'eve'")
    run()
    assert 1 <= run({"action": "findings"})["open"] <= 4


def test_findings_that_were_acknowledged_take_no_room_from_new_ones(run, api, sql, drain, monkeypatch):
    """However many there were in the life of the table: what is found next is kept."""
    monkeypatch.setattr(drain.findings, "MOST", 1)
    api.pay("key")
    tamper(sql, "UPDATE payments SET caller = 'eve'")
    run()
    ids = [found["id"] for found in run({"action": "findings"})["findings"]]
    assert run({"action": "acknowledge", "findings": ids, "by": "ada", "reason": "incident 42"})["open"] == 0
    tamper(sql, "UPDATE payments SET reference = 'another'")
    again(sql)
    run()
    assert run({"action": "findings"})["open"] > 0


def test_a_report_verifies_the_latest_or_those_that_are_named(run, api, bucket, sql, metrics):
    made = sorted(api.pay(f"key-{number}").body["id"] for number in range(4))
    api.refund(made[1], "refund", "1.00")
    del bucket.objects[min(bucket.objects)]  # the first payment's only record
    metrics()
    assert run({"action": "report", "latest": 2})["chains"] == {**WHOLE, "whole": 2}
    chains = run({"action": "report"})["chains"]
    assert (chains["whole"], chains["broken"]) == (3, {made[0]: ["record 1 is missing"]})
    named = run({"action": "report", "payments": [made[1], "pay_nobody"]})["chains"]
    assert named == {**WHOLE, "whole": 1, "broken": {"pay_nobody": ["there is no such payment"]}}
    assert sql.run("SELECT count(*) FROM audit_findings") == [[0]]
    assert "AuditMismatch" not in metrics()


def test_a_report_looks_at_postings_and_objects_too(run, api, bucket, sql):
    one, two = sorted(api.pay(key).body["id"] for key in ("one", "two"))
    api.refund(one, "refund", "1.00")
    refund = api("GET", f"/payments/{one}").body["refunds"][0]["id"]
    tamper(sql, f"DELETE FROM ledger_entries WHERE posting = '{refund}' AND account = 'refunds'")
    key = next(key for key in bucket.objects if two in key)
    bucket.objects[key.replace("000001", "000002")] = b"{}"
    broken = run({"action": "report"})["chains"]["broken"]
    assert broken.keys() == {one, two}
    assert "the posting to refunds is missing" in broken[one][0]
    assert broken[two] == ["it is no record of a payment"]


def test_a_report_that_has_no_time_or_no_bucket_says_so(run, drain, api, bucket):
    for number in range(3):
        api.pay(f"key-{number}")
    late = run({"action": "report"}, seconds=drain.handler.MARGIN_SECONDS)
    assert late["chains"] == {**WHOLE, "unread": 3}
    bucket.failing, bucket.gets = 1.0, 0
    assert run({"action": "report"})["chains"] == {**WHOLE, "unread": 3}
    assert bucket.gets == 1


@pytest.mark.usefixtures("small")
def test_a_report_ends_inside_a_long_chain(drain, api):
    """Which counts as unread."""
    paid = api.pay("key").body["id"]
    for number in range(5):
        api.refund(paid, f"refund-{number}", "0.10")
    handler = drain.handler
    verification = drain.verification.Verification(handler.database, handler.trail, books.countdown(4))
    assert verification.report([paid]) == {**WHOLE, "unread": 1}


def test_a_change_during_a_report_is_no_mismatch(run, drain, api, monkeypatch):
    """The second record came between the row and the bucket."""
    payment_id = api.pay("key").body["id"]
    read, once = drain.handler.trail.read, [payment_id]

    def late(key):
        if once:
            api.refund(once.pop(), "refund", "1.00")
        return read(key)

    monkeypatch.setattr(drain.handler.trail, "read", late)
    assert run({"action": "report"})["chains"] == {**WHOLE, "whole": 1}


def test_what_waits_is_not_missing(run, waiting, sql):
    """It was committed with its change."""
    (payment_id,) = waiting(1)
    assert run({"action": "report"})["chains"] == {**WHOLE, "whole": 1}
    sql.run("DELETE FROM audit_outbox WHERE object_key LIKE '%000002.json'")
    assert run({"action": "report"})["chains"]["broken"] == {payment_id: ["record 2 is missing"]}


def test_a_forged_number_of_records_is_not_followed_without_end(run, api, bucket, sql):
    api.pay("key")
    tamper(sql, "UPDATE payments SET audit_sequence = 2000000000")
    bucket.gets = 0
    assert run()["mismatches"] > 1
    assert bucket.gets < 500

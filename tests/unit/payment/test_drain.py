"""What waits in the outbox reaches the bucket in the end, whatever fails meanwhile."""

import json
import threading
import time
from types import SimpleNamespace

import pytest

from tests.support.payment import books

RESULT = {"failed": {}, "pending": 0, "oldest_seconds": 0.0, "pass_seconds": 0.0, "mismatches": 0, "unreadable": 0}


def test_what_waits_is_written_and_forgotten(run, waiting, sql, bucket, metrics):
    made = waiting(3)
    metrics()
    before = dict(map(tuple, sql.run("SELECT object_key, body FROM audit_outbox")))
    report = run()
    assert report == {**RESULT, "written": 6, "verified": 3}
    assert {key: body.decode() for key, body in bucket.objects.items()} == before
    assert {key.split("/")[4] for key in bucket.objects} == set(made)
    assert sql.run("SELECT count(*) FROM audit_outbox") == [[0]]
    assert metrics() == {
        "AuditWritten": 6,
        "AuditRefused": 0,
        "AuditMismatch": 0,
        "AuditUnreadable": 0,
        "AuditVerified": 3,
        "AuditPassSeconds": 0,
        "AuditPending": 0,
        "AuditOldestSeconds": 0,
    }


def test_nothing_waits(run, api, drain_lines):
    api.pay("key")
    assert run() == {**RESULT, "written": 0, "verified": 1}
    line = drain_lines()[-1]
    assert (line["level"], line["message"], line["pending"]) == ("INFO", "drain", 0)


def test_a_record_that_is_there_already_is_done(run, waiting, sql, bucket):
    """The function died between the bucket and the row; the same content is no conflict."""
    waiting(1, refund="")
    ((key, body),) = sql.run("SELECT object_key, body FROM audit_outbox")
    bucket.objects[key] = body.encode()
    assert run()["written"] == 1
    assert sql.run("SELECT count(*) FROM audit_outbox") == [[0]]


@pytest.mark.parametrize("place", [0, 1, 4])
def test_another_record_under_a_key_holds_nothing_back(
    run, drain, waiting, sql, bucket, metrics, drain_lines, monkeypatch, place
):
    """It stays in the outbox and is told; what comes after it in later batches is written."""
    monkeypatch.setattr(drain.delivery, "BATCH", 2)
    made = waiting(5, refund="")
    ((key,),) = sql.run(f"SELECT object_key FROM audit_outbox ORDER BY 1 OFFSET {place} LIMIT 1")
    bucket.objects[key] = b"forged"
    metrics()
    report = run()
    assert (report["written"], report["failed"], report["pending"]) == (4, {"conflict": 1}, 1)
    assert metrics()["AuditMismatch"] == report["mismatches"] == 1
    assert [(line["level"], line["key"]) for line in drain_lines() if "key" in line] == [("ERROR", key)]
    findings = {(found["subject"], found["what"]) for found in run({"action": "findings"})["findings"]}
    assert (key, "another object is in the bucket than the record that waits") in findings
    assert run({"action": "report", "payments": made})["chains"]["whole"] == 5  # what waits is what was committed


def test_records_that_are_refused_one_by_one_hold_nothing_back(run, drain, waiting, sql, bucket, metrics, monkeypatch):
    """Whole batches of them at the beginning; they stay in the outbox, and are counted by what S3 says."""
    monkeypatch.setattr(drain.delivery, "BATCH", 2)
    waiting(9, refund="")
    keys = [key for (key,) in sql.run("SELECT object_key FROM audit_outbox ORDER BY 1")]
    bucket.refused = dict.fromkeys(keys[:5], "AccessDenied")
    metrics()
    report = run()
    assert (report["written"], report["failed"], report["pending"]) == (4, {"AccessDenied": 5}, 5)
    assert metrics()["AuditRefused"] == 5
    assert sorted(bucket.objects) == keys[5:]
    bucket.refused.clear()
    assert (run()["written"], sorted(bucket.objects)) == (5, keys)


def test_a_long_row_of_refused_records_is_passed_in_several_runs(run, drain, waiting, sql, bucket, monkeypatch):
    """Each refusal costs a request: a run gives up, and the next one goes on behind them."""
    monkeypatch.setattr(drain.delivery, "BATCH", 1)
    monkeypatch.setattr(drain.delivery, "REFUSED", 3)
    waiting(10, refund="")
    keys = [key for (key,) in sql.run("SELECT object_key FROM audit_outbox ORDER BY 1")]
    bucket.refused = dict.fromkeys(keys[:8], "KMS.DisabledException")
    bucket.calls.clear()
    assert [run()["written"] for _ in range(3)] == [0, 0, 2]
    assert sorted(bucket.objects) == keys[8:]
    assert len(bucket.calls) <= 14
    bucket.refused.clear()
    assert sum(run()["written"] for _ in range(3)) == 8


def test_a_run_continues_where_the_last_one_had_no_more_time(drain, waiting, sql, bucket, monkeypatch):
    """So that records at the beginning which take all the time keep nobody else waiting."""
    monkeypatch.setattr(drain.delivery, "BATCH", 3)
    monkeypatch.setattr(drain.delivery, "WRITERS", 1)
    waiting(7, refund="")
    keys = [key for (key,) in sql.run("SELECT object_key FROM audit_outbox ORDER BY 1")]
    bucket.refused = {keys[0]: "AccessDenied"}
    written = []
    for _ in range(8):
        delivery = drain.delivery.Delivery(drain.handler.database, drain.handler.trail, books.countdown(5))
        delivery.run()
        written.append(delivery.written)
    assert sorted(bucket.objects) == keys[1:]
    assert max(written) <= 4
    drain.delivery.Delivery(drain.handler.database, drain.handler.trail, lambda: 0.0).run()


def test_a_bucket_that_is_away_is_left_alone(run, drain, waiting, bucket, monkeypatch):
    """After one batch; the next run tries again. The oldest one's age is told."""
    monkeypatch.setattr(drain.delivery, "BATCH", 2)
    waiting(6, refund="")
    bucket.failing, bucket.chance = 1.0, SimpleNamespace(random=lambda: 0.1)
    bucket.calls.clear()
    report = run()
    assert (report["written"], report["failed"]) == (0, {"EndpointConnectionError": 2})
    assert (len(bucket.calls), report["pending"]) == (2, 6)
    assert report["oldest_seconds"] >= 0
    bucket.failing = 0.0
    assert run()["written"] == 6


def test_a_bucket_that_fails_now_and_then_is_enough(run, waiting, sql, bucket):
    waiting(20)
    bucket.failing = 0.5
    for _ in range(30):
        if not run()["pending"]:
            break
    assert sql.run("SELECT count(*) FROM audit_outbox") == [[0]]
    assert len(bucket.objects) == 40


def test_it_ends_before_it_is_killed(run, drain, waiting):
    """No record is begun that may not come to its end, and half of the time is the verification's."""
    waiting(3, refund="")
    assert run(seconds=drain.handler.MARGIN_SECONDS)["written"] == 0
    assert run(seconds=drain.handler.MARGIN_SECONDS + 5)["written"] == 3
    assert 2 * drain.aws.LONGEST_SECONDS + 2 * drain.handler.ANSWER_SECONDS <= drain.handler.MARGIN_SECONDS < 25


def test_records_are_written_side_by_side(run, drain, waiting, bucket, monkeypatch):
    """As many as there are writers: they meet at a barrier, which one alone never passes."""
    waiting(drain.delivery.WRITERS, refund="")
    together = threading.Barrier(drain.delivery.WRITERS)
    put = bucket.put_object

    def meet(**call):
        together.wait(10)
        put(**call)

    monkeypatch.setattr(bucket, "put_object", meet)
    assert run()["written"] == drain.delivery.WRITERS


def test_two_at_the_same_time_write_each_record_once(drain, waiting, server, bucket, sql):
    """Nobody minds the other."""
    from tests.support import payment as support

    waiting(10)
    other = support.load(server, "drain")
    other.handler.trail = other.trail.Trail(lambda: bucket)
    together = threading.Barrier(2)

    def one(modules):
        together.wait(10)
        modules.delivery.Delivery(modules.handler.database, modules.handler.trail, lambda: 30.0).run()

    threads = [threading.Thread(target=one, args=(modules,)) for modules in (drain, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.handler.database.close()
    assert len(bucket.objects) == 20
    assert sql.run("SELECT count(*) FROM audit_outbox") == [[0]]


def test_without_the_database_the_run_fails(run, drain, waiting, monkeypatch, capsys):
    """As an error of the function, for which there is an alarm."""
    waiting(1)

    def away(*_arguments, **_options):
        raise drain.postgres.DatabaseUnavailable("no answer")

    monkeypatch.setattr(drain.handler.database, "run", away)
    with pytest.raises(drain.postgres.DatabaseUnavailable):
        run()
    del capsys


@pytest.mark.parametrize("action", ["drop", None, ""])
def test_an_unknown_action_is_refused(run, action):
    with pytest.raises(ValueError, match=r"is unknown: use one of report, findings, acknowledge, or none to drain\.$"):
        run({"action": action})


def test_the_log_of_a_run_is_its_report(run, waiting, drain_lines):
    began = time.time()
    waiting(1, refund="")
    report = run()
    line = drain_lines()[-1]
    assert {name: line[name] for name in report} == json.loads(json.dumps(report))
    assert time.time() - began < 60

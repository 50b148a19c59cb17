"""Payments are captured once and refunded up to their amount; each change has entries, a record and an answer."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.payment import API_KEY
from tests.support.payment import payment as sent

LEDGER = "SELECT posting, account, currency, amount FROM ledger_entries ORDER BY created_at, amount DESC"


def test_a_payment_is_captured(api, sql):
    """The answer, the row and the entries say the same."""
    answer = api.pay("key", reference="order 1", amount="12.5")
    assert answer.status == 201
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["location"] == f"payments/{answer.body['id']}"
    moment = answer.body.pop("created_at")
    assert datetime.now(UTC) - datetime.fromisoformat(moment) < timedelta(minutes=1)
    payment_id = answer.body.pop("id")
    assert re.fullmatch(r"pay_[a-z]{28}", payment_id)
    assert answer.body == {
        "status": "captured",
        "amount": "12.50",
        "currency": "EUR",
        "refunded": "0.00",
        "payment_method": "tok_visa_of_ada",
        "reference": "order 1",
        "refunds": [],
    }
    assert sql.run("SELECT id, amount, currency, refunded, status FROM payments") == [
        [payment_id, 1250, "EUR", 0, "captured"]
    ]
    assert sql.run(LEDGER) == [[payment_id, "processor", "EUR", 1250], [payment_id, "sales", "EUR", -1250]]


def test_a_payment_is_shown_as_it_was_answered(api):
    answer = api.pay("key")
    shown = api("GET", f"/payments/{answer.body['id']}")
    assert (shown.status, shown.body) == (200, answer.body)
    assert shown.body["reference"] is None


def test_the_record_of_a_payment_is_in_the_bucket_before_the_answer(api, bucket, sql, modules):
    """Under its day and its id; nothing is left in the outbox."""
    answer = api.pay("key")
    ((key, body),) = bucket.objects.items()
    day = answer.body["created_at"][:10].replace("-", "/")
    assert key == f"payments/{day}/{answer.body['id']}/000001.json"
    record = json.loads(body)
    assert (record["event"], record["at"]) == ("payment_captured", answer.body["created_at"])
    assert record["data"] == {
        "amount": "12.50",
        "currency": "EUR",
        "payment_method": "tok_visa_of_ada",
        "reference": None,
        "caller": f"api-key:{API_KEY}",
        "idempotency_key": modules.handler.payments.hashes.digest(f"api-key:{API_KEY}", "key").hex(),
    }
    assert sql.run("SELECT count(*) FROM audit_outbox") == [[0]]


def test_the_row_of_the_outbox_goes_without_waiting_for_the_disk(api):
    """For its own transaction only: the next payment waits again."""
    api.pay("key")
    database, statements = api.modules.handler.database, api.modules.sql
    assert "synchronous_commit" in statements.WRITTEN
    assert database.run("SHOW synchronous_commit", seconds=5) == [["on"]]


def test_the_same_request_again_gets_the_same_answer(api, sql, metrics):
    """To the byte, however its JSON is written, and nothing is stored a second time."""
    first = api.pay("key", amount="12.50")
    for body in (sent(), dict(reversed(sent().items())), json.dumps(sent(amount="12.5"), indent=4)):
        again = api("POST", "/payments", body, key="key")
        assert (again.status, again.text) == (first.status, first.text)
        assert again.headers == {**first.headers, "idempotent-replayed": "true"}
    assert sql.run("SELECT count(*) FROM payments") == [[1]]
    assert metrics() == {"PaymentsCreated": 1, "AuditWritten": 1, "PaymentsReplayed": 3}


def test_a_replay_is_the_first_answer_whatever_happened_since(api):
    first = api.pay("key")
    assert api.refund(first.body["id"], "other", "5.00").status == 201
    assert api.pay("key").text == first.text


@pytest.mark.parametrize(
    "change", [{"amount": "12.51"}, {"currency": "USD"}, {"payment_method": "tok_other_one"}, {"reference": "x"}]
)
def test_another_request_with_a_used_key_is_a_conflict(api, sql, change):
    api.pay("key")
    answer = api.pay("key", **change)
    assert (answer.status, answer.body["code"]) == (409, "idempotency_conflict")
    assert sql.run("SELECT count(*) FROM payments") == [[1]]


def test_a_key_is_used_for_one_operation_only(api):
    payment_id = api.pay("key").body["id"]
    assert api.refund(payment_id, "key", "12.50").body["code"] == "idempotency_conflict"
    assert api.refund(payment_id, "refund", "12.50").status == 201
    assert api.pay("refund").body["code"] == "idempotency_conflict"


def test_a_refusal_uses_no_key_up(api):
    """Nothing was done under it."""
    assert api.pay("key", currency="XXX").status == 422
    payment_id = api.pay("key").body["id"]
    assert api.refund(payment_id, "refund", "100.00").status == 409
    assert api.refund(payment_id, "refund", "1.00").status == 201


@pytest.mark.parametrize(
    ("currency", "amount", "minor"), [("JPY", "500", 500), ("KWD", "1.234", 1234), ("EUR", "0.01", 1)]
)
def test_each_currency_has_its_decimals(api, sql, currency, amount, minor):
    answer = api.pay("key", currency=currency, amount=amount)
    assert (answer.status, answer.body["amount"]) == (201, amount)
    assert api.refund(answer.body["id"], "refund", amount, currency).body["refunded"] == amount
    assert sql.run("SELECT amount, refunded, status FROM payments") == [[minor, minor, "refunded"]]


def test_a_payment_is_refunded_in_parts(api, sql, bucket, metrics):
    """Up to its amount and not beyond; each part is an answer, entries and a record."""
    payment_id = api.pay("key").body["id"]
    first = api.refund(payment_id, "one", "2.50", reason="duplicate")
    assert first.status == 201
    assert re.fullmatch(r"ref_[a-z]{28}", first.body.pop("id"))
    assert first.body.pop("created_at")
    assert first.body == {
        "payment_id": payment_id,
        "amount": "2.50",
        "currency": "EUR",
        "reason": "duplicate",
        "refunded": "2.50",
        "payment_status": "partially_refunded",
    }
    too_much = api.refund(payment_id, "two", "10.01")
    assert (too_much.status, too_much.body["code"]) == (409, "refund_too_large")
    assert too_much.body["detail"] == "10.00 EUR can be refunded."
    assert api.refund(payment_id, "three", "10.00").body["payment_status"] == "refunded"
    assert api.refund(payment_id, "four", "0.01").body["detail"] == "0.00 EUR can be refunded."
    shown = api("GET", f"/payments/{payment_id}").body
    assert (shown["status"], shown["refunded"]) == ("refunded", "12.50")
    assert [(part["amount"], part["reason"]) for part in shown["refunds"]] == [("2.50", "duplicate"), ("10.00", None)]
    assert [row[1:] for row in sql.run(LEDGER)] == [
        ["processor", "EUR", 1250],
        ["sales", "EUR", -1250],
        ["refunds", "EUR", 250],
        ["processor", "EUR", -250],
        ["refunds", "EUR", 1000],
        ["processor", "EUR", -1000],
    ]
    assert len(bucket.objects) == 3
    assert metrics() == {"PaymentsCreated": 1, "AuditWritten": 3, "Refunds": 2, "Refused": 2}


def test_the_records_of_a_payment_are_a_chain(api, bucket, sql):
    """Whose end stands in the payment's row."""
    payment_id = api.pay("key").body["id"]
    for number in range(3):
        api.refund(payment_id, f"refund {number}".replace(" ", ""), "1.00")
    ((sequence, digest),) = sql.run("SELECT audit_sequence, audit_hash FROM payments")
    audit = api.modules.audit
    assert audit.verify_chain(bucket.objects.values(), audit.Head(sequence, digest)) == []
    assert sequence == len(bucket.objects) == 4
    last = json.loads(bucket.objects[max(bucket.objects)])
    assert last["data"]["refunded"] == "3.00"
    assert len({key.rpartition("/")[0] for key in bucket.objects}) == 1


def test_the_same_refund_again_gets_the_same_answer(api, sql):
    payment_id = api.pay("key").body["id"]
    first = api.refund(payment_id, "refund", "2.50")
    api.refund(payment_id, "other", "1.00")
    again = api.refund(payment_id, "refund", "2.5")
    assert (again.status, again.text) == (first.status, first.text)
    assert again.headers["idempotent-replayed"] == "true"
    assert "location" not in again.headers
    assert sql.run("SELECT refunded FROM payments") == [[350]]


@pytest.mark.parametrize("change", [{"amount": "2.51"}, {"reason": "fraudulent"}])
def test_another_refund_with_a_used_key_is_a_conflict(api, change):
    payment_id = api.pay("key").body["id"]
    api.refund(payment_id, "refund", "2.50")
    answer = api.refund(payment_id, "refund", **{"amount": "2.50", **change})
    assert (answer.status, answer.body["code"]) == (409, "idempotency_conflict")
    other = api.pay("key2").body["id"]
    assert api.refund(other, "refund", "2.50").body["code"] == "idempotency_conflict"


def test_a_refund_is_in_the_payment_s_currency(api):
    payment_id = api.pay("key").body["id"]
    answer = api.refund(payment_id, "refund", "2.50", "USD")
    assert (answer.status, answer.body["code"], answer.body["detail"]) == (
        422,
        "currency_mismatch",
        "The payment is in EUR.",
    )


@pytest.mark.parametrize(
    "payment_id",
    ["pay_bcdfghjklmnpqrstvwxyzbcdfghj", "ref_bcdfghjklmnpqrstvwxyzbcdfghj", "pay_", "x", "", "%00", "pay_é"],
)
def test_a_payment_that_is_not_there_is_told(api, payment_id):
    """Whether the id could be one or not."""
    for answer in (api("GET", f"/payments/{payment_id}"), api.refund(payment_id, "key", "1.00")):
        assert (answer.status, answer.body["code"]) == (404, "payment_not_found")


def test_newer_payments_have_greater_ids_without_digits_and_vowels(api):
    made = [api.pay(f"key-{number}").body["id"] for number in range(5)]
    assert len(set(made)) == 5
    moments = [text[4:15] for text in made]
    assert moments == sorted(moments)
    assert not re.search(r"[0-9aeiou]", "".join(text.removeprefix("pay_") for text in made))


def test_the_processor_is_told_before_anything_is_recorded(api, sql, monkeypatch):
    """Once for each request and again for each repetition that is not known yet, always by the same name."""
    told: list[tuple[object, ...]] = []

    class Processor:
        def capture(self, money, payment_method, *, once):
            told.append(("capture", str(money), payment_method, once, sql.run("SELECT count(*) FROM payments")[0][0]))

        def refund(self, money, payment_id, *, once):
            told.append(("refund", str(money), payment_id, once, sql.run("SELECT count(*) FROM refunds")[0][0]))

    monkeypatch.setattr(api.modules.handler.payments, "processor", Processor())
    payment_id = api.pay("key").body["id"]
    api.pay("key")
    api.refund(payment_id, "refund", "1.00")
    api.refund(payment_id, "refund", "1.00")
    names = {call[3] for call in told}
    assert [(*call[:3], call[4]) for call in told] == [
        ("capture", "12.50", "tok_visa_of_ada", 0),
        ("capture", "12.50", "tok_visa_of_ada", 1),
        ("refund", "1.00", payment_id, 0),
    ]
    assert len(names) == 2
    assert "key" not in names


def test_each_request_has_one_line_in_the_log(api, lines):
    """Health checks only when somebody wants to know."""
    payment_id = api.pay("key").body["id"]
    api.pay("key")
    api.refund(payment_id, "refund", "1.00")
    api("GET", f"/payments/{payment_id}")
    api("GET", "/health")
    assert [(line["level"], line["message"], line["route"], line["status"]) for line in lines()] == [
        ("INFO", "captured", "/payments", 201),
        ("INFO", "replayed", "/payments", 201),
        ("INFO", "refunded", "/payments/{id}/refunds", 201),
        ("INFO", "shown", "/payments/{id}", 200),
    ]
    assert {line["payment_id"] for line in lines()} == {payment_id}
    assert all(line["request_id"] == "test" and line["ms"] >= 0 for line in lines())


def test_health_is_the_process(api, metrics):
    """It neither needs the database nor counts anything."""
    answer = api("GET", "/health", seconds=0.0)
    assert (answer.status, answer.body) == (200, {"status": "ok"})
    assert metrics() == {}

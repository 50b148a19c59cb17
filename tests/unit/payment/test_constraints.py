"""The tables refuse what no code path does: a change without its record, postings and key, and any other change."""

import re

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import identifier, literal

from tests.support import payment as support

HANGS_ON_THE_KEY = re.compile(r"FROM claimed\b")
NOTHING = "FROM (SELECT * FROM claimed LIMIT 0) AS claimed"
ENTRY = "INSERT INTO ledger_entries VALUES ('pay_x', '{}', '{}', {}, now())"


@pytest.fixture
def books(api, sql, bucket):
    """Two payments, one with a refund; the last record of each waits in the outbox. Returns their ids."""
    ids = [api.pay(key).body["id"] for key in ("one", "two")]
    bucket.failing = 1.0
    assert api.refund(ids[0], "refund", "2.50").status == 201
    ids.append(api.pay("three").body["id"])
    assert sql.run("SELECT count(*) FROM audit_outbox") == [[2]]
    return ids


def refused(sql, statement, code):
    """Run a statement, which has to be refused, and to leave everything as it is."""
    before = support.everything(sql)
    with pytest.raises(DatabaseError) as caught:
        sql.run(statement)
    assert (caught.value.args[0]["C"], support.everything(sql)) == (code, before)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        (ENTRY.format("sales", "EUR", 100), "23514"),
        (f"{ENTRY.format('sales', 'EUR', 100)}, ('pay_x', 'processor', 'EUR', -99, now())", "23514"),
        (f"{ENTRY.format('sales', 'EUR', 100)}, ('pay_x', 'processor', 'USD', -100, now())", "23514"),
        (f"{ENTRY.format('sales', 'EUR', 100)}, ('pay_y', 'processor', 'EUR', -100, now())", "23514"),
        (f"{ENTRY.format('sales', 'EUR', -100)}, ('pay_x', 'processor', 'EUR', 100, now())", "23514"),
        (ENTRY.format("sales", "EUR", 0), "23514"),
        (ENTRY.format("pocket", "EUR", 1), "23514"),
        ("UPDATE ledger_entries SET amount = amount * 2", "23001"),
        ("DELETE FROM ledger_entries", "23001"),
        ("TRUNCATE ledger_entries", "23001"),
        ("DELETE FROM refunds", "23001"),
        ("UPDATE refunds SET amount = 1", "23001"),
        ("UPDATE idempotency_keys SET body = ''", "23001"),
        ("DELETE FROM idempotency_keys", "23001"),
        ("UPDATE payments SET refunded = amount + 1", "23514"),
        ("UPDATE payments SET refunded = -1", "23514"),
        ("UPDATE payments SET refunded = 0", "23514"),
        ("UPDATE payments SET refunded = refunded", "23514"),
        ("UPDATE payments SET payment_method = '4111111111111111'", "23514"),
        ("UPDATE payments SET status = 'captured'", "428C9"),
        ("DELETE FROM payments", "23001"),
        ("TRUNCATE payments CASCADE", "23001"),
        ("UPDATE audit_outbox SET body = '{}'", "23001"),
        ("TRUNCATE audit_outbox", "23001"),
    ],
)
@pytest.mark.usefixtures("books")
def test_the_tables_refuse_what_must_not_be(sql, statement, code):
    """Whoever asks: entries that do not balance, changed entries, refunds beyond the payment."""
    refused(sql, statement, code)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", "'pay_other'"),
        ("caller", "'principal:eve'"),
        ("currency", "'USD'"),
        ("amount", "amount + 1"),
        ("payment_method", "'tok_of_somebody_else'"),
        ("reference", "'another'"),
        ("created_at", "created_at - interval '1 us'"),
        ("idempotency_key", "sha256('another')"),
        ("audit_sequence", "audit_sequence + 1"),
        ("audit_hash", "repeat('0', 64)"),
        ("refunded", "refunded + 1"),
    ],
)
def test_a_payment_is_changed_by_a_refund_only(books, sql, column, value):
    refused(sql, f"UPDATE payments SET {identifier(column)} = {value} WHERE id = {literal(books[1])}", "23514")


@pytest.mark.parametrize("hash_", ["audit_hash", "repeat('0', 64)"])
def test_the_sequence_grows_with_a_record_only(books, sql, hash_):
    """Neither with none nor with the one before."""
    refused(
        sql,
        f"UPDATE payments SET audit_sequence = audit_sequence + 1, audit_hash = {hash_} WHERE id = {literal(books[2])}",
        "23514",
    )


INVENTED = (
    "WITH paid AS (INSERT INTO payments (id, currency, amount, payment_method, created_at, audit_sequence, audit_hash) "
    "SELECT 'pay_invented', currency, amount, payment_method, created_at, 1, audit_hash FROM payments LIMIT 1), "
    "entered AS (INSERT INTO ledger_entries SELECT 'pay_invented', account, currency, amount, created_at "
    "FROM ledger_entries WHERE posting = (SELECT id FROM payments LIMIT 1)) "
    "INSERT INTO idempotency_keys SELECT sha256('new'), fingerprint, status, '{\"id\": \"pay_invented\"}', created_at "
    "FROM idempotency_keys LIMIT 1"
)
GIVEN_BACK = (
    "WITH refund AS (INSERT INTO refunds (id, payment_id, amount, created_at) "
    "SELECT 'ref_invented', id, 100, now() FROM payments LIMIT 1), "
    "entered AS (INSERT INTO ledger_entries "
    "VALUES ('ref_invented', 'refunds', 'EUR', 100, now()), ('ref_invented', 'processor', 'EUR', -100, now())) "
    "UPDATE payments SET refunded = refunded + 100 WHERE id = (SELECT id FROM payments LIMIT 1)"
)


@pytest.mark.parametrize(
    "statement",
    [
        INVENTED,
        GIVEN_BACK,
        (
            "INSERT INTO idempotency_keys SELECT sha256('new'), fingerprint, status, body, created_at "
            "FROM idempotency_keys LIMIT 1"
        ),
        "INSERT INTO idempotency_keys VALUES (sha256('new'), '', 201, '{\"id\": \"pay_nobody\"}', now())",
        "INSERT INTO audit_outbox VALUES ('payments/2026/01/01/pay_nobody/000001.json', '{\"hash\": \"0\"}', now())",
        (
            "INSERT INTO audit_outbox SELECT replace(object_key, '000001', '000002'), body, created_at "
            "FROM audit_outbox WHERE object_key LIKE '%000001.json'"
        ),
    ],
)
@pytest.mark.usefixtures("books")
def test_what_is_invented_is_refused(sql, statement):
    """However much of what belongs together is invented with it: the chain of records is not."""
    refused(sql, statement, "23514")


@pytest.mark.parametrize("name", ["CAPTURE", "REFUND"])
def test_no_part_of_a_statement_can_be_left_out(api, sql, modules, monkeypatch, name):
    """Each part in turn writes nothing; the last occurrence is the answer, and no part."""
    statement = getattr(modules.sql, name)
    parts = [match.span() for match in HANGS_ON_THE_KEY.finditer(statement)][:-1]
    assert len(parts) == {"CAPTURE": 3, "REFUND": 4}[name]
    paid = api.pay("paid").body["id"]
    before = support.everything(sql)
    for number, (first, last) in enumerate(parts):
        monkeypatch.setattr(modules.sql, name, statement[:first] + NOTHING + statement[last:])
        answer = api.pay(f"key-{number}") if name == "CAPTURE" else api.refund(paid, f"key-{number}", "1.00")
        assert (answer.status, answer.body["code"]) == (500, "internal")
        assert support.everything(sql) == before
    monkeypatch.setattr(modules.sql, name, statement)
    assert api.pay("key").status == api.refund(paid, "refund", "1.00").status == 201


def test_the_code_before_this_still_pays(api, sql, modules, monkeypatch):
    """While functions are replaced, and after a way back: it knows no key in a row."""
    for name in ("CAPTURE", "REFUND"):
        before = re.sub(r",\s+idempotency_key\)", ")", getattr(modules.sql, name))
        before = re.sub(r",\s+CAST\(:key AS bytea\) FROM claimed", " FROM claimed", before)
        assert len(before) < len(getattr(modules.sql, name)) - 30
        monkeypatch.setattr(modules.sql, name, before)
    paid = api.pay("key").body["id"]
    assert api.refund(paid, "refund", "1.00").status == 201
    assert sql.run("SELECT idempotency_key FROM payments UNION ALL SELECT idempotency_key FROM refunds") == [[None]] * 2


def test_a_record_that_is_in_the_bucket_leaves_the_outbox(books, sql):
    """Rows of the outbox may be removed, and nothing else may."""
    sql.run("DELETE FROM audit_outbox")
    assert len(books) == 3


def test_the_bucket_s_keys_are_the_same_in_the_database(sql, modules):
    for sequence in (1, 42, 999_999, 1_000_000):
        entry = modules.audit.entry(
            modules.audit.Head(sequence - 1, ""), payment_id="pay_b", created="2026-11-23", at="", event="", data={}
        )
        statement = "SELECT audit_object_key('pay_b', '2026-11-24T00:30:00+01:00', CAST(:sequence AS integer))"
        assert sql.run(statement, sequence=sequence) == [[entry.key]]

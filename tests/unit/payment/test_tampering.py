"""Whatever is changed behind the service's back, in a table or in the bucket, is found within one pass; nothing else.

Everything is done as a superuser for whom neither triggers nor foreign keys hold.
"""

import json
import random
import threading

import pytest

from tests.support import payment as support
from tests.support.payment import books as support_books


@pytest.fixture
def books(server, api, drain, bucket, sql):
    """Six payments with their refunds."""
    del sql
    support_books.fill(api, bucket)
    with support_books.superuser(server) as connection:
        made = support_books.Books(connection, drain, bucket)
        assert made.verify() == []
        yield made
        made.restore()


@pytest.mark.parametrize("table", support.TABLES)
def test_any_changed_column_of_any_row_is_found(books, table):
    tried = 0
    for name, kind in support_books.columns(books.connection, table).items():
        for change in support_books.changes(table, name, kind):
            for number in sorted({0, random.Random(f"{table}.{name}").randrange(len(books.rows(table)))}):
                changed = books.connection.run(
                    f"UPDATE {table} SET {name} = {change} "
                    f"WHERE ctid = '{books.rows(table)[number]}' AND {name} IS DISTINCT FROM {change} RETURNING 1"
                )
                assert bool(books.verify()) == bool(changed), f"{table}.{name} = {change}"
                tried += len(changed or ())
                books.restore()
    assert tried >= 3


@pytest.mark.parametrize("table", support.TABLES)
def test_any_removed_row_is_found(books, table):
    count = len(books.rows(table))
    for number in range(count):
        books.connection.run(f"DELETE FROM {table} WHERE ctid = '{books.rows(table)[number]}'")
        assert books.verify(), f"row {number} of {table}"
        books.restore()
    assert count >= 2


COPIES = {
    "a payment": "INSERT INTO payments (id, currency, amount, refunded, payment_method, created_at, audit_sequence, "
    "audit_hash) SELECT id || 'x', currency, amount, refunded, payment_method, created_at, audit_sequence, audit_hash "
    "FROM payments",
    "a refund": "INSERT INTO refunds SELECT id || 'x', payment_id, amount, reason, created_at FROM refunds",
    "a refund of nothing": "INSERT INTO refunds VALUES ('ref_x', 'pay_x', 1, NULL, now())",
    "postings that balance": "INSERT INTO ledger_entries SELECT posting || 'x', account, currency, amount, created_at "
    "FROM ledger_entries",
    "postings of nothing": "INSERT INTO ledger_entries VALUES ('', 'sales', 'EUR', 1, now())",
    "a third posting": "INSERT INTO ledger_entries SELECT posting, 'refunds', currency, amount, created_at "
    "FROM ledger_entries WHERE account = 'sales'",
    "a key": "INSERT INTO idempotency_keys SELECT sha256(key), fingerprint, status, body, created_at "
    "FROM idempotency_keys",
    "a key without an answer": "INSERT INTO idempotency_keys VALUES ('', '', 201, 'nothing', now())",
    "a key with an answer of JSON": "INSERT INTO idempotency_keys VALUES ('', '', 201, '[]', now())",
    "a record": "INSERT INTO audit_outbox SELECT replace(object_key, '.json', '9.json'), body, created_at "
    "FROM audit_outbox",
    "a record of nothing": "INSERT INTO audit_outbox VALUES ('x', 'x', now())",
}


@pytest.mark.parametrize("what", COPIES)
def test_any_added_row_is_found(books, what):
    books.connection.run(f"{COPIES[what]} LIMIT 1" if "SELECT" in COPIES[what] else COPIES[what])
    assert books.verify()


def test_a_refund_of_more_than_was_paid_is_found(books, api):
    """The books were made to say that nothing was refunded yet; then all of it is refunded once more."""
    ((paid, amount),) = books.connection.run(
        "SELECT id, amount FROM payments WHERE refunded > 0 AND currency = 'EUR' LIMIT 1"
    )
    books.connection.run(f"UPDATE payments SET refunded = 0 WHERE id = '{paid}'")
    assert api.refund(paid, "more", f"{amount / 100:.2f}").status == 201
    found = {(subject, what) for _, subject, what, _ in books.verify()}
    assert (paid, "refunded is not the sum of the refunds") in found
    assert (paid, "refunded differs in record 3") in found


def test_what_is_changed_everywhere_but_in_the_chain_is_found(books):
    """The payment, its postings and its key tell of twice the amount."""
    books.connection.run("UPDATE payments SET amount = amount * 2 WHERE currency = 'KWD'")
    books.connection.run("UPDATE ledger_entries SET amount = amount * 2 WHERE currency = 'KWD' AND posting LIKE 'pay%'")
    books.connection.run("UPDATE idempotency_keys SET body = replace(body, '\"1.250\"', '\"2.500\"')")
    assert "amount differs in record 1" in {what for _, _, what, _ in books.verify()}


def test_any_change_of_the_bucket_is_found(books, bucket):
    keys = sorted(bucket.objects)
    day = keys[0].rpartition("/")[0]
    for key in keys:
        for change in (
            b"",
            bucket.objects[key][:-1],
            bucket.objects[key].replace(b"0", b"1"),
            bucket.objects[keys[-1]],
        ):
            if bucket.objects[key] != change:
                bucket.objects[key] = change
                assert books.verify(), key
                books.restore()
        del bucket.objects[key]
        assert books.verify(), key
        books.restore()
    for key in (
        f"{day}/000009.json",
        f"{day}/1.json",
        f"{day}x/000001.json",
        "0",
        "z/\N{SNOWMAN}",
        f"{day}/000001.JSON",
    ):
        bucket.objects[key] = bucket.objects[keys[0]]
        assert [subject for _, subject, _, _ in books.verify()] == [key.encode("ascii", "backslashreplace").decode()]
        books.restore()


def forge(modules, chain, change, paid=None, event=None):
    """Return a chain of records, each changed, whose hashes are right."""
    head, forged = modules.audit.NOTHING, []
    for body in chain:
        record = json.loads(body)
        entry = modules.audit.entry(
            head,
            payment_id=paid or record["payment_id"],
            created="",
            at=record["at"],
            event=event or record["event"],
            data={**record["data"], **change(record)},
        )
        head = entry.head
        forged.append(entry.body.encode())
    return forged, head


@pytest.mark.parametrize(
    "change",
    [
        lambda record: {"amount": "0.01"},
        lambda record: {"amount": None},
        lambda record: {"currency": "XXX"},
        lambda record: {"refund_id": "\0"},
        lambda record: {"refund_id": "ref_x"},
        lambda record: {"idempotency_key": "0"},
        lambda record: {"idempotency_key": []},
        lambda record: {"idempotency_key": "00"},
        lambda record: {"more": "1"},
    ],
)
def test_a_forged_chain_is_found_by_its_content(books, modules, bucket, change):
    """Its hashes are right, and the row's is that of its end: somebody could write to both sides."""
    paid = next(key for key in sorted(bucket.objects) if key.endswith("000003.json")).split("/")[4]
    keys = sorted(key for key in bucket.objects if paid in key)
    forged, head = forge(modules, [bucket.objects[key] for key in keys], change)
    bucket.objects.update(zip(keys, forged, strict=True))
    books.connection.run(f"UPDATE payments SET audit_hash = '{head.hash}' WHERE id = '{paid}'")
    found = books.verify()
    assert {subject for _, subject, _, _ in found} == {paid}
    assert not any("chain" in what or "written" in what for _, _, what, _ in found)


@pytest.mark.parametrize(
    ("others", "what"),
    [
        ({"paid": "pay_other"}, "record 1 is of another payment"),
        ({"event": "payment_made"}, "record 1 is of no event that is known"),
    ],
)
def test_a_chain_of_something_else_is_found(books, modules, bucket, others, what):
    """With a row that was made to suit it."""
    key = min(bucket.objects)
    forged, head = forge(modules, [bucket.objects[key]], lambda record: {}, **others)
    bucket.objects[key] = forged[0]
    books.connection.run(f"UPDATE payments SET audit_hash = '{head.hash}' WHERE id = '{key.split('/')[4]}'")
    assert [found for _, _, found, _ in books.verify()] == [what]


def test_rows_and_records_of_earlier_versions_are_whole(books, bucket, modules):
    """They have neither a caller nor a key, and keys were stored as they came."""
    for paid, count in books.connection.run("SELECT id, audit_sequence FROM payments"):
        chain = sorted(key for key in bucket.objects if paid in key)
        if len(chain) < count:
            continue
        head, bodies = modules.audit.NOTHING, []
        for key in chain:
            record = json.loads(bucket.objects[key])
            data = {name: each for name, each in record["data"].items() if name not in ("caller", "idempotency_key")}
            entry = modules.audit.entry(
                head, payment_id=paid, created="", at=record["at"], event=record["event"], data=data
            )
            head = entry.head
            bodies.append(entry.body.encode())
        bucket.objects.update(zip(chain, bodies, strict=True))
        for statement in (
            f"UPDATE payments SET caller = NULL, audit_hash = '{head.hash}' WHERE id = '{paid}'",
            f"UPDATE payments SET idempotency_key = NULL WHERE id = '{paid}'",
            f"UPDATE refunds SET idempotency_key = NULL WHERE payment_id = '{paid}'",
            f"UPDATE idempotency_keys SET key = sha256(key) WHERE body LIKE '%{paid}%'",
        ):
            books.connection.run(statement)
    assert books.connection.run("SELECT count(*) FROM payments WHERE caller IS NULL") == [[3]]
    assert books.verify() == []


def test_nothing_is_found_while_callers_pay(books, another, drain, monkeypatch):
    """They pay and refund meanwhile, some of one payment, and the drain takes rows away."""
    monkeypatch.setattr(drain.chains, "PAYMENTS", 10)
    monkeypatch.setattr(drain.chains, "RECORDS", 20)
    monkeypatch.setattr(drain.books, "ROWS", 50)
    apis = [another() for _ in range(2)]
    shared = apis[0].pay("shared", amount="900.00").body["id"]
    answers = []

    def call(number):
        for count in range(60):
            paid = apis[number].pay(f"{number}-{count}").body["id"]
            answers.extend(apis[number].refund(each, f"{number}-{each}-{count}", "0.01") for each in (paid, shared))

    threads = [threading.Thread(target=call, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    passes = 0
    while any(thread.is_alive() for thread in threads):
        drain.delivery.Delivery(drain.handler.database, drain.handler.trail, lambda: 5.0).run()
        assert books.verify() == []
        passes += 1
    for thread in threads:
        thread.join()
    assert passes >= 2
    assert [answer.status for answer in answers] == [201] * 240
    assert books.verify() == []

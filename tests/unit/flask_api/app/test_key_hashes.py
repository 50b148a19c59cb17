"""No idempotency key is stored, an order is placed once all the same, and tasks of before and after agree on that."""

import hashlib
import hmac
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from moto import mock_aws

from lib.common import region
from lib.flask_api.app import ids, key_hashes
from lib.flask_api.app.database import DatabaseUnavailable
from lib.flask_api.app.key_hashes import KeyHashes, Rehash
from tests.support import flask_api
from tests.support.database import TestServer

# pylint: disable=redefined-outer-name

MIGRATIONS = Path(__file__).resolve().parents[4] / "lambda" / "flask_api" / "database" / "migrations"
KEY = "4111-1111-1111-1111"
FIVE = "SELECT outcome, answer FROM place_order(%s, %s, ''::bytea, %s::uuid[], '{1}')"
SIX = """SELECT outcome, answer FROM place_order(%s, %s, ''::bytea, %s::uuid[], '{1}', '{"EUR": 2}')"""


# ---- the key


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """KMS in memory; two keys."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", region.primary({}))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("kms")
        made = [client.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC") for _ in range(2)]
        yield [each["KeyMetadata"]["Arn"] for each in made]


def test_all_processes_have_the_same_hashes(kms: list[str]) -> None:
    """With the key of the environment, and others with another one."""
    one, again, other = (KeyHashes(arn).digest(KEY) for arn in (kms[0], kms[0], kms[1]))
    assert one == again
    assert len({one, other, KeyHashes("").digest(KEY), hashlib.sha256(KEY.encode()).digest()}) == 4
    assert len(one) == 32


def test_kms_is_asked_once(kms: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A call costs milliseconds and money."""
    hashes = KeyHashes(kms[0])
    hashes.prepare()  # by the process, before it takes requests
    first = KeyHashes(kms[0]).digest("a")
    monkeypatch.setattr(hashes, "_mac", None)
    assert (hashes.digest("a"), len({hashes.digest(str(number)) for number in range(9)})) == (first, 9)


def test_without_kms_it_is_tried_again_the_next_time(
    kms: list[str], lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process may start while KMS is away; the log says why."""
    hashes = KeyHashes(kms[0].replace(kms[0][-12:], "0" * 12))
    hashes.prepare()
    with pytest.raises(DatabaseUnavailable, match="cannot be had"):
        hashes.digest(KEY)
    assert [(line["logger"], line["reason"]) for line in lines()] == [("shop.key_hashes", "NotFoundException")] * 2
    monkeypatch.setattr(hashes, "_arn", kms[0])
    assert hashes.digest(KEY) == KeyHashes(kms[0]).digest(KEY)


def test_while_one_asks_the_others_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would have a thread each."""
    hashes, asked, go = KeyHashes("arn"), threading.Event(), threading.Event()

    def slow() -> bytes:
        asked.set()
        go.wait(5)
        return b"key"

    monkeypatch.setattr(hashes, "_mac", slow)
    thread = threading.Thread(target=hashes.digest, args=("a",))
    thread.start()
    asked.wait(5)
    with pytest.raises(DatabaseUnavailable, match="not there yet"):
        hashes.digest("a")
    go.set()
    thread.join()
    assert hashes.digest("a") == hmac.digest(b"key", b"a", "sha256")


def test_an_order_waits_for_the_key(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with Retry-After, and nothing is ordered; products are sold to nobody, and shown to all."""
    cup = api.product()
    hashes = api.app.extensions["shop"].hashes
    monkeypatch.setattr(hashes, "_key", b"")
    monkeypatch.setattr(hashes, "_mac", lambda: (_ for _ in ()).throw(DatabaseUnavailable("no key")))
    answer = api.order((cup, 1))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert api.stock(cup) == 10


# ---- the orders


@pytest.fixture
def transition(sql: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    """The database on the day after the migration."""
    sql.execute("INSERT INTO key_transition (salt) VALUES (sha256('salt'))")
    yield sql
    sql.execute("DELETE FROM key_transition")


@pytest.fixture
def rehash(app: Any) -> Rehash:
    """What hashes clear keys, of the application."""
    found: Rehash = app.extensions["shop"].rehash
    return found


def old(sql: psycopg.Connection[Any], statement: str, key: str, product: str) -> tuple[str, str]:
    """Place an order as a task of before does."""
    ((outcome, answer),) = sql.execute(statement, (ids.new(), key, [product])).fetchall()
    return outcome, answer


def stored(sql: psycopg.Connection[Any]) -> list[tuple[bool, bool, bool]]:
    """Return for each order whether it has a clear key, a hash, and a hash for tasks of before."""
    columns = ", ".join(f"{name} IS NOT NULL" for name in ("idempotency_key", "key_hash", "transition_hash"))
    return sql.execute(f"SELECT {columns} FROM orders ORDER BY id").fetchall()


def test_the_key_is_nowhere_in_the_database(api: Any, sql: psycopg.Connection[Any]) -> None:
    """Nor a plain hash of it, which could be found by trying all card numbers."""
    api.order((api.product(), 1), key=KEY)
    row = sql.execute("SELECT o.*::text FROM orders o").fetchone()
    plain = [hash_of(KEY.encode()).hexdigest() for hash_of in (hashlib.sha256, hashlib.sha1, hashlib.md5)]
    assert row is not None
    assert not [text for text in (KEY, *plain) if text in str(row)]
    assert stored(sql) == [(False, True, False)]


@pytest.mark.parametrize("statement", [FIVE, SIX])
def test_an_order_of_before_is_not_placed_again(
    api: Any, transition: psycopg.Connection[Any], rehash: Rehash, statement: str
) -> None:
    """Neither by a task of after while its key is clear, nor by any when it is hashed."""
    cup = api.product()
    outcome, answer = old(transition, statement, KEY, cup)
    transition.execute("UPDATE orders SET fingerprint = %s", (fingerprint(cup),))
    assert outcome == "placed"
    assert api.order((cup, 1), key=KEY).text == answer
    assert stored(transition) == [(True, False, True)]
    assert not rehash.portion()
    assert stored(transition) == [(False, True, True)]
    assert api.order((cup, 1), key=KEY).text == answer
    assert old(transition, statement, KEY, cup)[0] == "key reused"  # known; the test's fingerprint is another one
    assert api.stock(cup) == 9


def fingerprint(product: str) -> bytes:
    """Return the application's fingerprint of an order of one."""
    return hashlib.sha256(f"{product} 1".encode()).digest()


@pytest.mark.parametrize("statement", [FIVE, SIX])
def test_an_order_of_after_is_known_to_tasks_of_before(
    api: Any, transition: psycopg.Connection[Any], statement: str
) -> None:
    """A rolling deployment sends a repeated request to either, and a rollback to those of before."""
    cup = api.product()
    placed = api.order((cup, 1), key=KEY)
    transition.execute("UPDATE orders SET fingerprint = ''")
    assert old(transition, statement, KEY, cup) == ("repeated", placed.text)
    assert api.stock(cup) == 9


def test_after_a_day_the_second_hash_is_of_no_use(
    api: Any, transition: psycopg.Connection[Any], rehash: Rehash
) -> None:
    """Its salt is gone, and further orders have none; a task of before that comes back keeps working by itself."""
    cup = api.product(stock=100)
    api.order((cup, 1), key="first")
    transition.execute("UPDATE key_transition SET ends = now() - interval '1 second'")
    rehash.portion()
    assert transition.execute("SELECT count(*) FROM key_transition").fetchall() == [(0,)]
    api.order((cup, 1), key="second")
    for outcome in ("placed", "repeated"):
        assert old(transition, SIX, "third", cup)[0] == outcome
    assert stored(transition) == [(False, True, True), (False, True, False), (True, False, False)]
    rehash.portion()
    assert stored(transition)[-1] == (False, True, False)


def test_keys_are_hashed_in_portions(
    api: Any, sql: psycopg.Connection[Any], rehash: Rehash, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No statement holds the locks of a million rows."""
    monkeypatch.setattr(key_hashes, "PORTION", 2)
    cup = api.product(stock=100)
    for number in range(3):
        old(sql, SIX, str(number), cup)
    assert [rehash.portion() for _ in range(3)] == [True, False, False]
    assert stored(sql) == [(False, True, False)] * 3


def test_clear_keys_are_looked_for_again_and_again(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks of before may still write some; while the database is away it waits; and it ends with the process."""
    monkeypatch.setattr(key_hashes, "PAUSE_SECONDS", 0.01)
    shop = app.extensions["shop"]
    background, outcomes = Rehash(shop.database, shop.hashes), iter([True, DatabaseUnavailable("away"), False])
    calls: list[float] = []

    def portion() -> bool:
        calls.append(time.monotonic())
        outcome = next(outcomes, False)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(background, "portion", portion)
    background.start()
    flask_api.until(lambda: len(calls) > 4)
    background.stop()
    count = len(calls)
    time.sleep(0.05)
    assert len(calls) == count


@pytest.mark.parametrize(("age", "salts"), [("1 hour", 1), ("1 second", 0)])
def test_a_new_database_has_no_transition(postgres: TestServer, age: str, salts: int) -> None:
    """No task of before knows it."""
    with flask_api.connect(postgres.server) as sql:
        sql.execute("CREATE SCHEMA younger; SET search_path = younger")
        try:
            sql.execute("CREATE TABLE schema_migrations (name text, applied_at timestamptz)")
            sql.execute("INSERT INTO schema_migrations VALUES ('0001_shop.sql', now() - %s::interval)", (age,))
            for path in sorted(MIGRATIONS.glob("000[123]_*.sql")):
                sql.execute(path.read_text(encoding="utf-8").encode())
            found = sql.execute(
                "SELECT length(salt), ends > now() + interval '23 hours' FROM key_transition"
            ).fetchall()
            assert found == [(32, True)] * salts
        finally:
            sql.execute("DROP SCHEMA younger CASCADE")

"""The database function migrates once and reports to the cent; the tables themselves refuse what must not be."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from lib.local_cloud.names import HOST
from tests.support import payment as support

FRESH = "payment_fresh"
MIGRATIONS = ["0001_payments.sql"]


@pytest.fixture
def fresh(server):
    """A connection to a database in which nothing has been made."""
    server.provide(support.USER, support.PASSWORD, FRESH)
    with Connection(support.USER, password=support.PASSWORD, host=HOST, port=server.port, database=FRESH) as connection:
        yield connection
    with server.administrator() as superuser:
        superuser.run(f"DROP DATABASE {FRESH} WITH (FORCE)")


@pytest.fixture
def load(fresh, server, tmp_path):
    """Loads the function, each time another instance of it, on the fresh database."""
    del fresh
    made = []

    def instance():
        modules = support.load(server, "database")
        modules.handler.database._environ = support.environ(server) | {"DB_NAME": FRESH}
        modules.migrate.FOLDER = tmp_path
        made.append(modules)
        return modules

    yield instance
    for modules in made:
        modules.handler.database.close()


def migrate(modules):
    """Ask the function to migrate."""
    return modules.handler.handler({"action": "migrate", "tf": {"action": "create"}}, None)["applied"]


def test_migrations_are_applied_once_in_the_order_of_their_names(load, tmp_path, fresh):
    """By this instance or another one; a new file is applied alone."""
    for number in (3, 1, 2):
        text = f"CREATE TABLE t{number} AS SELECT {f'* FROM t{number - 1}' if number > 1 else 1}"
        (tmp_path / f"000{number}.sql").write_text(text)
    assert migrate(load()) == ["0001.sql", "0002.sql", "0003.sql"]
    (tmp_path / "0004_o'clock.sql").write_text("CREATE TABLE t4 AS SELECT 'it''s {0} :name %s $$'::text AS t")
    modules = load()
    assert migrate(modules) == ["0004_o'clock.sql"]
    assert migrate(modules) == []
    assert fresh.run("SELECT t FROM t4") == [["it's {0} :name %s $$"]]


def test_an_edited_migration_is_refused(load, tmp_path, fresh):
    """What was applied stays as it is; nothing after it is applied."""
    (tmp_path / "0001.sql").write_text("CREATE TABLE one (a int)")
    migrate(load())
    (tmp_path / "0001.sql").write_text("CREATE TABLE one (b int)")
    (tmp_path / "0002.sql").write_text("CREATE TABLE two (a int)")
    modules = load()
    with pytest.raises(modules.migrate.MigrationChanged, match=r"^0001\.sql differs from what was applied: restore it"):
        migrate(modules)
    assert fresh.run("SELECT to_regclass('two')") == [[None]]


def test_a_migration_that_fails_leaves_nothing_behind(load, tmp_path, fresh):
    (tmp_path / "0001.sql").write_text("CREATE TABLE one (a int); SELECT nothing FROM nowhere")
    with pytest.raises(DatabaseError, match="42P01"):
        migrate(load())
    assert fresh.run("SELECT to_regclass('one'), (SELECT count(*) FROM schema_migrations)") == [[None, 0]]


def test_two_that_begin_at_the_same_time_apply_it_once(load, tmp_path, fresh):
    """On a database in which even the list of migrations is missing."""
    (tmp_path / "0001.sql").write_text("CREATE TABLE numbers (n int); INSERT INTO numbers VALUES (1)")
    instances = [load() for _ in range(4)]
    together = threading.Barrier(len(instances))

    def run(modules):
        together.wait(10)
        migrate(modules)

    with ThreadPoolExecutor(len(instances)) as pool:
        list(pool.map(run, instances))
    assert fresh.run("SELECT n FROM numbers") == [[1]]


def test_the_own_migrations_make_the_tables(server, fresh):
    """From nothing."""
    modules = support.load(server, "database")
    modules.handler.database._environ = support.environ(server) | {"DB_NAME": FRESH}
    assert migrate(modules) == MIGRATIONS
    modules.handler.database.close()
    found = fresh.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert {name for (name,) in found} == {*support.TABLES, "schema_migrations"}


def report(admin):
    """Ask the function for its report."""
    return admin.handler.handler({"action": "report"}, None)


def test_a_report_on_nothing_is_of_zeros(admin, sql):
    del sql
    assert report(admin) == {
        "payments": [],
        "ledger": {},
        "refunds": 0,
        "idempotency_records": 0,
        "outbox": {"pending": 0, "oldest_seconds": 0.0},
        "migrations": MIGRATIONS,
    }


def test_a_report_counts_and_adds_up(admin, api, bucket):
    """By status and currency, in units; the ledger balances; what waits is counted."""
    for number, (currency, amount) in enumerate([("EUR", "12.50"), ("EUR", "0.01"), ("JPY", "500"), ("KWD", "1.234")]):
        payment_id = api.pay(f"key-{number}", currency=currency, amount=amount).body["id"]
        if number in (0, 2):
            api.refund(payment_id, f"refund-{number}", "2.50" if currency == "EUR" else "500", currency)
    bucket.failing = 1.0
    api.pay("last")
    found = report(admin)
    assert found["payments"] == [
        {"status": "captured", "currency": "EUR", "count": 2, "amount": "12.51", "refunded": "0.00"},
        {"status": "captured", "currency": "KWD", "count": 1, "amount": "1.234", "refunded": "0.000"},
        {"status": "partially_refunded", "currency": "EUR", "count": 1, "amount": "12.50", "refunded": "2.50"},
        {"status": "refunded", "currency": "JPY", "count": 1, "amount": "500", "refunded": "500"},
    ]
    assert found["ledger"] == {
        "EUR": {"entries": 8, "balance": "0.00", "processor": "22.51"},
        "JPY": {"entries": 4, "balance": "0", "processor": "0"},
        "KWD": {"entries": 2, "balance": "0.000", "processor": "1.234"},
    }
    assert (found["refunds"], found["idempotency_records"], found["outbox"]["pending"]) == (2, 7, 1)
    assert found["outbox"]["oldest_seconds"] >= 0


def test_the_age_is_that_of_the_oldest(admin, sql):
    sql.run("INSERT INTO audit_outbox VALUES ('b', '{}', now() - interval '1 hour'), ('a', '{}', now())")
    assert 3600 <= report(admin)["outbox"]["oldest_seconds"] < 3700


@pytest.mark.parametrize("event", [{}, {"action": "drop"}, {"action": None}])
def test_an_unknown_action_is_refused(admin, event):
    """The message says which there are."""
    with pytest.raises(ValueError, match=r"^action .* is unknown: use 'migrate' or 'report'\.$"):
        admin.handler.handler(event, None)


ENTRY = "INSERT INTO ledger_entries VALUES ('pay_x', '{}', '{}', {}, now())"


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        (ENTRY.format("sales", "EUR", 100), "23514"),
        (f"{ENTRY.format('sales', 'EUR', 100)}, ('pay_x', 'processor', 'EUR', -99, now())", "23514"),
        (f"{ENTRY.format('sales', 'EUR', 100)}, ('pay_x', 'processor', 'USD', -100, now())", "23514"),
        (f"{ENTRY.format('sales', 'EUR', 100)}, ('pay_y', 'processor', 'EUR', -100, now())", "23514"),
        (ENTRY.format("sales", "EUR", 0), "23514"),
        (ENTRY.format("pocket", "EUR", 1), "23514"),
        ("UPDATE ledger_entries SET amount = amount * 2", "23001"),
        ("DELETE FROM ledger_entries", "23001"),
        ("TRUNCATE ledger_entries", "23001"),
        ("DELETE FROM refunds", "23001"),
        ("UPDATE idempotency_keys SET body = ''", "23001"),
        ("DELETE FROM idempotency_keys", "23001"),
        ("UPDATE payments SET refunded = amount + 1", "23514"),
        ("UPDATE payments SET refunded = -1", "23514"),
        ("UPDATE payments SET payment_method = '4111111111111111'", "23514"),
        ("UPDATE payments SET status = 'captured'", "428C9"),
        ("DELETE FROM payments", "23503"),
    ],
)
def test_the_tables_refuse_what_must_not_be(api, sql, statement, code):
    """Whoever asks: entries that do not balance, changed entries, refunds beyond the payment."""
    payment_id = api.pay("key").body["id"]
    api.refund(payment_id, "refund", "2.50")
    before = support.everything(sql)
    with pytest.raises(DatabaseError) as caught:
        sql.run(statement)
    assert caught.value.args[0]["C"] == code
    assert support.everything(sql) == before


def test_the_tables_take_what_balances(sql):
    """So that the test above cannot pass by refusing everything."""
    sql.run(f"{ENTRY.format('sales', 'EUR', 100)}, ('pay_x', 'processor', 'EUR', -100, now())")
    assert sql.run("SELECT count(*), sum(amount) FROM ledger_entries") == [[2, 0]]

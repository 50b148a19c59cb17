"""The database function migrates once and reports to the cent; the tables themselves refuse what must not be."""

import pytest
from pg8000.native import Connection

from lib.local_cloud.names import HOST
from tests.support import payment as support
from tests.support.functions import Context

FRESH = "payment_fresh"
MIGRATIONS = ["0001_payments.sql", "0002_callers.sql", "0003_audit.sql", "0004_roles.sql", "0005_plans.sql"]


@pytest.fixture
def fresh(server):
    """A connection to a database in which nothing has been made."""
    server.provide(support.USER, support.PASSWORD, FRESH)
    with Connection(support.USER, password=support.PASSWORD, host=HOST, port=server.port, database=FRESH) as connection:
        yield connection
    with server.administrator() as superuser:
        superuser.run(f"DROP DATABASE {FRESH} WITH (FORCE)")


def migrate(modules):
    """Ask the function to migrate."""
    return modules.handler.handler({"action": "migrate", "tf": {"action": "create"}}, Context())["applied"]


def test_the_own_migrations_make_the_tables(server, fresh):
    """From nothing."""
    modules = support.load(server, "database")
    modules.handler.database._environ = support.environ(server) | {"DB_NAME": FRESH}
    assert migrate(modules) == MIGRATIONS
    modules.handler.database.close()
    found = fresh.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert {name for (name,) in found} == {*support.TABLES, "audit_progress", "audit_findings", "schema_migrations"}


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
    rows = "('b', '{}', now() - interval '1 hour'), ('a', '{}', now())"
    support.tamper(sql, f"INSERT INTO audit_outbox VALUES {rows}")
    assert 3600 <= report(admin)["outbox"]["oldest_seconds"] < 3700


@pytest.mark.parametrize("event", [{}, {"action": "drop"}, {"action": None}])
def test_an_unknown_action_is_refused(admin, event):
    """The message says which there are."""
    with pytest.raises(ValueError, match=r"^action .* is unknown: use 'migrate' or 'report'\.$"):
        admin.handler.handler(event, None)

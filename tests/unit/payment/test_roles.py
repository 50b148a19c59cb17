"""The functions' roles in the database may do what their statements need and nothing else; the migration makes them."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from lib.payment.users import USERS
from tests.support import functions, roles
from tests.support import payment as support
from tests.support.roles import Refusals

TABLES = {
    "payments": "id",
    "refunds": "id",
    "ledger_entries": "posting",
    "idempotency_keys": "key",
    "audit_outbox": "object_key",
}
NEVER = [
    *(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE" for table in TABLES if table != "audit_outbox"),
    "UPDATE payments SET amount = amount + 1",
    "UPDATE payments SET caller = 'another'",
    "UPDATE payments SET created_at = now()",
    "DELETE FROM payments",
    "DELETE FROM refunds",
    "UPDATE refunds SET amount = 1",
    "DELETE FROM ledger_entries",
    "UPDATE ledger_entries SET amount = 1",
    "DELETE FROM idempotency_keys",
    "UPDATE idempotency_keys SET body = ''",
    "UPDATE audit_outbox SET body = ''",
]


@contextmanager
def connected(server, part) -> Iterator[Connection]:
    """Connect as a function's role."""
    with roles.sign_in(server, USERS[part], support.DATABASE) as connection:
        yield connection


def test_each_right_of_the_api_is_needed(api, sql):
    """A payment, a refund, both again, both shown, their records written."""
    database = api.modules.handler.database

    def refused():
        support.empty(sql)
        database.close()  # the right to connect is asked for once
        api.modules.handler.outbox.resting = 0.0
        with Refusals(database) as heard:
            payment_id = (api.pay("key").body or {}).get("id", "pay_none")
            api.pay("key")
            api.refund(payment_id, "refund", "1.00")
            api.refund(payment_id, "refund", "1.00")
            api("GET", f"/payments/{payment_id}")
        return heard.any

    assert roles.rights(sql, USERS["api"])
    assert roles.unneeded(sql, USERS["api"], refused) == []


def test_each_right_of_the_drain_is_needed(drain, run, waiting, sql, bucket, monkeypatch):
    """Two passes over a few payments, of which a record goes away in between; what it finds is shown and closed."""
    database = drain.handler.database
    monkeypatch.setenv(drain.verification.VARIABLE, "0")  # hours between two passes
    monkeypatch.setattr(drain.delivery, "REFUSED", 1)

    def refused():
        support.empty(sql)
        sql.run("UPDATE audit_progress SET position = '{}', drained = ''")
        waiting(2)
        bucket.refused.update({key: "AccessDenied" for (key,) in sql.run("SELECT object_key FROM audit_outbox")})
        database.close()
        with Refusals(database) as heard, suppress(DatabaseError, drain.postgres.DatabaseUnavailable):
            run()
            bucket.refused.clear()
            run()
            bucket.objects.pop(next(iter(bucket.objects)), None)
            run()
            run({"action": "report"})
            found = run({"action": "findings"})["findings"] or [{"id": 0}]
            run({"action": "acknowledge", "findings": [found[0]["id"]], "by": "me", "reason": "a test"})
        return heard.any

    assert roles.rights(sql, USERS["drain"])
    assert roles.unneeded(sql, USERS["drain"], refused) == []


@pytest.mark.parametrize("part", sorted(USERS))
def test_nothing_else_is_allowed(server, sql, part):
    """What is entered is neither changed nor removed, and nobody but the API makes payments."""
    statements = [each for table, column in TABLES.items() for each in roles.forbidden(table, column, support.USER)]
    others = {
        "api": ["SELECT * FROM ledger_entries", "SELECT body FROM audit_outbox", "SELECT * FROM audit_findings"],
        "drain": [
            "UPDATE payments SET refunded = 0",
            "INSERT INTO payments (id) VALUES ('x')",
            "INSERT INTO refunds (id) VALUES ('x')",
            "INSERT INTO ledger_entries (posting) VALUES ('x')",
            "INSERT INTO idempotency_keys (key) VALUES ('x')",
            "INSERT INTO audit_outbox (object_key) VALUES ('x')",
        ],
    }
    with connected(server, part) as role:
        assert roles.allowed(role, sql, [*dict.fromkeys([*statements, *NEVER, *others[part]])]) == []


@pytest.mark.parametrize("part", sorted(USERS))
def test_no_right_is_passed_on(server, sql, part):
    with connected(server, part) as role:
        assert roles.passed_on(role, sql, *TABLES) == []


def test_what_everybody_could_do_by_default_is_taken_away(sql):
    """Of the functions too that the tables' triggers run."""
    assert roles.public(sql) == []


@pytest.mark.parametrize("user", sorted(USERS.values()))
def test_a_role_signs_in_by_iam_and_has_no_powers(sql, user):
    assert roles.attributes(sql, user) == {"login": True, "powers": False, "member of": ["rds_iam"]}


def test_the_master_user_s_password_is_still_asked_for(sql):
    """Who inherits from rds_iam signs in with a token only."""
    assert sql.run("SELECT current_user, pg_has_role('rds_iam', 'USAGE')") == [[support.USER, False]]


@pytest.fixture
def again(server, sql):
    """Takes the migration for one that was not applied, and applies it."""

    def migrate():
        sql.run("DELETE FROM schema_migrations WHERE name = '0004_roles.sql'")
        modules = support.load(server, "database")
        try:
            return modules.handler.handler({"action": "migrate"}, functions.Context())
        finally:
            modules.handler.database.close()

    yield migrate
    assert migrate() == {"applied": ["0004_roles.sql"]}


def test_roles_that_are_there_already_are_taken(again, sql):
    """They are the server's, and stay when a database goes. They have no password."""
    before = {str(right) for user in USERS.values() for right in roles.rights(sql, user)}
    assert again() == {"applied": ["0004_roles.sql"]}
    assert {str(right) for user in USERS.values() for right in roles.rights(sql, user)} == before


def test_a_master_user_that_would_lose_its_password_refuses(again, server):
    """In rds_iam by inheritance, it could only sign in with a token, which nobody would make."""
    with server.administrator() as superuser:
        superuser.run(f"GRANT {USERS['api']} TO {support.USER} WITH INHERIT TRUE")
        try:
            with pytest.raises(DatabaseError, match="would be in rds_iam"):
                again()
        finally:
            superuser.run(f"GRANT {USERS['api']} TO {support.USER} WITH INHERIT FALSE")


def test_without_iam_authentication_it_says_what_to_do(again, server):
    """RDS makes rds_iam when it is turned on, which waits for the maintenance window unless it is applied at once."""
    with server.administrator() as superuser:
        superuser.run("ALTER ROLE rds_iam RENAME TO rds_iam_not_yet")
        try:
            with pytest.raises(DatabaseError, match="turn on IAM database authentication"):
                again()
        finally:
            superuser.run("ALTER ROLE rds_iam_not_yet RENAME TO rds_iam")

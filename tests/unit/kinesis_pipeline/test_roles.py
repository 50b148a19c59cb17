"""The consumer's role in the database may do what its statements need and nothing else; the migration makes it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from lib.kinesis_pipeline.users import USERS
from tests.support import roles
from tests.support.database import DATABASE, USER, TestServer
from tests.support.functions import Context
from tests.support.kinesis_pipeline.kinesis import event, events
from tests.support.roles import Refusals

# pylint: disable=redefined-outer-name


@pytest.fixture
def role(postgres: TestServer, sql: Connection) -> Iterator[Connection]:
    """A connection as the consumer's role."""
    del sql
    with roles.sign_in(postgres.server, USERS["consumer"], DATABASE) as connection:
        yield connection


@pytest.mark.filterwarnings("ignore:No application metrics")  # of a batch that ended with an error
def test_each_right_is_needed(handle: Any, consumer: SimpleNamespace, sql: Connection, s3: object) -> None:
    """Without any one of them some statement of the consumer's is refused."""
    del s3  # where a changed event is quarantined
    database = consumer.handler.database

    def refused() -> bool:
        sql.run("TRUNCATE stored_events, event_ids")
        database.close()  # the right to connect is asked for once
        found = events(2)
        changed = {**found[1], "amount": "99.00"}
        with Refusals(database) as heard, suppress(DatabaseError, consumer.postgres.DatabaseUnavailable):
            handle(*found, context=Context(60.0))
            handle(found[0], changed, context=Context(60.0))
        return heard.any

    assert roles.rights(sql, USERS["consumer"])
    found = roles.unneeded(sql, USERS["consumer"], refused)
    # The code of before has its rights until the table goes: a deployment may be taken back.
    assert [right for right in found if not right.endswith(" ON TABLE events")] == []


def test_nothing_else_is_allowed(role: Connection, sql: Connection) -> None:
    """It reads no column that it does not compare, and changes and removes nothing."""
    others = [
        "UPDATE stored_events SET amount = 0",
        "DELETE FROM stored_events",
        "LOCK TABLE stored_events IN ACCESS EXCLUSIVE MODE",
        "SELECT * FROM stored_events",
        "SELECT shard_id FROM stored_events",
        "INSERT INTO stored_events (event_id, stored_at) VALUES (gen_random_uuid(), now())",
        "INSERT INTO events_without_week (event_id) VALUES (gen_random_uuid())",
        "SELECT event_id FROM events_without_week",
        "INSERT INTO event_ids (event_id, stored_at) VALUES (gen_random_uuid(), now())",
        "UPDATE event_ids SET stored_at = now()",
        "DELETE FROM event_ids",
        "SELECT event_is_new()",
    ]
    tables = [
        statement for name in ("stored_events", "event_ids") for statement in roles.forbidden(name, "event_id", USER)
    ]
    assert roles.allowed(role, sql, [*tables, *others]) == []


def test_no_right_is_passed_on(role: Connection, sql: Connection) -> None:
    """Nobody has more afterwards."""
    assert roles.passed_on(role, sql, "stored_events", "event_ids") == []


def test_a_statement_that_the_role_may_run_is_not_taken_for_a_refusal(role: Connection, sql: Connection) -> None:
    """The twin of the test above: it would notice."""
    assert roles.allowed(role, sql, ["SELECT event_id FROM stored_events", "SELECT 1 / 0"]) == [
        "SELECT event_id FROM stored_events",
        "SELECT 1 / 0 (22012 division by zero)",
    ]


def test_what_everybody_could_do_by_default_is_taken_away(sql: Connection) -> None:
    """To connect, to make temporary tables, to use the schema, to call functions: of today and of later migrations."""
    assert roles.public(sql) == []
    sql.run("CREATE FUNCTION later() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    try:
        assert roles.public(sql) == []
    finally:
        sql.run("DROP FUNCTION later()")


def test_the_role_signs_in_by_iam_and_has_no_powers(sql: Connection) -> None:
    assert roles.attributes(sql, USERS["consumer"]) == {"login": True, "powers": False, "member of": ["rds_iam"]}


def test_the_master_user_s_password_is_still_asked_for(sql: Connection) -> None:
    """Who inherits from rds_iam signs in with a token only: the master user may make such roles and is none."""
    assert sql.run("SELECT current_user, pg_has_role('rds_iam', 'USAGE')") == [[USER, False]]


def migrate(load: Callable[[], Any], admin: SimpleNamespace) -> Any:
    """Apply the system's migrations to the fresh database."""
    handler = load()
    handler.MIGRATIONS = admin.handler.MIGRATIONS
    return handler.migrate(10.0)


def test_the_role_of_a_database_that_is_gone_is_taken_as_it_is(
    admin: SimpleNamespace, fresh: Connection, load: Callable[[], Any]
) -> None:
    """Roles are the server's. This one has its rights in the new database as well, and no password."""
    assert "0003_consumer.sql" in migrate(load, admin)
    assert {str(right) for right in roles.rights(fresh, USERS["consumer"])} > {"CONNECT ON DATABASE fresh"}


def test_a_master_user_that_would_lose_its_password_refuses(
    admin: SimpleNamespace, fresh: Connection, load: Callable[[], Any], postgres: TestServer
) -> None:
    """In rds_iam by inheritance, it could only sign in with a token, which nobody would make."""
    with postgres.server.administrator() as superuser:
        superuser.run(f"GRANT {USERS['consumer']} TO {USER} WITH INHERIT TRUE")
        try:
            with pytest.raises(DatabaseError, match="would be in rds_iam"):
                migrate(load, admin)
        finally:
            superuser.run(f"GRANT {USERS['consumer']} TO {USER} WITH INHERIT FALSE")
    assert roles.rights(fresh, USERS["consumer"]) == []


def test_without_iam_authentication_it_says_what_to_do(
    admin: SimpleNamespace, fresh: Connection, load: Callable[[], Any], postgres: TestServer
) -> None:
    """RDS makes rds_iam when it is turned on, which waits for the maintenance window unless it is applied at once."""
    with postgres.server.administrator() as superuser:
        superuser.run("ALTER ROLE rds_iam RENAME TO rds_iam_not_yet")
        try:
            with pytest.raises(DatabaseError, match="turn on IAM database authentication"):
                migrate(load, admin)
        finally:
            superuser.run("ALTER ROLE rds_iam_not_yet RENAME TO rds_iam")
    assert fresh.run("SELECT name FROM schema_migrations ORDER BY name DESC LIMIT 1") == [
        ["0002_what_no_column_holds.sql"]
    ]


def test_what_the_consumer_may_not_write_is_the_database_s_own(handle: Any, sql: Connection) -> None:
    """The moment at which an event was stored."""
    assert handle(event()) == []
    assert sql.run("SELECT count(*) FROM stored_events WHERE stored_at > now() - interval '1 minute'") == [[1]]

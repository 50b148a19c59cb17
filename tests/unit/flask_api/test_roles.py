"""The API's role in the database may do what its statements need and nothing else; the migration makes it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from lib.flask_api.app import create_app
from lib.flask_api.app.database import DatabaseUnavailable
from lib.flask_api.app.settings import Settings
from lib.flask_api.users import API_USER
from lib.local_cloud.names import HOST
from tests.support import flask_api, roles
from tests.support.database import TestServer, verified
from tests.support.roles import Refusals

# pylint: disable=redefined-outer-name

DATABASE, NEWEST = "shop_roles", "0004_roles.sql"
# A key that is hashed when nobody waits for it, one salt of tasks of before, and one that nobody needs any more.
OF_BEFORE = """
INSERT INTO orders (id, idempotency_key, fingerprint, currency, total)
VALUES (gen_random_uuid(), 'a-clear-key', '', 'EUR', 1);
INSERT INTO key_transition VALUES ('salt', now() + interval '1 hour'), ('salt', now() - interval '1 hour')
"""
TABLES = {"products": "id", "orders": "id", "order_lines": "order_id"}


@pytest.fixture(scope="module")
def settings(postgres: TestServer) -> Settings:
    """Settings that lead to a database of this file's own, with the tables."""
    return flask_api.provide(postgres.server, DATABASE)


@pytest.fixture
def owner(postgres: TestServer, settings: Settings) -> Iterator[Connection]:
    """A connection as the master user; the tables are empty."""
    del settings
    where = {"host": HOST, "port": postgres.server.port, "ssl_context": verified(postgres.server)}
    with Connection(flask_api.USER, password=flask_api.PASSWORD, database=DATABASE, **where) as connection:
        connection.run("TRUNCATE products, orders, order_lines")
        yield connection


@pytest.fixture
def role(postgres: TestServer, owner: Connection) -> Iterator[Connection]:
    """A connection as the API's role."""
    del owner
    with roles.sign_in(postgres.server, API_USER, DATABASE) as connection:
        yield connection


def test_each_right_is_needed(owner: Connection, settings: Settings) -> None:
    """Without any one of them the API cannot do something that it is for."""

    def refused() -> bool:
        owner.run("TRUNCATE products, orders, order_lines, key_transition")
        owner.run(OF_BEFORE)
        app = create_app(settings)  # its connections are new: the right to connect is asked for once
        shop = app.extensions["shop"]
        shop.database.open()
        try:
            with Refusals(shop.database) as heard:
                done = everything(flask_api.Api(app))
                with suppress(psycopg.Error, DatabaseUnavailable):
                    shop.rehash.portion()
                return not done or heard.any
        finally:
            shop.database.close()

    assert roles.rights(owner, API_USER)
    assert roles.unneeded(owner, API_USER, refused) == []


def everything(api: flask_api.Api) -> bool:
    """Do all that the API can do; return whether it was ready for it."""
    if api("GET", "/health/ready").status_code != 200:
        return False
    made = api("POST", "/products", flask_api.product())
    product_id = made.json.get("id", "01890a5d-ac96-774b-bcce-b302099a8057")
    api("PATCH", f"/products/{product_id}", {"name": "x", "price": "1.00", "stock": 9})
    api("GET", f"/products/{product_id}")
    api("GET", "/products?name=x")
    for _ in range(2):
        placed = api.order((product_id, 1), key="a-key-of-mine")
    order_id = placed.json.get("id", product_id)
    api("GET", "/orders")
    api("GET", f"/orders/{order_id}")
    api("POST", f"/orders/{order_id}/cancel")
    return True


def test_nothing_else_is_allowed(role: Connection, owner: Connection) -> None:
    """What was ordered is neither changed nor removed."""
    tried = [each for table, column in TABLES.items() for each in roles.forbidden(table, column, flask_api.USER)]
    others = [
        *(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE" for table in TABLES),
        *(f"DELETE FROM {table}" for table in TABLES),
        "UPDATE products SET currency = 'EUR'",
        "UPDATE products SET created_at = now()",
        "UPDATE orders SET total = 0",
        "UPDATE orders SET fingerprint = ''",
        "UPDATE order_lines SET unit_price = 0",
        "UPDATE order_lines SET quantity = 1",
        "INSERT INTO orders (id, created_at) VALUES (gen_random_uuid(), now())",
        "INSERT INTO schema_migrations (name) VALUES ('x')",
        "INSERT INTO key_transition (salt) VALUES ('x')",
        "UPDATE key_transition SET ends = now()",
        # That of the code of before, which is the master user.
        "SELECT place_order(NULL, NULL, NULL, NULL, NULL)",
    ]
    assert roles.allowed(role, owner, [*dict.fromkeys([*tried, *others])]) == []


def test_no_right_is_passed_on(role: Connection, owner: Connection) -> None:
    """Nobody has more afterwards."""
    assert roles.passed_on(role, owner, *TABLES) == []


def test_what_everybody_could_do_by_default_is_taken_away(owner: Connection) -> None:
    """To connect, to make temporary tables, to use the schema, to call functions."""
    assert roles.public(owner) == []


def test_the_role_signs_in_by_iam_and_has_no_powers(owner: Connection) -> None:
    """Nor has it those of another one."""
    assert roles.attributes(owner, API_USER) == {"login": True, "powers": False, "member of": ["rds_iam"]}


def test_the_master_user_s_password_is_still_asked_for(owner: Connection) -> None:
    """Who inherits from rds_iam signs in with a token only."""
    assert owner.run("SELECT current_user, pg_has_role('rds_iam', 'USAGE')") == [[flask_api.USER, False]]


@pytest.fixture
def again(postgres: TestServer, owner: Connection) -> Iterator[Callable[[], Any]]:
    """Takes the migration for one that was not applied, and applies it."""

    def migrate() -> list[str]:
        owner.run("DELETE FROM schema_migrations WHERE name = :name", name=NEWEST)
        return flask_api.migrate(postgres.server, DATABASE)

    yield migrate
    assert migrate() == [NEWEST]


def test_a_role_that_is_there_already_is_taken(again: Callable[[], Any], owner: Connection) -> None:
    """It is the server's, and stays when a database goes. It has no password."""
    before = {str(right) for right in roles.rights(owner, API_USER)}
    assert again() == [NEWEST]
    assert {str(right) for right in roles.rights(owner, API_USER)} == before


def test_a_master_user_that_would_lose_its_password_refuses(again: Callable[[], Any], postgres: TestServer) -> None:
    """In rds_iam by inheritance, it could only sign in with a token, which nobody would make."""
    with postgres.server.administrator() as superuser:
        superuser.run(f"GRANT {API_USER} TO {flask_api.USER} WITH INHERIT TRUE")
        try:
            with pytest.raises(DatabaseError, match="would be in rds_iam"):
                again()
        finally:
            superuser.run(f"GRANT {API_USER} TO {flask_api.USER} WITH INHERIT FALSE")


def test_without_iam_authentication_it_says_what_to_do(again: Callable[[], Any], postgres: TestServer) -> None:
    """RDS makes rds_iam when it is turned on, which waits for the maintenance window unless it is applied at once."""
    with postgres.server.administrator() as superuser:
        superuser.run("ALTER ROLE rds_iam RENAME TO rds_iam_not_yet")
        try:
            with pytest.raises(DatabaseError, match="turn on IAM database authentication"):
                again()
        finally:
            superuser.run("ALTER ROLE rds_iam_not_yet RENAME TO rds_iam")

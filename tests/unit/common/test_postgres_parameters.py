"""A database's log holds nothing that was sent to it: with the stacks' parameters on a real server, and not without.

What is tried are the ways by which PostgreSQL 17 brings values into its log. One is left, and is the applications' to
close: the first line of an error may quote a text that is no number, no date or no UUID, so they look at it first.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from lib.common.postgres_parameters import LOG
from tests.support.database import USER, TestServer

# pylint: disable=redefined-outer-name

SECRET = "tok_of_ada_lovelace"
TABLE = "CREATE TEMPORARY TABLE told (word text PRIMARY KEY CHECK (word <> 'tok_of_ada_lovelace!'), more jsonb)"
EVERYTHING = {"log_min_duration_statement": "0"}  # no statement is too quick for the log
# What PostgreSQL does where nothing is said: https://www.postgresql.org/docs/17/runtime-config-logging.html
DEFAULTS = {
    **LOG,
    "log_parameter_max_length": "-1",
    "log_error_verbosity": "default",
    "log_min_error_statement": "error",
    "log_statement": "mod",
}


def insert(connection: Connection, word: str, more: str = "{}") -> None:
    """Send values as the applications do: beside the statement."""
    connection.run("INSERT INTO told VALUES (:word, CAST(:more AS jsonb))", word=word, more=more)


def slow(connection: Connection) -> None:
    """Take longer than a statement may without being logged."""
    insert(connection, SECRET)


def there_already(connection: Connection) -> None:
    """Send a key that is there: DETAIL quotes it."""
    for _ in range(2):
        insert(connection, SECRET)


def refused(connection: Connection) -> None:
    """Send what a constraint refuses: DETAIL quotes the row."""
    insert(connection, f"{SECRET}!")


def no_json(connection: Connection) -> None:
    """Send JSON that is none: CONTEXT quotes it."""
    insert(connection, "word", f'{{"token": "{SECRET}" x}}')


def literal(connection: Connection) -> None:
    """Send a value within a statement that fails: STATEMENT quotes it."""
    connection.run(f"INSERT INTO nowhere VALUES ('{SECRET}')")


WAYS = (slow, there_already, refused, no_json, literal)


@pytest.fixture
def told(postgres: TestServer) -> Iterator[Callable[[Callable[[Connection], None], dict[str, str]], str]]:
    """Runs something in a session with parameters; returns what the server has written meanwhile."""

    def run(way: Callable[[Connection], None], parameters: dict[str, str]) -> str:
        before = len(postgres.server.log.read_text(encoding="utf-8"))
        with postgres.server.administrator() as admin:
            for name, value in parameters.items():
                admin.run(f"ALTER ROLE {USER} SET {name} = '{value}'")
        with postgres.connect() as connection, suppress(DatabaseError):
            connection.run(TABLE)
            way(connection)
        return postgres.server.log.read_text(encoding="utf-8")[before:]

    yield run
    with postgres.server.administrator() as admin:
        admin.run(f"ALTER ROLE {USER} RESET ALL")


@pytest.mark.parametrize("way", WAYS)
def test_what_is_sent_does_not_reach_the_servers_log(told, way):
    """A statement with literals is one of a migration; it is not logged when it fails."""
    parameters = {**LOG, **(EVERYTHING if way is not literal else {})}
    said = told(way, parameters)
    assert SECRET not in said.replace(TABLE, "")
    assert said  # the statement that makes the table, at least


@pytest.mark.parametrize("way", WAYS)
def test_without_the_parameters_it_does(told, way):
    assert SECRET in told(way, DEFAULTS | EVERYTHING).replace(TABLE, "")

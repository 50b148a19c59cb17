"""The database is migrated in the deployment, before new tasks run; a failure keeps them away."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from pg8000.native import Connection

from lib.local_cloud.names import HOST
from tests.support import flask_api, functions
from tests.support.database import Secrets, TestServer
from tests.support.program import program

FRESH = "shop_fresh"
FUNCTION, INVOCATION, SERVICE = "lambda/function:Function", "lambda/invocation:Invocation", "ecs/service:Service"


@pytest.fixture
def modules(postgres: TestServer) -> Iterator[SimpleNamespace]:
    """The function's modules, on a database in which nothing has been made."""
    postgres.server.provide(flask_api.USER, flask_api.PASSWORD, FRESH)
    loaded = functions.load("flask_api", "database")
    environ = flask_api.environ(postgres.server, FRESH) | {"DB_SECRET_ARN": "the-secret"}
    loaded.handler.database = loaded.postgres.Database(
        environ, secrets=lambda: Secrets(flask_api.USER, flask_api.PASSWORD)
    )
    yield loaded
    loaded.handler.database.close()
    with postgres.server.administrator() as superuser:
        superuser.run(f"DROP DATABASE {FRESH} WITH (FORCE)")


def test_the_function_makes_the_tables_once(modules: SimpleNamespace, postgres: TestServer) -> None:
    """From nothing; a second deployment finds them."""
    event = {"action": "migrate", "tf": {"action": "create"}}
    names = sorted(path.name for path in (Path(modules.handler.__file__).parent / "migrations").iterdir())
    assert modules.handler.handler(event, functions.Context()) == {"applied": names}
    assert modules.handler.handler(event, functions.Context()) == {"applied": []}
    with Connection(
        flask_api.USER, password=flask_api.PASSWORD, host=HOST, port=postgres.server.port, database=FRESH
    ) as connection:
        found = connection.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert {name for (name,) in found} == {"products", "orders", "key_transition", "order_lines", "schema_migrations"}


def test_another_action_is_refused(modules: SimpleNamespace) -> None:
    """With what there is."""
    with pytest.raises(ValueError, match=r"^action 'drop' is unknown: use 'migrate'\.$"):
        modules.handler.handler({"action": "drop"}, functions.Context())


def test_a_function_may_take_as_long_as_lambda_gives() -> None:
    """15 minutes; the answer is given before."""
    assert program().one(FUNCTION)["timeout"] == 900


def test_the_invocation_is_made_again_for_another_schema_or_another_database() -> None:
    """And the function is told what to do."""
    found = program().one(INVOCATION)
    assert json.loads(found["input"]) == {"action": "migrate"}
    assert len(found["triggers"]["migrations"]) == 64
    assert found["triggers"]["database"]


def test_the_function_reaches_the_same_database_as_the_tasks() -> None:
    """As the master user, and the tasks by IAM."""
    found = program(DATABASE_PORT="6000")
    variables = found.one(FUNCTION)["environment"]["variables"]
    (container,) = json.loads(found.one("ecs/taskDefinition:TaskDefinition")["containerDefinitions"])
    given = {each["name"]: each["value"] for each in container["environment"]}
    names = ("DB_HOST", "DB_PORT", "DB_NAME")
    assert {name: variables[name] for name in names} == {name: given[name] for name in names}

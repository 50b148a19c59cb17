"""Signing in by IAM: the token is what the SDK makes for RDS, new for each connection, and a refusal is told."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import CredentialRetrievalError

from lib.common import region
from lib.kinesis_pipeline.users import USERS
from tests.support.database import TestServer

Connect = Callable[..., Any]
HOST, PORT = "pipeline.c1.rds.test", 5432


def test_the_token_is_the_one_that_the_sdk_makes_for_rds(
    consumer: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the function's session token, for names that a URL has to quote as well."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a/session+token=")
    monkeypatch.setattr(consumer.aws, "_session", boto3.session.Session)
    rds = boto3.session.Session().client("rds", region_name=region.primary({}))
    while True:
        made = consumer.aws.auth_token(HOST, PORT, "a user")
        expected = rds.generate_db_auth_token(DBHostname=HOST, Port=PORT, DBUsername="a user")
        if _part(made, "X-Amz-Date=") == _part(expected, "X-Amz-Date="):  # both in one second
            break
    assert made == expected
    assert made.startswith(f"{HOST}:{PORT}/?Action=connect&DBUser=a")
    assert _part(made, "X-Amz-Expires=") == "900"


def _part(token: str, name: str) -> str:
    return token.partition(name)[2].partition("&")[0]


@pytest.mark.parametrize("credentials", ["none", "unreadable"])
def test_without_credentials_it_is_like_a_database_that_is_away(
    consumer: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, credentials: str
) -> None:
    """An OSError, which the database module waits for."""

    class Unreadable:
        @property
        def access_key(self) -> str:
            raise CredentialRetrievalError(provider="test", error_msg="away")

        def get_frozen_credentials(self) -> Any:
            return self.access_key

    found = None if credentials == "none" else Unreadable()
    session = SimpleNamespace(get_credentials=lambda: found, region_name="r")
    monkeypatch.setattr(consumer.aws, "_session", lambda: session)
    with pytest.raises(ConnectionError, match="no credentials to sign a token with"):
        consumer.aws.auth_token(HOST, PORT, "user")


def test_each_connection_has_a_token_of_its_own(
    consumer: SimpleNamespace, admin: object, connect: Connect, postgres: TestServer
) -> None:
    """For the address and the user of the environment; it is valid for 15 minutes, and a connection may live longer."""
    del admin  # which has made the user
    asked = []

    def token(*address: Any) -> str:
        asked.append(address)
        return str(consumer.aws.auth_token(*address))

    database = connect(token=token)
    for _ in range(2):
        assert database.run("SELECT current_user", seconds=5) == [[USERS["consumer"]]]
        database.run("SELECT 1", seconds=5)
        database.close()
    assert asked == [(postgres.environ["DB_HOST"], postgres.server.port, USERS["consumer"])] * 2


@pytest.mark.parametrize("once", [False, True])
def test_a_refused_token_says_what_to_look_at(consumer: SimpleNamespace, connect: Connect, once: bool) -> None:
    """The user, and no token. Nobody in this server has the name, so it is refused whatever the token is."""
    database = connect(token=lambda *_address: "a-token", DB_USER="nobody")
    run = database.once if once else database.run
    with pytest.raises(consumer.postgres.DatabaseUnavailable) as caught:
        run("SELECT 1", seconds=0.5)
    words = str(caught.value)
    assert "the token is refused" in words
    assert "rds-db:connect" in words
    assert "user nobody" in words
    assert "a-token" not in words


def test_another_error_says_nothing_of_the_token(consumer: SimpleNamespace, connect: Connect) -> None:
    """A database that is busy is not looked for in IAM."""
    with pytest.raises(consumer.postgres.DatabaseUnavailable, match=r"\(SQLSTATE 40001\)"):
        connect().run("DO $$ BEGIN RAISE EXCEPTION '' USING ERRCODE = '40001'; END $$", seconds=0.2)


def test_without_a_way_to_sign_in_it_is_told(consumer: SimpleNamespace, postgres: TestServer) -> None:
    """A defect of the function, which no retry repairs."""
    with pytest.raises(TypeError, match="a token or secrets"):
        consumer.postgres.Database(postgres.environ).run("SELECT 1", seconds=5)

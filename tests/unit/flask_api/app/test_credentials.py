"""The API's token is what the SDK makes for RDS; without credentials there is none, and the log says so."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import CredentialRetrievalError

from lib.common import region
from lib.flask_api.app.credentials import Credentials
from tests.support.flask_api import FOLDER

Lines = Callable[[], list[dict[str, Any]]]
HOST, PORT, USER = "shop.cluster-c1.rds.test", 5432, "a user"


def part(token: str, name: str) -> str:
    """Return a part of a token."""
    return token.partition(name)[2].partition("&")[0]


def test_the_token_is_the_one_that_the_sdk_makes_for_rds(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the task's session token, for names that a URL has to quote as well."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a/session+token=")
    rds, credentials = boto3.session.Session().client("rds", region_name=region.primary({})), Credentials()
    while True:
        made = credentials.token(HOST, PORT, USER)
        expected = rds.generate_db_auth_token(DBHostname=HOST, Port=PORT, DBUsername=USER)
        if part(made, "X-Amz-Date=") == part(expected, "X-Amz-Date="):  # both in one second
            break
    assert made == expected
    assert part(made, "X-Amz-Expires=") == "900"


class Session:
    """A session of the SDK that has no credentials, or some that cannot be read."""

    def __init__(self, found: object) -> None:
        self.found = found

    def get_credentials(self) -> object:
        """Return them."""
        return self.found

    def get_config_variable(self, name: str) -> str:
        """Return the region."""
        return name


class Unreadable:
    """Credentials that end, and of which there are no new ones."""

    @property
    def access_key(self) -> str:
        """Fail."""
        raise CredentialRetrievalError(provider="test", error_msg="away")

    def get_frozen_credentials(self) -> object:
        """Fail as well."""
        return self.access_key


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, "there are no credentials to sign a token with"),
        (Unreadable(), "no token can be signed: CredentialRetrievalError"),
    ],
)
def test_without_credentials_there_is_no_token(lines: Lines, found: object, words: str) -> None:
    """The database refuses the connection, and the log knows why."""
    credentials = Credentials()
    credentials.__dict__["_session"] = Session(found)
    assert credentials.token(HOST, PORT, USER) == ""
    assert [line["message"] for line in lines()] == [words]


def test_the_sdk_is_imported_only_when_it_is_needed() -> None:
    """A process that has not asked the database yet starts without it: a third of a second less."""
    code = "import app.gunicorn_config, sys; print([n for n in sys.modules if n.startswith('boto')])"
    environ = {f"DB_{name}": "x" for name in ("HOST", "NAME", "USER")} | {"HASH_KEY_ARN": "x"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=FOLDER, env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_refusal_says_what_to_look_at(lines: Lines) -> None:
    """In the log, by whoever is on call."""
    Credentials().refused("shop_api")
    (line,) = lines()
    assert "rds-db:connect for this database and user shop_api" in line["message"]
    assert "rds_iam" in line["message"]

"""A password that RDS has changed is read again, once for all who were refused."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lib.flask_api.app.credentials import Credentials
from tests.support.flask_api import FOLDER
from tests.support.flask_api.secrets_manager import SecretsManager


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretsManager]:
    """Secrets Manager, with a newer password."""
    with SecretsManager("second-Password.2") as made:
        for name, value in made.environ.items():
            monkeypatch.setenv(name, value)
        yield made


def test_the_first_password_is_the_task_s(manager: SecretsManager) -> None:
    """Nobody is asked for it."""
    assert Credentials("first", "the-secret").password == "first"
    assert manager.asked == 0


def test_a_refused_password_is_replaced(manager: SecretsManager) -> None:
    """By the secret's."""
    credentials = Credentials("first", "the-secret")
    assert credentials.renew("first") is True
    assert credentials.password == "second-Password.2"
    assert manager.asked == 1


def test_many_who_were_refused_read_it_once(manager: SecretsManager) -> None:
    """All threads lose their connections together."""
    credentials = Credentials("first", "the-secret")
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(credentials.renew, ["first"] * 8))
    assert manager.asked == 1


def test_a_secret_that_has_not_changed_is_no_help(manager: SecretsManager) -> None:
    """RDS changes the database a moment before the secret: later it will help."""
    manager.password = "first"
    credentials = Credentials("first", "the-secret")
    assert credentials.renew("first") is False
    manager.password = "second"
    assert credentials.renew("first") is True


def test_without_a_secret_nothing_is_asked(manager: SecretsManager) -> None:
    """A PostgreSQL on loopback."""
    assert Credentials("first", "").renew("first") is False
    assert manager.asked == 0


def test_a_secret_that_cannot_be_read_is_told_without_content(
    manager: SecretsManager, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """The old password stays; the log names the secret and the kind of error."""
    manager.fails = True
    credentials = Credentials("first", "the-secret")
    assert credentials.renew("first") is False
    assert credentials.password == "first"
    assert [line["message"] for line in lines()] == ["the secret the-secret cannot be read: AccessDeniedException"]


def test_a_secret_of_another_form_is_told_too(
    manager: SecretsManager, lines: Callable[[], list[dict[str, Any]]]
) -> None:
    """Somebody put something else there: it is not quoted either."""
    manager.content = "just-the-password"
    assert Credentials("first", "the-secret").renew("first") is False
    assert [line["message"] for line in lines()] == ["the secret the-secret cannot be read: JSONDecodeError"]


def test_the_log_never_has_the_password(manager: SecretsManager, lines: Callable[[], list[dict[str, Any]]]) -> None:
    """It does tell that the secret was read."""
    Credentials("first", "the-secret").renew("first")
    assert len(lines()) == 1
    assert manager.password not in str(lines())


def test_boto3_is_imported_only_when_it_is_needed() -> None:
    """By each process for itself, after gunicorn has made it; a database on loopback needs none."""
    code = "import app.gunicorn_config, sys; print([n for n in sys.modules if n.startswith('boto')])"
    environ = {f"DB_{name}": "x" for name in ("HOST", "NAME", "USER", "PASSWORD", "SECRET_ARN")} | {"HASH_KEY_ARN": "x"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=FOLDER, env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

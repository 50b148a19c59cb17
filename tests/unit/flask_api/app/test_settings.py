"""The environment is taken as it is described, or refused with the variable's name, value and what it takes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.flask_api.app.settings import RDS_CA, SettingError, Settings

ENVIRON = {
    "DB_HOST": "shop.cluster.example",
    "DB_NAME": "shop",
    "DB_USER": "shop",
    "HASH_KEY_ARN": "arn:aws:kms:x",
}
NAMES = [
    *ENVIRON,
    "DB_PORT",
    "DB_CA_FILE",
    "DB_POOL_SIZE",
    "HOST",
    "PORT",
    "WEB_CONCURRENCY",
    "WEB_THREADS",
    "LOG_LEVEL",
]


def test_what_has_a_default_may_be_left_out() -> None:
    """ECS gives a task where its database is, and nothing else is needed."""
    found = Settings.read(ENVIRON)
    assert (found.db_port, found.host, found.port) == (5432, "0.0.0.0", 8080)
    assert (found.workers, found.threads, found.db_pool_size, found.log_level) == (2, 8, 8, "info")


def test_the_authorities_of_rds_are_trusted_by_default() -> None:
    """They are where the repository keeps them."""
    assert Settings.read(ENVIRON).db_ca_file == RDS_CA
    assert "BEGIN CERTIFICATE" in RDS_CA.read_text(encoding="ascii")
    assert Path(__file__).resolve().parents[4] / "lib" / "common" / "rds-ca.pem" == RDS_CA


def test_everything_can_be_chosen() -> None:
    """Each variable reaches its member."""
    given = {
        "DB_PORT": "6000",
        "DB_CA_FILE": __file__,
        "DB_POOL_SIZE": "3",
        "HOST": "127.0.0.1",
        "PORT": "81",
        "WEB_CONCURRENCY": "4",
        "WEB_THREADS": "5",
        "LOG_LEVEL": "debug",
    }
    found = Settings.read(ENVIRON | given)
    assert (found.db_port, found.db_ca_file, found.db_pool_size) == (6000, Path(__file__), 3)
    assert (found.host, found.port, found.workers, found.threads, found.log_level) == ("127.0.0.1", 81, 4, 5, "debug")


def test_a_pool_is_as_large_as_there_are_threads() -> None:
    """No thread waits for a connection, and none lies idle forever."""
    assert Settings.read(ENVIRON | {"WEB_THREADS": "3"}).db_pool_size == 3


@pytest.mark.parametrize("name", list(ENVIRON))
def test_what_is_needed_is_asked_for_by_name(name: str) -> None:
    """Missing and empty are the same."""
    for environ in ({k: v for k, v in ENVIRON.items() if k != name}, ENVIRON | {name: ""}):
        with pytest.raises(SettingError, match=f"^{name} is missing: write "):
            Settings.read(environ)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DB_PORT", "0", "a whole number from 1 to 65535"),
        ("DB_PORT", "five", "a whole number from 1 to 65535"),
        ("DB_PORT", "-1", "a whole number from 1 to 65535"),
        ("DB_PORT", "\u0665", "a whole number from 1 to 65535"),  # a digit, but not ours
        ("PORT", "65536", "a whole number from 1 to 65535"),
        ("PORT", "1" * 5000, "a whole number from 1 to 65535"),
        ("WEB_CONCURRENCY", "65", "a whole number from 1 to 64"),
        ("WEB_THREADS", "1.5", "a whole number from 1 to 64"),
        ("DB_POOL_SIZE", "9", "a whole number from 1 to 8"),
        ("LOG_LEVEL", "loud", "one of info, debug, warning, error"),
        ("DB_CA_FILE", "/no/such/file", "the path of the authorities"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_write(name: str, value: str, words: str) -> None:
    """One sentence is enough to put it right."""
    with pytest.raises(SettingError) as caught:
        Settings.read(ENVIRON | {name: value})
    assert str(caught.value).startswith(f"{name}='{value}'")
    assert words in str(caught.value)


def test_a_database_on_loopback_needs_no_key_for_hashes() -> None:
    """It is a test's or a developer's: nobody else's keys are in it."""
    assert Settings.read(ENVIRON | {"DB_HOST": "localhost", "HASH_KEY_ARN": ""}).hash_key_arn == ""


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=12)))
def test_any_environment_is_settings_or_a_clear_refusal(environ: dict[str, str]) -> None:
    """Whatever is written, nothing else happens."""
    refusal = f"{NAMES[0]} would be named here"
    try:
        Settings.read(ENVIRON | environ)
    except SettingError as error:
        refusal = str(error)
    assert refusal.startswith(tuple(NAMES))

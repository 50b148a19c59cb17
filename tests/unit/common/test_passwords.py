"""Passwords are ones that RDS takes, come from the operating system's random source, and are never shown."""

import random
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.common import passwords
from lib.common.errors import SettingError

LENGTHS = st.integers(min_value=passwords.SHORTEST, max_value=passwords.LONGEST)


@given(LENGTHS)
def test_a_generated_password_is_accepted(length: int) -> None:
    """What one function makes, the other takes, at every length."""
    password = passwords.generate(length)
    passwords.check(password)
    assert len(password) == length


@given(LENGTHS)
def test_a_generated_password_breaks_no_shell_and_no_connection_string(length: int) -> None:
    """Neither what RDS excludes nor quotes, backslashes, backticks and dollar signs."""
    assert not set(passwords.generate(length)) & set("/@\" '\\$`")


def test_the_default_length_is_long() -> None:
    """32 characters of 78 are about 200 bits."""
    assert len(passwords.generate()) == 32


def test_two_passwords_differ() -> None:
    """Nothing is fixed."""
    assert passwords.generate() != passwords.generate()


def test_the_seedable_generator_has_no_influence() -> None:
    """``random.choices`` would give the same password twice here."""
    random.seed(1)
    first = passwords.generate()
    random.seed(1)
    assert passwords.generate() != first


def test_every_character_is_drawn_by_the_secrets_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """The source is the operating system's."""
    monkeypatch.setattr(secrets, "choice", lambda alphabet: alphabet[0])
    assert passwords.generate(9) == "a" * 9


@pytest.mark.parametrize("length", [7, 42])
def test_a_length_that_rds_refuses_is_not_generated(length: int) -> None:
    """The message says which lengths are taken."""
    with pytest.raises(SettingError, match=f"{length} characters .* use 8 to 41"):
        passwords.generate(length)


@pytest.mark.parametrize("password", ["x" * 8, "x" * 41, "!#$%&'()*+,-.", ":;<=>?[\\]^_`{|}~"])
def test_what_rds_takes_is_taken(password: str) -> None:
    """Both limits, and every mark but the excluded ones."""
    passwords.check(password)


@pytest.mark.parametrize("length", [0, 7, 42])
def test_a_wrong_length_is_refused(length: int) -> None:
    """One below, one above, and nothing."""
    with pytest.raises(SettingError, match=f"has {length} characters: RDS takes 8 to 41"):
        passwords.check("x" * length)


@pytest.mark.parametrize("character", ["/", "@", '"', " ", "\n", "\x7f", "é"])
def test_each_illegal_character_is_refused(character: str) -> None:
    """What RDS excludes, and what is not printable ASCII."""
    with pytest.raises(SettingError, match=r"1 kind\(s\) of character that RDS refuses"):
        passwords.check("abcdefgh" + character)


@pytest.mark.parametrize("password", ["hunter2", "hunter2hunter2/", "hunter2" * 6])
def test_no_message_repeats_the_password(password: str) -> None:
    """Messages end in logs."""
    with pytest.raises(SettingError) as error:
        passwords.check(password)
    assert "hunter" not in str(error.value)

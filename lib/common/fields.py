"""Reads one setting each from names and texts, and says what is wrong with it."""

from collections.abc import Mapping, Sequence

from lib.common.errors import SettingError

ENVIRONMENTS = ("dev", "staging", "production")
_FLAGS = {"true": True, "false": False}


def number(values: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    """Return a whole number.

    Raises:
        SettingError: no whole number, or outside ``low`` to ``high``.
    """
    text = values.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise SettingError(f"{name}={text!r} is refused: use a whole number from {low} to {high}.")
    return int(text)


def flag(values: Mapping[str, str], name: str, *, default: bool) -> bool:
    """Return a switch.

    Raises:
        SettingError: neither ``true`` nor ``false``.
    """
    text = values.get(name) or str(default).lower()
    if text not in _FLAGS:
        raise SettingError(f"{name}={text!r} is no switch: use true or false.")
    return _FLAGS[text]


def choice(values: Mapping[str, str], name: str, default: str, options: Sequence[str]) -> str:
    """Return one of several words.

    Raises:
        SettingError: another word.
    """
    text = values.get(name) or default
    if text not in options:
        raise SettingError(f"{name}={text!r} is unknown: use one of {', '.join(options)}.")
    return text


def instance_class(values: Mapping[str, str], name: str, default: str) -> str:
    """Return an RDS instance class.

    Raises:
        SettingError: not of the form ``db.<family>.<size>``.
    """
    text = values.get(name) or default
    if not text.startswith("db.") or text.count(".") != 2:
        raise SettingError(f"{name}={text!r} is no RDS class: write one like {default!r}.")
    return text


def email(values: Mapping[str, str], name: str) -> str:
    """Return an address, or an empty text when there is none.

    Raises:
        SettingError: something without an at sign.
    """
    text = values.get(name, "")
    if text and "@" not in text:
        raise SettingError(f"{name}={text!r} is no address: write one like 'team@example.com', or leave it empty.")
    return text

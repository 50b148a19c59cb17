"""Reads one setting each from names and texts, and says what is wrong with it."""

import ipaddress
import re
from collections.abc import Mapping, Sequence

from lib.common import region
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


def network(values: Mapping[str, str], name: str, default: str) -> str:
    """Return a VPC's addresses.

    Raises:
        SettingError: no private IPv4 network from /16 to /24.
    """
    text = values.get(name) or default
    try:
        found = ipaddress.IPv4Network(text)
        # A VPC has a /16 to a /28; it is cut into sixteen, and the smallest subnet is a /28.
        if not (found.is_private and 16 <= found.prefixlen <= 24):
            raise ValueError(text)
    except ValueError as error:
        raise SettingError(
            f"{name}={text!r} is refused: write a private IPv4 network from /16 to /24, for example {default!r}."
        ) from error
    return text


def certificate(values: Mapping[str, str], name: str, where: str) -> str:
    """Return the ARN of an ACM certificate of a region, or an empty text when there is none.

    Raises:
        SettingError: anything else, a certificate of another region among it.
    """
    arn, start = values.get(name, ""), f"arn:{region.partition(where)}:acm:{where}:"
    if arn and not re.fullmatch(rf"{start}\d{{12}}:certificate/[0-9a-f-]{{36}}", arn):
        raise SettingError(
            f"{name}={arn!r} is refused: a load balancer takes an ACM certificate of its own region, "
            f"{start}<account>:certificate/<id>."
        )
    return arn

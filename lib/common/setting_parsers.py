"""Reads one setting each from names and texts, and says what is wrong with it."""

import ipaddress
import re
from collections.abc import Mapping, Sequence

from lib.common import region
from lib.common.errors import SettingError

ENVIRONMENTS = ("dev", "staging", "production")
_FLAGS = {"true": True, "false": False}
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
_DOMAIN = re.compile(rf"(?=.{{4,253}}$)(?:{_LABEL}\.)+[a-z][a-z0-9-]{{0,61}}[a-z0-9]")
# SNS sends to an address of RFC 5321: https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_EMAIL = re.compile(
    rf"(?=.{{6,254}}$)(?=[^@]{{1,64}}@){_LOCAL}(?:\.{_LOCAL})*@(?:{_LABEL}\.)+[a-z]{{2,63}}", re.IGNORECASE
)
# https://docs.aws.amazon.com/Route53/latest/APIReference/API_HostedZone.html: at most 32 characters
_ZONE = re.compile(r"Z[A-Z0-9]{1,31}")
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.html
_CLASS = re.compile(r"db\.[a-z0-9]+(?:-[a-z0-9]+)*\.[a-z0-9]+(?:-[a-z0-9]+)*")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(
    r"(?!xn--|sthree-|amzn-s3-demo-|\d+\.\d+\.\d+\.\d+$)"
    r"(?!.*(?:\.\.|-s3alias$|--ol-s3$|\.mrap$|--x-s3$|--table-s3$|-an$))"
    r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
)


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
        raise SettingError(f"{name}={text!r} is not a valid flag: use true or false.")
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
    if not _CLASS.fullmatch(text):
        raise SettingError(f"{name}={text!r} is not a valid RDS instance class: write one like {default!r}.")
    return text


def email(values: Mapping[str, str], name: str) -> str:
    """Return an e-mail address, or an empty text when there is none.

    Raises:
        SettingError: something that SNS takes for no address.
    """
    text = values.get(name, "")
    if text and not _EMAIL.fullmatch(text):
        raise SettingError(
            f"{name}={text!r} is not a valid e-mail address: write one like 'team@example.com', or leave it empty."
        )
    return text


def domain(values: Mapping[str, str], name: str) -> str:
    """Return a host name, or an empty text when there is none.

    Raises:
        SettingError: anything else, a URL or a name without a dot among it.
    """
    text = values.get(name, "")
    if text and not _DOMAIN.fullmatch(text):
        raise SettingError(
            f"{name}={text!r} is not a valid host name: write one like 'api.example.com', or leave it empty."
        )
    return text


def hosted_zone(values: Mapping[str, str], name: str) -> str:
    """Return the id of a hosted zone of Route 53, or an empty text when there is none.

    Raises:
        SettingError: anything else, a zone's name or its ARN among it.
    """
    text = values.get(name, "")
    if text and not _ZONE.fullmatch(text):
        raise SettingError(
            f"{name}={text!r} is not a valid hosted zone: write an id like 'Z0123456789ABCDEFGHIJ', or leave it empty."
        )
    return text


def bucket(values: Mapping[str, str], name: str) -> str:
    """Return the name of a bucket that exists, or an empty text when there is none.

    Raises:
        SettingError: a name that no bucket can have.
    """
    text = values.get(name, "")
    if text and not _BUCKET.fullmatch(text):
        raise SettingError(
            f"{name}={text!r} is not a valid bucket name: write 3 to 63 lower-case letters, digits, dots and hyphens, "
            "for example 'my-terraform-state', or leave it empty."
        )
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

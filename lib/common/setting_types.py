"""What a setting is, and the kinds of values: what each takes, and the sentence that refuses anything else.

A setting is declared once, as an attribute of a system's :class:`~lib.common.system_settings.SystemSettings`:

    database_port = Setting(number(1150, 65535), "the port of PostgreSQL", default=5432, change="the database restarts")
"""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Self, TypeVar, overload

from lib.common import region
from lib.common.errors import SettingError

T = TypeVar("T")
ENVIRONMENTS = ("dev", "staging", "production")
# How the words on a change begin of a value that stays, and is refused when a deployed stack has another one.
NEVER = "never: "


class Given(NamedTuple):
    """A text, its source (a variable, or a file and the key in it), the setting's default, and the settings before."""

    source: str
    text: str
    default: object
    earlier: Mapping[str, Any]

    def refused(self, why: str) -> SettingError:
        """Return the error that names the value; ``why`` says what is wrong with it and what to write instead."""
        return SettingError(f"{self.source}={self.text!r} {why}")


class Derived(NamedTuple):
    """A default that follows from the settings before it: the rule in words, and the rule."""

    words: str
    of: Callable[[Mapping[str, Any]], str | int]


class SettingType(NamedTuple, Generic[T]):
    """What a setting takes, in words, and how its value is made from a text; that raises ``SettingError``."""

    takes: str
    parse: Callable[[Given], T]


def text_of(value: object) -> str:
    """Return a value as a variable holds it: flags are ``true`` and ``false``."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass
class Setting(Generic[T]):
    """A setting of a system.

    Attributes:
        kind: what it takes.
        about: what it is, for the system's document.
        default: the value where nothing else gives one; without a default the file of each environment has to.
        change: what another value does to a deployed stack, for the system's document. After :data:`NEVER`, why it is
            refused: the value is part of :attr:`lib.common.system_settings.SystemSettings.identity`.
        alias: the environment variable, where it is not the attribute's name in capitals.
        fixed: whether it belongs to the checkout or the stack's name, so that no file or configuration can hold it.
    """

    kind: SettingType[T]
    about: str
    default: T | Derived | None = None
    change: str = "in place"
    alias: str = ""
    fixed: bool = False
    attribute: str = field(init=False)

    def __set_name__(self, owner: type, name: str) -> None:
        if vars(self).setdefault("attribute", name) != name:
            raise TypeError(f"{owner.__name__}.{name} is the setting {self.attribute} too: use dataclasses.replace.")

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Any, owner: type) -> T: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else instance.values[self.attribute]

    @property
    def variable(self) -> str:
        """The environment variable; in small letters it is the key in an environment's file."""
        return self.alias or self.attribute.upper()

    @property
    def would(self) -> str:
        """What another value would do to a deployed stack, and is refused for; empty for one that can be changed."""
        return self.change.removeprefix(NEVER) if self.change.startswith(NEVER) else ""

    @property
    def pulumi_key(self) -> str:
        """The key in a Pulumi stack's configuration: ``databasePort`` for ``DATABASE_PORT``."""
        return re.sub(r"_(.)", lambda match: match[1].upper(), self.variable.lower())

    def read(self, values: Mapping[str, str | tuple[str, str]], earlier: Mapping[str, Any] | None = None) -> T:
        """Return what the values give, or else the default.

        Args:
            values: texts by variable; one that is not from the environment comes after its source.
            earlier: the settings that were read before, by attribute.

        Raises:
            SettingError: naming the value, its source and what it takes.
        """
        default = self.default.of(earlier or {}) if isinstance(self.default, Derived) else self.default
        given = values.get(self.variable) or text_of(default)
        source, value = (self.variable, given) if isinstance(given, str) else given
        return self.kind.parse(Given(source, value, default, earlier or {}))


def number(low: int, high: int) -> SettingType[int]:
    """Return the kind of whole numbers within limits."""

    def parse(given: Given) -> int:
        if not (given.text.isascii() and given.text.isdigit() and low <= int(given.text) <= high):
            raise given.refused(f"is refused: use a whole number from {low} to {high}.")
        return int(given.text)

    return SettingType(f"{low} to {high}", parse)


def amount(service: str, options: Sequence[int]) -> SettingType[int]:
    """Return the kind of the numbers that a service takes."""

    def parse(given: Given) -> int:
        if given.text not in map(str, options):
            raise given.refused(f"is refused: {service} takes {', '.join(map(str, options))}.")
        return int(given.text)

    return SettingType(", ".join(map(str, options)), parse)


def choice(*options: str) -> SettingType[str]:
    """Return the kind of some words."""

    def parse(given: Given) -> str:
        if given.text not in options:
            raise given.refused(f"is unknown: use one of {', '.join(options)}.")
        return given.text

    return SettingType(", ".join(f"`{option}`" for option in options), parse)


def text(takes: str, pattern: str, refusal: str) -> SettingType[str]:
    """Return the kind of texts with a pattern, or none where the default is none; ``{default}`` is the default."""

    def parse(given: Given) -> str:
        if (given.text or given.default) and not re.fullmatch(pattern, given.text):
            raise given.refused(refusal.format(default=given.default))
        return given.text

    return SettingType(takes, parse)


def certificate(where: str = "region") -> SettingType[str]:
    """Return the kind of certificates in the region that another setting has, or none."""

    def parse(given: Given) -> str:
        start = f"arn:{region.partition(given.earlier[where])}:acm:{given.earlier[where]}:"
        if given.text and not re.fullmatch(rf"{start}\d{{12}}:certificate/[0-9a-f-]{{36}}", given.text):
            raise given.refused(
                "is refused: a load balancer takes an ACM certificate of its own region, "
                f"{start}<account>:certificate/<id>."
            )
        return given.text

    return SettingType("an ACM certificate of the region", parse)


def _flag(given: Given) -> bool:
    if given.text not in ("true", "false"):
        raise given.refused("is not a valid flag: use true or false.")
    return given.text == "true"


def _network(given: Given) -> str:
    try:
        network = ipaddress.IPv4Network(given.text)
        # A VPC has a /16 to a /28; it is cut into sixteen, and the smallest subnet is a /28.
        if not (network.is_private and 16 <= network.prefixlen <= 24):
            raise ValueError(given.text)
    except ValueError as error:
        raise given.refused(
            f"is refused: write a private IPv4 network from /16 to /24, for example {given.default!r}."
        ) from error
    return given.text


FLAG = SettingType("`true`, `false`", _flag)
NETWORK = SettingType("a private network from /16 to /24", _network)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
# https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
# https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html
ACCOUNT_ID = text(
    "12 digits",
    r"\d{12}",
    "is not a valid account id: write its 12 digits, in quotation marks in a file, or leave it empty.",
)
DOMAIN = text(
    "a host name",
    rf"(?=.{{4,253}}$)(?:{_LABEL}\.)+[a-z][a-z0-9-]{{0,61}}[a-z0-9]",
    "is not a valid host name: write one like 'api.example.com', or leave it empty.",
)
# SNS sends to an address of RFC 5321: https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
EMAIL = text(
    "an e-mail address",
    rf"(?i)(?=.{{6,254}}$)(?=[^@]{{1,64}}@){_LOCAL}(?:\.{_LOCAL})*@(?:{_LABEL}\.)+[a-z]{{2,63}}",
    "is not a valid e-mail address: write one like 'team@example.com', or leave it empty.",
)
# https://docs.aws.amazon.com/Route53/latest/APIReference/API_HostedZone.html: at most 32 characters
HOSTED_ZONE = text(
    "the id of a hosted zone",
    r"Z[A-Z0-9]{1,31}",
    "is not a valid hosted zone: write an id like 'Z0123456789ABCDEFGHIJ', or leave it empty.",
)
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.html
INSTANCE_CLASS = text(
    "an RDS instance class",
    r"db\.[a-z0-9]+(?:-[a-z0-9]+)*\.[a-z0-9]+(?:-[a-z0-9]+)*",
    "is not a valid RDS instance class: write one like {default!r}.",
)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET = text(
    "the name of a bucket",
    r"(?!xn--|sthree-|amzn-s3-demo-|\d+\.\d+\.\d+\.\d+$)"
    r"(?!.*(?:\.\.|-s3alias$|--ol-s3$|\.mrap$|--x-s3$|--table-s3$|-an$))[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    "is not a valid bucket name: write 3 to 63 lower-case letters, digits, dots and hyphens, for example "
    "'my-terraform-state', or leave it empty.",
)
# AWS's rule for tag values, and two beginnings that RDS keeps for itself.
# https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Tag.html
TAG = text(
    "a tag's value",
    r"(?!aws:|rds:)[\w .:/=+@-]{1,256}",
    "cannot be a tag: use up to 256 letters, digits, spaces and _ . : / = + - @, and begin with neither 'aws:' nor "
    "'rds:'.",
)

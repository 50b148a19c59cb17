"""Physical names: the environment's suffix, and each service's limits.

A physical name is ``<base>-<suffix>``: the suffix comes last, so that two environments live in
one account and discovery can match it whole (``dev`` is not in ``dev2``). What AWS has one name space for in all
regions is called ``<base>-<region>-<suffix>``, so that a system can be deployed to a second region of the account.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lib.common import region
from lib.common.errors import SettingError

SUFFIX = "ENVIRONMENT_SUFFIX"
SUFFIX_DEFAULT = "dev"
SUFFIX_LENGTH = 20
# S3 keeps bucket names that end in -an and -s3alias for itself.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_SUFFIX = re.compile(r"(?!(?:.*-)?(?:an|s3alias)$)[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True)
class Limit:
    """How a service restricts a name: characters as a regular expression, length in characters."""

    pattern: str
    longest: int
    shortest: int = 1


_WORD = r"[A-Za-z0-9_-]+"
_DNS = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"

# Source of each row: the name parameter's constraints in the service's own API reference.
LIMITS: Mapping[str, Limit] = {
    "api": Limit(r"[^\x00-\x1f]+", 1024),
    "alarm": Limit(r"[^\x00-\x1f]+", 255),
    "bucket": Limit(r"(?!xn--|sthree-|amzn-s3-demo-|.*-(?:an|s3alias)$)[a-z0-9][a-z0-9-]*[a-z0-9]", 63, 3),
    "cluster": Limit(_WORD, 255),
    "dashboard": Limit(_WORD, 255),
    "database": Limit(_DNS, 63),
    "function": Limit(_WORD, 64),
    "global_cluster": Limit(_DNS, 63),
    "key_alias": Limit(r"[A-Za-z0-9/_-]+", 250),
    "load_balancer": Limit(r"(?!internal-)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*", 32),
    "log_group": Limit(r"[A-Za-z0-9_/.#-]+", 512),
    "parameter_group": Limit(_DNS, 255),
    "queue": Limit(_WORD, 80),
    "repository": Limit(r"[a-z0-9]+(?:[._/-][a-z0-9]+)*", 256, 2),
    "role": Limit(r"[A-Za-z0-9+=,.@_-]+", 64),
    "rule": Limit(r"[A-Za-z0-9_.-]+", 64),
    "secret": Limit(r"[A-Za-z0-9/_+=.@-]+", 512),
    "security_group": Limit(r"(?!sg-)[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]+", 255),
    "service": Limit(_WORD, 255),
    "stack": Limit(r"[A-Za-z][A-Za-z0-9-]*", 128),
    "stream": Limit(r"[A-Za-z0-9_.-]+", 128),
    "subnet_group": Limit(_DNS, 255),
    "table": Limit(r"[A-Za-z0-9_.-]+", 255, 3),
    "target_group": Limit(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*", 32),
    "task": Limit(_WORD, 255),
    "topic": Limit(_WORD, 256),
    "web_acl": Limit(_WORD, 128),
}

# One name space for all regions of an account: IAM has no regions, dashboards are global
# (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html), and so are global databases.
ACCOUNT_WIDE = frozenset({"dashboard", "global_cluster", "role"})


def check_suffix(value: str) -> str:
    """Return the suffix unchanged when it can end every service's name.

    RDS allows lower case, no double hyphen and no hyphen at the end; a bucket's name has to hold
    the account and the region too, which leaves ``SUFFIX_LENGTH`` characters.

    Raises:
        SettingError: any other value.
    """
    if len(value) > SUFFIX_LENGTH or not _SUFFIX.fullmatch(value):
        raise SettingError(
            f"{SUFFIX}={value!r} cannot end a resource's name: use 1 to {SUFFIX_LENGTH} lower-case letters, digits "
            "and single hyphens, starting and ending with a letter or digit, for example 'pr-123' (and after the last "
            "hyphen neither 'an' nor 's3alias': S3 keeps those)."
        )
    return value


def suffix(environ: Mapping[str, str] = os.environ) -> str:
    """Return the environment's suffix, by default ``dev``.

    Raises:
        SettingError: see :func:`check_suffix`.
    """
    return check_suffix(environ.get(SUFFIX) or SUFFIX_DEFAULT)


def physical(kind: str, base: str, ending: str, *, regions: Sequence[str], length: int | None = None) -> str:
    """Return ``<base>-<ending>`` when the service accepts it, with the regions between for :data:`ACCOUNT_WIDE` kinds.

    Args:
        kind: a key of :data:`LIMITS`.
        base: what the resource is, without the environment.
        ending: the environment's suffix.
        regions: where it is deployed, the primary region first.
        length: the name's length in characters after deployment, for a name that holds a
            placeholder (an account number, say) whose text is longer or shorter than its value.

    Raises:
        SettingError: the service would refuse the name.
    """
    where = [region.short(name) for name in regions] if kind in ACCOUNT_WIDE else []
    limit, name = LIMITS[kind], "-".join([base, *where, ending])
    size = len(name) if length is None else length
    if not limit.shortest <= size <= limit.longest:
        raise SettingError(
            f"The {kind} name {name!r} has {size} characters, and AWS takes {limit.shortest} to {limit.longest}: "
            f"shorten {SUFFIX} or the base name."
        )
    if length is None and not re.fullmatch(limit.pattern, name):
        raise SettingError(f"The {kind} name {name!r} is refused by AWS: it must match {limit.pattern}.")
    return name

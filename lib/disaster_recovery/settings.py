"""What can be chosen about the disaster-recovery system: validated values for two regions, no IaC tool."""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from lib.common import naming, rds_versions, region
from lib.common import setting_parsers as parse
from lib.common.errors import SettingError
from lib.common.tags import Tags

SYSTEM = "disaster-recovery"
ENGINE = "aurora-postgresql"
PRIMARY, SECONDARY = "primary", "secondary"
# A global database takes memory-optimised classes from the fifth generation on, and no burstable ones:
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database.configuration.requirements.html
_MEMORY_OPTIMISED = re.compile(r"db\.(r([5-9]|\d\d)[a-z]*|x\d[a-z]*)\.\d*x?large")
_ELSEWHERE = ipaddress.IPv4Network("10.61.0.0/16")


@dataclass(frozen=True)
class EnvironmentProfile:
    """What differs between an environment that may be lost and one that may not."""

    retain_data: bool  # deletion protection, final snapshot, data kept when the stack goes
    log_days: int
    backup_days: int
    instances: int  # of the database, in each region
    zones: int
    insights: str
    rate: int  # requests a second
    burst: int


PROFILES: Mapping[str, EnvironmentProfile] = {
    "dev": EnvironmentProfile(False, 14, 1, 1, 2, "standard", 20, 40),
    "staging": EnvironmentProfile(False, 30, 7, 1, 2, "standard", 50, 100),
    "production": EnvironmentProfile(True, 365, 35, 2, 3, "advanced", 200, 400),
}


@dataclass(frozen=True)
class Side:
    """One of the two regions. A failover changes which of them writes, and never which is called primary here."""

    role: str
    region: str
    cidr: str
    certificate_arn: str


@dataclass(frozen=True)
class Settings:  # pylint: disable=too-many-instance-attributes  # one for each setting
    """The system's settings; :meth:`read` validates them."""

    primary: Side
    secondary: Side
    suffix: str
    environment: str
    tags: Tags
    profile: EnvironmentProfile
    deletion_protection: bool
    instances: int
    zones: int
    engine_version: str
    rate: int
    burst: int
    instance_class: str = "db.r6g.large"
    database_port: int = 5432
    database_name: str = "payments"
    password_version: int = 1
    domain: str = ""
    zone_id: str = ""
    lag_max_ms: int = 5000
    snapshot_max_age_hours: int = 26
    pitr_min_hours: int = 24
    verify_hours: int = 1
    api_account: bool = True
    alarm_email: str = ""
    state_bucket: str = ""
    state_region: str = ""

    @classmethod
    def read(cls, values: Mapping[str, str] = os.environ) -> "Settings":
        """Return the settings that the files and the given values describe.

        Raises:
            SettingError: naming the variable, its value and what it takes.
        """
        suffix = naming.suffix(values)
        environment = parse.choice(values, "ENVIRONMENT", "dev", parse.ENVIRONMENTS)
        profile = PROFILES[environment]
        first, second = sides(values)
        found = cls(
            primary=first,
            secondary=second,
            suffix=suffix,
            environment=environment,
            tags=Tags.read(SYSTEM, suffix, values),
            profile=profile,
            deletion_protection=parse.flag(values, "DELETION_PROTECTION", default=profile.retain_data),
            # A cluster has up to 16 instances, and a secondary one of them less.
            instances=parse.number(values, "DATABASE_INSTANCES", profile.instances, 1, 15),
            zones=parse.number(values, "ZONES", profile.zones, 2, 3),
            engine_version=rds_versions.choose(ENGINE, values),
            rate=parse.number(values, "API_RATE", profile.rate, 1, 10_000),
            burst=parse.number(values, "API_BURST", profile.burst, 1, 5_000),
            instance_class=_instance_class(values, cls.instance_class),
            database_port=parse.number(values, "DATABASE_PORT", cls.database_port, 1150, 65535),
            password_version=parse.number(values, "PASSWORD_VERSION", cls.password_version, 1, 1_000_000),
            domain=parse.domain(values, "DOMAIN_NAME"),
            zone_id=parse.hosted_zone(values, "HOSTED_ZONE_ID"),
            lag_max_ms=parse.number(values, "LAG_MAX_MS", cls.lag_max_ms, 100, 3_600_000),
            snapshot_max_age_hours=parse.number(values, "SNAPSHOT_MAX_AGE_HOURS", cls.snapshot_max_age_hours, 1, 840),
            # What was deployed today cannot be restored to yesterday.
            pitr_min_hours=parse.number(
                values, "PITR_MIN_HOURS", cls.pitr_min_hours if profile.retain_data else 1, 1, 840
            ),
            # CloudWatch looks back one day at the most, and the alarm on silence looks at three runs.
            verify_hours=parse.number(values, "VERIFY_HOURS", cls.verify_hours, 1, 8),
            api_account=parse.flag(values, "API_ACCOUNT", default=True),
            alarm_email=parse.email(values, "ALARM_EMAIL"),
            state_bucket=parse.bucket(values, "STATE_BUCKET"),
            # What repairs a lost region must not be lost with it.
            state_region=_known_region(values, "STATE_REGION", second.region),
        )
        found.check_domain()
        return found

    def check_domain(self) -> None:
        """Refuse half a domain.

        Raises:
            SettingError: a name without certificates, a certificate without the other, or a zone without a name.
        """
        parts = {
            "DOMAIN_NAME": self.domain,
            "CERTIFICATE_ARN": self.primary.certificate_arn,
            "CERTIFICATE_ARN_DR": self.secondary.certificate_arn,
        }
        missing = [name for name, value in parts.items() if not value]
        given = [name for name, value in {**parts, "HOSTED_ZONE_ID": self.zone_id}.items() if value]
        if given and missing:
            raise SettingError(
                f"{', '.join(given)} without {', '.join(missing)}: a domain needs its name and a certificate in each "
                "region (and HOSTED_ZONE_ID for its records): set all of them, or none."
            )

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both regions, the primary one first."""
        return self.primary, self.secondary

    def other(self, side: Side) -> Side:
        """Return the region that is not this one."""
        return self.secondary if side == self.primary else self.primary

    @property
    def regions(self) -> tuple[str, str]:
        """Both regions' names, the primary one first."""
        return self.primary.region, self.secondary.region

    @property
    def global_cluster(self) -> str:
        """The global database's identifier, which is unique in all regions of an account: it names the pair."""
        return naming.physical("global_cluster", SYSTEM, self.suffix, regions=self.regions)

    def name(self, kind: str, part: str = "", *, where: str = "") -> str:
        """Return a physical name of this system, for example ``disaster-recovery-payment-dev``.

        It is the same in both regions, but for what AWS has one name space for in all of them.

        Args:
            kind: see :func:`lib.common.naming.physical`.
            part: which of several.
            where: the region; by default the primary one.
        """
        base = f"{SYSTEM}-{part}" if part else SYSTEM
        return naming.physical(kind, base, self.suffix, regions=[where or self.primary.region])


def sides(values: Mapping[str, str]) -> tuple[Side, Side]:
    """Return both regions with networks that do not overlap, for a peering needs that.

    Raises:
        SettingError: a value that is refused, or two networks that overlap.
    """
    first, second = region.pair(values)
    cidr = parse.network(values, "VPC_CIDR", "10.60.0.0/16")
    network = ipaddress.IPv4Network(cidr)
    # The network beside it, of the same size; 192.168.0.0/16 has no private one.
    beside = next((n for n in network.supernet().subnets() if n != network and n.is_private), _ELSEWHERE)
    other = parse.network(values, "VPC_CIDR_DR", str(beside))
    if network.overlaps(ipaddress.IPv4Network(other)):
        raise SettingError(
            f"VPC_CIDR={cidr!r} and VPC_CIDR_DR={other!r} overlap, and peered networks cannot: leave VPC_CIDR_DR out, "
            f"or write another one, for example {str(beside)!r}."
        )
    return (
        Side(PRIMARY, first, cidr, parse.certificate(values, "CERTIFICATE_ARN", first)),
        Side(SECONDARY, second, other, parse.certificate(values, "CERTIFICATE_ARN_DR", second)),
    )


def _instance_class(values: Mapping[str, str], default: str) -> str:
    text = parse.instance_class(values, "DATABASE_INSTANCE_CLASS", default)
    if not _MEMORY_OPTIMISED.fullmatch(text):
        raise SettingError(
            f"DATABASE_INSTANCE_CLASS={text!r} is refused by a global database: write a memory-optimised class of the "
            f"fifth generation or later, for example {default!r}."
        )
    return text


def _known_region(values: Mapping[str, str], name: str, default: str) -> str:
    text = values.get(name) or default
    if text not in region.known():
        raise SettingError(f"{name}={text!r} is not an AWS region known to the installed botocore.")
    return text

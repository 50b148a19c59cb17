"""What can be chosen about the disaster-recovery system: validated values for two regions, no IaC tool."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lib.common import naming
from lib.common import region as regions
from lib.common import setting_types as kinds
from lib.common import settings as common
from lib.common.capacity import Need
from lib.common.errors import SettingError
from lib.common.setting_types import Derived, Given, Setting, SettingType, number
from lib.common.system_settings import SystemSettings
from lib.disaster_recovery import writer

SYSTEM = "disaster-recovery"
ENGINE = "aurora-postgresql"
PRIMARY, SECONDARY = "primary", "secondary"
_ELSEWHERE = ipaddress.IPv4Network("10.61.0.0/16")


@dataclass(frozen=True)
class RegionConfig:
    """One of the two regions. A failover changes which of them writes, and never which is called primary here."""

    role: str
    region: str
    cidr: str
    certificate_arn: str


def _instance_class(given: Given) -> str:
    """Return a class that a global database takes: memory-optimised, of the fifth generation or later, no burstable.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database.configuration.requirements.html
    """
    if not re.fullmatch(r"db\.(r([5-9]|\d\d)[a-z]*|x\d[a-z]*)\.\d*x?large", kinds.INSTANCE_CLASS.parse(given)):
        raise given.refused(
            "is refused by a global database: write a memory-optimised class of the fifth generation or later, for "
            f"example {given.default!r}."
        )
    return given.text


def _second_region(given: Given) -> str:
    return regions.pair({regions.PRIMARY: given.earlier["region"], regions.SECONDARY: given.text})[1]


def _known_region(given: Given) -> str:
    if given.text not in regions.known():
        raise given.refused("is not an AWS region known to the installed botocore.")
    return given.text


def _beside(earlier: Mapping[str, Any]) -> str:
    """Return the network beside the primary one, of the same size; 192.168.0.0/16 has no private one."""
    network = ipaddress.IPv4Network(earlier["vpc_cidr"])
    return str(next((n for n in network.supernet().subnets() if n != network and n.is_private), _ELSEWHERE))


# What the API takes of health checks: limits of their own, so that a flood of payments cannot make a region look lost.
# Route 53 asks from about fifteen places every ten seconds, by each of two checks.
HEALTH_RATE, HEALTH_BURST = 20, 50


class Settings(common.DatabaseSettings):
    """The system's settings."""

    system = SYSTEM
    database_name = "payments"

    # No function connects to the database: its certificate authority need not be known.
    region = SystemSettings.region
    region_dr = replace(
        region,
        kind=SettingType("another region of the partition", _second_region),
        about="where it is deployed too",
        default=Derived(f"the file lib/{regions.SECONDARY}", lambda _: ""),
        alias=regions.SECONDARY,
    )
    vpc_cidr = replace(common.VPC_CIDR, default="10.60.0.0/16")
    vpc_cidr_dr = replace(vpc_cidr, default=Derived("the network beside VPC_CIDR", _beside))
    zones = Setting(number(2, 3), "Availability Zones in each region", change="in place, from 2 to 3")
    environment_before = common.ENVIRONMENT_BEFORE
    engine_version = common.version(ENGINE)
    database_instance_class = replace(
        common.DatabaseSettings.database_instance_class,
        kind=SettingType("a memory-optimised class of the fifth generation or later", _instance_class),
        default="db.r6g.large",
    )
    # A cluster has up to 16 instances, and a secondary one of them less.
    database_instances = Setting(number(1, 15), "instances in each region")
    database_insights = common.DATABASE_INSIGHTS
    password_version = Setting(
        number(1, 1_000_000), "a larger number makes a new password", 1, "not while the secondary region writes"
    )
    deletion_protection = common.DELETION_PROTECTION
    api_rate = common.API_RATE
    api_burst = common.API_BURST
    function_concurrency = replace(
        common.FUNCTION_CONCURRENCY,
        default=Derived(
            f"API_BURST, and {HEALTH_BURST} for health checks", lambda earlier: earlier["api_burst"] + HEALTH_BURST
        ),
    )
    api_metrics = common.API_METRICS
    tracing = common.TRACING
    domain_name = common.DOMAIN_NAME
    hosted_zone_id = replace(
        common.HOSTED_ZONE_ID, about="its Route 53 zone; without it, its records are yours to make"
    )
    certificate_arn = Setting(kinds.certificate(), "the certificate of that name in the primary region", "")
    certificate_arn_dr = Setting(kinds.certificate("region_dr"), "its certificate in the secondary region", "")
    former_keys = Setting(
        kinds.FLAG, "whether payments are looked for under keys as they were stored before they were hashed", False
    )
    lag_max_ms = Setting(number(100, 3_600_000), "milliseconds from which replication is too late", 5000)
    snapshot_max_age_hours = Setting(number(1, 840), "hours from which the latest snapshot is too old", 26)
    # What was deployed today cannot be restored to yesterday.
    pitr_min_hours = Setting(number(1, 840), "hours back to which it must be possible to restore")
    # CloudWatch looks back one day at the most, and the alarm on silence looks at three runs.
    verify_hours = Setting(number(1, 8), "hours from one verification of the backups to the next", 1)
    state_bucket = Setting(kinds.BUCKET, "where Terraform's state is; without it, in a file", "", "see State")
    # What repairs a lost region must not be lost with it.
    state_region = Setting(
        SettingType("a region of AWS", _known_region),
        "the region of that bucket",
        Derived("the secondary region", lambda earlier: earlier["region_dr"]),
        "see State",
    )

    def capacity(self) -> list[Need]:
        """Return what callers ask of the function, and payments of the items that say which region writes."""
        at_once = self.api_burst + HEALTH_BURST
        return [
            Need(
                "functions at once",
                f"API_BURST={self.api_burst} + {HEALTH_BURST} health checks",
                at_once,
                f"FUNCTION_CONCURRENCY={self.function_concurrency}",
                self.function_concurrency or at_once,
                "a smaller API_BURST, or a larger FUNCTION_CONCURRENCY",
            ),
            Need(
                f"payments a second over the {len(writer.ITEMS)} writer items",
                f"API_RATE={self.api_rate}: each payment's transaction checks one of them",
                self.api_rate,
                "their transactions, by the model of decision 22",
                writer.PAYMENTS_A_SECOND,
                "a smaller API_RATE",
            ),
        ]

    def check(self) -> None:
        """Refuse networks that overlap, for a peering needs others, and half a domain."""
        if ipaddress.IPv4Network(self.vpc_cidr).overlaps(ipaddress.IPv4Network(self.vpc_cidr_dr)):
            raise SettingError(
                f"VPC_CIDR={self.vpc_cidr!r} and VPC_CIDR_DR={self.vpc_cidr_dr!r} overlap, and peered networks cannot: "
                f"leave VPC_CIDR_DR out, or write another one, for example {_beside(self.values)!r}."
            )
        parts = {name.upper(): self.values[name] for name in ("domain_name", "certificate_arn", "certificate_arn_dr")}
        missing = [name for name, value in parts.items() if not value]
        given = [name for name, value in {**parts, "HOSTED_ZONE_ID": self.hosted_zone_id}.items() if value]
        if given and missing:
            raise SettingError(
                f"{', '.join(given)} without {', '.join(missing)}: a domain needs its name and a certificate in each "
                "region (and HOSTED_ZONE_ID for its records): set all of them, or none."
            )

    @property
    def region_configs(self) -> tuple[RegionConfig, RegionConfig]:
        """Both regions, the primary one first."""
        return (
            RegionConfig(PRIMARY, self.region, self.vpc_cidr, self.certificate_arn),
            RegionConfig(SECONDARY, self.region_dr, self.vpc_cidr_dr, self.certificate_arn_dr),
        )

    @property
    def primary(self) -> RegionConfig:
        """The primary region."""
        return self.region_configs[0]

    @property
    def secondary(self) -> RegionConfig:
        """The secondary region."""
        return self.region_configs[1]

    def other(self, region_config: RegionConfig) -> RegionConfig:
        """Return the region that is not this one."""
        return self.secondary if region_config == self.primary else self.primary

    @property
    def regions(self) -> tuple[str, str]:
        """Both regions' names, the primary one first."""
        return self.region, self.region_dr

    @property
    def global_cluster(self) -> str:
        """The global database's identifier, which is unique in all regions of an account: it names the pair."""
        return naming.physical("global_cluster", SYSTEM, self.suffix, regions=self.regions)

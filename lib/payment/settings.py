"""What can be chosen about the payment system: validated values, a profile for each environment, no IaC tool."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from lib.common import naming, rds_ca, rds_versions, region
from lib.common import setting_parsers as parse
from lib.common.errors import SettingError
from lib.common.tags import Tags

SYSTEM = "payment"
ENVIRONMENT = "staging"
# Each of them is read from the environment, or else from the stack's configuration as tap:databasePort and so on.
VARIABLES = (
    "ENVIRONMENT",
    "PROJECT",
    "REPOSITORY",
    "AUTHOR",
    "POSTGRES_VERSION",
    "DATABASE_INSTANCE_CLASS",
    "DATABASE_PORT",
    "DATABASE_MULTI_AZ",
    "DATABASE_TLS",
    "DELETION_PROTECTION",
    "VPC_CIDR",
    "NAT_PER_ZONE",
    "AUDIT_MODE",
    "AUDIT_DAYS",
    "API_RATE",
    "API_BURST",
    "API_ACCOUNT",
    "SENDER_RATE",
    "FUNCTION_CONCURRENCY",
    "CERTIFICATE_ARN",
    "ALARM_EMAIL",
)
# The functions verify the server's certificate and name; "off" is for a PostgreSQL on loopback that has none.
TLS = ("verify-full", "off")
MODES = ("GOVERNANCE", "COMPLIANCE")
YEAR_DAYS = 365


@dataclass(frozen=True)
class EnvironmentProfile:
    """What differs between environments; a setting of its own can change all but the first three."""

    retain_data: bool  # deletion protection, final snapshot, data kept when the stack goes
    log_days: int
    backup_days: int
    multi_az: bool
    nat_per_zone: bool
    audit_mode: str  # in GOVERNANCE mode a special right can shorten an object's retention, in COMPLIANCE nothing can
    audit_days: int
    rate: int  # requests a second
    burst: int


PROFILES: Mapping[str, EnvironmentProfile] = {
    "dev": EnvironmentProfile(False, 14, 1, False, False, "GOVERNANCE", 1, 20, 40),
    "staging": EnvironmentProfile(False, 30, 7, True, False, "GOVERNANCE", 7, 50, 100),
    "production": EnvironmentProfile(True, 365, 35, True, True, "COMPLIANCE", 7 * YEAR_DAYS, 200, 400),
}


@dataclass(frozen=True)
class Settings:  # pylint: disable=too-many-instance-attributes  # one for each setting
    """The payment system's settings; :meth:`read` validates them."""

    region: str
    suffix: str
    environment: str
    tags: Tags
    profile: EnvironmentProfile
    deletion_protection: bool
    multi_az: bool
    nat_per_zone: bool
    engine_version: str
    audit_mode: str
    audit_days: int
    rate: int
    burst: int
    certificate_arn: str = ""
    database_tls: str = TLS[0]
    instance_class: str = "db.t4g.medium"
    database_port: int = 5432
    database_name: str = "payments"
    storage_gib: int = 20
    storage_limit_gib: int = 100
    vpc_cidr: str = "10.30.0.0/16"
    concurrency: int = 20
    sender_rate: int = 2000
    api_account: bool = True
    alarm_email: str = ""

    @classmethod
    def read(cls, values: Mapping[str, str] = os.environ) -> "Settings":
        """Return the settings that the files and the given values describe.

        Raises:
            SettingError: naming the variable, its value and what it takes.
        """
        suffix, where = naming.suffix(values), rds_ca.covered(region.primary(values))
        environment = parse.choice(values, "ENVIRONMENT", ENVIRONMENT, parse.ENVIRONMENTS)
        profile = PROFILES[environment]
        found = cls(
            region=where,
            suffix=suffix,
            environment=environment,
            tags=Tags.read(SYSTEM, suffix, values, Environment=ENVIRONMENT),
            profile=profile,
            deletion_protection=parse.flag(values, "DELETION_PROTECTION", default=profile.retain_data),
            multi_az=parse.flag(values, "DATABASE_MULTI_AZ", default=profile.multi_az),
            nat_per_zone=parse.flag(values, "NAT_PER_ZONE", default=profile.nat_per_zone),
            engine_version=rds_versions.choose("postgres", values),
            audit_mode=parse.choice(values, "AUDIT_MODE", profile.audit_mode, MODES),
            audit_days=parse.number(values, "AUDIT_DAYS", profile.audit_days, 1, 100 * YEAR_DAYS),
            rate=parse.number(values, "API_RATE", profile.rate, 1, 10_000),
            burst=parse.number(values, "API_BURST", profile.burst, 1, 5_000),
            certificate_arn=parse.certificate(values, "CERTIFICATE_ARN", where),
            instance_class=parse.instance_class(values, "DATABASE_INSTANCE_CLASS", cls.instance_class),
            database_port=parse.number(values, "DATABASE_PORT", cls.database_port, 1150, 65535),
            database_tls=parse.choice(values, "DATABASE_TLS", cls.database_tls, TLS),
            vpc_cidr=parse.network(values, "VPC_CIDR", cls.vpc_cidr),
            # 0 reserves nothing: Lambda insists on leaving 100 to the account's other functions, of which a new account
            # may not have as many.
            concurrency=parse.number(values, "FUNCTION_CONCURRENCY", cls.concurrency, 0, 1000),
            # WAF counts a sender's requests over five minutes, and takes 10 to 2 billion.
            sender_rate=parse.number(values, "SENDER_RATE", cls.sender_rate, 10, 2_000_000_000),
            api_account=parse.flag(values, "API_ACCOUNT", default=True),
            alarm_email=parse.email(values, "ALARM_EMAIL"),
        )
        found.check_production()
        return found

    def check_production(self) -> None:
        """Refuse what would make production less than it is called.

        Raises:
            SettingError: naming the variable, its value and what it takes.
        """
        wrong = {
            "DATABASE_MULTI_AZ=false": not self.multi_az,
            f"DATABASE_TLS={self.database_tls}": self.database_tls != TLS[0],
            f"AUDIT_MODE={self.audit_mode}": self.audit_mode != "COMPLIANCE",
            f"AUDIT_DAYS={self.audit_days}": self.audit_days < YEAR_DAYS,
            f"DATABASE_INSTANCE_CLASS={self.instance_class}": bool(re.search(r"\.(micro|small)$", self.instance_class)),
        }
        refused = [name for name, wrongly in wrong.items() if wrongly]
        if self.environment == "production" and refused:
            raise SettingError(
                f"{refused[0]} is refused with ENVIRONMENT=production, which is Multi-AZ on at least a medium instance,"
                f" verifies its database's certificate, and keeps its audit trail in COMPLIANCE mode for {YEAR_DAYS} "
                "days or more: leave it out, or deploy as staging."
            )

    def name(self, kind: str, part: str = "") -> str:
        """Return a physical name of this system, for example ``payment-api-dev``."""
        return naming.physical(kind, f"{SYSTEM}-{part}" if part else SYSTEM, self.suffix, regions=[self.region])

    def bucket(self, part: str, account: str) -> str:
        """Return a bucket's name. Bucket names are global: account and region are part of it."""
        return naming.physical("bucket", f"{part}-{account}-{self.region}", self.suffix, regions=[self.region])

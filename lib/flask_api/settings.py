"""What can be chosen about the Flask API: validated values, no IaC tool."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from lib.common import naming, rds_ca, rds_versions, region
from lib.common import setting_parsers as parse
from lib.common.errors import SettingError
from lib.common.tags import Tags

SYSTEM = "flask-api"
PROJECT = "ecommerce-api"
ENVIRONMENT = "production"
# Each of them is read from the environment, or else from the stack's configuration as tap:databasePort and so on.
VARIABLES = (
    "ENVIRONMENT",
    "PROJECT",
    "REPOSITORY",
    "AUTHOR",
    "AURORA_POSTGRESQL_VERSION",
    "DATABASE_INSTANCE_CLASS",
    "DATABASE_PORT",
    "DATABASE_INSIGHTS",
    "DELETION_PROTECTION",
    "VPC_CIDR",
    "NAT_PER_ZONE",
    "IMAGE",
    "CPU_ARCHITECTURE",
    "TASK_CPU",
    "TASK_MEMORY",
    "TASKS_MIN",
    "TASKS_MAX",
    "CERTIFICATE_ARN",
    "DOMAIN_NAME",
    "HOSTED_ZONE_ID",
    "ALARM_EMAIL",
)
# MiB of memory that Fargate offers with so many CPU units: first, last, step.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
FARGATE: Mapping[int, range] = {
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
}
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True)
class EnvironmentProfile:
    """What differs between an environment that may be lost and one that may not."""

    retain_data: bool  # deletion protection, final snapshot, data kept when the stack goes
    backup_days: int
    log_days: int
    nat_per_zone: bool


PROFILES: Mapping[str, EnvironmentProfile] = {
    "dev": EnvironmentProfile(retain_data=False, backup_days=7, log_days=14, nat_per_zone=False),
    "staging": EnvironmentProfile(retain_data=False, backup_days=7, log_days=30, nat_per_zone=False),
    "production": EnvironmentProfile(retain_data=True, backup_days=35, log_days=365, nat_per_zone=True),
}


def _image(values: Mapping[str, str]) -> str:
    image = values.get("IMAGE", "")
    if image and (image == "latest" or not (_DIGEST.fullmatch(image) or _TAG.fullmatch(image))):
        raise SettingError(
            f"IMAGE={image!r} names no image of the stack's repository: write its digest (sha256:...) or a tag of its "
            "own, never 'latest', for tags are immutable."
        )
    return image


def _size(values: Mapping[str, str]) -> tuple[int, int]:
    cpu = parse.number(values, "TASK_CPU", 512, 0, max(FARGATE))
    if cpu not in FARGATE:
        raise SettingError(f"TASK_CPU={str(cpu)!r} is refused: Fargate takes {', '.join(map(str, FARGATE))}.")
    memory = parse.number(values, "TASK_MEMORY", FARGATE[cpu][0], 0, 10**6)
    if memory not in FARGATE[cpu]:
        sizes = FARGATE[cpu]
        raise SettingError(
            f"TASK_MEMORY={str(memory)!r} is refused: with TASK_CPU={cpu}, Fargate takes {sizes[0]} to {sizes[-1]} "
            f"MiB in steps of {sizes.step}."
        )
    return cpu, memory


def _domain(values: Mapping[str, str]) -> tuple[str, str]:
    domain, zone = parse.domain(values, "DOMAIN_NAME"), parse.hosted_zone(values, "HOSTED_ZONE_ID")
    if bool(domain) != bool(zone):
        raise SettingError(
            f"DOMAIN_NAME={domain!r} with HOSTED_ZONE_ID={zone!r} is refused: a Route 53 record needs both, or neither."
        )
    return domain, zone


@dataclass(frozen=True)
class Settings:  # pylint: disable=too-many-instance-attributes  # one for each setting
    """The API's settings; :meth:`read` validates them."""

    region: str
    suffix: str
    environment: str
    tags: Tags
    profile: EnvironmentProfile
    deletion_protection: bool
    nat_per_zone: bool
    engine_version: str
    cpu: int
    memory: int
    certificate_arn: str = ""
    domain_name: str = ""
    hosted_zone_id: str = ""
    image: str = ""
    cpu_architecture: str = "X86_64"
    instance_class: str = "db.t4g.medium"
    insights: str = "standard"
    database_port: int = 5432
    database_name: str = "shop"
    vpc_cidr: str = "10.20.0.0/16"
    tasks_min: int = 2
    tasks_max: int = 6
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
        cpu, memory = _size(values)
        domain, zone = _domain(values)
        least = parse.number(values, "TASKS_MIN", cls.tasks_min, 1, 1000)
        return cls(
            region=where,
            suffix=suffix,
            environment=environment,
            tags=Tags.read(SYSTEM, suffix, values, Environment=ENVIRONMENT, Project=PROJECT),
            profile=profile,
            deletion_protection=parse.flag(values, "DELETION_PROTECTION", default=profile.retain_data),
            nat_per_zone=parse.flag(values, "NAT_PER_ZONE", default=profile.nat_per_zone),
            engine_version=rds_versions.choose("aurora-postgresql", values),
            cpu=cpu,
            memory=memory,
            certificate_arn=parse.certificate(values, "CERTIFICATE_ARN", where),
            domain_name=domain,
            hosted_zone_id=zone,
            image=_image(values),
            cpu_architecture=parse.choice(values, "CPU_ARCHITECTURE", "X86_64", ("X86_64", "ARM64")),
            instance_class=parse.instance_class(values, "DATABASE_INSTANCE_CLASS", cls.instance_class),
            insights=parse.choice(values, "DATABASE_INSIGHTS", cls.insights, ("standard", "advanced")),
            database_port=parse.number(values, "DATABASE_PORT", cls.database_port, 1150, 65535),
            vpc_cidr=parse.network(values, "VPC_CIDR", cls.vpc_cidr),
            tasks_min=least,
            tasks_max=parse.number(values, "TASKS_MAX", max(cls.tasks_max, least), least, 1000),
            alarm_email=parse.email(values, "ALARM_EMAIL"),
        )

    def name(self, kind: str, part: str = "") -> str:
        """Return a physical name of this system, for example ``flask-api-logs-dev``."""
        return naming.physical(kind, f"{SYSTEM}-{part}" if part else SYSTEM, self.suffix, regions=[self.region])

    def bucket(self, account: str) -> str:
        """Return the access-log bucket's name. Bucket names are global: account and region are part of it."""
        return naming.physical("bucket", f"alb-logs-{account}-{self.region}", self.suffix, regions=[self.region])

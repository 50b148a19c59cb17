"""What can be chosen about the pipeline: validated values, no IaC tool."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from lib.common import naming, rds_ca, rds_versions, region
from lib.common import setting_parsers as parse
from lib.common.tags import Tags

SYSTEM = "kinesis-pipeline"


@dataclass(frozen=True)
class EnvironmentProfile:
    """What differs between an environment that may be lost and one that may not."""

    retain_data: bool  # deletion protection, final snapshot, data kept when the stack goes
    backup_days: int
    stream_hours: int
    log_days: int


PROFILES: Mapping[str, EnvironmentProfile] = {
    "dev": EnvironmentProfile(retain_data=False, backup_days=7, stream_hours=24, log_days=14),
    "staging": EnvironmentProfile(retain_data=False, backup_days=7, stream_hours=48, log_days=30),
    "production": EnvironmentProfile(retain_data=True, backup_days=35, stream_hours=168, log_days=365),
}


@dataclass(frozen=True)
class Settings:  # pylint: disable=too-many-instance-attributes  # one for each setting
    """The pipeline's settings; :meth:`read` validates them."""

    region: str
    suffix: str
    environment: str
    tags: Tags
    profile: EnvironmentProfile
    engine_version: str
    instance_class: str = "db.t4g.medium"
    database_port: int = 5432
    database_name: str = "pipeline"
    storage_gib: int = 20
    storage_limit_gib: int = 100
    shards: int = 1
    batch_size: int = 100
    alarm_email: str = ""

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Return the settings that the files and the environment describe.

        Raises:
            SettingError: naming the variable, its value and what it takes.
        """
        suffix = naming.suffix(environ)
        environment = parse.choice(environ, "ENVIRONMENT", "dev", parse.ENVIRONMENTS)
        return cls(
            region=rds_ca.covered(region.primary(environ)),
            suffix=suffix,
            environment=environment,
            tags=Tags.read(SYSTEM, suffix, environ),
            profile=PROFILES[environment],
            engine_version=rds_versions.choose("postgres", environ),
            instance_class=parse.instance_class(environ, "DATABASE_INSTANCE_CLASS", cls.instance_class),
            database_port=parse.number(environ, "DATABASE_PORT", cls.database_port, 1150, 65535),
            shards=parse.number(environ, "STREAM_SHARDS", cls.shards, 1, 200),
            batch_size=parse.number(environ, "BATCH_SIZE", cls.batch_size, 1, 1000),
            alarm_email=parse.email(environ, "ALARM_EMAIL"),
        )

    def name(self, kind: str, part: str = "") -> str:
        """Return a physical name of this system, for example ``kinesis-pipeline-consumer-dev``."""
        return naming.physical(kind, f"{SYSTEM}-{part}" if part else SYSTEM, self.suffix, regions=[self.region])

    def bucket(self, account: str) -> str:
        """Return the failure bucket's name. Bucket names are global: account and region are part of it."""
        base = f"events-failed-{account}-{self.region}"
        length = len(base) - len(account) + 12 + 1 + len(self.suffix)
        return naming.physical("bucket", base, self.suffix, regions=[self.region], length=length)

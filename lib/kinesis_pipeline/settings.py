"""What can be chosen about the pipeline: validated values, no IaC tool."""

import re

from lib.common import capacity
from lib.common.capacity import Need
from lib.common.errors import SettingError
from lib.common.setting_types import NEVER, Given, Setting, SettingType, choice, number
from lib.common.settings import DELETION_PROTECTION, DatabaseSettings, version

SYSTEM = "kinesis-pipeline"


def _zones(given: Given) -> str:
    letters = given.text.split(",") if given.text else []
    if letters and not (
        2 <= len(set(letters)) == len(letters) <= 3 and all(re.fullmatch("[a-z]", letter) for letter in letters)
    ):
        raise given.refused("is refused: write the letters of two or three zones of the region, for example 'a,b'.")
    return given.text


class Settings(DatabaseSettings):
    """The pipeline's settings."""

    system, bucket_base = SYSTEM, "events-failed"
    database_name = "pipeline"
    storage_gib, storage_limit_gib = 20, 100

    engine_version = version("postgres")
    deletion_protection = DELETION_PROTECTION
    # CloudFormation has no state of its own to keep them in: Fn::GetAZs looks them up at each deployment.
    availability_zones = Setting(
        SettingType("letters of two or three zones", _zones),
        "the zones of the network, for example `a,b`; without it the region's first two, looked up at each deployment; "
        "production needs it",
        "",
        f"{NEVER}the subnets and what is in them would be replaced",
    )
    # https://docs.aws.amazon.com/kinesis/latest/APIReference/API_IncreaseStreamRetentionPeriod.html
    stream_hours = Setting(number(24, 8760), "hours that records stay in the stream")
    # https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
    stream_shards = Setting(
        number(1, 200),
        "shards, for 1 MB or 1,000 records a second each",
        1,
        "in place, to half as many to twice; further by several deployments",
    )
    batch_size = Setting(number(1, 1000), "records for each invocation", 100)
    # Producers and consumers are deployed at different times, and a field more is the change that breaks no reader:
    # with `refuse`, a producer that is ahead has all its events quarantined until the schema knows the field.
    unknown_fields = Setting(
        choice("keep", "refuse"),
        "what becomes of an event's fields that the schema does not list: kept in the column `unmapped`, or the event "
        "is poison",
        "keep",
        "in place; events that were refused are put back by `scripts/redrive --poison`",
    )

    def capacity(self) -> list[Need]:
        """Return what the consumers ask of the database."""
        return [
            capacity.connections(
                self.database_instance_class,
                self.stream_shards + 1,
                f"a consumer for each of STREAM_SHARDS={self.stream_shards}, and 1 to migrate",
                "fewer STREAM_SHARDS",
            )
        ]

    def check(self) -> None:
        """Refuse production whose zones can change with AWS's list of them."""
        if self.environment == "production" and not self.availability_zones:
            raise SettingError(
                "AVAILABILITY_ZONES='' is refused with ENVIRONMENT=production, whose subnets stay in their zones "
                "whatever AWS lists later: write the letters of two zones, for example 'a,b', or deploy as staging."
            )

    @property
    def zone_names(self) -> list[str]:
        """The availability zones that are written down."""
        return [f"{self.region}{letter}" for letter in self.availability_zones.split(",") if letter]

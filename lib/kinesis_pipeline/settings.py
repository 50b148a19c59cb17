"""What can be chosen about the pipeline: validated values, no IaC tool."""

import math
import re

from lib.common import capacity
from lib.common.capacity import Need
from lib.common.errors import SettingError
from lib.common.setting_types import NEVER, Given, Setting, SettingType, choice, number
from lib.common.settings import DELETION_PROTECTION, STORAGE_LIMIT_GIB, DatabaseSettings, version

SYSTEM = "kinesis-pipeline"
# Of the failure bucket. What is deleted in a bucket with versions can be brought back for as many days as its lifecycle
# keeps them, and a day of the lifecycle ends at the next midnight, UTC.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
VERSION_DAYS, MIDNIGHT_DAYS = 7, 1
# Weeks go as a whole: with fewer days most of what is kept would be older than that. And the stream's longest retention
# twice, with the longest of the bucket.
SHORTEST_DAYS, LONGEST_DAYS = 30, 4400


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

    engine_version = version("postgres")
    storage_limit_gib = STORAGE_LIMIT_GIB
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
    event_retention_days = Setting(
        number(SHORTEST_DAYS, LONGEST_DAYS),
        "days that an event is kept at least; those of a week go together, when the last of them is as old",
        change="in place; fewer days delete what is older, within six hours",
    )
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
                self.stream_shards + 2,
                f"a consumer for each of STREAM_SHARDS={self.stream_shards}, 1 to migrate and 1 for the events' weeks",
                "fewer STREAM_SHARDS",
            )
        ]

    def check(self) -> None:
        """Refuse ids that go before the last replay, and production whose zones can change with AWS's list of them.

        An event's id goes with the event. A record is read for as long as the stream has it, in which the mapping's
        tries end; then its batch is in the failure bucket, with the events of it that are stored; `scripts/redrive`
        puts it back on the stream, which has it as long again.
        """
        stream = math.ceil(self.stream_hours / 24)
        needed = stream + self.log_days + MIDNIGHT_DAYS + VERSION_DAYS + stream
        if self.event_retention_days < needed:
            raise SettingError(
                f"EVENT_RETENTION_DAYS={self.event_retention_days} is refused: an event can come again for {needed} "
                f"days, {stream} in the stream (STREAM_HOURS={self.stream_hours}) + {self.log_days} in the failure "
                f"bucket (LOG_DAYS) + {MIDNIGHT_DAYS} until a midnight + {VERSION_DAYS} as a deleted version + "
                f"{stream} in the stream once more, and would be stored a second time: use {needed} or more, or fewer "
                "LOG_DAYS."
            )
        if self.environment == "production" and not self.availability_zones:
            raise SettingError(
                "AVAILABILITY_ZONES='' is refused with ENVIRONMENT=production, whose subnets stay in their zones "
                "whatever AWS lists later: write the letters of two zones, for example 'a,b', or deploy as staging."
            )

    @property
    def zone_names(self) -> list[str]:
        """The availability zones that are written down."""
        return [f"{self.region}{letter}" for letter in self.availability_zones.split(",") if letter]

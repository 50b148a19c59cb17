"""What is simulated: the pipeline as its settings make it, and what happens to it."""

import math
from dataclasses import dataclass

from lib.common.rds_instances import SMALLEST_VCPUS, cores
from lib.kinesis_pipeline import delivery
from lib.kinesis_pipeline.load import CONSUMER_RATE, SHARD_RATE, SQL_RATE
from lib.kinesis_pipeline.settings import Settings


@dataclass(frozen=True)
class Plant:
    """The pipeline.

    Attributes:
        shards: of the stream; one function at a time for each.
        batch_size: records of an invocation at the most.
        try_seconds: that one delivery waits for a database that is away, at the most.
        pauses: the first and the longest pause in which it waits; each is twice the one before.
        oldest_seconds: age at which a record goes to the failure bucket.
        kept_seconds: that the stream keeps a record.
        retries: of a batch that cannot be halved any more.
        shard_rate: records a second that a shard takes; more are refused, and producers send them again.
        processors: of the database; a statement occupies one.
        sql_rate: events a second that one processor of the database stores, measured.
        consumer_rate: events a second of the whole consumer with a processor of its own, measured.
        window_seconds: that Lambda waits for a batch to fill.
        poll_seconds: between two looks of Lambda at a shard that had nothing (documented: once a second).
        invocation_seconds: an assumption: from a batch that is complete to the function's begin, and back.
    """

    shards: int = 1
    batch_size: int = 100
    try_seconds: float = delivery.TRY_SECONDS
    pauses: tuple[float, float] = delivery.PAUSES
    oldest_seconds: float = delivery.OLDEST_SECONDS
    kept_seconds: float = 86_400
    retries: int = delivery.RETRIES
    shard_rate: float = SHARD_RATE
    processors: int = SMALLEST_VCPUS
    sql_rate: float = SQL_RATE
    consumer_rate: float = CONSUMER_RATE
    window_seconds: float = delivery.WINDOW_SECONDS
    poll_seconds: float = 1.0
    invocation_seconds: float = 0.02

    def tries(self) -> list[float]:
        """Return when one delivery asks the database, in seconds from its begin: the last time, it gives up."""
        pause, longest = self.pauses
        found = [0.0]
        while found[-1] + pause <= self.try_seconds:
            found.append(found[-1] + pause)
            pause = min(2 * pause, longest)
        return found

    @classmethod
    def of(cls, settings: Settings) -> "Plant":
        """Return what the settings make of it.

        A burstable database has all its vCPUs: more than its baseline is paid for as CPU credits.
        """
        return cls(
            shards=settings.stream_shards,
            batch_size=settings.batch_size,
            oldest_seconds=delivery.oldest(settings),
            kept_seconds=settings.stream_hours * 3600,
            processors=max(SMALLEST_VCPUS, math.floor(cores(settings.database_instance_class))),
        )


@dataclass(frozen=True)
class Demand:
    """What happens to it.

    Attributes:
        rate: events a second of all producers.
        seconds: that the simulation lasts.
        away: begin and end of the database's outage, in seconds.
        poison: the share of records that are poison, 0 to 1.
        burst: how many times the rate in each burst.
        burst_seconds: how long one lasts, at the begin of each minute.
        seed: of chance.
    """

    rate: float
    seconds: float = 3600
    away: tuple[float, float] = (0, 0)
    poison: float = 0.0
    burst: float = 1.0
    burst_seconds: float = 0.0
    seed: int = 1

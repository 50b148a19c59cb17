"""How many events the pipeline takes, and what gives way first."""

from decimal import Decimal

from lib.common import load, rds_instances
from lib.common.load import Limit, Load, Part, Servers, Store
from lib.kinesis_pipeline.settings import Settings

# tests/benchmarks/consumer_throughput.py, on a machine with 2 cores: the whole handler, and a bare insert, by 100.
CONSUMER_RATE, SQL_RATE = 22_333, 33_227
# Records a second of a shard, of at most 1 KB each: larger ones, by its 1 MB a second.
# https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
SHARD_RATE = 1000
# tests/benchmarks/sizes.py: what an event leaves in the database, and in the logs by batches of 100.
ROW_BYTES, LOG_BYTES = 489, 11
WEEK = 7  # days, by which events are dropped
DAY = 24  # hours that records are kept without being paid for


def of(settings: Settings) -> Load:
    """Return how the system grows with these settings.

    Args:
        settings: validated.
    """
    shards, kept = settings.stream_shards, settings.event_retention_days + WEEK
    prices = [("Storage-ShardHour", Decimal(1), "hour")]
    if settings.stream_hours > DAY:
        prices.append(("Extended-ShardHour", Decimal(1), "hour"))
    return Load(
        "events",
        Decimal(shards * SHARD_RATE),
        f"STREAM_SHARDS={shards} x {SHARD_RATE:,} records a second",
        (
            Limit(
                f"STREAM_SHARDS={shards}, {SHARD_RATE:,} records of 1 KB each",
                Decimal(shards * SHARD_RATE),
                "more STREAM_SHARDS; a stream on demand where the load is not known",
            ),
            Limit(
                f"a consumer for each of {shards} shards" if shards > 1 else "the consumer of the one shard",
                Decimal(shards * CONSUMER_RATE),
                "more STREAM_SHARDS, a larger BATCH_SIZE, or a parallelization factor",
            ),
            load.database(
                settings.database_instance_class, rds_instances.cores(settings.database_instance_class), SQL_RATE
            ),
        ),
        (Part("shard", Decimal(SHARD_RATE), "AmazonKinesis", tuple(prices)),),
        {
            ("AmazonKinesis", "PutRequestPayloadUnits"): Decimal(1),
            ("AWSLambda", "Request-ARM"): Decimal(1) / settings.batch_size,
            load.LOGS: load.gigabytes(LOG_BYTES),
        },
        (
            Store(
                f"STORAGE_LIMIT_GIB={settings.storage_limit_gib}, {ROW_BYTES} bytes each, kept for {kept} days",
                ROW_BYTES,
                settings.storage_limit_gib * load.GIB,
                "a smaller EVENT_RETENTION_DAYS, a larger STORAGE_LIMIT_GIB, or events by the week in S3",
                kept,
            ),
        ),
        Servers(SQL_RATE, settings.database_instance_class, "Multi-AZUsage:{} CreateDBInstance:0014", 1),
    )

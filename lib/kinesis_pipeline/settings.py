"""What can be chosen about the pipeline: validated values, no IaC tool."""

from lib.common.setting_types import Setting, number
from lib.common.settings import DatabaseSettings, version

SYSTEM = "kinesis-pipeline"


class Settings(DatabaseSettings):
    """The pipeline's settings."""

    system, bucket_base = SYSTEM, "events-failed"
    database_name = "pipeline"
    storage_gib, storage_limit_gib = 20, 100

    engine_version = version("postgres")
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

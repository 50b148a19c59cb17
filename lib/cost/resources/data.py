"""What keeps data.

https://aws.amazon.com/rds/postgresql/pricing/
https://aws.amazon.com/rds/aurora/pricing/
https://aws.amazon.com/kinesis/data-streams/pricing/
https://aws.amazon.com/dynamodb/pricing/on-demand/
https://aws.amazon.com/s3/pricing/
"""

from collections.abc import Iterable

from lib.analyse.price_list.services import AURORA, POSTGRESQL, named
from lib.common.rds_instances import burstable
from lib.cost.model import HOUR, MILLION, MONTH, Part, Pricers, Rate, Unpriced, Use, gigabytes, millions, one
from lib.cost.resources.operations import SECRET
from lib.declared.model import Declaration, Resource, listed

DAY = 24  # hours that a record stays in a stream without being paid for
INSIGHTS = "by the vCPU and hour of each instance: https://aws.amazon.com/cloudwatch/pricing/"


def _rds(usage: str, operation: str = "") -> Rate:
    return Rate("AmazonRDS", named(usage, operation))


def _usage(instance_class: str) -> str:
    """Return a class as usage types have it: ``db.r6g.2xl``."""
    return instance_class.replace("xlarge", "xl")


def _credits(instance_class: str, engine: str) -> Iterable[Part]:
    # Their mode is unlimited, and no setting of RDS changes that.
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Types.html
    if burstable(instance_class):
        family = ".".join(instance_class.split(".")[:2])
        yield Use(f"CPU credits above the baseline of {family}", _rds(f"CPUCredits:{family}", engine), "vCPU and hour")


def _instance(resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    instance_class = str(resource.at("DBInstanceClass"))
    if resource.at("DBClusterIdentifier"):
        rate = _rds(f"InstanceUsage:{_usage(instance_class)}", AURORA)
        yield one(f"Aurora {instance_class}", rate, HOUR)
        yield from _credits(instance_class, AURORA)
        return
    zones, usage, storage = ("one zone", "InstanceUsage", "RDS:GP3-Storage")
    if resource.at("MultiAZ"):
        zones, usage, storage = ("Multi-AZ", "Multi-AZUsage", "RDS:Multi-AZ-GP3-Storage")
    rate = _rds(f"{usage}:{_usage(instance_class)}", POSTGRESQL)
    yield one(f"RDS {instance_class}, {zones}", rate, HOUR)
    if resource.at("StorageType") == "gp3":
        yield one(f"GB of gp3, {zones}", _rds(storage), MONTH, int(resource.at("AllocatedStorage")))
    else:
        yield Unpriced(f"storage of the type {resource.at('StorageType')}", "prices of gp3 alone are in the table")
    if resource.at("ManageMasterUserPassword"):
        yield one("secret", SECRET, MONTH)
    yield from _credits(instance_class, POSTGRESQL)
    yield gigabytes("backups above the size of the storage, a month", _rds("RDS:ChargedBackupUsage"))
    if resource.at("DatabaseInsightsMode") == "advanced":
        yield Unpriced("Database Insights, advanced", INSIGHTS)


def _cluster(resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    if resource.at("ManageMasterUserPassword"):
        yield one("secret", SECRET, MONTH)
    yield gigabytes("Aurora's data, a month, 10 GB at least", _rds("Aurora:StorageUsage"))
    yield millions("Aurora's reads and writes of storage", _rds("Aurora:StorageIOUsage"))
    yield gigabytes("Aurora's backups above one day and the size of the data, a month", _rds("Aurora:BackupUsage"))
    if resource.at("DatabaseInsightsMode") == "advanced":
        yield Unpriced("Database Insights, advanced", INSIGHTS)


def _global_cluster(_resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    yield millions("writes that Aurora replicates to another region", _rds("Aurora:ReplicatedWriteIO"))


def _stream(resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    kinesis = "AmazonKinesis"
    if resource.at("StreamModeDetails.StreamMode") == "ON_DEMAND":
        yield one("Kinesis stream on demand", Rate(kinesis, "OnDemand-StreamHour"), HOUR)
        yield gigabytes("records put to the stream", Rate(kinesis, "OnDemand-BilledIncomingBytes"))
        yield gigabytes("records read from the stream", Rate(kinesis, "OnDemand-BilledOutgoingBytes"))
        return
    shards = int(resource.at("ShardCount", 1))
    yield one("Kinesis shard", Rate(kinesis, "Storage-ShardHour"), HOUR, shards)
    if int(resource.at("RetentionPeriodHours", DAY)) > DAY:
        yield one("shard that keeps records for more than 24 h", Rate(kinesis, "Extended-ShardHour"), HOUR, shards)
    yield millions("records put to the stream, for each 25 KB", Rate(kinesis, "PutRequestPayloadUnits"))


def _table(resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    dynamodb = "AmazonDynamoDB"
    replicas = listed(resource.at("Replicas"))
    write = "ReplWriteRequestUnits" if len(replicas) > 1 else "WriteRequestUnits"
    for replica in replicas:
        where = replica["Region"]
        yield millions("write units of the table, in each region", Rate(dynamodb, write), where)
        yield millions("read units of the table", Rate(dynamodb, "ReadRequestUnits"), where)
        yield gigabytes("the table's items, a month, in each region", Rate(dynamodb, "TimedStorage-ByteHrs"), where)
        if replica.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
            rate = Rate(dynamodb, "TimedPITRStorage-ByteHrs")
            yield gigabytes("the table's continuous backups, a month, in each region", rate, where)


def _bucket(_resource: Resource, _declaration: Declaration) -> Iterable[Part]:
    yield gigabytes("objects in S3, a month", Rate("AmazonS3", "TimedStorage-ByteHrs"))
    yield Use("S3 requests that write or list", Rate("AmazonS3", "Requests-Tier1"), "million", MILLION)
    yield Use("S3 requests that read", Rate("AmazonS3", "Requests-Tier2"), "million", MILLION)


PRICERS: Pricers = {
    "AWS::DynamoDB::GlobalTable": _table,
    "AWS::Kinesis::Stream": _stream,
    "AWS::RDS::DBCluster": _cluster,
    "AWS::RDS::DBInstance": _instance,
    "AWS::RDS::GlobalCluster": _global_cluster,
    "AWS::S3::Bucket": _bucket,
}

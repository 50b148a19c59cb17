"""The kinds of resources that outlive a stack: why each stays, what it costs, and the command that removes it."""

import re
from dataclasses import dataclass

LOGS_COST = "CloudWatch Logs' price for stored gigabytes"


@dataclass(frozen=True)
class LeftoverType:
    """A kind of what may be left.

    Attributes:
        name: what a reader calls it.
        arn: a pattern of the ARN after the partition; its group ``name`` is what the command takes.
        why: why it outlives the stack.
        cost: what it is billed by.
        command: removes it; ``{name}`` and ``{region}`` are filled in. Empty where the stack's own tool has to do it.
    """

    name: str
    arn: str
    why: str
    cost: str
    command: str


@dataclass(frozen=True)
class Leftover:
    """Something that is there.

    Attributes:
        kind: what it is.
        name: which.
        region: where.
    """

    kind: LeftoverType
    name: str
    region: str

    @property
    def command(self) -> str:
        """The command that removes it, or nothing."""
        return self.kind.command.format(name=self.name, region=self.region)


# What carries the system's tags. The first one that fits counts.
TAGGED = (
    # A key that waits for its deletion is not billed: https://aws.amazon.com/kms/pricing/
    LeftoverType(
        "KMS key",
        r"kms:[^:]*:[^:]*:key/(?P<name>.+)",
        "what stays is encrypted with it, or it waits for its deletion",
        "a month each, until its deletion is scheduled",
        "aws kms schedule-key-deletion --region {region} --key-id {name} --pending-window-in-days 30",
    ),
    LeftoverType(
        "bucket",
        r"s3:[^:]*:[^:]*:(?P<name>[^/]+)",
        "it holds data, in production locked objects",
        "stored gigabytes and requests",
        "aws s3 rb s3://{name} --force",
    ),
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html
    LeftoverType(
        "database snapshot",
        r"rds:[^:]*:[^:]*:snapshot:(?P<name>.+)",
        "the final snapshot of a database whose data is to outlive it",
        "stored gigabytes",
        "aws rds delete-db-snapshot --region {region} --db-snapshot-identifier {name}",
    ),
    LeftoverType(
        "cluster snapshot",
        r"rds:[^:]*:[^:]*:cluster-snapshot:(?P<name>.+)",
        "the final snapshot of a cluster whose data is to outlive it",
        "stored gigabytes",
        "aws rds delete-db-cluster-snapshot --region {region} --db-cluster-snapshot-identifier {name}",
    ),
    LeftoverType(
        "stream",
        r"kinesis:[^:]*:[^:]*:stream/(?P<name>.+)",
        "records in it may not be read yet",
        "each shard by the hour",
        "aws kinesis delete-stream --region {region} --stream-name {name}",
    ),
    LeftoverType(
        "secret",
        r"secretsmanager:[^:]*:[^:]*:secret:(?P<name>.+)-\w{6}",
        "it can be restored in its recovery window",
        "a month each; not while it waits for its deletion",
        "aws secretsmanager delete-secret --region {region} --secret-id {name} --force-delete-without-recovery",
    ),
    LeftoverType(
        "image repository",
        r"ecr:[^:]*:[^:]*:repository/(?P<name>.+)",
        "it has images, and is not emptied in production",
        "stored gigabytes",
        "aws ecr delete-repository --region {region} --repository-name {name} --force",
    ),
    LeftoverType(
        "log group",
        r"logs:[^:]*:[^:]*:log-group:(?P<name>[^:]+)(:\*)?",
        "a service wrote to it once more while the stack went",
        LOGS_COST,
        "aws logs delete-log-group --region {region} --log-group-name {name}",
    ),
    LeftoverType("other", r"(?P<name>.+)", "it is the stack's: was it destroyed to the end?", "by its service", ""),
)
# What a service makes itself, without the system's tags.
RDS_LOGS = LeftoverType(
    "log group of RDS",
    "",
    "RDS writes it again while a database goes: https://github.com/hashicorp/terraform-provider-aws/issues/42858",
    LOGS_COST,
    "aws logs delete-log-group --region {region} --log-group-name {name}",
)
API_LOGS = LeftoverType(
    "log group of an API that is gone",
    "",
    "API Gateway made it: https://github.com/hashicorp/terraform-provider-aws/issues/8413",
    LOGS_COST,
    "aws logs delete-log-group --region {region} --log-group-name {name}",
)
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.html#USER_Monitoring.OS.retention
OS_METRICS = LeftoverType(
    "log group of every database",
    "",
    "Enhanced Monitoring of all databases of the region writes to it, by default for 30 days: no stack owns it",
    LOGS_COST,
    "",
)
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.Retaining.html
BACKUP = LeftoverType(
    "retained backup of a database",
    "",
    "automated backups outlive a database whose data is to, until their days are over",
    "stored gigabytes",
    "aws rds delete-db-instance-automated-backup --region {region} --dbi-resource-id {name}",
)
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Managing.Backups.Retaining.html
CLUSTER_BACKUP = LeftoverType(
    "retained backup of a cluster",
    "",
    "automated backups outlive a cluster whose data is to, until their days are over",
    "stored gigabytes",
    "aws rds delete-db-cluster-automated-backup --region {region} --db-cluster-resource-id {name}",
)
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
INTERFACE = LeftoverType(
    "network interface of a function",
    "",
    "Lambda removes it within 45 minutes of the function's end; its security group and subnets wait for that",
    "nothing",
    "",
)


def tagged(arn: str, region: str) -> Leftover:
    """Return what an ARN of something with the system's tags is."""
    found = ((kind, re.fullmatch(kind.arn, arn.split(":", 2)[2])) for kind in TAGGED)
    return next(Leftover(kind, match["name"], region) for kind, match in found if match)

"""Do the figures of RDS's Enhanced Monitoring have an end?

Those of all databases of a region are in one log group, which RDS makes with the first one and no stack owns. RDS keeps
them for 30 days; a group without an end, as somebody's tool or a role without ``logs:PutRetentionPolicy`` leaves it, is
given that by ``--fix``. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.html
"""

from collections.abc import Sequence

from lib.check_account.account import Account
from lib.check_account.model import Call, Check, Row, System, Verdict

GROUP, DAYS = "RDSOSMetrics", 30
DATABASES = ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster")
# What the check knows of the group.
NONE, ENDLESS = -1, 0


def checks(systems: Sequence[System]) -> list[Check]:
    """Return a check for each region with a database that is monitored."""
    monitored = sorted(
        {
            (database.region, system.name)
            for system in systems
            for kind in DATABASES
            for database in system.of(kind)
            if database.properties.get("MonitoringInterval")
        }
    )
    regions = dict.fromkeys(region for region, _name in monitored)
    return [_check(region, [name for where, name in monitored if where == region]) for region in regions]


def collect(account: Account, region: str) -> int:
    """Return for how many days the group keeps its lines, or that it has no end, or that there is none.

    Raises:
        ClientError: CloudWatch Logs does not answer.
    """
    pages = account.client("logs", region).get_paginator("describe_log_groups").paginate(logGroupNamePrefix=GROUP)
    days = [
        one.get("retentionInDays", ENDLESS)
        for page in pages
        for one in page["logGroups"]
        if one["logGroupName"] == GROUP
    ]
    return days[0] if days else NONE


def evaluate(check: Check, days: int) -> list[Row]:
    """Return whether what RDS writes goes some day."""
    if days == NONE:
        return [check.row(Verdict.OK, f"not there yet: RDS makes it, with {DAYS} days")]
    if days != ENDLESS:
        return [check.row(Verdict.OK, f"{days} days")]
    command = (
        f"aws logs put-retention-policy --region {check.region} --log-group-name {GROUP} --retention-in-days {DAYS}"
    )
    parameters = {"logGroupName": GROUP, "retentionInDays": DAYS}
    call = Call("logs", "put_retention_policy", check.region, parameters, command)
    return [check.row(Verdict.CHANGE, "kept forever", fix=command, calls=[call])]


def _check(region: str, names: Sequence[str]) -> Check:
    check = Check(
        what=f"log group {GROUP}",
        region=region,
        needed=f"an end ({', '.join(names)})",
        collect=lambda account: collect(account, region),
        evaluate=lambda days: evaluate(check, days),
    )
    return check

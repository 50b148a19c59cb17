"""Alarms on a database in figures of its class: what is much for one is nothing for another."""

from lib.common import rds_instances
from lib.common.alarm_spec import BELOW, AlarmSpec

RDS = "AWS/RDS"
MIB = 1024**2
CONNECTIONS_PART, MEMORY_PART = 0.7, 0.05  # of what the instance class has
LOCAL_PART = 0.2  # of its memory: a tenth of Aurora's local storage, which is about twice the memory
PERIOD = 300  # CPU credits are counted every five minutes


def credit_alarms(instance_class: str) -> list[AlarmSpec]:
    """Return the alarm on a class that spends CPU credits, or none.

    A burstable class of RDS is never slowed down: it is charged for what it uses beyond its credits.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Types.html
    """
    if not rds_instances.burstable(instance_class):
        return []
    says = "The database uses more processor time than its class has, and each hour of it is charged"
    return [AlarmSpec("database-credits", RDS, "CPUSurplusCreditsCharged", "Maximum", 0, 1, says, period=PERIOD)]


def memory_alarm(instance_class: str) -> AlarmSpec:
    """Return the alarm on memory that runs out."""
    least = int(MEMORY_PART * rds_instances.memory(instance_class) / MIB) * MIB
    says = "The database has little memory left"
    return AlarmSpec(
        "database-memory", RDS, "FreeableMemory", "Minimum", least, 3, says, period=PERIOD, comparison=BELOW
    )


def local_storage_alarm(instance_class: str) -> AlarmSpec:
    """Return the alarm on the local storage of Aurora's instances, where sorts and the server's log are.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Managing.html#AuroraPostgreSQL.Managing.TempStorage
    """
    least = int(LOCAL_PART * rds_instances.memory(instance_class) / MIB) * MIB
    says = "An instance of the database has little local storage left for sorts and its log"
    return AlarmSpec(
        "database-local-storage", RDS, "FreeLocalStorage", "Minimum", least, 3, says, period=PERIOD, comparison=BELOW
    )


def connections_alarm(instance_class: str, statistic: str, periods: int) -> AlarmSpec:
    """Return the alarm on connections that run out.

    Args:
        instance_class: the database's.
        statistic: ``Maximum`` where the dimension has several instances.
        periods: of five minutes.
    """
    most = int(CONNECTIONS_PART * rds_instances.connections(instance_class))
    says = "The database has many connections"
    return AlarmSpec("database-connections", RDS, "DatabaseConnections", statistic, most, periods, says, period=PERIOD)

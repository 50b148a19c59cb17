"""How many orders the system takes, and what gives way first."""

from decimal import Decimal

from lib.common import load, rds_instances
from lib.common.load import Limit, Load, Part, Servers, Store
from lib.flask_api.settings import Settings

# tests/benchmarks/flask_api.py, on a machine with 2 cores: orders of one worker, and of its bare statement.
WORKER_RATE, SQL_RATE = 684, 1754
# tests/benchmarks/sizes.py: what an order of two products leaves in the database, and in the log.
ROW_BYTES, LOG_BYTES = 524, 230
INSTANCES = 2  # a writer and a reader
CPU_UNITS, MIB = 1024, 1024  # of a vCPU, and of a GB


def of(settings: Settings) -> Load:
    """Return how the system grows with these settings.

    Args:
        settings: validated.
    """
    vcpus, memory = Decimal(settings.task_cpu) / CPU_UNITS, Decimal(settings.task_memory) / MIB
    # A worker was measured with a core of its own; a task has one for each half of a vCPU.
    task = min(vcpus, Decimal(settings.workers)) * WORKER_RATE
    arm = "ARM-" if settings.cpu_architecture == "ARM64" else ""
    limits = [
        Limit(f"TASKS_MIN={settings.tasks_min}", settings.tasks_min * task, "autoscaling, up to TASKS_MAX"),
        Limit(f"TASKS_MAX={settings.tasks_max}", settings.tasks_max * task, "a larger TASKS_MAX or TASK_CPU"),
        load.database(
            settings.database_instance_class, rds_instances.cores(settings.database_instance_class), SQL_RATE
        ),
    ]
    uses = {load.LOGS: load.gigabytes(LOG_BYTES)}
    if settings.web_acl:
        limits.append(load.sender(settings.sender_rate))
        uses["awswaf", "RequestV2-Tier1"] = Decimal(1)
    return Load(
        "orders",
        settings.tasks_min * task,
        f"TASKS_MIN={settings.tasks_min} x {task.normalize():f} a task",
        tuple(limits),
        (
            Part(
                "task",
                task,
                "AmazonECS",
                ((f"Fargate-{arm}vCPU-Hours:perCPU", vcpus, "hour"), (f"Fargate-{arm}GB-Hours", memory, "hour")),
            ),
        ),
        uses,
        (
            Store(
                f"Aurora's volume of 128 TiB, {ROW_BYTES} bytes each",
                ROW_BYTES,
                load.AURORA_BYTES,
                "archiving of old orders, which is not built",
            ),
        ),
        Servers(SQL_RATE, settings.database_instance_class, "InstanceUsage:{} CreateDBInstance:0021", INSTANCES),
    )

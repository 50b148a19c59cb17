"""What follows from an RDS instance class: its memory, and how many connections PostgreSQL takes by default."""

import re
from decimal import Decimal

GIB = 1024**3
# GiB of the size "large" by the family's letter; of the families that RDS offers PostgreSQL on.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html
_LARGE_GIB = {"t": 8, "m": 8, "r": 16}
_OF_LARGE = {"micro": 0.125, "small": 0.25, "medium": 0.5, "large": 1.0, "xlarge": 2.0}
_CLASS = re.compile(r"db\.([a-z])\d[a-z0-9]*\.(?:(\d+)x?(xlarge)|([a-z]+))")
# max_connections is LEAST({DBInstanceClassMemory/9531392}, 5000) in RDS's and Aurora's own parameter groups.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.MaxConnections
BYTES_PER_CONNECTION, MOST_CONNECTIONS = 9_531_392, 5000
SMALLEST = "db.t4g.micro"


def burstable(instance_class: str) -> bool:
    """Return whether a class spends CPU credits."""
    return instance_class.startswith("db.t")


def memory(instance_class: str) -> int:
    """Return a class's memory in bytes; of a family that is not known here, that of the smallest class.

    Args:
        instance_class: such as ``db.t4g.medium``.
    """
    found = _CLASS.fullmatch(instance_class)
    letter, times, large, size = found.groups() if found else ("", None, None, "")
    parts = int(times) * _OF_LARGE[large] if times and large else _OF_LARGE.get(size, 0.0)
    if letter not in _LARGE_GIB or not parts:
        return memory(SMALLEST)
    return int(_LARGE_GIB[letter] * parts * GIB)


def connections(instance_class: str) -> int:
    """Return how many connections PostgreSQL takes.

    The memory that RDS counts is less than the class's by what its own processes need, which AWS does not publish: the
    real number is a little lower.
    """
    return min(memory(instance_class) // BYTES_PER_CONNECTION, MOST_CONNECTIONS)


# Of a vCPU, all the time, by the size; of the families t3 and t4g alike. More of it is paid for as CPU credits.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-credits-baseline-concepts.html
_BASELINE = {"micro": "0.1", "small": "0.2", "medium": "0.2", "large": "0.3", "xlarge": "0.4", "2xlarge": "0.4"}
SMALLEST_VCPUS = 2  # of a large, too


def cores(instance_class: str) -> Decimal:
    """Return the vCPUs that a class may use all the time without paying for credits; of an unknown one the smallest's.

    Args:
        instance_class: such as ``db.t4g.medium``: 2 vCPUs of which each may be busy a fifth of the time.
    """
    found = _CLASS.fullmatch(instance_class)
    if found is None or memory(instance_class) == memory(SMALLEST):
        return SMALLEST_VCPUS * Decimal(_BASELINE["micro"])
    # AWS gives each family so much memory with each vCPU; the sizes below large have two vCPUs as well.
    vcpus = max(SMALLEST_VCPUS, SMALLEST_VCPUS * memory(instance_class) // (_LARGE_GIB[found[1]] * GIB))
    return vcpus * (Decimal(_BASELINE[instance_class.split(".")[2]]) if burstable(instance_class) else Decimal(1))

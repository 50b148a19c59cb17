"""Whether settings add up: what a deployment asks for at the most, beside what it has."""

from typing import NamedTuple

from lib.common import rds_instances
from lib.common.errors import SettingError

# The class's memory is a little more than what RDS counts, and PostgreSQL and RDS keep some connections for themselves.
# https://www.postgresql.org/docs/17/runtime-config-connection.html#GUC-SUPERUSER-RESERVED-CONNECTIONS
USABLE = 0.9
# Each of its subnets has to have a /27: with eight free addresses, which grow with the traffic.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#availability-zones
BALANCER_ADDRESSES = 2 ** (32 - 27)


class Need(NamedTuple):
    """What is needed at the most, and what there is.

    Attributes:
        what: of which there may be too little.
        arithmetic: how the need follows from the settings.
        needed: how much that is.
        source: where there is so much.
        there: how much.
        remedy: what to write instead.
    """

    what: str
    arithmetic: str
    needed: int
    source: str
    there: int
    remedy: str

    def check(self) -> None:
        """Refuse settings that cannot work together.

        Raises:
            SettingError: more is needed than there is, with the arithmetic.
        """
        if self.needed > self.there:
            raise SettingError(
                f"{self.what}: {self.arithmetic} = {self.needed} are needed, and {self.source} has {self.there}: "
                f"{self.remedy}."
            )


def connections(instance_class: str, needed: int, arithmetic: str, remedy: str) -> Need:
    """Return what is needed of PostgreSQL's ``max_connections``.

    Args:
        instance_class: the database's.
        needed: connections at the most.
        arithmetic: how they add up.
        remedy: what to write instead; a larger class is always one.
    """
    there = int(rds_instances.connections(instance_class) * USABLE)
    source = f"DATABASE_INSTANCE_CLASS={instance_class}"
    return Need("connections to PostgreSQL", arithmetic, needed, source, there, f"a larger class, or {remedy}")


def subnet_addresses(cidr: str, parts: int) -> Need:
    """Return what a load balancer needs of its subnets' addresses.

    Args:
        cidr: of the network.
        parts: into how many equal parts it is cut.
    """
    there = 2 ** (32 - int(cidr.rpartition("/")[2])) // parts
    return Need(
        "addresses in a subnet",
        "a load balancer's /27",
        BALANCER_ADDRESSES,
        f"VPC_CIDR={cidr}",
        there,
        "a larger network",
    )

"""Which sets of addresses are all of the Internet: one CIDR, two halves, or many pieces."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_network

from lib.analyse.intervals import Interval, complement, covers

FAMILIES = (4, 6)
_ALL4 = (0, (1 << 32) - 1)


@lru_cache(maxsize=8192)
def span(cidr: str) -> tuple[int, Interval]:
    """Return the family of a CIDR (4 or 6) and its first and last address as numbers; host bits are ignored."""
    network = ip_network(cidr, strict=False)
    return network.version, (int(network.network_address), int(network.broadcast_address))


# What no packet from the Internet comes from: https://www.iana.org/assignments/iana-ipv4-special-registry/
_NOT_PUBLIC = tuple(
    span(cidr)[1]
    for cidr in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
# What has to be let in before it is called all of the Internet. Of IPv6 all that has been handed out: RFC 4291, 2.4.
INTERNET = {4: tuple(complement(_NOT_PUBLIC, _ALL4)), 6: (span("2000::/3")[1],)}
_LEAST = {4: 1 << 31, 6: 1 << 124}  # fewer addresses cannot be all of it: most groups are done with after adding up


def everything_in(family: int, intervals: Iterable[Interval]) -> bool:
    """Return whether intervals of addresses of one family together are all of its Internet."""
    distinct = set(intervals)
    if sum(last - first + 1 for first, last in distinct) < _LEAST[family]:
        return False
    return covers(distinct, INTERNET[family])


def everything(cidrs: Iterable[str]) -> tuple[bool, bool]:
    """Return whether addresses together are all of the IPv4 Internet, and all of the IPv6 Internet."""
    spans = [span(cidr) for cidr in cidrs]
    four, six = (everything_in(family, (part for other, part in spans if other == family)) for family in FAMILIES)
    return four, six


def public(cidr: str) -> bool:
    """Return whether any address of a CIDR can be on the Internet."""
    family, (first, last) = span(cidr)
    return any(first <= high and low <= last for low, high in INTERNET[family])

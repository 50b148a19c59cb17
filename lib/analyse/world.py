"""Which sets of addresses are the whole Internet: one CIDR, two halves, or many pieces."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

# What no packet from the Internet comes from: https://www.iana.org/assignments/iana-ipv4-special-registry/
_NOT_PUBLIC = tuple(
    IPv4Network(cidr)
    for cidr in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
    )
)  # fmt: skip
_ALL4, _ALL6 = IPv4Network("0.0.0.0/0"), IPv6Network("::/0")
_UNICAST6 = IPv6Network("2000::/3")  # all that has been handed out: RFC 4291, section 2.4
_LEAST4, _LEAST6 = 1 << 31, 1 << 124  # fewer addresses cannot be the whole Internet


def _add_up(networks: Iterable[IPv4Network] | Iterable[IPv6Network]) -> int:
    return sum(network.num_addresses for network in networks)


def everything(cidrs: Iterable[str]) -> tuple[bool, bool]:
    """Return whether addresses together are all of the IPv4 Internet, and all of the IPv6 Internet."""
    networks = [ip_network(cidr, strict=False) for cidr in set(cidrs)]
    four = [network for network in networks if isinstance(network, IPv4Network)]
    six = [network for network in networks if isinstance(network, IPv6Network)]
    all4 = all6 = False
    if _add_up(four) >= _LEAST4:
        all4 = list(collapse_addresses([*four, *_NOT_PUBLIC])) == [_ALL4]
    if _add_up(six) >= _LEAST6:
        all6 = any(_UNICAST6.subnet_of(network) for network in collapse_addresses(six))
    return all4, all6


def public(cidr: str) -> bool:
    """Return whether any address of a CIDR can be on the Internet."""
    network = ip_network(cidr, strict=False)
    if isinstance(network, IPv4Network):
        return not any(network.subnet_of(private) for private in _NOT_PUBLIC)
    return network.overlaps(_UNICAST6)

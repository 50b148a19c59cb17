"""Elastic IP addresses that are associated with nothing, and what they cost."""

from collections.abc import Iterator

from lib.analyse import cost_severity
from lib.analyse.model import Address, Check, Context, Finding
from lib.analyse.prices import AMAZON_POOL, BYOIP_POOL


def kind(address: Address) -> str:
    """Return where an address is from."""
    if address.pool.startswith(BYOIP_POOL):
        return "byoip"
    return AMAZON_POOL if address.pool == AMAZON_POOL else "other-pool" if address.pool else "customer-owned"


def evaluate(address: Address, context: Context) -> Iterator[Finding]:
    """Yield the address: the collector reads no other than those that are associated with nothing."""
    cost = context.prices.address(context.region, address)
    yield Finding(
        id=address.id,
        arn=context.arn("ec2", f"elastic-ip/{address.id}"),
        type=kind(address),
        severity="info" if cost.monthly == 0 else cost_severity.severity(cost),
        title=f"Elastic IP address {address.address} is associated with nothing",
        tags=address.tags,
        cost=cost,
        details={
            "address": address.address,
            "pool": address.pool,
            "network_border_group": address.border_group,
            "managed_by": address.managed_by,
        },
    )


CHECK = Check(
    "unattached-address",
    "Elastic IP address associated with nothing",
    "addresses",
    "Release the address, unless a name or a partner's firewall refers to it.",
    evaluate,
    default=False,
    description="An Elastic IP address that is allocated and associated with nothing.",
)

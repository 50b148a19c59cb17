"""Each type of resource that a stack declares: what AWS asks for it, or why it asks nothing."""

from collections.abc import Iterable

from lib.cost.model import Part, Pricers, Unpriced
from lib.cost.resources import compute, data, network, operations
from lib.cost.resources.free import FREE
from lib.declared.model import Declaration, Resource

UNKNOWN = "not known to scripts/cost: add it to lib/cost/resources"
PRICERS: Pricers = {**compute.PRICERS, **data.PRICERS, **network.PRICERS, **operations.PRICERS}


def parts(resource: Resource, declaration: Declaration) -> Iterable[Part]:
    """Return what a resource is paid for: nothing for a type that is free, the sentence for one that is not known."""
    if resource.type in PRICERS:
        return PRICERS[resource.type](resource, declaration)
    if resource.type in FREE:
        return ()
    return (Unpriced(resource.type, UNKNOWN),)

"""Every Pulumi resource type that the in-process way knows: one entry for each, shared by all systems."""

from collections.abc import Mapping

from lib.local_cloud.pulumi.in_process.resource_type import Kind
from lib.local_cloud.pulumi.in_process.resource_types import (
    api,
    containers,
    database,
    dns,
    functions,
    identity,
    load_balancer,
    monitoring,
    network,
    storage,
)

KINDS: Mapping[str, Kind] = {
    **api.KINDS,
    **load_balancer.KINDS,
    **containers.KINDS,
    **database.KINDS,
    **functions.KINDS,
    **identity.KINDS,
    **dns.KINDS,
    **network.KINDS,
    **monitoring.KINDS,
    **storage.KINDS,
}

"""Every Pulumi resource type that the in-process way knows: one entry for each, shared by all systems."""

from collections.abc import Mapping

from lib.local_cloud.pulumi.in_process.resource_type import ResourceType
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

RESOURCE_TYPES: Mapping[str, ResourceType] = {
    **api.RESOURCE_TYPES,
    **load_balancer.RESOURCE_TYPES,
    **containers.RESOURCE_TYPES,
    **database.RESOURCE_TYPES,
    **functions.RESOURCE_TYPES,
    **identity.RESOURCE_TYPES,
    **dns.RESOURCE_TYPES,
    **network.RESOURCE_TYPES,
    **monitoring.RESOURCE_TYPES,
    **storage.RESOURCE_TYPES,
}

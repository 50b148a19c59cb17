"""Every Pulumi resource type that the in-process way knows: one entry for each, shared by all systems."""

from collections.abc import Mapping

from lib.local_cloud import (
    pulumi_types_api,
    pulumi_types_balancer,
    pulumi_types_containers,
    pulumi_types_database,
    pulumi_types_functions,
    pulumi_types_identity,
    pulumi_types_names,
    pulumi_types_network,
    pulumi_types_observe,
    pulumi_types_storage,
)
from lib.local_cloud.pulumi_kind import Kind

KINDS: Mapping[str, Kind] = {
    **pulumi_types_api.KINDS,
    **pulumi_types_balancer.KINDS,
    **pulumi_types_containers.KINDS,
    **pulumi_types_database.KINDS,
    **pulumi_types_functions.KINDS,
    **pulumi_types_identity.KINDS,
    **pulumi_types_names.KINDS,
    **pulumi_types_network.KINDS,
    **pulumi_types_observe.KINDS,
    **pulumi_types_storage.KINDS,
}

"""Every resource type of Terraform's AWS provider that a system declares, in CloudFormation's vocabulary."""

from lib.declared.terraform_types import api, compute, data, network, operations
from lib.declared.terraform_types.model import ResourceType

TYPES: dict[str, ResourceType] = {**api.TYPES, **compute.TYPES, **data.TYPES, **network.TYPES, **operations.TYPES}

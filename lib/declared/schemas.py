"""CloudFormation's own description of each resource type, from the data of the installed cfn-lint."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError

from lib.common import region

# What Ref returns where it is not the type's primary identifier, or its last part that AWS makes:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html
REF = {"AWS::EC2::SecurityGroup": "GroupId"}


def _everywhere() -> str:
    """Return a region that has every type."""
    return region.global_region(next(name for name, partition in region.known().items() if partition == "aws"))


@lru_cache
def schema(resource_type: str) -> Mapping[str, Any]:
    """Return the JSON schema of a resource type; an empty one for a type that CloudFormation does not have."""
    try:
        found = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_everywhere(), resource_type)
    except ResourceNotFoundError:
        return {}
    return found.schema if resource_type.startswith("AWS::") else {}


def ref_attribute(resource_type: str) -> str:
    """Return the name of the attribute that ``Ref`` returns, for example ``VpcId``; ``Ref`` where none is known."""
    described = schema(resource_type)
    read_only = set(described.get("readOnlyProperties") or ())
    parts: list[str] = described.get("primaryIdentifier") or ["Ref"]
    made_by_aws = [part for part in parts if part in read_only] or parts
    return REF.get(resource_type, made_by_aws[-1].rpartition("/")[2])

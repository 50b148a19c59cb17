"""Finds what is deployed by asking AWS: by whole name or exact tag, never by a file of outputs.

Nothing found is a failure. ``dev`` never matches ``dev2``.
"""

import os
from typing import Any

from lib.common import naming


class NotDeployed(AssertionError):
    """What a test looks for is not there."""


def one(found: list[Any], what: str) -> Any:
    """Return the only element.

    Raises:
        NotDeployed: there is none, or more than one.
    """
    if len(found) != 1:
        raise NotDeployed(
            f"{len(found)} found instead of one: {what}. Is the system deployed in this region and account?"
        )
    return found[0]


def tags(items: list[dict[str, str]]) -> dict[str, str]:
    """Return AWS's list of tags as a dictionary, whichever way the service spells it."""
    return {tag.get("Key", tag.get("TagKey", "")): tag.get("Value", tag.get("TagValue", "")) for tag in items}


def vpc(ec2: Any, system: str, suffix: str) -> dict[str, Any]:
    """Return the VPC of one system in one environment."""
    filters = [
        {"Name": "tag:System", "Values": [system]},
        {"Name": "tag:EnvironmentSuffix", "Values": [naming.check_suffix(suffix)]},
    ]
    pages = ec2.get_paginator("describe_vpcs").paginate(Filters=filters)
    return dict(one([found for page in pages for found in page["Vpcs"]], f"VPC of {system}-{suffix}"))


def groups(ec2: Any, vpc_id: str) -> dict[str, dict[str, Any]]:
    """Return the security groups of a VPC by name, without the default one."""
    pages = ec2.get_paginator("describe_security_groups").paginate(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])
    found = [group for page in pages for group in page["SecurityGroups"]]
    return {group["GroupName"]: group for group in found if group["GroupName"] != "default"}


def function(lambda_: Any, name: str) -> dict[str, Any]:
    """Return a function's configuration."""
    pages = lambda_.get_paginator("list_functions").paginate()
    found = [f for page in pages for f in page["Functions"] if f["FunctionName"] == name]
    return dict(one(found, f"function {name}"))


def database(rds: Any, identifier: str) -> dict[str, Any]:
    """Return a database instance."""
    pages = rds.get_paginator("describe_db_instances").paginate()
    found = [d for page in pages for d in page["DBInstances"] if d["DBInstanceIdentifier"] == identifier]
    return dict(one(found, f"database {identifier}"))


def log_days_fit(logs: Any, name: str) -> bool:
    """Return whether a log group keeps its lines as long as LOG_DAYS says, or at least as long as in dev."""
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    found = [group for page in pages for group in page["logGroups"] if group["logGroupName"] == name]
    days = one(found, f"log group {name}").get("retentionInDays", 0)
    asked = os.environ.get("LOG_DAYS")
    return bool(days == int(asked) if asked else days >= 14)

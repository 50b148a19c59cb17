"""Asks AWS what is left of a system, with calls that only read."""

import re
from collections.abc import Iterator

from lib.common.access_log import EXECUTION_LOGS
from lib.common.aws_clients import ClientFactory
from lib.leftovers import kinds
from lib.leftovers.kinds import Leftover

RDS_GROUPS = re.compile(r"/aws/rds/(instance|cluster)/(?P<name>[^/]+)/.+")


def own(name: str, system: str, suffix: str) -> bool:
    """Return whether a name is one of the system's: all begin with its name and end with the suffix."""
    return name == f"{system}-{suffix}" or (name.startswith(f"{system}-") and name.endswith(f"-{suffix}"))


def left(client: ClientFactory, system: str, suffix: str, region: str) -> list[Leftover]:
    """Return what is left of a system in a region.

    Raises:
        BotoCoreError, ClientError: a service does not answer the question.
    """
    found = [*_tagged(client, system, suffix, region), *_databases(client, system, suffix, region)]
    found += _interfaces(client, system, suffix, region)
    names = {one.name for one in found}
    return found + [one for one in log_groups(client, system, suffix, region) if one.name not in names]


def _tagged(client: ClientFactory, system: str, suffix: str, region: str) -> Iterator[Leftover]:
    pages = (
        client("resourcegroupstaggingapi", region)
        .get_paginator("get_resources")
        .paginate(TagFilters=[{"Key": "System", "Values": [system]}, {"Key": "EnvironmentSuffix", "Values": [suffix]}])
    )
    for page in pages:
        for resource in page["ResourceTagMappingList"]:
            yield kinds.tagged(resource["ResourceARN"], region)


def _databases(client: ClientFactory, system: str, suffix: str, region: str) -> Iterator[Leftover]:
    rds = client("rds", region)
    instances = rds.get_paginator("describe_db_instance_automated_backups")
    for page in instances.paginate(Filters=[{"Name": "status", "Values": ["retained"]}]):
        for backup in page["DBInstanceAutomatedBackups"]:
            if own(backup["DBInstanceIdentifier"], system, suffix):
                yield Leftover(kinds.BACKUP, backup["DbiResourceId"], region)
    clusters = rds.get_paginator("describe_db_cluster_automated_backups")
    for answer in clusters.paginate(Filters=[{"Name": "status", "Values": ["retained"]}]):
        for cluster in answer["DBClusterAutomatedBackups"]:
            if own(cluster["DBClusterIdentifier"], system, suffix):
                yield Leftover(kinds.CLUSTER_BACKUP, cluster["DbClusterResourceId"], region)


def _interfaces(client: ClientFactory, system: str, suffix: str, region: str) -> Iterator[Leftover]:
    described = f"AWS Lambda VPC ENI-{system}-*"
    pages = (
        client("ec2", region)
        .get_paginator("describe_network_interfaces")
        .paginate(Filters=[{"Name": "description", "Values": [described]}])
    )
    for page in pages:
        for interface in page["NetworkInterfaces"]:
            # The function's name, and an id of five hexadecimal groups.
            function = re.sub(r"(-[0-9a-f]+){5}$", "", interface["Description"].removeprefix("AWS Lambda VPC ENI-"))
            if own(function, system, suffix):
                yield Leftover(kinds.INTERFACE, interface["NetworkInterfaceId"], region)


def log_groups(client: ClientFactory, system: str, suffix: str, region: str) -> Iterator[Leftover]:
    """Yield the log groups that services made themselves, without the system's tags.

    Raises:
        BotoCoreError, ClientError: a service does not answer the question.
    """
    logs = client("logs", region).get_paginator("describe_log_groups")
    for page in logs.paginate(logGroupNamePrefix="/aws/rds/"):
        for group in page["logGroups"]:
            name = RDS_GROUPS.fullmatch(group["logGroupName"])
            if name and own(name["name"], system, suffix):
                yield Leftover(kinds.RDS_LOGS, group["logGroupName"], region)
    apis = {
        api["id"]
        for page in client("apigateway", region).get_paginator("get_rest_apis").paginate()
        for api in page.get("items", [])
    }
    for page in logs.paginate(logGroupNamePrefix=EXECUTION_LOGS):
        for group in page["logGroups"]:
            if group["logGroupName"].removeprefix(EXECUTION_LOGS).split("/")[0] not in apis:
                yield Leftover(kinds.API_LOGS, group["logGroupName"], region)
    for page in logs.paginate(logGroupNamePrefix="RDSOSMetrics"):
        for group in page["logGroups"]:
            yield Leftover(kinds.OS_METRICS, group["logGroupName"], region)

"""What there is in the local cloud, by asking each service."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lib.check_account.checks import api_gateway
from lib.common import region
from lib.common.json_types import JsonMapping
from lib.local_cloud.cdk.cli import BOOTSTRAP_STACK
from lib.local_cloud.cloud import LocalCloud


@dataclass(frozen=True)
class Listing:
    """How a service lists one kind of resource: the operation, where the items are, and an item's name.

    ``everywhere`` is false for what an account has once, whichever region is asked.
    """

    service: str
    operation: str
    items: str
    name: str | None = None
    arguments: JsonMapping | None = None
    everywhere: bool = True


LISTINGS: Mapping[str, Listing] = {
    "alarm": Listing("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "api": Listing("apigateway", "get_rest_apis", "items", "id"),
    "bucket": Listing("s3", "list_buckets", "Buckets", "Name", everywhere=False),
    "cluster": Listing("ecs", "list_clusters", "clusterArns"),
    "dashboard": Listing("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    "database": Listing("rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
    "database cluster": Listing("rds", "describe_db_clusters", "DBClusters", "DBClusterIdentifier"),
    "event source mapping": Listing("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
    "function": Listing("lambda", "list_functions", "Functions", "FunctionName"),
    "global database": Listing(
        "rds", "describe_global_clusters", "GlobalClusters", "GlobalClusterIdentifier", everywhere=False
    ),
    "health check": Listing("route53", "list_health_checks", "HealthChecks", "Id", everywhere=False),
    "hosted zone": Listing("route53", "list_hosted_zones", "HostedZones", "Name", everywhere=False),
    "key alias": Listing("kms", "list_aliases", "Aliases", "AliasName"),
    "load balancer": Listing("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerName"),
    "log group": Listing("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "queue": Listing("sqs", "list_queues", "QueueUrls"),
    "repository": Listing("ecr", "describe_repositories", "repositories", "repositoryName"),
    "role": Listing("iam", "list_roles", "Roles", "RoleName", everywhere=False),
    "rule": Listing("events", "list_rules", "Rules", "Name"),
    "secret": Listing("secretsmanager", "list_secrets", "SecretList", "Name"),
    "snapshot": Listing("rds", "describe_db_cluster_snapshots", "DBClusterSnapshots", "DBClusterSnapshotIdentifier"),
    "stream": Listing("kinesis", "list_streams", "StreamNames"),
    "table": Listing("dynamodb", "list_tables", "TableNames"),
    "target group": Listing("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupName"),
    "topic": Listing("sns", "list_topics", "Topics", "TopicArn"),
    "vpc": Listing("ec2", "describe_vpcs", "Vpcs", "VpcId", {"Filters": [{"Name": "is-default", "Values": ["false"]}]}),
}


def places(cloud: LocalCloud) -> list[str]:
    """Return the regions that any system uses: the cloud's own, the pair's second, and the one of global figures."""
    first, second = region.pair({region.PRIMARY: cloud.region, region.SECONDARY: os.environ.get(region.SECONDARY, "")})
    return list(dict.fromkeys((first, second, region.global_region(first))))


def everything(cloud: LocalCloud) -> set[tuple[str, str]]:
    """Return kind and name of everything that :data:`LISTINGS` finds; another region's with the region's name."""
    home, *others = places(cloud)
    names = set()
    for kind, listing in LISTINGS.items():
        for region_name in (home, *(others if listing.everywhere else ())):
            where = "" if region_name == home else f" in {region_name}"
            names |= {(kind, f"{name}{where}") for name in _names(cloud, listing, region_name)}
    return names


def _names(cloud: LocalCloud, listing: Listing, where: str) -> Iterator[str]:
    pages = cloud.client(listing.service, where).get_paginator(listing.operation).paginate(**(listing.arguments or {}))
    for page in pages:
        for item in page.get(listing.items, []):
            yield str(item[listing.name] if listing.name else item)


def shared(name: str) -> bool:
    """Tell what belongs to the account and not to a system: the CDK's bootstrap, AWS's own keys, services' roles."""
    own = ("cdk-", "alias/aws/", "AWSServiceRole", api_gateway.ROLE)
    return name.startswith(own) or BOOTSTRAP_STACK in name


def remainder(cloud: LocalCloud) -> list[tuple[str, str]]:
    """Return what is there that belongs to a system."""
    return sorted((kind, name) for kind, name in everything(cloud) if not shared(name))


def resources(cloud: LocalCloud, stack: str) -> dict[str, dict[str, int]]:
    """Return how many resources of each type a stack has, by service."""
    counts: dict[str, dict[str, int]] = {}
    pages = cloud.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    for page in pages:
        for resource in page["StackResourceSummaries"]:
            _vendor, service, kind = (*resource["ResourceType"].split("::"), "", "")[:3]
            if _vendor != "AWS":
                service, kind = "CloudFormation", resource["ResourceType"]
            counts.setdefault(service, {})
            counts[service][kind] = counts[service].get(kind, 0) + 1
    return counts

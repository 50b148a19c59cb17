"""A live local cloud for Pulumi programs: a program is applied in-process, looked at with boto3, and removed."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lib.common import region
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.pulumi.in_process import apply
from lib.local_cloud.pulumi.in_process.clients import Clients
from lib.local_cloud.pulumi.in_process.destroy import remove
from lib.local_cloud.pulumi.in_process.monitor import Monitor
from lib.local_cloud.pulumi.in_process.state import StackState, StateEntry
from lib.local_cloud.servers.process import free_port

PROGRAMS = Path(__file__).parent
STACK = "example-it"
# What every listing of a service's resources says, by service; what AWS itself keeps for a while is left out below.
LISTINGS: Mapping[str, Mapping[str, str]] = {
    "apigateway": {"get_rest_apis": "items", "get_api_keys": "items", "get_usage_plans": "items"},
    "application-autoscaling": {},
    "cloudwatch": {"describe_alarms": "MetricAlarms", "list_dashboards": "DashboardEntries"},
    "ec2": {
        "describe_vpcs": "Vpcs",
        "describe_subnets": "Subnets",
        "describe_internet_gateways": "InternetGateways",
        "describe_addresses": "Addresses",
        "describe_route_tables": "RouteTables",
        "describe_flow_logs": "FlowLogs",
        "describe_security_groups": "SecurityGroups",
        "describe_vpc_endpoints": "VpcEndpoints",
        "describe_security_group_rules": "SecurityGroupRules",
    },
    "ecr": {"describe_repositories": "repositories"},
    "ecs": {"list_clusters": "clusterArns", "list_task_definitions": "taskDefinitionArns"},
    "elbv2": {"describe_load_balancers": "LoadBalancers", "describe_target_groups": "TargetGroups"},
    "events": {"list_rules": "Rules"},
    "iam": {"list_roles": "Roles"},
    "kms": {"list_aliases": "Aliases"},
    "lambda": {"list_functions": "Functions", "list_event_source_mappings": "EventSourceMappings"},
    "logs": {"describe_log_groups": "logGroups"},
    "rds": {
        "describe_db_clusters": "DBClusters",
        "describe_db_instances": "DBInstances",
        "describe_db_subnet_groups": "DBSubnetGroups",
        "describe_db_parameter_groups": "DBParameterGroups",
        "describe_db_cluster_parameter_groups": "DBClusterParameterGroups",
    },
    "route53": {"list_hosted_zones": "HostedZones"},
    "s3": {"list_buckets": "Buckets"},
    "scheduler": {"list_schedules": "Schedules"},
    "secretsmanager": {"list_secrets": "SecretList"},
    "sns": {"list_topics": "Topics", "list_subscriptions": "Subscriptions"},
    "sqs": {"list_queues": "QueueUrls"},
}


class Applied:
    """A program, applied to a live cloud."""

    def __init__(self, cloud: LocalCloud, program: Path) -> None:
        self.cloud, self.program, self.clients = cloud, program, Clients(cloud)
        self.told: list[str] = []

    def state(self) -> StackState:
        """Return the stack's state as it is in the file."""
        return StackState.of(self.cloud, STACK)

    def up(self) -> Monitor:
        """Apply the program."""
        monitor = Monitor(self.state(), self.clients, self.cloud.region, self.told.append)
        apply.apply(monitor, STACK, self.clients, self.program)
        return monitor

    def down(self) -> None:
        """Remove everything."""
        state = self.state()
        remove(state, self.clients, list(state.records), self.told.append)

    def record(self, title: str) -> StateEntry:
        """Return the record of a logical name."""
        (found,) = [record for record in self.state().records.values() if record.title == title]
        return found

    def id(self, title: str) -> str:
        """Return what AWS calls a resource."""
        return self.record(title).id

    def client(self, service: str) -> Any:
        """Return a client of the cloud."""
        return self.clients.client(service, self.cloud.region)


def listed(cloud: LocalCloud) -> dict[str, list[str]]:
    """Return what every listing shows."""
    found = {}
    for service, operations in LISTINGS.items():
        client = cloud.client(service)
        for operation, key in operations.items():
            items = getattr(client, operation)().get(key, [])
            found[f"{service} {operation}"] = sorted(json.dumps(item, default=str, sort_keys=True) for item in items)
    return found


def lacking(wanted: Any, found: Any, path: str = "") -> list[str]:
    """Return the paths at which something wanted is not found: structures may have more, lists may not."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [line for name, value in wanted.items() for line in lacking(value, found.get(name), f"{path}.{name}")]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        return [line for n, value in enumerate(wanted) for line in lacking(value, found[n], f"{path}[{n}]")]
    return [] if wanted == found else [f"{path}: {found!r} instead of {wanted!r}"]


def pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as most services have them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def started(folder: Path) -> Iterator[LocalCloud]:
    """Start a cloud of its own, and stop it."""
    with pytest.MonkeyPatch.context() as patch:
        cloud = LocalCloud(folder / "cloud", free_port(), region.primary({}), free_port())
        for name, value in cloud.environment().items():
            patch.setenv(name, value)
        cloud.start()
        try:
            yield cloud
        finally:
            cloud.stop()

"""The quotas that a deployment can run into: how much systems declare of each, and how much of it is used.

The codes are those of the Service Quotas console and API; a wrong one would be an error of GetServiceQuota, not a wrong
figure. Which quotas there are: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lib.check_account.account import Account, is_absent
from lib.check_account.model import System
from lib.common.json_types import JsonMapping, JsonValue

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import FilterTypeDef
    from types_boto3_lambda import LambdaClient

Declared = Callable[[System, str], int]
Used = Callable[[Account, str, JsonMapping], float]
DEFAULT_PERCENT = 200  # of its tasks that a service may run while it is deployed


def _nothing(_account: Account, _region: str, _quota: JsonMapping) -> float:
    return 0


@dataclass(frozen=True)
class Quota:
    """A quota of Service Quotas.

    Args:
        name: AWS's name of it, shortened.
        service: Service Quotas' code of the service.
        code: Service Quotas' code of the quota.
        declared: how much of it a system declares in a region.
        used: how much of it is used in a region; gets the quota as Service Quotas describes it.
        arn: the end of the ARNs of the resources that count, from the service on, as a regular expression; '' where
            what a system has already cannot be told apart.
        resources: how many such resources a system declares, where that is not the figure that counts.
    """

    name: str
    service: str
    code: str
    declared: Declared
    used: Used = _nothing
    arn: str = ""
    resources: Declared | None = None

    def made(self, system: System, region: str) -> int:
        """Return how many resources a system makes for what it declares, at least one."""
        return max(1, (self.resources or self.declared)(system, region))


def number_of(kind: str, **properties: str) -> Declared:
    """Return what counts a system's resources of a type in a region, those with these properties."""

    def count(system: System, region: str) -> int:
        declared = [resource.properties for resource in system.of(kind) if resource.region == region]
        return sum(all(one.get(key, value) == value for key, value in properties.items()) for one in declared)

    return count


def endpoints(system: System, region: str) -> int:
    """Return the interface endpoints of a system; without a type an endpoint is a gateway's."""
    declared = [one.properties for one in system.of("AWS::EC2::VPCEndpoint") if one.region == region]
    return sum(one.get("VpcEndpointType") == "Interface" for one in declared)


def fullest_zone(system: System, region: str) -> int:
    """Return how many NAT gateways a system puts into the zone that gets most of them."""
    zones: Counter[str] = Counter()
    for gateway in system.of("AWS::EC2::NatGateway"):
        if gateway.region == region:
            subnets = [
                subnet for subnet, _attribute in system.declaration.referred(gateway.properties.get("SubnetId", ""))
            ]
            zones[str(subnets[0].properties.get("AvailabilityZone", "")) if subnets else ""] += 1
    return max(zones.values(), default=0)


def shards(system: System, region: str) -> int:
    """Return the shards of a system's provisioned streams."""
    declared = [one.properties for one in system.of("AWS::Kinesis::Stream") if one.region == region]
    return sum(int(one.get("ShardCount", 0)) for one in declared)


def fargate(system: System, region: str) -> int:
    """Return the vCPUs that a system's tasks take at the most, during a deployment of as many as scaling allows."""
    sizes = [float(one.properties.get("Cpu", 0)) / 1024 for one in system.of("AWS::ECS::TaskDefinition")]
    scaled = [int(one.properties["MaxCapacity"]) for one in system.of("AWS::ApplicationAutoScaling::ScalableTarget")]
    tasks = 0.0
    for service in (one.properties for one in system.of("AWS::ECS::Service") if one.region == region):
        percent = int(service.get("DeploymentConfiguration", {}).get("MaximumPercent", DEFAULT_PERCENT))
        tasks += max([int(service.get("DesiredCount", 1)), *scaled]) * percent / 100
    return round(tasks * max(sizes, default=0))


def reserving(system: System, region: str) -> dict[str, int]:
    """Return the functions of a system that reserve concurrency, by their names."""
    declared = [one.properties for one in system.of("AWS::Lambda::Function") if one.region == region]
    reserved_by = {
        str(one.get("FunctionName", "")): int(one.get("ReservedConcurrentExecutions", 0)) for one in declared
    }
    return {name: number for name, number in reserved_by.items() if number > 0}


def reserved(system: System, region: str) -> int:
    """Return the concurrency that a system's functions reserve."""
    return sum(reserving(system, region).values())


def reservation(client: "LambdaClient", name: str) -> int:
    """Return what a deployed function has reserved, 0 where there is no such function.

    Raises:
        ClientError: Lambda does not answer the question.
    """
    try:
        return int(client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions", 0))
    except ClientError as error:
        if is_absent(error):
            return 0
        raise


def pages_of(service: str, operation: str, key: str, **parameters: JsonValue) -> Used:
    """Return what counts the items of a paged operation."""

    def count(account: Account, region: str, _quota: JsonMapping) -> float:
        pages = account.client(service, region).get_paginator(operation).paginate(**parameters)
        return sum(len(page.get(key, ())) for page in pages)

    return count


def addresses(account: Account, region: str, _quota: JsonMapping) -> float:
    """Return how many elastic IP addresses are allocated."""
    return len(account.client("ec2", region).describe_addresses()["Addresses"])


def nat_gateways(account: Account, region: str, _quota: JsonMapping) -> float:
    """Return how many NAT gateways are in the zone that has most of them; which states count is AWS's rule.

    https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-gateways
    """
    client = account.client("ec2", region)
    states: list[FilterTypeDef] = [{"Name": "state", "Values": ["pending", "available", "deleting"]}]
    pages = client.get_paginator("describe_nat_gateways").paginate(Filters=states)
    subnets = [gateway.get("SubnetId", "") for page in pages for gateway in page["NatGateways"]]
    placed = client.get_paginator("describe_subnets").paginate()
    zones = {subnet["SubnetId"]: subnet["AvailabilityZone"] for page in placed for subnet in page["Subnets"]}
    return max(Counter(zones.get(subnet, "") for subnet in subnets).values(), default=0)


def load_balancers(account: Account, region: str, _quota: JsonMapping) -> float:
    """Return how many application load balancers there are."""
    pages = account.client("elbv2", region).get_paginator("describe_load_balancers").paginate()
    return sum(str(one["Type"]) == "application" for page in pages for one in page["LoadBalancers"])


def web_acls(account: Account, region: str, _quota: JsonMapping) -> float:
    """Return how many regional web ACLs there are; a page holds as many as the quota allows by default."""
    return len(account.client("wafv2", region).list_web_acls(Scope="REGIONAL", Limit=100)["WebACLs"])


def open_shards(account: Account, region: str, _quota: JsonMapping) -> float:
    """Return how many shards are open."""
    return int(account.client("kinesis", region).describe_limits()["OpenShardCount"])


def metric(account: Account, region: str, quota: JsonMapping) -> float:
    """Return the most that was used within the last hour, by the metric that Service Quotas names; 0 without one.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Service-Quota-Integration.html
    """
    usage = quota.get("UsageMetric") or {}
    if not usage:
        return 0
    now = datetime.now(UTC)
    answer: JsonMapping = account.client("cloudwatch", region).get_metric_statistics(
        Namespace=usage["MetricNamespace"],
        MetricName=usage["MetricName"],
        Dimensions=[{"Name": key, "Value": value} for key, value in usage["MetricDimensions"].items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now,
        Period=300,
        Statistics=["Maximum"],
    )
    return max((float(point["Maximum"]) for point in answer["Datapoints"]), default=0.0)


GATEWAY = [{"Name": "vpc-endpoint-type", "Values": ["Gateway"]}]
QUOTAS = (
    Quota(
        "VPCs",
        "vpc",
        "L-F678F1CE",
        number_of("AWS::EC2::VPC"),
        pages_of("ec2", "describe_vpcs", "Vpcs"),
        r"ec2:.*:vpc/[^/]+",
    ),
    Quota(
        "elastic IP addresses", "ec2", "L-0263D0A3", number_of("AWS::EC2::EIP"), addresses, r"ec2:.*:elastic-ip/[^/]+"
    ),
    Quota(
        "NAT gateways in a zone",
        "vpc",
        "L-FE5A380F",
        fullest_zone,
        nat_gateways,
        r"ec2:.*:natgateway/[^/]+",
        number_of("AWS::EC2::NatGateway"),
    ),
    Quota("interface endpoints in a VPC", "vpc", "L-29B6F2EB", endpoints),
    Quota(
        "gateway endpoints",
        "vpc",
        "L-1B52E74A",
        number_of("AWS::EC2::VPCEndpoint", VpcEndpointType="Gateway"),
        pages_of("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=GATEWAY),
        r"ec2:.*:vpc-endpoint/[^/]+",
    ),
    Quota(
        "database clusters",
        "rds",
        "L-952B80B8",
        number_of("AWS::RDS::DBCluster"),
        pages_of("rds", "describe_db_clusters", "DBClusters"),
        r"rds:.*:cluster:[^:]+",
    ),
    Quota(
        "database instances",
        "rds",
        "L-7B6409FD",
        number_of("AWS::RDS::DBInstance"),
        pages_of("rds", "describe_db_instances", "DBInstances"),
        r"rds:.*:db:[^:]+",
    ),
    Quota(
        "KMS keys",
        "kms",
        "L-C2F1777E",
        number_of("AWS::KMS::Key"),
        pages_of("kms", "list_keys", "Keys"),
        r"kms:.*:key/[^/]+",
    ),
    Quota(
        "application load balancers",
        "elasticloadbalancing",
        "L-53DA6B97",
        number_of("AWS::ElasticLoadBalancingV2::LoadBalancer", Type="application"),
        load_balancers,
        r"elasticloadbalancing:.*:loadbalancer/app/.+",
    ),
    Quota(
        "web ACLs",
        "wafv2",
        "L-2EC3DE7B",
        number_of("AWS::WAFv2::WebACL"),
        web_acls,
        r"wafv2:.*:regional/webacl/.+",
    ),
    Quota(
        "REST APIs",
        "apigateway",
        "L-AA0FF27B",
        number_of("AWS::ApiGateway::RestApi"),
        pages_of("apigateway", "get_rest_apis", "items"),
        r"apigateway:.*::/restapis/[^/]+",
    ),
    Quota(
        "Kinesis shards",
        "kinesis",
        "L-0918CF54",
        shards,
        open_shards,
        r"kinesis:.*:stream/[^/]+",
        number_of("AWS::Kinesis::Stream"),
    ),
    Quota(
        "Fargate vCPUs", "fargate", "L-3032A538", fargate, metric, r"ecs:.*:service/.+", number_of("AWS::ECS::Service")
    ),
)

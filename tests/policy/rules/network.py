"""Networks: nothing is open that is not meant to be, something listens on every port, databases have no way out."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from lib.declared.cloudformation import ZONE_QUESTION
from lib.declared.model import Declaration, listed
from tests.policy.network_view import (
    ANYWHERE,
    GROUP_RULES,
    NONE,
    databases,
    doors,
    groups_of,
    listens,
    routes,
    subnets_of,
)
from tests.policy.rule import rule
from tests.policy.rules.roles import statements

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
PROTOCOLS = {"tcp", "udp", "icmp", "icmpv6", "-1"}
HTTPS = 443


@rule(*GROUP_RULES)
def door_forms(declaration: Declaration) -> Iterator[str]:
    """Find security-group rules that EC2 refuses, or that mean something else than their numbers say."""
    for door in doors(declaration):
        ports = range(door.first, door.last + 1)
        if door.protocol not in PROTOCOLS:
            yield f"{door.name}: {door.protocol!r} is no protocol: {sorted(PROTOCOLS)}"
        elif door.protocol == "-1":
            yield f"{door.name}: any protocol on any port: name them"
        elif not ports or door.first < 0 or door.last > 65535:
            yield f"{door.name}: ports {door.first} to {door.last}"
        elif len(ports) > 1:
            yield f"{door.name}: {len(ports)} ports: one is enough for what the stacks listen on"
        if door.protocol != "tcp":
            yield f"{door.name}: the stacks speak TCP only, not {door.protocol!r}"
        if not (door.peer or door.service or _network(door.cidr)):
            yield f"{door.name}: {door.cidr!r} is no network"


def _network(text: str) -> Any:
    """Return a network in the form that EC2 takes, without host bits, or nothing."""
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


@rule(*GROUP_RULES)
def open_to_the_internet(declaration: Declaration) -> Iterator[str]:
    """Find rules that let the internet in anywhere but at a load balancer that is meant for it."""
    public = {
        group
        for balancer in declaration.of("AWS::ElasticLoadBalancingV2::LoadBalancer")
        if balancer.properties.get("Scheme", "internet-facing") == "internet-facing"
        for group in groups_of(declaration, balancer)
    }
    for door in doors(declaration):
        if door.inwards and door.cidr in ANYWHERE and door.group not in public:
            yield f"{door.name}: the internet may reach {door.group}"
        if door.inwards and door.cidr and door.cidr not in ANYWHERE and not _private(door.cidr):
            yield f"{door.name}: {door.cidr} is no private network"


def _private(text: str) -> bool:
    network = _network(text)
    return bool(network and network.is_private and network.prefixlen >= 8)


@rule(*GROUP_RULES)
def doors_to_nothing(declaration: Declaration) -> Iterator[str]:
    """Find ports that nothing behind the group listens on, and ways out to where nothing answers.

    Out to anywhere is HTTPS only: AWS's own services, whose addresses nobody knows in advance.
    """
    listened, outside = listens(declaration), declaration.of("AWS::EC2::InternetGateway")
    for door in doors(declaration):
        if door.inwards and door.first not in listened.get(door.group, set()):
            yield f"{door.name}: nothing in {door.group} listens on {door.first}"
        if not door.inwards and door.peer and door.first not in listened.get(door.peer, set()):
            yield f"{door.name}: nothing in {door.peer} listens on {door.first}"
        # CloudFormation does not say which networks a gateway endpoint leads to; the provider does.
        if not door.inwards and door.cidr in ANYWHERE and not outside and declaration.tool != "cdk":
            yield f"{door.name}: the network has no way to {door.cidr}: name the endpoint's list of networks"
        private = bool(door.cidr) and _private(door.cidr) and door.first in set[int]().union(*listened.values())
        if not door.inwards and not door.peer and door.first != HTTPS and not private:
            yield f"{door.name}: a way out to {door.cidr or door.service} on {door.first}: only {HTTPS}"


@rule(*GROUP_RULES)
def one_sided_doors(declaration: Declaration) -> Iterator[str]:
    """Find connections between two groups that are let out and not in, or in and not out."""
    known: dict[tuple[str, str, int], set[bool]] = {}
    for door in doors(declaration):
        if door.peer:
            target, source = (door.group, door.peer) if door.inwards else (door.peer, door.group)
            known.setdefault((target, source, door.first), set()).add(door.inwards)
    for (target, source, port), sides in known.items():
        if sides != {True, False}:
            yield f"{source} to {target} on {port}: let {'in' if True in sides else 'out'} only"


@rule("AWS::EC2::SecurityGroup")
def unused_groups(declaration: Declaration) -> Iterator[str]:
    """Find security groups that no resource has."""
    used = {group for resource in declaration.resources for group in groups_of(declaration, resource)}
    for group in declaration.of("AWS::EC2::SecurityGroup"):
        if group.name not in used:
            yield f"{group.name}: nothing is in this security group"


@rule("AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::RDS::DBSubnetGroup", "AWS::EC2::Route")
def reachable_databases(declaration: Declaration) -> Iterator[str]:
    """Find databases with an address of the internet, and ways from their subnets to anywhere but a peer's network."""
    for database in databases(declaration):
        if database.properties.get("PubliclyAccessible", database.type == "AWS::RDS::DBCluster" and NONE) not in (
            False,
            NONE,
        ):
            yield f"{database.name}: PubliclyAccessible is {database.properties.get('PubliclyAccessible')}"
    own = {subnet for group in declaration.of("AWS::RDS::DBSubnetGroup") for subnet in subnets_of(declaration, group)}
    for subnet, route in routes(declaration):
        if subnet in own and "VpcPeeringConnectionId" not in route.properties:
            yield f"{route.name}: a way out of {subnet}, in which a database is"


@rule(
    "AWS::RDS::DBSubnetGroup", "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ECS::Service", "AWS::Lambda::Function"
)
def zones(declaration: Declaration) -> Iterator[str]:
    """Find what has subnets in one zone only: the loss of a zone would be the loss of all of it."""
    for kind in (
        "AWS::RDS::DBSubnetGroup",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::ECS::Service",
        "AWS::Lambda::Function",
    ):
        for resource in declaration.of(kind):
            subnets = subnets_of(declaration, resource)
            found = {str(declaration.get(name).properties.get("AvailabilityZone")) for name in subnets}
            if subnets and (len(found) < 2 or len(found) < len(subnets)):
                yield f"{resource.name}: {len(subnets)} subnets in {len(found)} zones"


@rule("AWS::EC2::Subnet")
def subnet_networks(declaration: Declaration) -> Iterator[str]:
    """Find subnets outside of their VPC, over each other, of a size that VPC refuses, or in another region's zone.

    https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
    """
    taken: dict[str, list[tuple[str, Any]]] = {}
    for subnet in declaration.of("AWS::EC2::Subnet"):
        network = _network(str(subnet.properties["CidrBlock"]))
        vpcs = declaration.referred(subnet.properties["VpcId"])
        outer = _network(str(vpcs[0][0].properties["CidrBlock"])) if vpcs else None
        if not network or not outer or not network.subnet_of(outer) or not 16 <= network.prefixlen <= 28:
            yield f"{subnet.name}: {subnet.properties['CidrBlock']} is no part of its VPC, or not between /16 and /28"
            continue
        others = taken.setdefault(vpcs[0][0].name, [])
        yield from (f"{subnet.name}: over {name}" for name, other in others if network.overlaps(other))
        others.append((subnet.name, network))
        zone = str(subnet.properties.get("AvailabilityZone", ""))
        if not zone.startswith(subnet.region) and not declaration.referred(zone):
            yield f"{subnet.name}: the zone {zone!r} is not in {subnet.region}"
    for vpc in declaration.of("AWS::EC2::VPC"):
        if not _private(str(vpc.properties["CidrBlock"])):
            yield f"{vpc.name}: {vpc.properties['CidrBlock']} is no private network"


@rule("AWS::EC2::Subnet", "AWS::RDS::DBInstance")
def zones_of_the_first_deployment(declaration: Declaration) -> Iterator[str]:
    """Find what lies in a zone that was looked up, and would be replaced as soon as AWS lists the zones otherwise.

    Terraform and Pulumi keep the zone in their state, and are told to leave it. CloudFormation has the template only:
    in production the zone is written down.
    """
    for kind in ("AWS::EC2::Subnet", "AWS::RDS::DBInstance"):
        for resource in declaration.of(kind):
            if "AvailabilityZone" not in resource.properties:
                continue
            if declaration.tool != "cdk":
                lifecycle = resource.options.get("lifecycle") or {}
                if "availability_zone" not in lifecycle.get("ignore_changes", ()):
                    yield f"{resource.name}: replaced when its zone has another place in AWS's list"
            elif declaration.environment == "production" and resource.options.get(ZONE_QUESTION):
                yield f"{resource.name}: its zone is looked up at each deployment"


# What a default route may lead to, and from where: through NAT for what has no address, else through the gateway.
TARGETS = ("GatewayId", "NatGatewayId", "VpcPeeringConnectionId")


@rule("AWS::EC2::Route")
def route_targets(declaration: Declaration) -> Iterator[str]:
    """Find routes to no network, to nothing or to two targets; tasks and functions in subnets with a way in."""
    for route in declaration.of("AWS::EC2::Route"):
        targets = [key for key in TARGETS if route.properties.get(key)]
        if not _network(str(route.properties.get("DestinationCidrBlock"))) and not declaration.referred(
            route.properties.get("DestinationCidrBlock", "")
        ):
            yield f"{route.name}: {route.properties.get('DestinationCidrBlock')!r} is no network"
        if len(targets) != 1:
            yield f"{route.name}: leads to {targets}"
    public = {subnet for subnet, route in routes(declaration) if route.properties.get("GatewayId")}
    for kind in ("AWS::ECS::Service", "AWS::Lambda::Function"):
        for user in declaration.of(kind):
            for subnet in set(subnets_of(declaration, user)) & public:
                yield f"{user.name}: in {subnet}, which has a way in from the internet"
    needed = [*declaration.of("AWS::EC2::NatGateway")]
    needed += [
        b
        for b in declaration.of("AWS::ElasticLoadBalancingV2::LoadBalancer")
        if b.properties.get("Scheme") != "internal"
    ]
    for user in needed:
        for subnet in set(subnets_of(declaration, user)) - public:
            yield f"{user.name}: in {subnet}, which has no way to the internet"


@rule("AWS::EC2::VPCEndpoint")
def endpoints(declaration: Declaration) -> Iterator[str]:
    """Find endpoints of another region or kind, without a policy where AWS's own would allow every bucket or table.

    https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
    """
    for endpoint in declaration.of("AWS::EC2::VPCEndpoint"):
        name, kind = str(endpoint.properties["ServiceName"]), endpoint.properties.get("VpcEndpointType", "Gateway")
        prefix, _dot, service = name.rpartition(".")
        if prefix not in (f"com.amazonaws.{endpoint.region}", f"cn.com.amazonaws.{endpoint.region}"):
            yield f"{endpoint.name}: {name!r} is no service of {endpoint.region}"
        if service not in SERVICES:
            yield f"{endpoint.name}: {service!r} is no service with an endpoint: {sorted(SERVICES)}"
        elif kind not in SERVICES[service]:
            yield f"{endpoint.name}: {service} has no endpoint of the type {kind!r}"
        if kind == "Gateway" and not (
            endpoint.properties.get("PolicyDocument") and endpoint.properties.get("RouteTableIds")
        ):
            yield f"{endpoint.name}: a gateway endpoint without a policy or a route table"
        for action in _allowed(endpoint.properties.get("PolicyDocument") or {}):
            if action != "*" and action.partition(":")[0] != service:
                yield f"{endpoint.name}: its policy allows {action}, and it leads to {service}"
        if kind == "Interface" and endpoint.properties.get("PrivateDnsEnabled") is not True:
            yield f"{endpoint.name}: without private DNS the SDKs' names lead past it"
        if kind == "Interface" and not (groups_of(declaration, endpoint) and subnets_of(declaration, endpoint)):
            yield f"{endpoint.name}: an interface endpoint without subnets or security groups"


def _allowed(document: Mapping[str, Any]) -> set[str]:
    """Return the actions that a policy allows."""
    statements = [found for found in listed(document.get("Statement")) if found["Effect"] == "Allow"]
    return {str(action) for found in statements for action in listed(found.get("Action"))}


# Services that a function's code calls over the network. What else stands in its role is called for it: its network
# interfaces, logs and traces, what it is invoked by, where a run that is given up goes, and keys by way of a service.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
CALLED = {"s3", "dynamodb", "secretsmanager", "rds", "sns", "sts", "kms"}
DIRECT = {"kms:GenerateMac", "kms:VerifyMac"}  # the others are what services do in a function's name


@rule("AWS::Lambda::Function")
def services_out_of_reach(declaration: Declaration) -> Iterator[str]:
    """Find functions whose code calls a service of AWS from a network without a way to it: each call would time out.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
    """
    leading_out = {subnet for subnet, route in routes(declaration) if route.properties.get("NatGatewayId")}
    names = [(found.region, str(found.properties["ServiceName"])) for found in declaration.of("AWS::EC2::VPCEndpoint")]
    there = {(where, name.rpartition(".")[2]) for where, name in names}
    for function in declaration.of("AWS::Lambda::Function"):
        if not set(subnets_of(declaration, function)) - leading_out:
            continue
        for role, _attribute in declaration.referred(function.properties["Role"]):
            actions = {
                str(action)
                for statement in statements(declaration, role)
                if statement["Effect"] == "Allow"
                for action in listed(statement.get("Action"))
            }
            for service in {
                action.partition(":")[0] for action in actions if action in DIRECT or action[:4] != "kms:"
            } & CALLED:
                if (function.region, service) not in there:
                    yield f"{function.name}: may call {service}, and its subnets have neither endpoint nor NAT gateway"


# https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
SERVICES: Mapping[str, set[str]] = {
    "s3": {"Gateway", "Interface"},
    "dynamodb": {"Gateway", "Interface"},
    "secretsmanager": {"Interface"},
    "kms": {"Interface"},
    "logs": {"Interface"},
    "sts": {"Interface"},
    "sns": {"Interface"},
    "sqs": {"Interface"},
    "monitoring": {"Interface"},
    "rds": {"Interface"},
    "lambda": {"Interface"},
    "xray": {"Interface"},
    "kinesis-streams": {"Interface"},
    "events": {"Interface"},
}

"""A network as its rules see it: doors, who listens behind them, and the ways out of subnets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lib.declared.model import Declaration, Resource, listed

ANYWHERE = {"0.0.0.0/0", "::/0"}
GROUP_RULES = ("AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress")
# The CDK writes this where nothing may get out: an empty list would be EC2's default, which lets everything out.
NOTHING = {"CidrIp": "255.255.255.255/32", "IpProtocol": "icmp", "FromPort": 252, "ToPort": 86}
NONE = "a cluster has no such property"
HTTPS = 443


@dataclass(frozen=True)
class Door:
    """One rule of a security group: who may get in from, or out to, another group, a network or a service."""

    name: str
    group: str
    inwards: bool
    protocol: str
    first: int
    last: int
    peer: str
    cidr: str
    service: str  # the list of the networks of a service of AWS


def doors(declaration: Declaration) -> Iterator[Door]:
    """Yield every rule of every security group, written in the group or by itself."""
    for group in declaration.of("AWS::EC2::SecurityGroup"):
        for key, inwards in (("SecurityGroupIngress", True), ("SecurityGroupEgress", False)):
            for found in listed(group.properties.get(key)):
                if not NOTHING.items() <= found.items():
                    yield _door(declaration, group.name, group.name, inwards, found)
    for kind, inwards in (("AWS::EC2::SecurityGroupIngress", True), ("AWS::EC2::SecurityGroupEgress", False)):
        for resource in declaration.of(kind):
            group_name = _name(declaration, resource.properties.get("GroupId"))
            yield _door(declaration, resource.name, group_name, inwards, resource.properties)


def _door(declaration: Declaration, name: str, group: str, inwards: bool, found: Mapping[str, Any]) -> Door:
    key = "SourceSecurityGroupId" if inwards else "DestinationSecurityGroupId"
    peer = _name(declaration, found.get(key))
    cidr = str(found.get("CidrIp") or found.get("CidrIpv6") or "")
    service = str(found.get("SourcePrefixListId" if inwards else "DestinationPrefixListId") or "")
    first, last = (int(found.get(end, -1)) for end in ("FromPort", "ToPort"))
    return Door(name, group, inwards, str(found.get("IpProtocol")), first, last, peer, cidr, service)


def _name(declaration: Declaration, value: Any) -> str:
    """Return the name of the resource that a value refers to, or nothing."""
    found = declaration.referred(value) if value else []
    return found[0][0].name if found else ""


# Where a resource names its security groups and its subnets.
GROUPS = (
    "SecurityGroups",
    "SecurityGroupIds",
    "VPCSecurityGroups",
    "VpcSecurityGroupIds",
    "VpcConfig.SecurityGroupIds",
    "NetworkConfiguration.AwsvpcConfiguration.SecurityGroups",
)
SUBNETS = (
    "Subnets",
    "SubnetIds",
    "SubnetId",
    "VpcConfig.SubnetIds",
    "NetworkConfiguration.AwsvpcConfiguration.Subnets",
)


def _named(declaration: Declaration, resource: Resource, paths: tuple[str, ...]) -> list[str]:
    values = [value for path in paths for value in listed(resource.at(path))]
    return [found.name for value in values for found, _attribute in declaration.referred(value)]


def groups_of(declaration: Declaration, resource: Resource) -> list[str]:
    """Return the names of a resource's security groups."""
    return _named(declaration, resource, GROUPS)


def subnets_of(declaration: Declaration, resource: Resource) -> list[str]:
    """Return the names of a resource's subnets."""
    return _named(declaration, resource, SUBNETS)


def databases(declaration: Declaration) -> list[Resource]:
    """Return every database instance and cluster."""
    return [*declaration.of("AWS::RDS::DBCluster"), *declaration.of("AWS::RDS::DBInstance")]


def listens(declaration: Declaration) -> Mapping[str, set[int]]:
    """Return the ports that something listens on, by security group."""
    found: dict[str, set[int]] = {}
    for resource in declaration.resources:
        ports = set(_ports(declaration, resource))
        for group in groups_of(declaration, resource):
            found.setdefault(group, set()).update(ports)
    return found


def _ports(declaration: Declaration, resource: Resource) -> Iterator[int]:
    if resource.type in ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster") and "Port" in resource.properties:
        yield int(resource.properties["Port"])
    elif resource.type == "AWS::EC2::VPCEndpoint":
        yield HTTPS
    elif resource.type == "AWS::ElasticLoadBalancingV2::LoadBalancer":
        for listener in declaration.of("AWS::ElasticLoadBalancingV2::Listener"):
            if _name(declaration, listener.properties.get("LoadBalancerArn")) == resource.name:
                yield int(listener.properties["Port"])
    elif resource.type == "AWS::ECS::Service":
        for task, _attribute in declaration.referred(resource.properties.get("TaskDefinition", "")):
            for container in task.properties["ContainerDefinitions"]:
                yield from (int(mapping["ContainerPort"]) for mapping in container.get("PortMappings", []))


def routes(declaration: Declaration) -> Iterator[tuple[str, Resource]]:
    """Yield every route with the name of each subnet that takes it."""
    tables: dict[str, list[str]] = {}
    for association in declaration.of("AWS::EC2::SubnetRouteTableAssociation"):
        table = _name(declaration, association.properties["RouteTableId"])
        tables.setdefault(table, []).append(_name(declaration, association.properties["SubnetId"]))
    for route in declaration.of("AWS::EC2::Route"):
        for subnet in tables.get(_name(declaration, route.properties["RouteTableId"]), []):
            yield subnet, route

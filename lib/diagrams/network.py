"""Where the resources of a template live, and who may reach whom: VPCs, subnets, zones, routes, security groups."""

from collections.abc import Iterator, Sequence
from itertools import chain

from lib.diagrams import cloudformation_types as types
from lib.diagrams.template import Template, at, count, references

EVERYWHERE = "0.0.0.0/0"


class Network:
    """Answers questions about a template's networks."""

    def __init__(self, template: Template) -> None:
        self.template = template

    def owners(self, name: str, path: str = "") -> list[str]:
        """Return the resources that a property of a resource refers to."""
        return [owner for owner, _ in references(at(self.template.properties(name), path))]

    def box(self, vpc: str) -> str:
        """Return the words on a VPC's box."""
        subnets = [name for name in self.template.of(types.SUBNET) if vpc in self.owners(name, "VpcId")]
        zones = {repr(self.template.properties(name).get("AvailabilityZone")) for name in subnets}
        words = [self.template.fill("VPC {CidrBlock}", self.template.properties(vpc))]
        if subnets:
            words.append(f"{count(len(subnets), 'subnet')} in {count(len(zones), 'zone')}")
        if {types.OUTSIDE}.issuperset(self.template.of(types.INTERNET, types.NAT)):
            words.append("no internet gateway")
        return " · ".join(filter(None, words))

    def home(self, name: str) -> tuple[str, list[str]]:
        """Return the VPC that a resource lives in, and the subnets, found through what lies between them."""
        kind = self.template.type(name)
        parts = (*types.NETWORK_PARTS, *(types.DATABASES if kind in (types.INSTANCE, *types.MEMBERS) else ()))
        seen, todo = [name], [] if kind == types.CUSTOM else [name]
        while todo:
            for owner in self.owners(todo.pop(0)):
                if owner not in seen and self.template.type(owner) in parts:
                    seen.append(owner)
                    todo.append(owner)
        vpcs = [owner for owner in seen if self.template.type(owner) == types.VPC]
        return (vpcs or [""])[0], [owner for owner in seen if self.template.type(owner) == types.SUBNET]

    def tier(self, name: str) -> str:
        """Return the words for the tier of a VPC that a resource lives in, if its subnets say one."""
        vpc, subnets = self.home(name)
        tags = {self._tag(subnet) for subnet in subnets}
        tag = tags.pop() if len(tags) == 1 else ""
        every = [subnet for subnet in self.template.of(types.SUBNET) if self._tag(subnet) == tag]
        here = sum(vpc in self.owners(subnet, "VpcId") for subnet in every)
        return f"{tag} tier · {count(here, 'subnet')}" if tag else ""

    def _tag(self, subnet: str) -> str:
        return str(at(self.template.properties(subnet), "Tags.Tier") or "")

    def zones(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the zones of some resources by their letters: their own, or else those of their subnets."""
        holders = [
            holder
            for name in names
            for holder in ([name] if "AvailabilityZone" in self.template.properties(name) else self.home(name)[1])
        ]
        zones = [self.template.properties(holder).get("AvailabilityZone") for holder in holders]
        return tuple(sorted({f"zone {zone[-1]}" for zone in zones if zone and isinstance(zone, str)}))

    def routes(self) -> Iterator[tuple[str, str]]:
        """Yield each gateway with each subnet that has a route through it."""
        for name in self.template.of("AWS::EC2::Route"):
            for gateway in chain(self.owners(name, "GatewayId"), self.owners(name, "NatGatewayId")):
                for link in self.template.of("AWS::EC2::SubnetRouteTableAssociation"):
                    if set(self.owners(name, "RouteTableId")) & set(self.owners(link, "RouteTableId")):
                        yield from ((gateway, subnet) for subnet in self.owners(link, "SubnetId"))

    def open(self) -> Iterator[tuple[str, str]]:
        """Yield each resource that a rule lets everybody reach, with the rule."""
        for name in self.template.of("AWS::EC2::SecurityGroupIngress"):
            if self.template.properties(name).get("CidrIp") == EVERYWHERE:
                yield from ((member, name) for member in self._members(self.owners(name, "GroupId"), types.ENTRANCES))

    def callers(self, name: str) -> list[str]:
        """Return the rules that let a part of a network reach an entrance."""
        rules = self.template.of("AWS::EC2::SecurityGroupIngress")
        narrow = [rule for rule in rules if self.template.properties(rule).get("CidrIp") not in (None, EVERYWHERE)]
        return [rule for rule in narrow if name in self._members(self.owners(rule, "GroupId"), types.ENTRANCES)]

    def granted(self, name: str, other: str) -> bool:
        """Return whether a function's role lets it use what its environment names, where IAM has a say."""
        roles = self.owners(name, "Role") if self.template.type(name) == types.FUNCTION else []
        policies = [self.owners(policy) for policy in self.template.of("AWS::IAM::Policy")]
        own = [owners for owners in policies if set(roles) & set(owners)]
        return self.template.type(other) in types.DATABASES or not own or any(other in owners for owners in own)

    def allowed(self) -> Iterator[tuple[str, str]]:
        """Yield each drawn pair of a client and a database that a rule between their security groups connects."""
        rules = [
            self.owners(name, path)
            for kind, paths in types.RULES.items()
            for name in self.template.of(kind)
            for path in paths
        ]
        inline = [
            (self.owners(name, "SecurityGroupIngress"), [name]) for name in self.template.of("AWS::EC2::SecurityGroup")
        ]
        for clients, servers in chain(zip(rules[::2], rules[1::2], strict=True), inline):
            for start in self._members(clients, types.CLIENTS):
                for end in self._members(servers, types.DATABASES):
                    yield start, end

    def _members(self, groups: Sequence[str], kinds: Sequence[str]) -> list[str]:
        """Return the resources of some types that are in one of some security groups."""
        return [name for name in self.template.of(*kinds) if set(self.owners(name)) & set(groups)]

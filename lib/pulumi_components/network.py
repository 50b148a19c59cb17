"""A network of tiers over two or three zones: public, private with a way out, and isolated."""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pulumi
import pulumi_aws as aws

from lib.common.iam_statements import Statement
from lib.pulumi_components.flow_log import flow_log
from lib.pulumi_components.policies import AwsContext, document
from lib.pulumi_components.zones import MOST_ZONES

WORLD = "0.0.0.0/0"
# Options of what is in a zone: it stays in that of its creation, which the state holds, whatever AWS lists later. EC2
# moves no subnet and RDS no instance, so another zone would replace them.
IN_ITS_ZONE = pulumi.ResourceOptions(ignore_changes=["availability_zone"])
# What functions were in is held by their network interfaces, which Lambda takes up to 45 minutes to remove. By its
# documentation the provider waits that long whatever its time-outs say; this does not depend on it.
# https://github.com/hashicorp/terraform-provider-aws/blob/main/website/docs/r/security_group.html.markdown
HELD_BY_INTERFACES = pulumi.CustomTimeouts(delete="60m")
TIER_BITS = 4  # the network is cut into sixteen: three tiers of up to three zones, the rest is free


@dataclass(frozen=True)
class TierArgs:
    """What a network of tiers is made of.

    Args:
        kind: the component's type token.
        name: makes a physical name of a kind and a part.
        context: where it is.
        zones: the zones' names.
        cidr: the whole network.
        private: the name of the tier whose way out is NAT and endpoints.
        isolated: the name of the tier without one.
        functions: the name of the tier that functions are in, if there are any.
        nat_gateways: a way to the internet in each ``zone``, or ``one`` for all, or ``none``: then nothing is public.
        log_days: how long the log of its traffic is kept.
        key: of that log.
        storage: what the S3 endpoint lets through.
    """

    kind: str
    name: Callable[[str, str], str]
    context: AwsContext
    zones: Sequence[str]
    cidr: str
    private: str
    isolated: str
    nat_gateways: str
    log_days: int
    key: aws.kms.Key
    storage: Sequence[Statement]
    functions: str = ""


class TieredNetwork(pulumi.ComponentResource):
    """VPC, subnets, routes, gateways, endpoints, flow logs."""

    def __init__(self, name: str, args: TierArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__(args.kind, name, {}, opts)
        self._args, self._own = args, pulumi.ResourceOptions(parent=self)
        self.gateways: list[aws.ec2.NatGateway] = []
        self.vpc = aws.ec2.Vpc(
            "vpc",
            cidr_block=args.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._tags(),
            opts=self._own,
        )
        # No rules: whatever is started without a group of its own reaches nothing.
        aws.ec2.DefaultSecurityGroup("default", vpc_id=self.vpc.id, tags=self._tags("default"), opts=self._own)
        blocks = ipaddress.IPv4Network(args.cidr).subnets(prefixlen_diff=TIER_BITS)
        tiers = ("public", args.private, args.isolated)
        # Without NAT there is no public tier, and its addresses stay free, so that the others keep theirs.
        ranges = {tier: list(islice(blocks, MOST_ZONES)) for tier in tiers}
        made = tiers if self._open else tiers[1:]
        self.subnets = {tier: self._subnets(tier, ranges[tier]) for tier in made}
        isolated = self._routes(args.isolated)
        self._associate(args.isolated, [isolated])
        public = [self._public_routes()] if self._open else []
        self.storage = self._storage_endpoint([*public, *self._private_routes(), isolated])
        flow_log(self.vpc, args.name, context=args.context, days=args.log_days, key=args.key, opts=self._own)

    @property
    def _open(self) -> bool:
        """Whether something of the network is public."""
        return self._args.nat_gateways != "none"

    def ids(self, tier: str) -> list[pulumi.Output[str]]:
        """Return the ids of one tier's subnets, a zone each."""
        return [subnet.id for subnet in self.subnets[tier]]

    def group(self, part: str, description: str, *, functions: bool = False) -> aws.ec2.SecurityGroup:
        """Return a security group that lets nothing in or out yet.

        Args:
            part: of its name.
            description: what EC2 says of it.
            functions: whether functions have it, whose interfaces hold it when they have gone.

        EC2 takes no apostrophe, among other characters, in a description of a group or of a rule:
        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
        """
        return aws.ec2.SecurityGroup(
            part,
            name=self._args.name("security_group", part),
            description=description,
            vpc_id=self.vpc.id,
            tags=self._tags(part),
            # One that is in use cannot be deleted first, which is what Pulumi does with a name that is given.
            opts=pulumi.ResourceOptions(
                parent=self, delete_before_replace=False, custom_timeouts=HELD_BY_INTERFACES if functions else None
            ),
        )

    def between(
        self, name: str, source: aws.ec2.SecurityGroup, target: aws.ec2.SecurityGroup, port: int, why: str
    ) -> None:
        """Let one group speak to another on a port: out of the one and into the other."""
        rule: dict[str, Any] = {"description": why, "ip_protocol": "tcp", "from_port": port, "to_port": port}
        aws.vpc.SecurityGroupEgressRule(
            name, security_group_id=source.id, referenced_security_group_id=target.id, opts=self._own, **rule
        )
        aws.vpc.SecurityGroupIngressRule(
            name, security_group_id=target.id, referenced_security_group_id=source.id, opts=self._own, **rule
        )

    def reach(self, name: str, source: aws.ec2.SecurityGroup, why: str) -> None:
        """Let a group reach AWS's own services by NAT, whose addresses nobody knows in advance."""
        self._out(name, source, why, cidr_ipv4=WORLD)

    def reach_storage(self, name: str, source: aws.ec2.SecurityGroup, why: str) -> None:
        """Let a group reach S3 by the gateway endpoint, at the addresses that AWS keeps in a list.

        https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
        """
        self._out(name, source, why, prefix_list_id=self.storage.prefix_list_id)

    def _out(self, name: str, source: aws.ec2.SecurityGroup, why: str, **target: Any) -> None:
        aws.vpc.SecurityGroupEgressRule(
            name,
            security_group_id=source.id,
            description=why,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            opts=self._own,
            **target,
        )

    def endpoint(
        self,
        part: str,
        service: str,
        group: aws.ec2.SecurityGroup,
        subnets: Sequence[pulumi.Input[str]],
        use: Statement,
    ) -> aws.ec2.VpcEndpoint:
        """Make a service reachable without NAT: an interface in each subnet, paid by the hour and by what goes through.

        https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html

        Args:
            part: of its name.
            service: the end of the service's name, for example ``kms``.
            group: who reaches it.
            subnets: in zones of their own.
            use: what the endpoint lets through, and nothing else.
        """
        return aws.ec2.VpcEndpoint(
            part,
            vpc_id=self.vpc.id,
            service_name=f"com.amazonaws.{self._args.context.region}.{service}",
            vpc_endpoint_type="Interface",
            private_dns_enabled=True,
            subnet_ids=subnets,
            security_group_ids=[group.id],
            policy=document(use),
            tags=self._tags(part),
            opts=self._own,
        )

    def let_in(self, name: str, target: aws.ec2.SecurityGroup, cidr: str, port: int, why: str) -> None:
        """Let a network into a group on a port."""
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=target.id,
            description=why,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            cidr_ipv4=cidr,
            opts=self._own,
        )

    def _tags(self, part: str = "") -> dict[str, str]:
        return {"Name": self._args.name("service", part)}

    def _subnets(self, tier: str, blocks: list[ipaddress.IPv4Network]) -> list[aws.ec2.Subnet]:
        held = pulumi.ResourceOptions(custom_timeouts=HELD_BY_INTERFACES if tier == self._args.functions else None)
        opts = pulumi.ResourceOptions.merge(pulumi.ResourceOptions.merge(self._own, IN_ITS_ZONE), held)
        return [
            aws.ec2.Subnet(
                f"{tier}-{number}",
                vpc_id=self.vpc.id,
                availability_zone=zone,
                cidr_block=str(block),
                map_public_ip_on_launch=False,  # load balancer and NAT bring addresses of their own
                tags=self._tags(f"{tier}-{number}") | {"Tier": tier},
                opts=opts,
            )
            for number, (zone, block) in enumerate(zip(self._args.zones, blocks, strict=False), start=1)
        ]

    def _routes(self, name: str) -> aws.ec2.RouteTable:
        return aws.ec2.RouteTable(name, vpc_id=self.vpc.id, tags=self._tags(name), opts=self._own)

    def _associate(self, tier: str, tables: Sequence[aws.ec2.RouteTable]) -> None:
        """Give each subnet of a tier its route table: the first has all of them, or each has one.

        The name is the subnet's and not the table's. With another table, for example after ``NAT_PER_ZONE`` has
        changed, it is the same resource with another route table, which EC2 replaces in place
        (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceRouteTableAssociation.html). Pulumi makes
        what has a new name before it deletes the old one, and EC2 refuses a subnet's second association.
        """
        one_table = len(tables) == 1
        for number, subnet in enumerate(self.subnets[tier], start=1):
            # The names that 0.1.0 gave them, with a table for all and with one for each.
            former = {f"{tier}-1-{number}", f"{tier}-{number}-1"} if tier == self._args.private else set()
            aws.ec2.RouteTableAssociation(
                f"{tier}-{number}",
                route_table_id=tables[0 if one_table else number - 1].id,
                subnet_id=subnet.id,
                opts=pulumi.ResourceOptions(parent=self, aliases=[pulumi.Alias(name=name) for name in sorted(former)]),
            )

    def _public_routes(self) -> aws.ec2.RouteTable:
        gateway = aws.ec2.InternetGateway("internet", vpc_id=self.vpc.id, tags=self._tags(), opts=self._own)
        table = self._routes("public")
        self._associate("public", [table])
        self.internet = aws.ec2.Route(
            "public", route_table_id=table.id, destination_cidr_block=WORLD, gateway_id=gateway.id, opts=self._own
        )
        return table

    def _private_routes(self) -> list[aws.ec2.RouteTable]:
        """Return the private tier's route tables: one for each NAT gateway, or one that leads nowhere else."""
        if not self._open:
            table = self._routes(f"{self._args.private}-1")
            self._associate(self._args.private, [table])
            return [table]
        tables = []
        public = self.subnets["public"] if self._args.nat_gateways == "zone" else self.subnets["public"][:1]
        for number, subnet in enumerate(public, start=1):
            name = f"{self._args.private}-{number}"
            address = aws.ec2.Eip(name, domain="vpc", tags=self._tags(name), opts=self._own)
            nat = aws.ec2.NatGateway(
                name,
                allocation_id=address.allocation_id,
                subnet_id=subnet.id,
                tags=self._tags(name),
                # It needs the way to the internet, which it does not name.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[self.internet]),
            )
            self.gateways.append(nat)
            table = self._routes(name)
            aws.ec2.Route(
                name, route_table_id=table.id, destination_cidr_block=WORLD, nat_gateway_id=nat.id, opts=self._own
            )
            tables.append(table)
        self._associate(self._args.private, tables)
        return tables

    def _storage_endpoint(self, tables: list[aws.ec2.RouteTable]) -> aws.ec2.VpcEndpoint:
        """Make S3 reachable without NAT, and for what is listed only."""
        return aws.ec2.VpcEndpoint(
            "storage",
            vpc_id=self.vpc.id,
            service_name=f"com.amazonaws.{self._args.context.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            policy=document(*self._args.storage),
            tags=self._tags("storage"),
            opts=self._own,
        )

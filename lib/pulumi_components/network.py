"""A network of tiers over two or three zones: public, private with a way out, and isolated."""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pulumi
import pulumi_aws as aws

from lib.common.errors import SettingError
from lib.common.iam_statements import Statement, allow
from lib.pulumi_components.policies import AwsContext, document, service_role

MOST_ZONES, LEAST_ZONES = 3, 2
WORLD = "0.0.0.0/0"
# Options of what is in a zone: it stays in that of its creation, which the state holds, whatever AWS lists later. EC2
# moves no subnet and RDS no instance, so another zone would replace them.
IN_ITS_ZONE = pulumi.ResourceOptions(ignore_changes=["availability_zone"])
# What functions were in is held by their network interfaces, which Lambda takes up to 45 minutes to remove. By its
# documentation the provider waits that long whatever its time-outs say; this does not depend on it.
# https://github.com/hashicorp/terraform-provider-aws/blob/main/website/docs/r/security_group.html.markdown
HELD_BY_INTERFACES = pulumi.CustomTimeouts(delete="60m")
TIER_BITS = 4  # the network is cut into sixteen: three tiers of up to three zones, the rest is free


def zones(region: str, options: pulumi.InvokeOptions) -> list[str]:
    """Return the names of the zones to use: three, or two where the region has no more.

    A zone whose state is not ``available`` is one of them: without it the others would move up, and a zone that is
    impaired for an hour would take its subnets out of the program. What lies in a zone keeps it: ``IN_ITS_ZONE``.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AvailabilityZone.html

    Raises:
        SettingError: the region has one zone only.
    """
    # Local and wavelength zones have to be opted into, and offer neither Fargate nor RDS.
    zone_filter = aws.GetAvailabilityZonesFilterArgs(name="opt-in-status", values=["opt-in-not-required"])
    names = aws.get_availability_zones(filters=[zone_filter], opts=options).names
    if len(names) < LEAST_ZONES:
        raise SettingError(
            f"{region} offers {len(names)} availability zone(s) to this account, and {LEAST_ZONES} are needed: write "
            "another region into lib/AWS_REGION."
        )
    return sorted(names)[:MOST_ZONES]


@dataclass(frozen=True)
class TierArgs:
    """What a network of tiers is made of.

    Args:
        kind: the component's type token.
        name: makes a physical name of a kind and a part.
        context: where it is.
        zones: the zones' names.
        cidr: the whole network.
        private: the name of the tier with a way out.
        isolated: the name of the tier without one.
        functions: the name of the tier that functions are in, if there are any.
        nat_per_zone: a way out in each zone, or one in all.
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
    nat_per_zone: bool
    log_days: int
    key: aws.kms.Key
    storage: Sequence[Statement]
    functions: str = ""


class TieredNetwork(pulumi.ComponentResource):
    """VPC, subnets, routes, gateways, the S3 endpoint, flow logs."""

    def __init__(self, name: str, args: TierArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__(args.kind, name, {}, opts)
        self._args, self._own = args, pulumi.ResourceOptions(parent=self)
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
        self.subnets = {tier: self._subnets(tier, list(islice(blocks, MOST_ZONES))) for tier in tiers}
        isolated = self._routes(args.isolated)
        self._associate(args.isolated, [isolated])
        self._storage_endpoint([self._public_routes(), *self._private_routes(), isolated])
        self._flow_logs()

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
        """Let a group reach AWS's own services, whose addresses nobody knows in advance."""
        aws.vpc.SecurityGroupEgressRule(
            name,
            security_group_id=source.id,
            description=why,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=WORLD,
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
        """Return the private tier's route tables: one for each NAT gateway."""
        tables = []
        public = self.subnets["public"] if self._args.nat_per_zone else self.subnets["public"][:1]
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
            table = self._routes(name)
            aws.ec2.Route(
                name, route_table_id=table.id, destination_cidr_block=WORLD, nat_gateway_id=nat.id, opts=self._own
            )
            tables.append(table)
        self._associate(self._args.private, tables)
        return tables

    def _storage_endpoint(self, tables: list[aws.ec2.RouteTable]) -> None:
        """Make S3 reachable without NAT, and for what is listed only."""
        aws.ec2.VpcEndpoint(
            "storage",
            vpc_id=self.vpc.id,
            service_name=f"com.amazonaws.{self._args.context.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            policy=document(*self._args.storage),
            tags=self._tags("storage"),
            opts=self._own,
        )

    def _flow_logs(self) -> None:
        args = self._args
        logs = aws.cloudwatch.LogGroup(
            "flows",
            name=f"/{args.name('log_group', 'flows')}",
            retention_in_days=args.log_days,
            kms_key_id=args.key.arn,
            opts=self._own,
        )
        # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html, without making groups
        write = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
        role, policy = service_role(
            "flows",
            args.name("role", "flows"),
            service="vpc-flow-logs.amazonaws.com",
            sources=[args.context.arn("ec2", "vpc-flow-log/*")],
            context=args.context,
            statements=[allow(write, [pulumi.Output.concat(logs.arn, ":*")])],
            opts=self._own,
        )
        aws.ec2.FlowLog(
            "flows",
            vpc_id=self.vpc.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=logs.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=600,
            tags=self._tags("flows"),
            # A network has one flow log to a destination, and this one has no name that would differ.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy], delete_before_replace=True),
        )

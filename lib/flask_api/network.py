"""Three tiers over two or three zones: load balancer, tasks, database."""

import ipaddress
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pulumi
import pulumi_aws as aws

from lib.common.errors import SettingError
from lib.common_pulumi.policies import Place, allow, document, service_role
from lib.flask_api.keys import Keys
from lib.flask_api.settings import Settings

MOST_ZONES, LEAST_ZONES = 3, 2
TIERS = ("public", "tasks", "database")
APPLICATION_PORT = 8080


def zones(settings: Settings, options: pulumi.InvokeOptions) -> list[str]:
    """Return the names of the zones to use: three, or two where the region has no more.

    Raises:
        SettingError: the region has one zone only.
    """
    # Local and wavelength zones have to be opted into, and offer neither Fargate nor Aurora.
    wanted = aws.GetAvailabilityZonesFilterArgs(name="opt-in-status", values=["opt-in-not-required"])
    names = aws.get_availability_zones(state="available", filters=[wanted], opts=options).names
    if len(names) < LEAST_ZONES:
        raise SettingError(
            f"{settings.region} offers {len(names)} availability zone(s) to this account, and {LEAST_ZONES} are "
            "needed: write another region into lib/AWS_REGION."
        )
    return sorted(names)[:MOST_ZONES]


@dataclass(frozen=True)
class NetworkArgs:
    """What a network is made of."""

    settings: Settings
    place: Place
    zones: list[str]
    keys: Keys


class Network(pulumi.ComponentResource):
    """VPC, subnets, routes, security groups, the S3 endpoint, flow logs."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("tap:flask-api:Network", name, {}, opts)
        self._args, self._own = args, pulumi.ResourceOptions(parent=self)
        self.vpc = aws.ec2.Vpc(
            "vpc",
            cidr_block=args.settings.vpc_cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._tags(),
            opts=self._own,
        )
        # No rules: whatever is started without a group of its own reaches nothing.
        aws.ec2.DefaultSecurityGroup("default", vpc_id=self.vpc.id, tags=self._tags("default"), opts=self._own)
        blocks = ipaddress.IPv4Network(args.settings.vpc_cidr).subnets(prefixlen_diff=4)
        self.subnets = {tier: self._subnets(tier, list(islice(blocks, MOST_ZONES))) for tier in TIERS}
        tables = [self._public_routes(), *self._task_routes(), self._routes("database", self.subnets["database"])]
        self._storage_endpoint(tables)
        self.load_balancer = self._group("load-balancer", "The load balancer, reached from the internet")
        self.tasks = self._group("tasks", "The API's tasks, reached from the load balancer")
        self.database = self._group("database", "The database, reached from the tasks")
        self._rules()
        self._flow_logs()
        self.register_outputs({})

    def ids(self, tier: str) -> list[pulumi.Output[str]]:
        """Return the ids of one tier's subnets, a zone each."""
        return [subnet.id for subnet in self.subnets[tier]]

    def _tags(self, part: str = "") -> dict[str, str]:
        return {"Name": self._args.settings.name("service", part)}

    def _subnets(self, tier: str, blocks: list[ipaddress.IPv4Network]) -> list[aws.ec2.Subnet]:
        return [
            aws.ec2.Subnet(
                f"{tier}-{number}",
                vpc_id=self.vpc.id,
                availability_zone=zone,
                cidr_block=str(block),
                map_public_ip_on_launch=False,  # load balancer and NAT bring addresses of their own
                tags=self._tags(f"{tier}-{number}") | {"Tier": tier},
                opts=self._own,
            )
            for number, (zone, block) in enumerate(zip(self._args.zones, blocks, strict=False), start=1)
        ]

    def _routes(self, name: str, subnets: list[aws.ec2.Subnet]) -> aws.ec2.RouteTable:
        table = aws.ec2.RouteTable(name, vpc_id=self.vpc.id, tags=self._tags(name), opts=self._own)
        for number, subnet in enumerate(subnets, start=1):
            aws.ec2.RouteTableAssociation(
                f"{name}-{number}", route_table_id=table.id, subnet_id=subnet.id, opts=self._own
            )
        return table

    def _public_routes(self) -> aws.ec2.RouteTable:
        gateway = aws.ec2.InternetGateway("internet", vpc_id=self.vpc.id, tags=self._tags(), opts=self._own)
        table = self._routes("public", self.subnets["public"])
        self.internet = aws.ec2.Route(
            "public", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.id, opts=self._own
        )
        return table

    def _task_routes(self) -> list[aws.ec2.RouteTable]:
        """Return the tasks' route tables: one for each NAT gateway."""
        tasks, tables = self.subnets["tasks"], []
        groups = [[subnet] for subnet in tasks] if self._args.settings.nat_per_zone else [tasks]
        for number, (subnet, served) in enumerate(zip(self.subnets["public"], groups, strict=False), start=1):
            name = f"tasks-{number}"
            address = aws.ec2.Eip(name, domain="vpc", tags=self._tags(name), opts=self._own)
            nat = aws.ec2.NatGateway(
                name,
                allocation_id=address.allocation_id,
                subnet_id=subnet.id,
                tags=self._tags(name),
                # It needs the way to the internet, which it does not name.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[self.internet]),
            )
            table = self._routes(name, served)
            aws.ec2.Route(
                name, route_table_id=table.id, destination_cidr_block="0.0.0.0/0", nat_gateway_id=nat.id, opts=self._own
            )
            tables.append(table)
        return tables

    def _storage_endpoint(self, tables: list[aws.ec2.RouteTable]) -> None:
        """Images' layers come from S3: this way they cost no NAT traffic."""
        place = self._args.place
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-minimum-s3-perms
        layers = f"arn:{place.partition}:s3:::prod-{place.region}-starport-layer-bucket/*"
        aws.ec2.VpcEndpoint(
            "storage",
            vpc_id=self.vpc.id,
            service_name=f"com.amazonaws.{place.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            policy=document(allow(["s3:GetObject"], [layers], Principal="*")),
            tags=self._tags("storage"),
            opts=self._own,
        )

    def _group(self, part: str, description: str) -> aws.ec2.SecurityGroup:
        return aws.ec2.SecurityGroup(
            part,
            name=self._args.settings.name("security_group", part),
            description=description,
            vpc_id=self.vpc.id,
            tags=self._tags(part),
            opts=self._own,
        )

    def _rules(self) -> None:
        settings = self._args.settings
        balancer, tasks, database = self.load_balancer, self.tasks, self.database
        for port in (80, 443) if settings.certificate_arn else (80,):
            aws.vpc.SecurityGroupIngressRule(
                f"world-{port}",
                security_group_id=balancer.id,
                description="The API is public",
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                cidr_ipv4="0.0.0.0/0",
                opts=self._own,
            )
        self._between("requests", balancer, tasks, APPLICATION_PORT, "Requests and health checks")
        self._between("queries", tasks, database, settings.database_port, "Queries")
        aws.vpc.SecurityGroupEgressRule(
            "services",
            security_group_id=tasks.id,
            description="AWS's own services: image, secret, logs",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4="0.0.0.0/0",
            opts=self._own,
        )

    def _between(
        self, name: str, source: aws.ec2.SecurityGroup, target: aws.ec2.SecurityGroup, port: int, why: str
    ) -> None:  # fmt: skip
        """Let one group speak to another on a port: out of the one and into the other."""
        rule: dict[str, Any] = {"description": why, "ip_protocol": "tcp", "from_port": port, "to_port": port}
        aws.vpc.SecurityGroupEgressRule(
            name, security_group_id=source.id, referenced_security_group_id=target.id, opts=self._own, **rule
        )
        aws.vpc.SecurityGroupIngressRule(
            name, security_group_id=target.id, referenced_security_group_id=source.id, opts=self._own, **rule
        )

    def _flow_logs(self) -> None:
        settings, place = self._args.settings, self._args.place
        logs = aws.cloudwatch.LogGroup(
            "flows",
            name=f"/{settings.name('log_group', 'flows')}",
            retention_in_days=settings.durability.log_days,
            kms_key_id=self._args.keys.operations.arn,
            opts=self._own,
        )
        streams = logs.arn.apply(lambda arn: f"{arn}:*")
        # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html, without making groups
        write = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
        role, policy = service_role(
            "flows",
            settings.name("role", "flows"),
            service="vpc-flow-logs.amazonaws.com",
            sources=[place.arn("ec2", "vpc-flow-log/*")],
            place=place,
            statements=[allow(write, [logs.arn, streams])],
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
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

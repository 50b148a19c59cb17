"""A network in each region that nothing enters or leaves, and the peering between the two."""

import ipaddress
from itertools import islice
from typing import TypedDict, Unpack

from cdktf import Fn, Postcondition, TerraformResourceLifecycle, Token
from cdktf_cdktf_provider_aws.data_aws_availability_zones import (
    DataAwsAvailabilityZones,
    DataAwsAvailabilityZonesFilter,
)
from cdktf_cdktf_provider_aws.default_security_group import DefaultSecurityGroup
from cdktf_cdktf_provider_aws.flow_log import FlowLog
from cdktf_cdktf_provider_aws.route_table import RouteTable
from cdktf_cdktf_provider_aws.route_table_association import RouteTableAssociation
from cdktf_cdktf_provider_aws.security_group import SecurityGroup, SecurityGroupTimeouts
from cdktf_cdktf_provider_aws.subnet import Subnet, SubnetTimeouts
from cdktf_cdktf_provider_aws.vpc import Vpc
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule
from constructs import Construct

from lib.common.acknowledged import Acknowledged
from lib.common.iam_statements import Statement, allow
from lib.disaster_recovery.aws_context import AwsContext
from lib.disaster_recovery.keys import Keys
from lib.disaster_recovery.logs import log_group
from lib.disaster_recovery.policies import document, service_role
from lib.disaster_recovery.settings import RegionConfig

TIERS = ("functions", "database")
QUARTER_BITS = 2  # a network is cut into four tiers, of which two are free; each is cut into four zones
HTTPS = 443
# What functions were in is held by their network interfaces, which Lambda takes up to 45 minutes to remove. By its
# documentation the provider waits that long whatever its time-outs say; this does not depend on it.
# https://github.com/hashicorp/terraform-provider-aws/blob/main/website/docs/r/security_group.html.markdown
HELD_BY_INTERFACES = "60m"
# What the payment function asks of its table; the two names of a transaction's parts are IAM's, not the API's.
TABLE_ACTIONS = ("dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query")
HASH_ACTIONS = ("kms:GenerateMac",)  # what it asks of the key of the hashes
ACKNOWLEDGED = (
    Acknowledged(
        "CKV_AWS_394",
        "aws_availability_zones.networking-*_zones",
        "Names of zones differ from region to region, and the two regions are settings; the filter leaves out zones "
        "that have to be opted into, and no more than ZONES of the others are used.",
    ),
)


class Peer(TypedDict, total=False):
    """Who is at the other end of a security group's rule: one of the three."""

    prefix_list_id: str
    referenced_security_group_id: str
    cidr_ipv4: str


def tier(region_config: RegionConfig, name: str) -> ipaddress.IPv4Network:
    """Return the addresses of one of a region's tiers."""
    quarters = ipaddress.IPv4Network(region_config.cidr).subnets(prefixlen_diff=QUARTER_BITS)
    return next(islice(quarters, TIERS.index(name), None))


class Network(Construct):
    """One region's VPC: two tiers of private subnets, gateway endpoints, security groups, the log of its traffic.

    There is no NAT: the payment function speaks to DynamoDB (a gateway endpoint, free of charge), to KMS (an interface
    endpoint, once in the life of an environment) and to Aurora in the same network, and Lambda itself takes its logs
    and traces. The verification function,
    which asks both regions' APIs, is not in a network at all: it must see what is wrong with one.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        context: AwsContext,
        region_config: RegionConfig,
        keys: Keys,
        hash_key: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._aws, self._side = context, region_config
        self.vpc = Vpc(
            self,
            "vpc",
            cidr_block=region_config.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            **context.own(),
        )
        # No rules: whatever is started without a group of its own reaches nothing.
        DefaultSecurityGroup(self, "default", vpc_id=self.vpc.id, **context.own("default"))
        zones = self._zones()
        self.subnets = {name: self._subnets(name, zones) for name in TIERS}
        self.tables = {name: self._routes(name) for name in TIERS}
        self._endpoints()
        self.functions = self._group("functions", "Payment function")
        self.database = self._group("database", "Aurora")
        self._keys_endpoint(hash_key)
        self._rules()
        self._flow_logs(keys)

    def ids(self, name: str) -> list[str]:
        """Return the ids of a tier's subnets, a zone each."""
        return [subnet.id for subnet in self.subnets[name]]

    def _zones(self) -> list[str]:
        count, where = self._aws.settings.zones, self._aws.region
        zones = DataAwsAvailabilityZones(
            self,
            "zones",
            # Whatever their state: without a zone that is impaired for an hour the others would move up.
            # Local and wavelength zones have to be opted into, and offer neither Aurora nor Lambda.
            filter=[DataAwsAvailabilityZonesFilter(name="opt-in-status", values=["opt-in-not-required"])],
            provider=self._aws.provider,
        )
        # It names itself, which only Terraform understands.
        condition = f"${{length(self.names) >= {count}}}"
        message = f"{where} offers this account fewer than {count} zones: set ZONES=2, or choose another region."
        zones.lifecycle = TerraformResourceLifecycle(
            postcondition=[Postcondition(condition=condition, error_message=message)]
        )
        return [Token.as_string(Fn.element(zones.names, number)) for number in range(count)]

    def _subnets(self, name: str, zones: list[str]) -> list[Subnet]:
        blocks = tier(self._side, name).subnets(prefixlen_diff=QUARTER_BITS)
        return [
            Subnet(
                self,
                f"{name}-{number}",
                vpc_id=self.vpc.id,
                availability_zone=zone,
                cidr_block=str(block),
                map_public_ip_on_launch=False,
                # It stays in the zone of its creation, which the state holds: another one would replace it.
                lifecycle=TerraformResourceLifecycle(ignore_changes=["availability_zone"]),
                timeouts=SubnetTimeouts(delete=HELD_BY_INTERFACES) if name == "functions" else None,
                **self._aws.own(f"{name}-{number}", Tier=name),
            )
            for number, (zone, block) in enumerate(zip(zones, blocks, strict=False), start=1)
        ]

    def _routes(self, name: str) -> RouteTable:
        table = RouteTable(self, f"{name}-routes", vpc_id=self.vpc.id, **self._aws.own(name))
        for number, subnet in enumerate(self.subnets[name], start=1):
            RouteTableAssociation(
                self,
                f"{name}-routes-{number}",
                route_table_id=table.id,
                subnet_id=subnet.id,
                provider=self._aws.provider,
            )
        return table

    def _endpoints(self) -> None:
        """Make the table and the reports reachable, and no other table or bucket in the world."""
        context = self._aws
        table = context.arn("dynamodb", f"table/{context.name('table')}")
        reports = f"arn:{context.partition}:s3:::{context.bucket('reports')}"
        self._tables_endpoint = self._endpoint(
            "dynamodb", allow(TABLE_ACTIONS, [table, f"{table}/index/*"], Principal="*")
        )
        self._endpoint("s3", allow(["s3:GetObject", "s3:ListBucket"], [reports, f"{reports}/*"], Principal="*"))

    def _endpoint(self, service: str, statement: Statement) -> VpcEndpoint:
        return VpcEndpoint(
            self,
            service,
            vpc_id=self.vpc.id,
            service_name=f"com.amazonaws.{self._aws.region}.{service}",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in self.tables.values()],
            policy=document(statement),
            **self._aws.own(service),
        )

    def _keys_endpoint(self, hash_key: str) -> None:
        """Make the key of the hashes usable, and no other key in the world.

        https://docs.aws.amazon.com/kms/latest/developerguide/kms-vpc-endpoint.html
        """
        context = self._aws
        self._keys = self._group("keys", "Endpoint of KMS")
        VpcEndpoint(
            self,
            "kms",
            vpc_id=self.vpc.id,
            service_name=f"com.amazonaws.{context.region}.kms",
            vpc_endpoint_type="Interface",
            private_dns_enabled=True,
            subnet_ids=self.ids("functions"),
            security_group_ids=[self._keys.id],
            policy=document(allow(HASH_ACTIONS, [hash_key], Principal="*")),
            **context.own("kms"),
        )

    def _group(self, part: str, description: str) -> SecurityGroup:
        return SecurityGroup(
            self,
            f"{part}-group",
            name=self._aws.name("security_group", part),
            description=description,
            vpc_id=self.vpc.id,
            # One that is in use cannot be deleted first.
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            timeouts=SecurityGroupTimeouts(delete=HELD_BY_INTERFACES) if part == "functions" else None,
            **self._aws.own(part),
        )

    def _rules(self) -> None:
        """Let functions reach the table and Aurora; Aurora of the other region too, for after a switchover."""
        settings = self._aws.settings
        functions, database, port = self.functions.id, self.database.id, settings.database_port
        peer = settings.other(self._side)
        self._rule("table", functions, HTTPS, "DynamoDB", prefix_list_id=self._tables_endpoint.prefix_list_id)
        self._rule("keys", functions, HTTPS, "KMS", referenced_security_group_id=self._keys.id)
        self._rule("hashes", self._keys.id, HTTPS, "Functions", True, referenced_security_group_id=functions)
        self._rule("aurora", functions, port, "Aurora", referenced_security_group_id=database)
        self._rule("other-aurora", functions, port, "Aurora over there", cidr_ipv4=str(tier(peer, "database")))
        self._rule("queries", database, port, "Functions", True, referenced_security_group_id=functions)
        # A security group of another region cannot be referred to: its addresses can.
        there = str(tier(peer, "functions"))
        self._rule("other-queries", database, port, "Functions over there", True, cidr_ipv4=there)

    def _rule(self, name: str, group: str, port: int, why: str, inward: bool = False, **peer: Unpack[Peer]) -> None:
        kind = VpcSecurityGroupIngressRule if inward else VpcSecurityGroupEgressRule
        kind(
            self,
            name,
            security_group_id=group,
            description=why,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            **self._aws.own(name),
            **peer,
        )

    def _flow_logs(self, keys: Keys) -> None:
        context = self._aws
        logs = log_group(self, "flow-logs", f"/{context.name('log_group', 'flows')}", context, keys)
        # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html, without making groups
        write = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
        role, policy = service_role(
            self,
            "flows",
            context=context,
            part="flows",
            service="vpc-flow-logs.amazonaws.com",
            sources=[context.arn("ec2", "vpc-flow-log/*")],
            statements=[allow(write, [f"{logs.arn}:*"])],
        )
        FlowLog(
            self,
            "flow-log",
            vpc_id=self.vpc.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=logs.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=600,
            depends_on=[policy],
            **context.own("flows"),
        )

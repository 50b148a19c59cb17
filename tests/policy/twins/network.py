"""Twins of the rules on networks."""

from tests.policy.cases import REMOVED, Twin
from tests.policy.rules import network as rules
from tests.policy.spelling import KeptTwin, everywhere

INGRESS = (
    ("cdk", "AWS::EC2::SecurityGroupIngress", {"CidrIp": "0.0.0.0/0", "SourceSecurityGroupId": REMOVED}),
    ("cdktf", "aws_vpc_security_group_ingress_rule", {"cidr_ipv4": "0.0.0.0/0"}),
    (
        "pulumi",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {"cidrIpv4": "0.0.0.0/0", "referencedSecurityGroupId": REMOVED},
    ),
)
ROUTE = {"routeTableId": "${aws:ec2/routeTable:RouteTable::database.id}"}


def one(values: list[object]) -> list[object]:
    """Return the first of several."""
    return values[:1]


TWINS: list[Twin] = [
    *everywhere(rules.door_forms, "ingress", {"IpProtocol": "tpc"}),
    *everywhere(rules.door_forms, "egress", {"IpProtocol": "-1"}),
    *everywhere(rules.door_forms, "ingress", {"ToPort": 80}),
    *everywhere(rules.door_forms, "ingress", {"ToPort": 65_535}),
    *(
        Twin(rules.open_to_the_internet, tool, kind, "queries" if tool == "pulumi" else "", changes)
        for tool, kind, changes in INGRESS
    ),
    *everywhere(rules.doors_to_nothing, "ingress", {"FromPort": 5433, "ToPort": 5433}),
    Twin(
        rules.doors_to_nothing,
        "cdktf",
        "aws_vpc_security_group_egress_rule",
        "primary/table",
        {"prefix_list_id": REMOVED, "cidr_ipv4": "0.0.0.0/0"},
    ),
    *everywhere(rules.doors_to_nothing, "egress", {"FromPort": 5433, "ToPort": 5433}),
    Twin(rules.one_sided_doors, "pulumi", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "queries", {}),
    *everywhere(rules.one_sided_doors, "ingress", {"FromPort": 5434}, cdktf="primary/queries", pulumi="queries"),
    Twin(rules.unused_groups, "cdk", "AWS::RDS::DBInstance", "", {"VPCSecurityGroups": []}),
    Twin(rules.unused_groups, "cdktf", "aws_rds_cluster", "", {"vpc_security_group_ids": []}),
    Twin(rules.unused_groups, "pulumi", "aws:rds/cluster:Cluster", "", {"vpcSecurityGroupIds": []}),
    Twin(rules.reachable_databases, "cdk", "AWS::RDS::DBInstance", "", {"PubliclyAccessible": True}),
    Twin(rules.reachable_databases, "cdktf", "aws_rds_cluster_instance", "", {"publicly_accessible": True}),
    Twin(
        rules.reachable_databases,
        "pulumi",
        "aws:rds/clusterInstance:ClusterInstance",
        "",
        {"publiclyAccessible": True},
    ),
    Twin(rules.reachable_databases, "pulumi", "aws:ec2/route:Route", "tasks-1", ROUTE),
    Twin(
        rules.zones_of_the_first_deployment,
        "cdk",
        "AWS::EC2::Subnet",
        "",
        {"AvailabilityZone": {"Fn::Select": [0, {"Fn::GetAZs": ""}]}},
    ),
    Twin(rules.zones_of_the_first_deployment, "cdktf", "aws_subnet", "", {"lifecycle": REMOVED}),
    KeptTwin(rules.zones_of_the_first_deployment, "pulumi", "aws:ec2/subnet:Subnet", "", {"ignoreChanges": []}),
    KeptTwin(
        rules.zones_of_the_first_deployment,
        "pulumi",
        "aws:rds/clusterInstance:ClusterInstance",
        "",
        {"ignoreChanges": []},
        "flask-api",
    ),
    *everywhere(rules.zones, "subnet_group", {"SubnetIds": one}),
    *everywhere(rules.zones, "function", {"VpcConfig.SubnetIds": one}),
    *everywhere(rules.subnet_networks, "subnet", {"CidrBlock": "192.168.0.0/20"}),
    *everywhere(rules.subnet_networks, "subnet", {"CidrBlock": "10.20.0.1/20"}),
    *everywhere(rules.subnet_networks, "subnet", {"AvailabilityZone": "us-nowhere-1a"}),
    *everywhere(rules.subnet_networks, "vpc", {"CidrBlock": "8.8.0.0/16"}),
    Twin(rules.route_targets, "cdktf", "aws_route", "", {"destination_cidr_block": "10.0.0.1/8"}),
    Twin(rules.route_targets, "pulumi", "aws:ec2/route:Route", "public", {"destinationCidrBlock": "0.0.0.0/33"}),
    Twin(rules.route_targets, "pulumi", "aws:ec2/route:Route", "public", {}),
    Twin(rules.route_targets, "pulumi", "aws:ec2/route:Route", "tasks-1", {"natGatewayId": REMOVED}),
    *everywhere(rules.endpoints, "vpc_endpoint", {"ServiceName": "com.amazonaws.eu-nowhere-1.s3"}),
    *everywhere(rules.endpoints, "vpc_endpoint", {"ServiceName": lambda name: f"{name}x"}, cdk="Secrets"),
    *everywhere(rules.endpoints, "vpc_endpoint", {"PolicyDocument": REMOVED}, cdk="Storage", cdktf="s3"),
    *everywhere(
        rules.endpoints,
        "vpc_endpoint",
        {"PolicyDocument.Statement.0.Action": ["kinesis:PutRecord"]},
        cdk="Storage",
        cdktf="primary/s3",
    ),
    Twin(rules.endpoints, "cdk", "AWS::EC2::VPCEndpoint", "Secrets", {"PrivateDnsEnabled": False}),
    Twin(rules.endpoints, "cdk", "AWS::EC2::VPCEndpoint", "Secrets", {"SecurityGroupIds": []}),
    Twin(rules.endpoints, "pulumi", "aws:ec2/vpcEndpoint:VpcEndpoint", "", {"vpcEndpointType": "Gatewya"}),
    Twin(rules.services_out_of_reach, "cdk", "AWS::EC2::VPCEndpoint", "Secrets", {}),
    Twin(rules.services_out_of_reach, "cdktf", "aws_vpc_endpoint", "primary/dynamodb", {}),
    Twin(
        rules.services_out_of_reach, "pulumi", "aws:ec2/route:Route", "tasks-1", {"natGatewayId": REMOVED}, "flask-api"
    ),
    *(
        Twin(rules.services_out_of_reach, "pulumi", "aws:ec2/vpcEndpoint:VpcEndpoint", part, {}, "payment")
        for part in ("kms", "secrets")
    ),
]

"""The network has three tiers over two or three zones, and groups that name each other."""

import ipaddress
from pathlib import Path

import pytest

from lib.common import region
from lib.common.errors import SettingError
from lib.declared.pulumi_program import record
from tests.support.ec2_text import refused
from tests.support.production import ON_DUTY
from tests.support.program import SYSTEMS, declare, program

WORLD = "0.0.0.0/0"
WAYS = ("Ingress", "Egress")


@pytest.mark.parametrize("zones", [2, 3])
def test_every_tier_has_a_subnet_in_each_zone(zones):
    subnets = program(zones=zones).of("ec2/subnet:Subnet")
    assert len(subnets) == 3 * zones
    for tier in ("public", "tasks", "database"):
        found = [s.inputs["availabilityZone"] for s in subnets if s.inputs["tags"]["Tier"] == tier]
        assert len(found) == len(set(found)) == zones


def test_a_region_with_more_zones_uses_three():
    zones = {s.inputs["availabilityZone"] for s in program(zones=6).of("ec2/subnet:Subnet")}
    assert zones == {f"{region.primary({})}{letter}" for letter in "abc"}


def test_a_region_with_one_zone_is_refused_before_any_resource():
    with pytest.raises(SettingError, match=r"offers 1 availability zone.*lib/AWS_REGION"):
        declare(dict(ON_DUTY), zones=1)


def test_subnets_lie_in_the_network_and_apart():
    found = program(VPC_CIDR="10.99.0.0/20")
    vpc = ipaddress.IPv4Network(found.one("ec2/vpc:Vpc")["cidrBlock"])
    blocks = [ipaddress.IPv4Network(s.inputs["cidrBlock"]) for s in found.of("ec2/subnet:Subnet")]
    assert str(vpc) == "10.99.0.0/20"
    assert len(blocks) == 9
    assert all(block.subnet_of(vpc) for block in blocks)
    assert not any(a.overlaps(b) for n, a in enumerate(blocks) for b in blocks[:n])


def test_the_network_resolves_names():
    vpc = program().one("ec2/vpc:Vpc")
    assert (vpc["enableDnsSupport"], vpc["enableDnsHostnames"]) == (True, True)


@pytest.mark.parametrize(("per_zone", "gateways"), [("true", 3), ("false", 1)])
def test_gateways_are_one_for_each_zone_or_one_in_all(per_zone, gateways):
    found = program(NAT_PER_ZONE=per_zone)
    nats = found.of("ec2/natGateway:NatGateway")
    assert len(nats) == len(found.of("ec2/eip:Eip")) == gateways
    public = {f"{s.name}-id" for s in found.of("ec2/subnet:Subnet") if s.inputs["tags"]["Tier"] == "public"}
    assert {nat.inputs["subnetId"] for nat in nats} <= public
    assert len({nat.inputs["subnetId"] for nat in nats}) == gateways


@pytest.mark.parametrize("per_zone", ["true", "false"])
def test_every_subnet_has_one_route_table(per_zone):
    found = program(NAT_PER_ZONE=per_zone)
    served = [a.inputs["subnetId"] for a in found.of("ec2/routeTableAssociation:RouteTableAssociation")]
    assert sorted(served) == sorted(f"{s.name}-id" for s in found.of("ec2/subnet:Subnet"))


def associations(per_zone):
    found = program(NAT_PER_ZONE=per_zone).of("ec2/routeTableAssociation:RouteTableAssociation")
    return {a.urn: a.inputs["routeTableId"] for a in found}


def test_another_number_of_gateways_changes_associations_in_place():
    """With another name it would be made beside the old one, and EC2 refuses a subnet's second association."""
    one, each = associations("false"), associations("true")
    assert one.keys() == each.keys()
    changed = {urn.rpartition("::")[2]: (one[urn], each[urn]) for urn in one if one[urn] != each[urn]}
    assert changed == {"tasks-2": ("tasks-1-id", "tasks-2-id"), "tasks-3": ("tasks-1-id", "tasks-3-id")}


@pytest.mark.parametrize("per_zone", ["true", "false"])
def test_an_association_knows_each_name_that_it_had(per_zone):
    """With a table for all it was called after that table and the subnet, else after the subnet's own table."""
    former = {
        item["name"]: item["options"]["aliases"]
        for item in record("flask-api", {**ON_DUTY, "NAT_PER_ZONE": per_zone}, Path())["registrations"]
        if item["type"] == "aws:ec2/routeTableAssociation:RouteTableAssociation"
    }
    names = {1: ["tasks-1-1"], 2: ["tasks-1-2", "tasks-2-1"], 3: ["tasks-1-3", "tasks-3-1"]}
    assert former == {
        f"{tier}-{number}": names[number] if tier == "tasks" else []
        for tier in ("public", "tasks", "database")
        for number in (1, 2, 3)
    }


def test_what_is_in_a_zone_keeps_it():
    found = program()
    in_zones = [r for r in found.resources if "availabilityZone" in r.inputs]
    assert {r.kind for r in in_zones} == {"aws:ec2/subnet:Subnet", "aws:rds/clusterInstance:ClusterInstance"}
    assert {r.ignored for r in in_zones} == {("availabilityZone",)}


def test_a_zone_counts_in_whatever_state_it_is():
    (question,) = [call for call in program().calls if "getAvailabilityZones" in call.token]
    assert question.args == {"filters": [{"name": "opt-in-status", "values": ["opt-in-not-required"]}]}


def routes(found):
    """Return where each route table sends the world's addresses: the input that says so, by table."""
    return {
        route.inputs["routeTableId"]: "gatewayId" if "gatewayId" in route.inputs else "natGatewayId"
        for route in found.of("ec2/route:Route")
        if route.inputs["destinationCidrBlock"] == WORLD
    }


def test_the_public_tier_reaches_the_internet_and_tasks_go_through_a_gateway():
    assert routes(program(NAT_PER_ZONE="false")) == {"public-id": "gatewayId", "tasks-1-id": "natGatewayId"}


def test_a_gateway_serves_the_tasks_of_its_own_zone():
    found = program(NAT_PER_ZONE="true")
    zone = {f"{s.name}-id": s.inputs["availabilityZone"] for s in found.of("ec2/subnet:Subnet")}
    table = {
        a.inputs["subnetId"]: a.inputs["routeTableId"]
        for a in found.of("ec2/routeTableAssociation:RouteTableAssociation")
    }
    nat = {r.inputs["routeTableId"]: r.inputs.get("natGatewayId") for r in found.of("ec2/route:Route")}
    place = {f"{n.name}-id": zone[n.inputs["subnetId"]] for n in found.of("ec2/natGateway:NatGateway")}
    tasks = [s for s in zone if s.startswith("tasks")]
    assert len(tasks) == 3
    assert all(place[nat[table[subnet]]] == zone[subnet] for subnet in tasks)


def rules(direction, name=None):
    """Return the rules of a direction as group, source or target, port."""
    kind = f"vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule"
    return {
        (
            r.inputs["securityGroupId"].removesuffix("-id"),
            r.inputs.get("referencedSecurityGroupId", r.inputs.get("cidrIpv4")).removesuffix("-id"),
            int(r.inputs["fromPort"]),
            int(r.inputs["toPort"]),
        )
        for r in program(**({"CERTIFICATE_ARN": name} if name else {})).of(kind)
    }


def test_each_tier_lets_in_the_tier_before_it_only():
    assert rules("Ingress") == {
        ("load-balancer", WORLD, 80, 80),
        ("tasks", "load-balancer", 8080, 8080),
        ("database", "tasks", 5432, 5432),
        ("database", "functions", 5432, 5432),
    }


def test_each_tier_reaches_the_tier_behind_it_and_tasks_reach_aws():
    assert rules("Egress") == {
        ("load-balancer", "tasks", 8080, 8080),
        ("tasks", "database", 5432, 5432),
        ("tasks", WORLD, 443, 443),
        ("functions", "database", 5432, 5432),
        ("functions", WORLD, 443, 443),
    }


def test_https_opens_its_port():
    where = region.primary({})
    arn = f"arn:{region.partition(where)}:acm:{where}:123456789012:certificate/12345678-1234-1234-1234-123456789012"
    assert ("load-balancer", WORLD, 443, 443) in rules("Ingress", arn)


@pytest.mark.parametrize("system", SYSTEMS)
def test_ec2_takes_every_description(system):
    groups = (
        "ec2/securityGroup:SecurityGroup",
        *(f"vpc/securityGroup{way}Rule:SecurityGroup{way}Rule" for way in WAYS),
    )
    texts = [found.inputs["description"] for kind in groups for found in program(system=system).of(kind)]
    assert len(texts) >= 6
    assert refused(texts) == []


def test_an_apostrophe_or_a_long_description_would_be_noticed():
    texts = ["The API's tasks", "x" * 256, "café", "Tasks of the API", "x" * 255]
    assert refused(texts) == ["The API's tasks", "x" * 256, "café"]


def test_the_default_group_has_no_rules():
    default = program().one("ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert not default.get("ingress")
    assert not default.get("egress")


def test_images_layers_come_through_the_endpoint_of_the_region():
    found = program()
    endpoint = found.one("ec2/vpcEndpoint:VpcEndpoint")
    assert endpoint["serviceName"] == f"com.amazonaws.{region.primary({})}.s3"
    assert set(endpoint["routeTableIds"]) == {f"{t.name}-id" for t in found.of("ec2/routeTable:RouteTable")}


def test_all_traffic_is_logged():
    flow = program().one("ec2/flowLog:FlowLog")
    assert (flow["trafficType"], flow["vpcId"]) == ("ALL", "vpc-id")
    assert ":logs:" in flow["logDestination"] or "cloudwatch" in flow["logDestination"]

"""The network has no way out but to the services that the functions use, unless a setting asks for one."""

import json

import pytest

from lib.common.setting_types import ENVIRONMENTS
from tests.support.program import Program, program

ENDPOINT = "ec2/vpcEndpoint:VpcEndpoint"
EGRESS = "vpc/securityGroupEgressRule:SecurityGroupEgressRule"
PUBLIC = ("ec2/internetGateway:InternetGateway", "ec2/natGateway:NatGateway", "ec2/eip:Eip", "ec2/route:Route")


def payment(**environ: str) -> Program:
    return program(system="payment", **environ)


def ranges(found: Program) -> dict[str, str]:
    return {subnet.name: subnet.inputs["cidrBlock"] for subnet in found.of("ec2/subnet:Subnet")}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_is_public(environment: str) -> None:
    """Neither a gateway nor a route to the internet, nor a rule that lets anything out there."""
    found = payment(ENVIRONMENT=environment)
    assert [kind for kind in PUBLIC if found.of(kind)] == []
    assert {subnet.inputs["tags"]["Tier"] for subnet in found.of("ec2/subnet:Subnet")} == {"functions", "database"}
    assert [rule.name for rule in found.of(EGRESS) if "cidrIpv4" in rule.inputs] == []


@pytest.mark.parametrize(("environment", "zones"), [("dev", 1), ("staging", 1), ("production", 3)])
@pytest.mark.parametrize("service", ["secretsmanager", "kms"])
def test_services_are_reached_in_each_zone_of_production(environment: str, zones: int, service: str) -> None:
    """An interface costs as much as a quarter of a NAT gateway: elsewhere there is one."""
    (found,) = [
        endpoint.inputs
        for endpoint in payment(ENVIRONMENT=environment).of(ENDPOINT)
        if endpoint.inputs["serviceName"].endswith(f".{service}")
    ]
    assert found["subnetIds"] == [f"functions-{number}-id" for number in range(1, zones + 1)]
    assert found["privateDnsEnabled"] is True
    assert found["securityGroupIds"] == ["services-id"]


@pytest.mark.parametrize(
    ("name", "action", "resource"),
    [("secrets", "secretsmanager:GetSecretValue", ":secret:rds!"), ("kms", "kms:GenerateMac", "hashes")],
)
def test_an_endpoint_lets_through_one_call_for_one_thing(name: str, action: str, resource: str) -> None:
    """Whatever a function's role allows, and whoever's credentials it has."""
    (statement,) = json.loads(payment().one(ENDPOINT, name)["policy"])["Statement"]
    assert statement["Action"] == [action]
    (found,) = statement["Resource"]
    assert resource in found


def test_the_functions_are_let_out_to_endpoints_and_the_database_only() -> None:
    """By security group, and to S3 by AWS's own list of its addresses."""
    rules = [rule.inputs for rule in payment().of(EGRESS) if rule.inputs["securityGroupId"] == "functions-id"]
    groups = {rule["referencedSecurityGroupId"] for rule in rules if "referencedSecurityGroupId" in rule}
    lists = [rule["prefixListId"] for rule in rules if "prefixListId" in rule]
    assert (groups, len(lists), len(rules)) == ({"database-id", "services-id"}, 1, 3)


@pytest.mark.parametrize("part", ["api", "drain", "database"])
def test_a_function_is_made_when_it_can_reach_what_it_needs(part: str) -> None:
    """The one that migrates runs as soon as it is there."""
    (found,) = [function for function in payment().of("lambda/function:Function") if function.name == part]
    assert {urn.rpartition("::")[2] for urn in found.depends_on} >= {"secrets", "kms"}


@pytest.mark.parametrize(("chosen", "gateways"), [("one", 1), ("zone", 3)])
def test_a_way_out_is_there_when_it_is_asked_for(chosen: str, gateways: int) -> None:
    """With public subnets for it, and a rule."""
    found = payment(NAT_GATEWAYS=chosen)
    assert len(found.of("ec2/natGateway:NatGateway")) == gateways
    assert found.one(EGRESS, "internet")["cidrIpv4"] == "0.0.0.0/0"


def test_no_subnet_moves_when_the_way_out_comes_or_goes() -> None:
    """Another range would replace a subnet, and what is in it."""
    without, with_nat = ranges(payment()), ranges(payment(NAT_GATEWAYS="one"))
    assert without.items() < with_nat.items()

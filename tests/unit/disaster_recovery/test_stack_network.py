"""Two private networks, disjoint, peered both ways; functions reach the table, KMS and Aurora, and nothing else."""

import ipaddress
import itertools
import json

import pytest

from lib.disaster_recovery.settings import Settings
from tests.support.disaster_recovery import ROLES, configuration, production
from tests.support.ec2_text import refused

OTHER = dict(zip(ROLES, reversed(ROLES), strict=True))


@pytest.mark.parametrize("role", ROLES)
def test_subnets_lie_in_their_network_and_overlap_nowhere(role):
    whole = ipaddress.IPv4Network(production().one("aws_vpc", role)["cidr_block"])
    blocks = [ipaddress.IPv4Network(s["cidr_block"]) for s in production().of("aws_subnet", role)]
    assert len(blocks) == 6
    assert all(block.subnet_of(whole) for block in blocks)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(blocks, 2))


@pytest.mark.parametrize(("found", "zones"), [(production, 3), (configuration, 2)])
@pytest.mark.parametrize("role", ROLES)
def test_each_tier_has_a_subnet_in_each_zone(found, zones, role):
    for tier in ("functions", "database"):
        own = [s for s in found().of("aws_subnet", role) if s["tags"]["Tier"] == tier]
        assert len({s["availability_zone"] for s in own}) == len(own) == zones


def test_no_subnet_gives_addresses_of_the_internet_and_there_is_no_way_there():
    assert {s["map_public_ip_on_launch"] for s in production().of("aws_subnet")} == {False}
    assert {kind for kind in production().json["resource"] if "internet_gateway" in kind or "nat" in kind} == set()
    assert all("vpc_peering_connection_id" in route.values for route in production().of("aws_route"))


def test_too_few_zones_are_told_before_anything_is_built():
    zones = production().json["data"]["aws_availability_zones"].values()
    conditions = [z["lifecycle"]["postcondition"][0]["condition"] for z in zones]
    assert conditions == ["${length(self.names) >= 3}"] * 2


def test_the_peering_is_asked_for_by_one_side_and_accepted_by_the_other():
    peering = production().one("aws_vpc_peering_connection", "primary")
    accepter = production().one("aws_vpc_peering_connection_accepter", "secondary")
    assert peering["auto_accept"] is False
    assert accepter["auto_accept"] is True
    assert peering["peer_region"] == Settings.read({}).secondary.region
    assert peering.address in accepter["vpc_peering_connection_id"]


@pytest.mark.parametrize(("role", "own"), [("primary", "requester"), ("secondary", "accepter")])
def test_each_side_resolves_the_others_names_once_accepted(role, own):
    options = production().one("aws_vpc_peering_connection_options", role)
    assert options[own] == {"allow_remote_vpc_dns_resolution": True}
    assert "aws_vpc_peering_connection_accepter" in options["vpc_peering_connection_id"]


@pytest.mark.parametrize("role", ROLES)
def test_every_route_table_leads_to_the_other_network(role):
    found = production()
    routes = found.of("aws_route", role)
    tables = {table.address for table in found.of("aws_route_table", role)}
    assert {route["route_table_id"] for route in routes} == {f"${{{table}.id}}" for table in tables}
    other = found.one("aws_vpc", OTHER[role]).address
    assert {route["destination_cidr_block"] for route in routes} == {f"${{{other}.cidr_block}}"}


@pytest.mark.parametrize("role", ROLES)
def test_every_subnet_has_a_route_table(role):
    found = production()
    tied = {a["subnet_id"] for a in found.of("aws_route_table_association", role)}
    assert tied == {f"${{{subnet.address}.id}}" for subnet in found.of("aws_subnet", role)}


@pytest.mark.parametrize("role", ROLES)
def test_functions_reach_the_table_kms_and_aurora_on_both_sides(role):
    found = production()
    functions, keys, database = (
        found.one("aws_security_group", role, f"{part}-group").address for part in ("functions", "keys", "database")
    )
    rules = [r for r in found.of("aws_vpc_security_group_egress_rule", role) if functions in r["security_group_id"]]
    peer = Settings.read({}).region_configs[ROLES.index(OTHER[role])].cidr
    ways = {
        next(
            rule[key] for key in ("prefix_list_id", "referenced_security_group_id", "cidr_ipv4") if key in rule.values
        ): rule["from_port"]
        for rule in rules
    }
    (table,) = (way for way in ways if "dynamodb" in way)
    (there,) = (way for way in ways if "$" not in way)
    assert ipaddress.IPv4Network(there).subnet_of(ipaddress.IPv4Network(peer))
    assert ways == {table: 443, f"${{{keys}.id}}": 443, f"${{{database}.id}}": 5432, there: 5432}


@pytest.mark.parametrize("role", ROLES)
def test_kms_is_reached_by_functions_only_in_each_of_their_subnets(role):
    found = production()
    keys, functions = (found.one("aws_security_group", role, f"{part}-group").address for part in ("keys", "functions"))
    (entry,) = (r for r in found.of("aws_vpc_security_group_ingress_rule", role) if keys in r["security_group_id"])
    assert (entry["from_port"], entry["referenced_security_group_id"]) == (443, f"${{{functions}.id}}")
    (endpoint,) = (e for e in found.of("aws_vpc_endpoint", role) if e["service_name"].endswith(".kms"))
    assert (endpoint["vpc_endpoint_type"], endpoint["private_dns_enabled"]) == ("Interface", True)
    subnets = [s.address for s in found.of("aws_subnet", role) if s["tags"]["Tier"] == "functions"]
    assert endpoint["subnet_ids"] == [f"${{{subnet}.id}}" for subnet in subnets]
    assert endpoint["security_group_ids"] == [f"${{{keys}.id}}"]


@pytest.mark.parametrize("role", ROLES)
def test_the_endpoint_of_kms_leads_to_one_key_and_one_call(role):
    found = production()
    (endpoint,) = (e for e in found.of("aws_vpc_endpoint", role) if e["service_name"].endswith(".kms"))
    (statement,) = json.loads(endpoint["policy"])["Statement"]
    key = found.one("aws_kms_key" if role == "primary" else "aws_kms_replica_key", role, f"hashes/{role}").address
    assert (statement["Action"], statement["Resource"]) == (["kms:GenerateMac"], [f"${{{key}.arn}}"])


@pytest.mark.parametrize("role", ROLES)
def test_aurora_is_reached_by_functions_only_and_reaches_nothing(role):
    found = production()
    database = found.one("aws_security_group", role, "database-group").address
    rules = [r for r in found.of("aws_vpc_security_group_ingress_rule", role) if database in r["security_group_id"]]
    assert sorted(r["from_port"] for r in rules) == [5432, 5432]
    assert [r for r in rules if r.values.get("cidr_ipv4") == "0.0.0.0/0"] == []
    leaving = [r for r in found.of("aws_vpc_security_group_egress_rule") if database in r["security_group_id"]]
    assert leaving == []


@pytest.mark.parametrize("role", ROLES)
def test_the_other_sides_rules_fit_the_other_sides_subnets(role):
    """Peers are named by addresses: where they send from is where they are let in from."""
    found = production()
    entry = next(
        ipaddress.IPv4Network(r["cidr_ipv4"])
        for r in found.of("aws_vpc_security_group_ingress_rule", role)
        if "cidr_ipv4" in r.values
    )
    senders = [s for s in found.of("aws_subnet", OTHER[role]) if s["tags"]["Tier"] == "functions"]
    assert len(senders) == 3
    assert all(ipaddress.IPv4Network(s["cidr_block"]).subnet_of(entry) for s in senders)


def test_ec2_takes_every_description():
    kinds = ("aws_security_group", "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule")
    texts = [found["description"] for kind in kinds for found in production().of(kind)]
    assert len(texts) >= 14
    assert refused(texts) == []


@pytest.mark.parametrize("role", ROLES)
def test_both_gateway_endpoints_serve_both_tiers(role):
    found = production()
    endpoints = [e for e in found.of("aws_vpc_endpoint", role) if e["vpc_endpoint_type"] == "Gateway"]
    assert {e["service_name"].rpartition(".")[2] for e in endpoints} == {"dynamodb", "s3"}
    assert all(e["vpc_endpoint_type"] == "Gateway" and len(e["route_table_ids"]) == 2 for e in endpoints)


@pytest.mark.parametrize("role", ROLES)
def test_the_default_group_lets_nothing_through_and_traffic_is_logged(role):
    found = production()
    assert not {"ingress", "egress"} & set(found.one("aws_default_security_group", role).values)
    log = found.one("aws_flow_log", role)
    assert log["traffic_type"] == "ALL"
    assert found.one("aws_vpc", role).address in log["vpc_id"]

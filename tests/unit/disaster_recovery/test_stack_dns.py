"""Health checks ask each region for its dependencies, and the records follow the region that writes."""

import pytest

from lib.common import region
from tests.support.disaster_recovery import ROLES, configuration, production, with_domain


def check_of(record):
    """Return the health check that a record follows."""
    (found,) = [
        c for c in production().of("aws_route53_health_check") if f"{c.address}.id" in record["health_check_id"]
    ]
    return found


@pytest.mark.parametrize("role", ROLES)
def test_each_region_is_asked_by_its_own_name_whether_it_is_whole(role):
    check = configuration().one("aws_route53_health_check", part=f"{role}-check")
    assert (check["type"], check["port"], check["enable_sni"]) == ("HTTPS", 443, True)
    where = region.pair({})[ROLES.index(role)]
    assert f"api-{role}_rest" in check["fqdn"]
    assert check["fqdn"].endswith(f".execute-api.{where}.{region.dns_suffix(where)}")
    assert check["resource_path"] == "/v1/health/ready"


def test_the_path_is_the_stages_and_a_route_of_the_api():
    stage = production().one("aws_api_gateway_stage", "primary")["stage_name"]
    paths = {c["resource_path"].partition("?")[0] for c in production().of("aws_route53_health_check")}
    assert paths == {f"/{stage}/health/ready"}


def test_there_is_a_primary_and_a_secondary_record_of_one_name():
    records = production().of("aws_route53_record")
    assert [r["failover_routing_policy"] for r in records] == [{"type": "PRIMARY"}, {"type": "SECONDARY"}]
    assert {(r["name"], r["type"], r["zone_id"]) for r in records} == {("pay.example.org", "A", "Z0123456789")}
    assert len({r["set_identifier"] for r in records}) == 2


@pytest.mark.parametrize("role", ROLES)
def test_a_record_leads_to_its_regions_end_of_the_domain(role):
    record = production().one("aws_route53_record", part=f"{role}-record")
    domain = production().one("aws_api_gateway_domain_name", role).address
    assert record["alias"] == {
        "name": f"${{{domain}.regional_domain_name}}",
        "zone_id": f"${{{domain}.regional_zone_id}}",
        "evaluate_target_health": False,
    }


def test_the_primary_record_is_healthy_only_while_its_region_writes():
    """Otherwise the lost region's return would lead everybody to a region that refuses payments."""
    check = check_of(production().one("aws_route53_record", part="primary-record"))
    assert check["resource_path"].endswith("/health/ready?writer=true")
    assert "api-primary_rest" in check["fqdn"]


def test_the_secondary_record_is_healthy_while_what_payments_need_answers_there():
    """Not Aurora: with its restart both records would be unhealthy, and Route 53 would lead to the primary region."""
    check = check_of(production().one("aws_route53_record", part="secondary-record"))
    assert check["resource_path"].endswith("/health/ready?payments=true")
    assert "api-secondary_rest" in check["fqdn"]


def test_without_a_hosted_zone_there_are_checks_and_no_records():
    found = configuration(**{**with_domain(), "HOSTED_ZONE_ID": ""})
    assert found.of("aws_route53_record") == []
    assert len(found.of("aws_route53_health_check")) == 2
    assert len(found.of("aws_api_gateway_domain_name")) == 2

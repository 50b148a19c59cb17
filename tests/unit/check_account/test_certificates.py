"""Certificates have to be issued, in the region, for the name; hosted zones public and of the name."""

import pytest
from botocore.exceptions import ClientError

from lib.check_account.checks import certificates
from lib.check_account.model import Verdict
from tests.support.check_account import HERE, HOME, THERE, only, resource, system

ARN = f"arn:aws:acm:{HERE}:123456789012:certificate/12345678-1234-1234-1234-123456789012"
LISTENER = resource("AWS::ElasticLoadBalancingV2::Listener", Certificates=[{"CertificateArn": ARN}])
RECORD = resource("AWS::Route53::RecordSet", Name="api.example.org", HostedZoneId="Z123456789", Type="A")
DOMAIN = resource("AWS::ApiGateway::DomainName", DomainName="pay.example.org", RegionalCertificateArn=ARN)
WEB = system(LISTENER, RECORD)


def certificate(found, declared=WEB):
    check = only(certificates.checks([declared]), "certificate")
    (row,) = check.evaluate(found)
    return row


def zone(found):
    check = only(certificates.checks([WEB]), "hosted zone")
    (row,) = check.evaluate(found)
    return row


def issued(*names):
    return {"Status": "ISSUED", "DomainName": names[0], "SubjectAlternativeNames": list(names)}


def test_a_listener_s_certificate_has_to_cover_the_record():
    assert certificates.certificates(WEB) == {(ARN, HERE): {"api.example.org"}}


def test_a_domain_s_certificate_has_to_cover_the_domain():
    assert certificates.certificates(system(DOMAIN, RECORD)) == {(ARN, HERE): {"pay.example.org"}}


def test_a_certificate_that_the_system_makes_itself_is_not_looked_for():
    made = resource("AWS::ElasticLoadBalancingV2::Listener", Certificates=[{"CertificateArn": "${one.Arn}"}])
    assert certificates.checks([system(made, resource("AWS::ElasticLoadBalancingV2::Listener", "http"))]) == []


def test_a_record_in_a_zone_that_the_system_makes_itself_is_not_looked_for():
    assert certificates.checks([system(resource("AWS::Route53::RecordSet", Name="a.b", HostedZoneId="${z.Id}"))]) == []


@pytest.mark.parametrize("names", [("api.example.org",), ("example.org", "*.example.org"), ("API.example.org",)])
def test_an_issued_certificate_for_the_name_is_good(names):
    assert certificate(issued(*names)).verdict is Verdict.OK


@pytest.mark.parametrize("names", [("example.org",), ("*.api.example.org",), ("*.org",), ("*.pi.example.org",)])
def test_a_certificate_for_another_name_is_not(names):
    row = certificate(issued(*names))
    assert (row.verdict, row.found) == (Verdict.CHANGE, "does not cover api.example.org")


def test_a_pending_certificate_comes_with_where_its_record_is_shown():
    row = certificate({"Status": "PENDING_VALIDATION"})
    assert (row.verdict, "describe-certificate" in row.fix) == (Verdict.CHANGE, True)


def test_a_missing_certificate_comes_with_the_request():
    row = certificate({})
    assert (row.verdict, row.found) == (Verdict.CHANGE, "does not exist")
    assert row.fix.endswith("--domain-name api.example.org")


def test_a_certificate_of_another_region_is_of_no_use(aws):
    elsewhere = ARN.replace(HERE, THERE)
    moved = resource("AWS::ElasticLoadBalancingV2::Listener", Certificates=[{"CertificateArn": elsewhere}])
    check = only(certificates.checks([system(moved)]), "certificate")
    (row,) = check.evaluate(check.collect(aws.account))
    assert (row.verdict, row.found) == (Verdict.CHANGE, f"is one of {THERE}")


def test_acm_is_asked_in_the_region_of_use(aws):
    aws.answer("acm", "describe_certificate", {"Certificate": {"Status": "ISSUED"}}, {"CertificateArn": ARN})
    check = only(certificates.checks([WEB]), "certificate")
    assert check.collect(aws.account) == {"Status": "ISSUED"}


def test_a_certificate_that_acm_does_not_know_is_missing(aws):
    aws.error("acm", "describe_certificate", "ResourceNotFoundException")
    assert only(certificates.checks([WEB]), "certificate").collect(aws.account) == {}


def test_a_public_zone_of_the_name_is_good():
    assert zone({"Name": "example.org.", "Config": {"PrivateZone": False}}).verdict is Verdict.OK


def test_a_zone_may_have_the_very_name():
    assert zone({"Name": "api.example.org."}).verdict is Verdict.OK


def test_a_private_zone_is_not():
    row = zone({"Name": "example.org.", "Config": {"PrivateZone": True}})
    assert (row.verdict, row.found) == (Verdict.CHANGE, "example.org is private")


@pytest.mark.parametrize("name", ["example.com.", "ample.org."])
def test_a_zone_of_another_domain_is_not(name):
    row = zone({"Name": name})
    assert (row.verdict, row.found) == (Verdict.CHANGE, f"is of {name[:-1]}")


def test_a_missing_zone_comes_with_where_to_look():
    assert zone({}).fix.endswith("--dns-name api.example.org")


def test_route_53_is_asked(aws):
    answer = {"HostedZone": {"Id": "Z123456789", "Name": "example.org.", "CallerReference": "x"}}
    aws.answer("route53", "get_hosted_zone", answer, {"Id": "Z123456789"}, HOME)
    assert only(certificates.checks([WEB]), "zone").collect(aws.account)["Name"] == "example.org."


def test_a_zone_that_route_53_does_not_know_is_missing(aws):
    aws.error("route53", "get_hosted_zone", "NoSuchHostedZone", HOME)
    assert only(certificates.checks([WEB]), "zone").collect(aws.account) == {}


@pytest.mark.parametrize(
    ("what", "service", "operation", "where"),
    [("certificate", "acm", "describe_certificate", HERE), ("zone", "route53", "get_hosted_zone", HOME)],
)
def test_a_refusal_is_not_taken_for_something_missing(aws, what, service, operation, where):
    aws.error(service, operation, "AccessDenied", where)
    with pytest.raises(ClientError, match="AccessDenied"):
        only(certificates.checks([WEB]), what).collect(aws.account)

"""The load balancer answers over HTTP, or over HTTPS with a redirect and a name once they are configured."""

import json

import pytest

from lib.common import region
from lib.flask_api.load_balancer import TLS_POLICY
from tests.support.program import program

HERE = region.primary({})
CERTIFICATE = f"arn:{region.partition(HERE)}:acm:{HERE}:123456789012:certificate/12345678-1234-1234-1234-123456789012"
NAMED = {"DOMAIN_NAME": "api.example.com", "HOSTED_ZONE_ID": "Z0123456789"}
LISTENER = "lb/listener:Listener"


def test_without_a_certificate_http_reaches_the_tasks():
    listener = program().one(LISTENER)
    assert (listener["port"], listener["protocol"]) == (80, "HTTP")
    (action,) = listener["defaultActions"]
    assert action["type"] == "forward"
    assert action["targetGroupArn"].endswith("/flask-api-dev")


def test_with_a_certificate_http_redirects():
    (action,) = program(CERTIFICATE_ARN=CERTIFICATE).one(LISTENER, "http")["defaultActions"]
    assert action["type"] == "redirect"
    assert action["redirect"] == {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}


def test_with_a_certificate_https_reaches_the_tasks():
    listener = program(CERTIFICATE_ARN=CERTIFICATE).one(LISTENER, "https")
    assert (listener["port"], listener["certificateArn"]) == (443, CERTIFICATE)
    assert listener["sslPolicy"] == TLS_POLICY
    assert listener["defaultActions"][0]["type"] == "forward"
    assert listener["routingHttpResponseStrictTransportSecurityHeaderValue"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("chosen", "url"),
    [
        (NAMED, "http://api.example.com"),
        ({**NAMED, "CERTIFICATE_ARN": CERTIFICATE}, "https://api.example.com"),
    ],
)
def test_the_name_is_an_alias_of_the_load_balancer(chosen, url):
    found = program(**chosen)
    record = found.one("route53/record:Record")
    assert (record["name"], record["zoneId"], record["type"]) == ("api.example.com", "Z0123456789", "A")
    assert record["aliases"][0]["name"] == found.outputs["albDnsName"]
    assert found.outputs["url"] == url


@pytest.mark.parametrize(("chosen", "scheme"), [({}, "http"), ({"CERTIFICATE_ARN": CERTIFICATE}, "https")])
def test_without_a_name_the_url_is_the_load_balancers(chosen, scheme):
    found = program(**chosen)
    assert found.of("route53/record:Record") == []
    assert found.outputs["url"] == f"{scheme}://{found.outputs['albDnsName']}"


def test_broken_headers_are_dropped_and_requests_logged():
    found = program()
    balancer = found.one("lb/loadBalancer:LoadBalancer")
    assert balancer["dropInvalidHeaderFields"] is True
    assert balancer["accessLogs"] == {"bucket": found.one("s3/bucket:Bucket")["bucket"], "enabled": True}
    assert balancer["internal"] is False


def test_the_load_balancer_waits_until_it_may_write_its_log():
    found = program()
    (balancer,) = found.of("lb/loadBalancer:LoadBalancer")
    (policy,) = found.of("s3/bucketPolicy:BucketPolicy")
    assert policy.urn in balancer.depends_on


def test_only_load_balancers_of_this_account_write_the_log():
    statements = json.loads(program().one("s3/bucketPolicy:BucketPolicy")["policy"])["Statement"]
    (allowed,) = [s for s in statements if s["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert allowed["Condition"]["ArnLike"]["aws:SourceArn"].endswith(f":{HERE}:123456789012:loadbalancer/*")


@pytest.mark.parametrize(("environment", "protected"), [("production", True), ("dev", False)])
def test_production_is_protected(environment, protected):
    assert program(ENVIRONMENT=environment).one("lb/loadBalancer:LoadBalancer")["enableDeletionProtection"] is protected


def test_health_is_the_process_and_not_the_database():
    target = program().one("lb/targetGroup:TargetGroup")
    assert target["healthCheck"]["path"] == "/health/live"
    assert (target["targetType"], target["port"], target["deregistrationDelay"]) == ("ip", 8080, 30)


@pytest.mark.parametrize(("environment", "guarded"), [("dev", 0), ("staging", 1), ("production", 1)])
def test_the_firewall_guards_the_load_balancer_but_in_dev(environment, guarded):
    found = program(ENVIRONMENT=environment)
    associations = [a.inputs for a in found.of("wafv2/webAclAssociation:WebAclAssociation")]
    assert len(associations) == len(found.of("wafv2/webAcl:WebAcl")) == guarded
    assert all(":loadBalancer/flask-api-dev" in association["resourceArn"] for association in associations)


def test_the_firewall_logs_what_it_blocks_or_counts_without_secrets_and_for_as_long_as_other_logs():
    found = program(LOG_DAYS="30")
    logging = found.one("wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration")
    (kept,) = logging["loggingFilter"]["filters"]
    assert logging["loggingFilter"]["defaultBehavior"] == "DROP"
    assert {c["actionCondition"]["action"] for c in kept["conditions"]} == {"BLOCK", "COUNT", "EXCLUDED_AS_COUNT"}
    assert {"singleHeader": {"name": "authorization"}} in logging["redactedFields"]
    group = found.one("cloudwatch/logGroup:LogGroup", "firewall")
    assert (group["name"], group["retentionInDays"]) == ("aws-waf-logs-flask-api-dev", 30)
    assert group["kmsKeyId"] == found.one("cloudwatch/logGroup:LogGroup", "api")["kmsKeyId"]


def test_bodies_that_the_api_takes_pass_the_firewall():
    """The rule's limit is a quarter of the API's: it counts what it would block, and no other rule does."""
    rules = program().one("wafv2/webAcl:WebAcl")["rules"]
    groups = [r["statement"].get("managedRuleGroupStatement", {}) for r in rules]
    counting = {g["name"]: [o["name"] for o in g["ruleActionOverrides"]] for g in groups if "ruleActionOverrides" in g}
    assert counting == {"AWSManagedRulesCommonRuleSet": ["SizeRestrictions_BODY"]}


def test_a_sender_is_limited_as_the_setting_says():
    rules = program(SENDER_RATE="777").one("wafv2/webAcl:WebAcl")["rules"]
    (rate,) = [r for r in rules if "rateBasedStatement" in r["statement"]]
    assert (rate["statement"]["rateBasedStatement"]["limit"], rate["action"]) == (777, {"block": {}})

"""The API checks requests before the function sees them, limits callers, and logs no bodies."""

import json
import re
from pathlib import Path

import botocore.session
import pytest

from lib.common import region
from lib.payment.api import ACCESS, ANSWERS, ROUTES
from tests.support.program import program

DOCUMENT = Path(__file__).parents[3] / "docs" / "systems" / "payment.md"
METHOD = "apigateway/method:Method"
HERE = region.primary({})
CERTIFICATE = f"arn:{region.partition(HERE)}:acm:{HERE}:123456789012:certificate/12345678-1234-1234-1234-123456789012"


def payment(**environ):
    return program(system="payment", **environ)


def test_every_route_is_there_and_no_other():
    assert len(payment().of(METHOD)) == len(payment().of("apigateway/integration:Integration")) == len(ROUTES) == 4


def test_bodies_and_keys_are_checked_before_the_function():
    post = payment().one(METHOD, "post-payments")
    assert post["requestModels"] == {"application/json": "Payment"}
    assert post["requestParameters"] == {"method.request.header.Idempotency-Key": True}
    assert post["requestValidatorId"] == "body-and-headers-id"


def test_the_models_are_the_functions_own_schemas():
    from lib.payment.api import SCHEMAS

    for part in ("payment", "refund"):
        model = payment().one("apigateway/model:Model", part)
        assert json.loads(model["schema"]) == json.loads((SCHEMAS / f"{part}.json").read_text())


def test_callers_need_a_key_and_health_does_not():
    keyed = {m.inputs["httpMethod"] + " " + m.name: m.inputs["apiKeyRequired"] for m in payment().of(METHOD)}
    assert [name for name, needed in keyed.items() if not needed] == ["GET get-health"]


def test_the_function_is_called_and_by_this_api_only():
    found = payment()
    integration = found.one("apigateway/integration:Integration", "post-payments")
    assert (integration["type"], integration["integrationHttpMethod"]) == ("AWS_PROXY", "POST")
    sources = {
        p.name: p.inputs["sourceArn"].partition(":payments/")[2] for p in found.of("lambda/permission:Permission")
    }
    assert {name: source for name, source in sources.items() if source} == {
        "post-payments": "v1/POST/payments",
        "get-payments-id": "v1/GET/payments/*",
        "post-payments-id-refunds": "v1/POST/payments/*/refunds",
        "get-health": "v1/GET/health",
    }


def test_a_route_that_is_removed_calls_the_function_no_more(monkeypatch):
    from lib.payment import api

    monkeypatch.setattr(api, "ROUTES", tuple(route for route in ROUTES if route[0] != "/payments/{id}/refunds"))
    sources = [p.inputs["sourceArn"] for p in program.__wrapped__(system="payment").of("lambda/permission:Permission")]
    assert not [source for source in sources if source.endswith("refunds")]


def test_everything_that_is_in_the_deployment_is_behind_its_trigger_and_there_before_it():
    found = payment()
    (deployment,) = found.of("apigateway/deployment:Deployment")
    kinds = ("restApi", "resource", "method", "integration", "response", "model", "requestValidator", "apiKey")
    parts = [r for kind in kinds for r in found.of(f"apigateway/{kind}:{kind[:1].upper()}{kind[1:]}")]
    names = {f"{part.kind.rpartition(':')[2]} {part.name}" for part in parts}
    assert names == set(deployment.inputs["triggers"])
    assert {part.urn for part in parts} <= deployment.depends_on


@pytest.mark.parametrize("removed", ROUTES)
def test_a_removed_route_leads_to_a_new_deployment(monkeypatch, removed):
    before = payment().one("apigateway/deployment:Deployment")["triggers"]
    monkeypatch.setattr("lib.payment.api.ROUTES", tuple(route for route in ROUTES if route != removed))
    after = program.__wrapped__(system="payment").one("apigateway/deployment:Deployment")["triggers"]
    assert after.keys() < before.keys()


def test_another_limit_leads_to_no_new_deployment():
    """The stage takes it at once."""
    limited = payment(API_RATE="10", API_BURST="20", SENDER_RATE="4000", LOG_LEVEL="DEBUG")
    before, after = (found.one("apigateway/deployment:Deployment")["triggers"] for found in (payment(), limited))
    assert before == after


def test_callers_need_tls_1_2():
    """A value of API Gateway's own list, with TLS 1.2 as the floor; such a policy needs an access mode."""
    api = payment().one("apigateway/restApi:RestApi")
    model = botocore.session.get_session().get_service_model("apigateway")
    assert api["securityPolicy"] in model.shape_for("SecurityPolicy").enum
    assert api["securityPolicy"].startswith("SecurityPolicy_TLS13_1_2_")
    assert not api["securityPolicy"].endswith("_EDGE")
    assert api["endpointAccessMode"] == "STRICT"


def test_a_change_of_the_tls_policy_is_deployed():
    """API Gateway applies it with the next deployment."""
    triggers = payment().one("apigateway/deployment:Deployment")["triggers"]
    policy = payment().one("apigateway/restApi:RestApi")["securityPolicy"]
    assert json.loads(triggers["RestApi payments"])["security_policy"] == policy


def test_callers_are_limited():
    found = payment(API_RATE="10", API_BURST="20", SENDER_RATE="4000")
    settings = found.one("apigateway/methodSettings:MethodSettings")["settings"]
    assert (settings["throttlingRateLimit"], settings["throttlingBurstLimit"]) == (10, 20)
    plan = found.one("apigateway/usagePlan:UsagePlan")
    assert plan["throttleSettings"] == {"rateLimit": 10, "burstLimit": 20}
    rules = found.one("wafv2/webAcl:WebAcl")["rules"]
    rate = [r["statement"]["rateBasedStatement"]["limit"] for r in rules if "rateBasedStatement" in r["statement"]]
    assert rate == [4000]


def test_the_firewall_has_awss_rules_and_guards_the_stage():
    found = payment()
    rules = found.one("wafv2/webAcl:WebAcl")["rules"]
    managed = [r["name"] for r in rules if "managedRuleGroupStatement" in r["statement"]]
    assert len(managed) == 4
    assert "AWSManagedRulesAmazonIpReputationList" in managed
    assert found.one("wafv2/webAclAssociation:WebAclAssociation")["resourceArn"].endswith("stage/payments")


def test_the_firewall_logs_without_secrets():
    logging = payment().one("wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration")
    names = {field.get("singleHeader", {}).get("name") for field in logging["redactedFields"]}
    assert {"authorization", "cookie", "x-api-key"} <= names
    assert {"queryString": {}} in logging["redactedFields"]
    assert {"uriPath": {}} in logging["redactedFields"]  # where a caller may have put a card number


def test_no_body_is_logged():
    found = payment()
    assert found.one("apigateway/methodSettings:MethodSettings")["settings"]["dataTraceEnabled"] is False
    written = json.loads(found.one("apigateway/stage:Stage")["accessLogSettings"]["format"])
    assert written == ACCESS
    assert not [text for text in written.values() if "body" in text.lower() or "apiKey" in text]


def test_the_role_for_logs_is_no_resource_of_the_stack():
    assert payment().of("apigateway/account:Account") == []


def test_the_role_that_earlier_versions_declared_is_known_by_its_name(monkeypatch):
    from lib.payment import stack

    monkeypatch.setattr(stack, "configuration", dict)
    assert stack.api_log_roles("pr-7", {}) == {HERE: f"payment-api-logs-{region.short(HERE)}-pr-7"}


def test_gateways_own_answers_are_problems_too():
    responses = payment().of("apigateway/response:Response")
    assert len(responses) == len(ANSWERS)
    for response in responses:
        body = json.loads(response.inputs["responseTemplates"]["application/json"])
        assert str(body["status"]) == response.inputs["statusCode"]
        assert "$context" not in json.dumps(body)


def test_the_internal_load_balancer_reaches_the_function():
    found = payment()
    balancer = found.one("lb/loadBalancer:LoadBalancer")
    assert (balancer["internal"], balancer["dropInvalidHeaderFields"]) == (True, True)
    assert found.one("lb/targetGroup:TargetGroup")["targetType"] == "lambda"
    assert found.one("lb/targetGroupAttachment:TargetGroupAttachment")["targetId"].endswith("payment-api-dev")


@pytest.mark.parametrize(("arn", "port", "protocol"), [("", 80, "HTTP"), (CERTIFICATE, 443, "HTTPS")])
def test_inside_the_network_it_is_https_once_there_is_a_certificate(arn, port, protocol):
    found = payment(CERTIFICATE_ARN=arn)
    listener = found.one("lb/listener:Listener")
    assert (listener["port"], listener["protocol"]) == (port, protocol)
    rule = found.one("vpc/securityGroupIngressRule:SecurityGroupIngressRule", "callers")
    assert (rule["fromPort"], rule["cidrIpv4"]) == (port, "10.30.0.0/16")


def test_the_endpoint_of_s3_lets_through_the_audit_trail_only():
    policy = json.loads(payment().one("ec2/vpcEndpoint:VpcEndpoint", "storage")["policy"])
    bucket = payment().outputs["auditBucket"]
    assert {r.partition(":::")[2].partition("/")[0] for s in policy["Statement"] for r in s["Resource"]} == {bucket}


def test_the_outputs_are_what_users_and_discovery_need():
    assert set(payment().outputs) == {
        "identity",
        "apiUrl",
        "apiKeyId",
        "albDnsName",
        "functionName",
        "auditBucket",
        "databaseEndpoint",
        "databaseSecretArn",
        "alarmTopicArn",
        "vpcId",
        "functionsSubnetIds",
        "databaseSubnetIds",
    }


def test_every_alarm_tells_the_topic():
    alarms = payment().of("cloudwatch/metricAlarm:MetricAlarm")
    assert len(alarms) == 20
    assert all(a.inputs["alarmActions"] == [payment().outputs["alarmTopicArn"]] for a in alarms)
    assert len({a.inputs["name"] for a in alarms}) == 20


def test_each_part_is_a_component_and_everything_belongs_to_one():
    found = payment()
    parts = {r.urn for r in found.resources if r.kind.startswith("tap:payment:")}
    own = [r for r in found.resources if r.kind.startswith("aws:")]
    assert {r.parent for r in own} == parts
    assert len(parts) == 8


def test_the_document_tells_the_status_and_the_code_of_each_answer_of_the_gateway():
    paragraph = DOCUMENT.read_text().partition("API Gateway answers some by itself")[2].partition("\n\n")[0]
    assert set(re.findall(r"(\d{3})\s`([a-z_]+)`", paragraph)) == set(ANSWERS.values())


def test_what_api_gateway_writes_itself_ends_and_is_encrypted_from_the_first_line_on():
    found = payment()
    group = found.one("cloudwatch/logGroup:LogGroup", "execution")
    assert group["name"] == "API-Gateway-Execution-Logs_payments-id/v1"
    assert group["retentionInDays"] > 0
    assert group["kmsKeyId"]
    (stage,) = found.of("apigateway/stage:Stage")
    assert any(urn.endswith("LogGroup::execution") for urn in stage.depends_on)

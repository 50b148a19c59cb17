"""REST APIs: every route reaches the function, bodies are not logged, callers are limited, TLS 1.2 at least."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lib.declared.model import Declaration, Resource, leaves, parsed
from tests.policy.rule import rule

API = "AWS::ApiGateway::"
METHOD, STAGE, REST = f"{API}Method", f"{API}Stage", f"{API}RestApi"
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
# TLS 1.2 and 1.3. https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies-list.html
TLS_POLICIES = re.compile(r"TLS_1_2|SecurityPolicy_TLS1[23]_[A-Z0-9_]+\d{4}_\d\d?")
# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
RESPONSES: Mapping[str, set[str]] = {
    "ACCESS_DENIED": {"403"},
    "API_CONFIGURATION_ERROR": {"500"},
    "AUTHORIZER_FAILURE": {"500"},
    "BAD_REQUEST_BODY": {"400", "422"},
    "BAD_REQUEST_PARAMETERS": {"400"},
    "DEFAULT_4XX": {"400"},
    "DEFAULT_5XX": {"500"},
    "EXPIRED_TOKEN": {"403"},
    "INTEGRATION_FAILURE": {"502", "504"},
    "INTEGRATION_TIMEOUT": {"504"},
    "INVALID_API_KEY": {"403"},
    "INVALID_SIGNATURE": {"403"},
    "MISSING_AUTHENTICATION_TOKEN": {"403", "404"},
    "QUOTA_EXCEEDED": {"429"},
    "REQUEST_TOO_LARGE": {"413"},
    "RESOURCE_NOT_FOUND": {"404"},
    "THROTTLED": {"429"},
    "UNAUTHORIZED": {"401"},
    "UNSUPPORTED_MEDIA_TYPE": {"415"},
    "WAF_FILTERED": {"403"},
}
# No body, no query string, no header and no key: they may hold what a log must not.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
LOGGED = {
    "$context.requestId",
    "$context.extendedRequestId",
    "$context.requestTime",
    "$context.requestTimeEpoch",
    "$context.identity.sourceIp",
    "$context.identity.userAgent",
    "$context.httpMethod",
    "$context.resourcePath",
    "$context.path",
    "$context.protocol",
    "$context.stage",
    "$context.apiId",
    "$context.status",
    "$context.responseLength",
    "$context.responseLatency",
    "$context.integrationLatency",
    "$context.integration.latency",
    "$context.integration.status",
    "$context.error.message",
    "$context.error.responseType",
    "$context.waf.status",
    "$context.wafResponseCode",
    "$context.xrayTraceId",
    "$context.tlsVersion",
    "$context.cipherSuite",
}
ROUTE = "route"  # every other name in a log is a part of what API Gateway calls the value
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
RATES = range(1, 10_001)
# What needs no new deployment when it changes; a change of every other type does.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/updating-api.html
NOT_DEPLOYED = {
    f"{API}{kind}"
    for kind in (
        "Account",
        "BasePathMapping",
        "ClientCertificate",
        "Deployment",
        "DomainName",
        "DomainNameAccessAssociation",
        "Stage",
        "UsagePlan",
        "UsagePlanKey",
    )
}


def paths(declaration: Declaration) -> dict[str, str]:
    """Return every path of the APIs by the name of its resource."""
    parents = {
        r.name: (declaration.referred(r.properties["ParentId"]), str(r.properties["PathPart"]))
        for r in declaration.of(f"{API}Resource")
    }

    def path(name: str) -> str:
        above, part = parents[name]
        upper = above[0][0].name if above else ""
        return f"{path(upper) if upper in parents else ''}/{part}"

    return {name: path(name) for name in parents}


def methods(declaration: Declaration) -> Iterator[tuple[Resource, str]]:
    """Yield every method with its path."""
    known = paths(declaration)
    for method in declaration.of(METHOD):
        found = declaration.referred(method.properties.get("ResourceId", ""))
        yield method, known.get(found[0][0].name, "/") if found else "/"


def settings(stage: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield a stage's settings of methods by path and method: ``/*/*`` is every one."""
    for found in stage.properties.get("MethodSettings", []):
        path = str(found["ResourcePath"]).replace("~1", "/").replace("//", "/")
        yield f"{path}/{found['HttpMethod']}", found


@rule(REST)
def api_endpoints(declaration: Declaration) -> Iterator[str]:
    """Find APIs at the edge, which could not fail over, and domains that speak TLS below 1.2.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-endpoint-types.html
    """
    for kind in (REST, f"{API}DomainName"):
        for api in declaration.of(kind):
            if api.at("EndpointConfiguration.Types") != ["REGIONAL"]:
                yield f"{api.name}: its endpoint is {api.at('EndpointConfiguration.Types')}: REGIONAL"
            policy = api.properties.get("SecurityPolicy")
            if (policy or kind != REST) and not TLS_POLICIES.fullmatch(str(policy)):
                yield f"{api.name}: the TLS policy is {policy!r}: TLS 1.2 at least"


@rule(METHOD)
def api_methods(declaration: Declaration) -> Iterator[str]:
    """Find methods that reach no function, or in a form that Lambda's own API does not take.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    for method, path in methods(declaration):
        found, integration = method.properties, method.properties.get("Integration", {})
        if found.get("HttpMethod") not in METHODS:
            yield f"{method.name}: there is no method {found.get('HttpMethod')!r}"
        if (integration.get("Type"), integration.get("IntegrationHttpMethod")) != ("AWS_PROXY", "POST"):
            yield f"{method.name}: is called as {dict(integration)}: AWS_PROXY by POST"
        targets = [f.type for f, _attribute in declaration.referred(integration.get("Uri", ""))]
        if targets != ["AWS::Lambda::Function"]:
            yield f"{method.name}: calls {integration.get('Uri')!r}"
        if found.get("AuthorizationType") not in ("NONE", "AWS_IAM", "COGNITO_USER_POOLS", "CUSTOM"):
            yield f"{method.name}: the authorization {found.get('AuthorizationType')!r}"
        validators = declaration.referred(found.get("RequestValidatorId", ""))
        if (found.get("HttpMethod") == "POST") != bool(validators):
            yield f"{method.name}: what has a body is validated, and nothing else"
        for validator, _attribute in validators:
            yield from (f"{method.name}: {wrong}" for wrong in _validated(validator, found))
        if declaration.of(f"{API}UsagePlan") and (not path.startswith("/health")) != (
            found.get("ApiKeyRequired") is True
        ):
            yield f"{method.name}: ApiKeyRequired is {found.get('ApiKeyRequired')}: for all but the health check"


def _validated(validator: Resource, method: Mapping[str, Any]) -> Iterator[str]:
    """Find requests that a validator lets through without looking."""
    needed = {"ValidateRequestParameters": "RequestParameters", "ValidateRequestBody": "RequestModels"}
    for flag, part in needed.items():
        if bool(method.get(part)) != (validator.properties.get(flag) is True):
            yield f"{validator.name}: {flag} is {validator.properties.get(flag)}, with {part} {method.get(part)}"
    for name, required in (method.get("RequestParameters") or {}).items():
        if (
            not re.fullmatch(r"method\.request\.(header|querystring|path)\.[A-Za-z0-9_.-]+", name)
            or required is not True
        ):
            yield f"the parameter {name!r} is {required}"
    for kind in method.get("RequestModels") or {}:
        if kind != "application/json":
            yield f"a model of {kind!r}: application/json"


@rule(STAGE)
def api_stages(declaration: Declaration) -> Iterator[str]:
    """Find stages without logs or limits, and those that log bodies.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    """
    for stage in declaration.of(STAGE):
        logs = declaration.referred(stage.at("AccessLogSetting.DestinationArn", ""))
        if [group.type for group, _attribute in logs] != ["AWS::Logs::LogGroup"]:
            yield f"{stage.name}: its access log is {stage.at('AccessLogSetting.DestinationArn')!r}"
        for name, value in (stage.at("AccessLogSetting.Format") or {}).items():
            if value not in LOGGED or (name != ROUTE and name.lower() not in value.replace(".", "").lower()):
                yield f"{stage.name}: logs {value!r} as {name}"
        known = dict(settings(stage))
        if "/*/*" not in known:
            yield f"{stage.name}: has no settings for every method: {sorted(known)}"
        for path, found in known.items():
            if found.get("DataTraceEnabled") is not False:
                yield f"{stage.name}: {path} logs bodies"
            if found.get("LoggingLevel") not in ("ERROR", "INFO"):
                yield f"{stage.name}: {path} logs {found.get('LoggingLevel')!r}"
            rate, burst = (int(found.get(f"Throttling{key}Limit", 0)) for key in ("Rate", "Burst"))
            if rate not in RATES or burst not in RATES or burst < rate:
                yield f"{stage.name}: {path} takes {rate} requests a second and {burst} at once"


@rule(STAGE, environments=frozenset({"production"}))
def unobserved_stages(declaration: Declaration) -> Iterator[str]:
    """Find stages of production without traces, or without metrics of each method: who looks into an outage needs both.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-xray.html
    """
    for stage in declaration.of(STAGE):
        if stage.properties.get("TracingEnabled") is not True:
            yield f"{stage.name}: is not traced"
        for path, found in dict(settings(stage)).items():
            if found.get("MetricsEnabled") is not True:
                yield f"{stage.name}: {path} has no metrics of its own"


@rule(STAGE)
def broken_traces(declaration: Declaration) -> Iterator[str]:
    """Find functions that a stage's requests reach, of which only one, the stage or the function, writes traces."""
    functions = declaration.of("AWS::Lambda::Function")
    for stage in declaration.of(STAGE):
        traced = stage.properties.get("TracingEnabled") is True
        for method in declaration.of(METHOD):
            uri = method.at("Integration.Uri", "")
            for function, _attribute in declaration.referred(uri):
                if function not in functions or function.region != stage.region:
                    continue
                if (function.at("TracingConfig.Mode") == "Active") != traced:
                    yield f"{function.name}: {function.at('TracingConfig')}, and the stage's tracing is {traced}"


def texts(value: Any) -> set[str]:
    """Return every value among a resource's arguments as text, also those in JSON documents."""
    found = [parsed(inner) if isinstance(inner, str) else inner for _path, inner in leaves(value)]
    return set().union(*(texts(inner) if isinstance(inner, dict | list) and inner else {str(inner)} for inner in found))


def api_parts(declaration: Declaration, api: Resource) -> Iterator[tuple[str, set[str]]]:
    """Yield each resource of the source that is in a deployment of an API, with its values."""
    for resource in declaration.resources:
        of_this_api = resource is api or _is(declaration, resource.properties.get("RestApiId"), api)
        if of_this_api and resource.type.startswith(API) and resource.type not in NOT_DEPLOYED:
            values: dict[str, set[str]] = {}
            for path, value in leaves(resource.properties):
                if path.partition(".")[0] not in ("Description", "Tags"):
                    values.setdefault(resource.origin(path), set()).update(texts(value))
            yield from values.items()


@rule(f"{API}Deployment")
def deployment_triggers(declaration: Declaration) -> Iterator[str]:
    """Find parts of an API whose change leads to no new deployment, so that it is applied and never served.

    A part is behind the trigger where one of the trigger's entries has all of its values.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/updating-api.html
    """
    for deployment in declaration.of(f"{API}Deployment"):
        entries = [texts(entry) for entry in (deployment.options.get("triggers") or {}).values()]
        for api, _attribute in declaration.referred(deployment.properties.get("RestApiId")):
            for name, values in api_parts(declaration, api):
                if not any(values <= entry for entry in entries):
                    yield f"{name}: {deployment.name} has no trigger with its arguments, so a change is never served"


@rule(f"{API}UsagePlan", f"{API}UsagePlanKey")
def usage_plans(declaration: Declaration) -> Iterator[str]:
    """Find plans without a limit, of no stage, or whose keys are none."""
    for plan in declaration.of(f"{API}UsagePlan"):
        throttle = plan.properties.get("Throttle", {})
        if int(throttle.get("RateLimit", 0)) not in RATES or int(throttle.get("BurstLimit", 0)) < int(
            throttle.get("RateLimit", 0)
        ):
            yield f"{plan.name}: takes {dict(throttle)}"
        if not plan.properties.get("ApiStages"):
            yield f"{plan.name}: is of no stage"
    for key in declaration.of(f"{API}UsagePlanKey"):
        keys = [found.type for found, _attribute in declaration.referred(key.properties.get("KeyId", ""))]
        if key.properties.get("KeyType") != "API_KEY" or keys != [f"{API}ApiKey"]:
            yield f"{key.name}: {key.properties.get('KeyId')!r} of the type {key.properties.get('KeyType')!r}"
    for api_key in declaration.of(f"{API}ApiKey"):
        if api_key.properties.get("Enabled", True) is not True:
            yield f"{api_key.name}: is switched off"


@rule(f"{API}GatewayResponse")
def gateway_responses(declaration: Declaration) -> Iterator[str]:
    """Find answers of API Gateway's own that do not exist, with another status, or not in the API's own form.

    RFC 9457: https://www.rfc-editor.org/rfc/rfc9457
    """
    for response in declaration.of(f"{API}GatewayResponse"):
        found = response.properties
        kind, status = str(found.get("ResponseType")), str(found.get("StatusCode"))
        if kind not in RESPONSES or status not in RESPONSES[kind]:
            yield f"{response.name}: {kind} with the status {status}: {RESPONSES.get(kind)}"
        header = (found.get("ResponseParameters") or {}).get("gatewayresponse.header.Content-Type")
        if header != "'application/problem+json'":
            yield f"{response.name}: is of the type {header}"
        for content, body in (found.get("ResponseTemplates") or {}).items():
            known = isinstance(body, Mapping) and {"type", "title", "status", "code"} == set(body)
            if content != "application/json" or not known or str(body["status"]) != status:
                yield f"{response.name}: {content} is {body!r}"
            elif str(body["title"]) != re.sub(r"[-_]", " ", str(body["code"])) or body["type"] != "about:blank":
                yield f"{response.name}: {dict(body)}"


# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
MANAGED = {
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesSQLiRuleSet",
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesAnonymousIpList",
    "AWSManagedRulesAdminProtectionRuleSet",
    "AWSManagedRulesLinuxRuleSet",
    "AWSManagedRulesUnixRuleSet",
}
SENDER_RATES = range(10, 2_000_000_001)


@rule("AWS::WAFv2::WebACL")
def firewalls(declaration: Declaration) -> Iterator[str]:
    """Find firewalls of another scope, with rules that do not exist, count instead of block, or keep samples."""
    for acl in declaration.of("AWS::WAFv2::WebACL"):
        if acl.properties.get("Scope") != "REGIONAL" or list(acl.properties.get("DefaultAction", {})) != ["Allow"]:
            yield f"{acl.name}: {acl.properties.get('Scope')!r}, by default {acl.properties.get('DefaultAction')}"
        rules = acl.properties.get("Rules", [])
        priorities = [int(found.get("Priority", -1)) for found in rules]
        if len(set(priorities)) != len(priorities) or min(priorities, default=-1) < 0:
            yield f"{acl.name}: the priorities are {priorities}"
        for found in rules:
            yield from (f"{acl.name}: {found.get('Name')}: {wrong}" for wrong in _firewall_rule(found))
        for seen in [acl.properties, *rules]:
            visible = seen.get("VisibilityConfig", {})
            if (
                visible.get("CloudWatchMetricsEnabled") is not True
                or visible.get("SampledRequestsEnabled") is not False
            ):
                yield f"{acl.name}: {seen.get('Name')}: samples keep parts of requests: {dict(visible)}"
            if visible.get("MetricName") != seen.get("Name"):
                yield f"{acl.name}: the metrics of {seen.get('Name')!r} are called {visible.get('MetricName')!r}"
        guarded = [
            a
            for a in declaration.of("AWS::WAFv2::WebACLAssociation")
            if _is(declaration, a.properties.get("WebACLArn"), acl)
        ]
        targets = [
            f.type for a in guarded for f, _attribute in declaration.referred(a.properties.get("ResourceArn", ""))
        ]
        if targets not in ([STAGE], ["AWS::ElasticLoadBalancingV2::LoadBalancer"]):
            yield f"{acl.name}: guards {targets}"


# What AWS WAF puts into a line of its log as it came, unless it is told not to; a body is never in one.
# https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html
SECRET_HEADERS = {"authorization", "cookie", "x-api-key"}


@rule("AWS::WAFv2::WebACL")
def firewalls_without_a_log(declaration: Declaration) -> Iterator[str]:
    """Find web ACLs of which nobody can say later what they blocked, and logs that keep secrets or everything.

    https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
    """
    for acl in declaration.of("AWS::WAFv2::WebACL"):
        logging = [
            each
            for each in declaration.of("AWS::WAFv2::LoggingConfiguration")
            if _is(declaration, each.at("ResourceArn"), acl)
        ]
        if len(logging) != 1:
            yield f"{acl.name}: {len(logging)} logs"
        for each in logging:
            groups = [found for found, _ in declaration.referred(each.at("LogDestinationConfigs"))]
            if not groups or not all(str(g.at("LogGroupName")).startswith("aws-waf-logs-") for g in groups):
                yield f"{each.name}: writes to {[group.at('LogGroupName') for group in groups]}"
            fields = each.at("RedactedFields", [])
            kept = SECRET_HEADERS - {str(field.get("SingleHeader", {}).get("Name")) for field in fields}
            if kept or not any("QueryString" in field for field in fields):
                yield f"{each.name}: keeps {sorted(kept) or 'the query'}"
            if each.at("LoggingFilter.DefaultBehavior") != "DROP":
                yield f"{each.name}: keeps a line for each request"


def _is(declaration: Declaration, value: Any, resource: Resource) -> bool:
    return any(found is resource for found, _attribute in declaration.referred(value or ""))


def _firewall_rule(found: Mapping[str, Any]) -> Iterator[str]:
    statement = found.get("Statement", {})
    managed, rate = statement.get("ManagedRuleGroupStatement"), statement.get("RateBasedStatement")
    if managed:
        if (
            managed.get("VendorName") != "AWS"
            or managed.get("Name") not in MANAGED
            or managed["Name"] != found.get("Name")
        ):
            yield f"{dict(managed)} is no group of AWS's"
        if list(found.get("OverrideAction", {})) != ["None"]:
            yield f"only counts: {found.get('OverrideAction')}"
    elif rate:
        if rate.get("AggregateKeyType") != "IP" or int(rate.get("Limit", 0)) not in SENDER_RATES:
            yield f"limits {dict(rate)}"
        if list(found.get("Action", {})) != ["Block"]:
            yield f"does not block: {found.get('Action')}"
    else:
        yield f"neither a group nor a rate: {list(statement)}"


@rule("AWS::Lambda::Permission")
def calls_of_an_api(declaration: Declaration) -> Iterator[str]:
    """Find functions that an API may call for more, or for fewer, routes than it has.

    A removed method is still in the deployment that the same update makes; without a permission it calls nothing.
    https://github.com/pulumi/pulumi-aws/issues/3289
    """
    stages = {str(stage.at("StageName")) for stage in declaration.of(STAGE)}
    declared = {
        (method.region, f"{method.at('HttpMethod')}{re.sub(r'{[^}]+}', '*', path)}")
        for method, path in methods(declaration)
    }
    allowed = set()
    for permission in declaration.of("AWS::Lambda::Permission"):
        if permission.at("Principal") == "apigateway.amazonaws.com":
            source = str(permission.at("SourceArn"))
            found = re.search(r"/(?P<stage>[^/{}]+)/(?P<route>[A-Z]+(/.*)?)$", source)
            route = (permission.region, found["route"] if found else "")
            if not found or found["stage"] not in stages or route not in declared:
                yield f"{permission.name}: {source} is not a route that is declared"
            allowed.add(route)
    for where, missing in sorted(declared - allowed):
        yield f"{missing} in {where}: the API may not call the function for it"


@rule(STAGE)
def execution_logs(declaration: Declaration) -> Iterator[str]:
    """Find stages whose errors API Gateway writes to a group of its own making, without an end or a key, which stays.

    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/api_gateway_stage#managing-the-api-logging-cloudwatch-log-group
    """
    for stage in declaration.of(STAGE):
        levels = {str(found.get("LoggingLevel", "OFF")) for found in stage.at("MethodSettings", [])}
        groups = [
            group
            for group in declaration.of("AWS::Logs::LogGroup")
            if re.fullmatch(rf"API-Gateway-Execution-Logs_.+/{stage.at('StageName')}", str(group.at("LogGroupName")))
            and {api.name for api, _attribute in declaration.referred(group.at("LogGroupName"))}
            == {api.name for api, _attribute in declaration.referred(stage.at("RestApiId"))}
        ]
        if levels - {"OFF"} and not groups:
            yield f"{stage.name}: API Gateway makes the log group of its errors itself"

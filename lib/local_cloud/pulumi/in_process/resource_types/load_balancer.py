"""Load balancers: lb types of pulumi-aws in terms of the AWS API."""

import re

from lib.common.json_types import JsonObject
from lib.local_cloud.pulumi.in_process.resource_type import Inputs, ResourceOperation, ResourceType, Step

LOGS = {"enabled": "enabled", "bucket": "bucket", "prefix": "prefix"}
BALANCER = {
    "idleTimeout": "idle_timeout.timeout_seconds",
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableHttp2": "routing.http2.enabled",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
    "enableWafFailOpen": "waf.fail_open.enabled",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
    "enableXffClientPort": "routing.http.xff_client_port.enabled",
    "enableTlsVersionAndCipherSuiteHeaders": "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
    "clientKeepAlive": "client_keep_alive.seconds",
    "accessLogs": {name: f"access_logs.s3.{key}" for name, key in LOGS.items()},
    "connectionLogs": {name: f"connection_logs.s3.{key}" for name, key in LOGS.items()},
    "healthCheckLogs": {name: f"health_check_logs.s3.{key}" for name, key in LOGS.items()},
}
GROUP = {
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "slowStart": "slow_start.duration_seconds",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
    "loadBalancingCrossZoneEnabled": "load_balancing.cross_zone.enabled",
    "loadBalancingAnomalyMitigation": "load_balancing.algorithm.anomaly_mitigation",
    "lambdaMultiValueHeadersEnabled": "lambda.multi_value_headers.enabled",
    "stickiness": {
        "enabled": "stickiness.enabled",
        "type": "stickiness.type",
        "cookieDuration": "stickiness.lb_cookie.duration_seconds",
    },
}
HEALTH = {
    "enabled": "HealthCheckEnabled",
    "interval": "HealthCheckIntervalSeconds",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "timeout": "HealthCheckTimeoutSeconds",
    "healthyThreshold": "HealthyThresholdCount",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}
ACTION = {
    ".fixedResponse": "FixedResponseConfig",
    ".redirect": "RedirectConfig",
    ".forward": "ForwardConfig",
    ".authenticateOidc": "AuthenticateOidcConfig",
    ".authenticateCognito": "AuthenticateCognitoConfig",
    ".jwtValidation": "JwtValidationConfig",
    ".stickiness": "TargetGroupStickinessConfig",
    ".duration": "DurationSeconds",
    ".arn": "TargetGroupArn",
}
CONDITIONS = {
    "hostHeader": "host-header",
    "pathPattern": "path-pattern",
    "httpHeader": "http-header",
    "httpRequestMethod": "http-request-method",
    "queryStrings": "query-string",
    "sourceIp": "source-ip",
}


def _attributes(method: str, key: str, names: Inputs) -> Step:
    """Return the step that sets a balancer's or a group's attributes."""

    def run(operation: ResourceOperation) -> None:
        attributes: JsonObject = {}
        for name in set(names) & set(operation.inputs):
            value, to = operation.inputs[name], names[name]
            nested = isinstance(to, dict)
            unknown = sorted(set(value) - set(to)) if nested else []
            if unknown:
                raise operation.error(f"its entry takes no input '{name}.{unknown[0]}'.")
            attributes |= (
                {to[below]: value[below] for below in value if value[below] is not None} if nested else {to: value}
            )
        pairs = [
            {"Key": name, "Value": str(value).lower() if isinstance(value, bool) else str(value)}
            for name, value in sorted(attributes.items())
        ]
        operation.call(method, **{key: operation.id, "Attributes": pairs})

    return Step(tuple(names), run)


def _group(inputs: JsonObject) -> JsonObject:
    """Return a target group's inputs with its health check as the API has it."""
    check = dict(inputs.get("healthCheck") or {})
    rest = {name: value for name, value in inputs.items() if name != "healthCheck"}
    if "matcher" in check:
        rest["Matcher"] = {"HttpCode": check.pop("matcher")}
    return {**rest, **{HEALTH.get(name, f"healthCheck.{name}"): value for name, value in check.items()}}


def _listener(inputs: JsonObject) -> JsonObject:
    """Return a listener's inputs with its certificate as the API has it."""
    rest = {name: value for name, value in inputs.items() if name != "certificateArn"}
    return (
        {**rest, "Certificates": [{"CertificateArn": inputs["certificateArn"]}]} if "certificateArn" in inputs else rest
    )


def _rule(inputs: JsonObject) -> JsonObject:
    """Return a rule's inputs with its conditions as the API has them."""
    conditions = []
    for condition in inputs["conditions"]:
        for name, value in condition.items():
            inner = {"Values": value} if name == "queryStrings" else value
            config = name.removesuffix("s") if name == "queryStrings" else name
            conditions.append({"Field": CONDITIONS.get(name, name), f"{config}Config": inner})
    return {**inputs, "conditions": conditions}


def _suffix(operation: ResourceOperation) -> str:
    """Return what CloudWatch calls a balancer or a group."""
    return re.sub(r"^loadbalancer/", "", operation.id.split(":", 5)[5])


def _headers(names: tuple[str, ...]) -> dict[str, str]:
    """Return the listener attributes behind inputs that are spelled alike."""
    snake = {name: re.sub(r"(?=[A-Z])", "_", name).lower() for name in names}
    return {
        name: re.sub(
            r"^routing_http_(request|response)_(.*)_(header_value|header_name|enabled)$", r"routing.http.\1.\2.\3", text
        )
        for name, text in snake.items()
    }


HEADERS = _headers(
    (
        "routingHttpResponseServerEnabled",
        "routingHttpResponseStrictTransportSecurityHeaderValue",
        "routingHttpResponseXContentTypeOptionsHeaderValue",
        "routingHttpResponseXFrameOptionsHeaderValue",
        "routingHttpResponseContentSecurityPolicyHeaderValue",
    )
)


RESOURCE_TYPES = {
    "aws:lb/loadBalancer:LoadBalancer": ResourceType(
        "elbv2",
        "create_load_balancer",
        answer="LoadBalancers.0",
        key="LoadBalancerArn",
        name="name",
        rename={"loadBalancerType": "Type"},
        adapt=lambda inputs: {
            **{name: value for name, value in inputs.items() if name != "internal"},
            "Scheme": "internal" if inputs.get("internal") else "internet-facing",
        },
        steps=(_attributes("modify_load_balancer_attributes", "LoadBalancerArn", BALANCER),),
        delete="delete_load_balancer",
        by={"LoadBalancerArn": "id"},
        outputs={
            "arn": "id",
            "dnsName": "DNSName",
            "zoneId": "CanonicalHostedZoneId",
            "arnSuffix": _suffix,
            "vpcId": "VpcId",
        },
    ),
    "aws:lb/targetGroup:TargetGroup": ResourceType(
        "elbv2",
        "create_target_group",
        answer="TargetGroups.0",
        key="TargetGroupArn",
        name="name",
        adapt=_group,
        steps=(_attributes("modify_target_group_attributes", "TargetGroupArn", GROUP),),
        delete="delete_target_group",
        by={"TargetGroupArn": "id"},
        outputs={"arn": "id", "arnSuffix": _suffix},
    ),
    "aws:lb/targetGroupAttachment:TargetGroupAttachment": ResourceType(
        "elbv2",
        "register_targets",
        key="{TargetGroupArn}/{targetId}",
        rename={"targetId": "Targets.Id", "port": "Targets.Port", "availabilityZone": "Targets.AvailabilityZone"},
        delete="deregister_targets",
        by={"TargetGroupArn": "TargetGroupArn", "Targets": "Targets"},
    ),
    "aws:lb/listener:Listener": ResourceType(
        "elbv2",
        "create_listener",
        answer="Listeners.0",
        key="ListenerArn",
        adapt=_listener,
        rename=ACTION,
        steps=(_attributes("modify_listener_attributes", "ListenerArn", HEADERS),),
        lost=("defaultActions.forward",),
        delete="delete_listener",
        by={"ListenerArn": "id"},
        outputs={"arn": "id"},
    ),
    "aws:lb/listenerRule:ListenerRule": ResourceType(
        "elbv2",
        "create_rule",
        answer="Rules.0",
        key="RuleArn",
        adapt=_rule,
        rename=ACTION,
        lost=("actions.forward", "conditions.queryStrings"),
        delete="delete_rule",
        by={"RuleArn": "id"},
        outputs={"arn": "id", "priority": "Priority"},
    ),
}

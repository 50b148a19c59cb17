"""API Gateway, AWS WAF and Route 53.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGateway.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Route53.html
"""

from lib.declared.terraform_types.model import Context, Json, Owner, ResourceType, block

API = "AWS::ApiGateway::"


def _method_settings(body: Json, _context: Context) -> Json:
    """Return an element of the stage's MethodSettings, which has ``~1a~1b/GET`` as ``/~1a~1b`` and ``GET``."""
    path, _, method = str(body.pop("method_path")).rpartition("/")
    settings = block(body.pop("settings"))
    return {**body, "MethodSettings": [{"ResourcePath": f"/{path}", "HttpMethod": method, **settings}]}


TYPES = {
    "aws_api_gateway_account": ResourceType(f"{API}Account", tagged=False),
    "aws_api_gateway_api_key": ResourceType(f"{API}ApiKey"),
    "aws_api_gateway_authorizer": ResourceType(f"{API}Authorizer", tagged=False),
    "aws_api_gateway_base_path_mapping": ResourceType(
        f"{API}BasePathMapping", {"api_id": "RestApiId", "stage_name": "Stage"}, tagged=False
    ),
    # A change of a trigger makes a new deployment: CloudFormation has no word for it, a new logical id does the same.
    "aws_api_gateway_deployment": ResourceType(f"{API}Deployment", options=frozenset({"triggers"}), tagged=False),
    "aws_api_gateway_domain_name": ResourceType(
        f"{API}DomainName", attributes={"regional_zone_id": "RegionalHostedZoneId"}
    ),
    "aws_api_gateway_gateway_response": ResourceType(f"{API}GatewayResponse", tagged=False),
    "aws_api_gateway_integration": ResourceType(
        f"{API}Method",
        {"timeout_milliseconds": "Integration.TimeoutInMillis"},
        owner=Owner(
            "aws_api_gateway_method",
            {"rest_api_id": "rest_api_id", "resource_id": "resource_id", "http_method": "http_method"},
        ),
        under="Integration",
        tagged=False,
    ),
    "aws_api_gateway_method": ResourceType(f"{API}Method", {"authorization": "AuthorizationType"}, tagged=False),
    "aws_api_gateway_method_settings": ResourceType(
        f"{API}Stage",
        prepare=_method_settings,
        owner=Owner("aws_api_gateway_stage", {"rest_api_id": "rest_api_id", "stage_name": "stage_name"}),
        tagged=False,
    ),
    "aws_api_gateway_model": ResourceType(f"{API}Model", tagged=False),
    "aws_api_gateway_request_validator": ResourceType(f"{API}RequestValidator", tagged=False),
    "aws_api_gateway_resource": ResourceType(f"{API}Resource", tagged=False),
    "aws_api_gateway_rest_api": ResourceType(f"{API}RestApi"),
    "aws_api_gateway_stage": ResourceType(f"{API}Stage", {"xray_tracing_enabled": "TracingEnabled"}),
    "aws_api_gateway_usage_plan": ResourceType(
        f"{API}UsagePlan", {"name": "UsagePlanName", "throttle_settings": "Throttle", "quota_settings": "Quota"}
    ),
    "aws_api_gateway_usage_plan_key": ResourceType(f"{API}UsagePlanKey", tagged=False),
    "aws_route53_health_check": ResourceType(
        "AWS::Route53::HealthCheck",
        {"tags": "HealthCheckTags", "fqdn": "HealthCheckConfig.FullyQualifiedDomainName"},
        under="HealthCheckConfig",
    ),
    "aws_route53_record": ResourceType(
        "AWS::Route53::RecordSet",
        {
            "zone_id": "HostedZoneId",
            "alias": "AliasTarget",
            "alias.name": "DNSName",
            "alias.zone_id": "HostedZoneId",
            "failover_routing_policy": "",
            "failover_routing_policy.type": "Failover",
            "records": "ResourceRecords",
        },
        tagged=False,
    ),
    "aws_wafv2_web_acl": ResourceType("AWS::WAFv2::WebACL"),
    "aws_wafv2_web_acl_logging_configuration": ResourceType(
        "AWS::WAFv2::LoggingConfiguration",
        {"logging_filter.filter": "Filters", "logging_filter.filter.condition": "Conditions"},
        tagged=False,
    ),
    "aws_wafv2_web_acl_association": ResourceType("AWS::WAFv2::WebACLAssociation", tagged=False),
}

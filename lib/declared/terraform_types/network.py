"""VPC, subnets, routes, security groups, load balancers.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EC2.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ElasticLoadBalancingV2.html
"""

from collections.abc import Mapping

from lib.common.json_types import JsonValue
from lib.declared.terraform_types.model import Context, Json, Owner, ResourceType, Split, block, no_counterpart

EC2, ELB = "AWS::EC2::", "AWS::ElasticLoadBalancingV2::"
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
BALANCER_ATTRIBUTES = {
    "access_logs.bucket": "access_logs.s3.bucket",
    "access_logs.enabled": "access_logs.s3.enabled",
    "access_logs.prefix": "access_logs.s3.prefix",
    "connection_logs.bucket": "connection_logs.s3.bucket",
    "connection_logs.enabled": "connection_logs.s3.enabled",
    "connection_logs.prefix": "connection_logs.s3.prefix",
    "client_keep_alive": "client_keep_alive.seconds",
    "desync_mitigation_mode": "routing.http.desync_mitigation_mode",
    "drop_invalid_header_fields": "routing.http.drop_invalid_header_fields.enabled",
    "enable_deletion_protection": "deletion_protection.enabled",
    "enable_http2": "routing.http2.enabled",
    "idle_timeout": "idle_timeout.timeout_seconds",
}
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
TARGET_ATTRIBUTES = {
    "deregistration_delay": "deregistration_delay.timeout_seconds",
    "lambda_multi_value_headers_enabled": "lambda.multi_value_headers.enabled",
    "load_balancing_algorithm_type": "load_balancing.algorithm.type",
    "slow_start": "slow_start.duration_seconds",
}
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ListenerAttribute.html
LISTENER_ATTRIBUTES = {
    "routing_http_response_server_enabled": "routing.http.response.server.enabled",
    "routing_http_response_strict_transport_security_header_value": (
        "routing.http.response.strict_transport_security.header_value"
    ),
    "routing_http_response_x_content_type_options_header_value": (
        "routing.http.response.x_content_type_options.header_value"
    ),
    "routing_http_response_x_frame_options_header_value": "routing.http.response.x_frame_options.header_value",
}
_RULE = {"security_group_id": "GroupId", "cidr_ipv4": "CidrIp", "cidr_ipv6": "CidrIpv6"}
# CloudFormation's rules have no tags.
_TAGS = frozenset({"tags"})


def _with_attributes(body: Json, name: str, known: Mapping[str, str]) -> Json:
    """Return arguments with those that the service has as a list of attributes, whose values are texts."""
    for holder in {path.partition(".")[0] for path in known if "." in path} & body.keys():
        body |= {f"{holder}.{inner}": value for inner, value in block(body.pop(holder)).items()}
    attributes = [{"Key": key, "Value": _text(body.pop(path))} for path, key in known.items() if path in body]
    return {**body, **({name: attributes} if attributes else {})}


def _text(value: JsonValue) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _load_balancer(body: Json, _context: Context) -> Json:
    if "internal" in body:
        body["Scheme"] = "internal" if body.pop("internal") else "internet-facing"
    return _with_attributes(body, "LoadBalancerAttributes", BALANCER_ATTRIBUTES)


def _target_group(body: Json, _context: Context) -> Json:
    check = block(body.pop("health_check", {}))
    names = {
        "interval": "HealthCheckIntervalSeconds",
        "timeout": "HealthCheckTimeoutSeconds",
        "healthy_threshold": "HealthyThresholdCount",
        "unhealthy_threshold": "UnhealthyThresholdCount",
    }
    for name, value in check.items():
        if name == "matcher":
            body["Matcher"] = {"HttpCode": value}
        else:
            body[names.get(name, f"HealthCheck{name.title()}")] = value
    return _with_attributes(body, "TargetGroupAttributes", TARGET_ATTRIBUTES)


def _listener(body: Json, _context: Context) -> Json:
    if "certificate_arn" in body:
        body["Certificates"] = [{"CertificateArn": body.pop("certificate_arn")}]
    return _with_attributes(body, "ListenerAttributes", LISTENER_ATTRIBUTES)


def _flow_log(body: Json, _context: Context) -> Json:
    return {"ResourceId": body.pop("vpc_id"), "ResourceType": "VPC", **body}


def _attachment(body: Json, _context: Context) -> Json:
    group = body.pop("target_group_arn")
    return {"target_group_arn": group, "Targets": [{"Id": body.pop("target_id"), **body}]}


TYPES = {
    "aws_default_security_group": no_counterpart("aws_default_security_group"),
    "aws_eip": ResourceType(f"{EC2}EIP"),
    "aws_flow_log": ResourceType(f"{EC2}FlowLog", {"iam_role_arn": "DeliverLogsPermissionArn"}, prepare=_flow_log),
    "aws_internet_gateway": ResourceType(
        f"{EC2}InternetGateway",
        split=Split(f"{EC2}VPCGatewayAttachment", {"vpc_id": "VpcId"}, "InternetGatewayId"),
    ),
    "aws_nat_gateway": ResourceType(f"{EC2}NatGateway"),
    "aws_route": ResourceType(f"{EC2}Route", tagged=False),
    "aws_route_table": ResourceType(f"{EC2}RouteTable"),
    "aws_route_table_association": ResourceType(f"{EC2}SubnetRouteTableAssociation", tagged=False),
    "aws_security_group": ResourceType(
        f"{EC2}SecurityGroup",
        {"name": "GroupName", "description": "GroupDescription"},
        options=frozenset({"revoke_rules_on_delete"}),
    ),
    "aws_subnet": ResourceType(f"{EC2}Subnet"),
    "aws_vpc": ResourceType(f"{EC2}VPC"),
    "aws_vpc_endpoint": ResourceType(f"{EC2}VPCEndpoint", {"policy": "PolicyDocument"}),
    # CloudFormation accepts what it requests, where it may.
    "aws_vpc_peering_connection": ResourceType(f"{EC2}VPCPeeringConnection", options=frozenset({"auto_accept"})),
    "aws_vpc_peering_connection_accepter": no_counterpart("aws_vpc_peering_connection_accepter"),
    "aws_vpc_peering_connection_options": ResourceType("Terraform::aws_vpc_peering_connection_options", tagged=False),
    "aws_vpc_security_group_egress_rule": ResourceType(
        f"{EC2}SecurityGroupEgress",
        {
            **_RULE,
            "referenced_security_group_id": "DestinationSecurityGroupId",
            "prefix_list_id": "DestinationPrefixListId",
        },
        options=_TAGS,
    ),
    "aws_vpc_security_group_ingress_rule": ResourceType(
        f"{EC2}SecurityGroupIngress",
        {**_RULE, "referenced_security_group_id": "SourceSecurityGroupId", "prefix_list_id": "SourcePrefixListId"},
        options=_TAGS,
    ),
    "aws_lb": ResourceType(
        f"{ELB}LoadBalancer",
        {"load_balancer_type": "Type"},
        attributes={"arn_suffix": "LoadBalancerFullName", "zone_id": "CanonicalHostedZoneID"},
        prepare=_load_balancer,
    ),
    "aws_lb_listener": ResourceType(f"{ELB}Listener", {"default_action.redirect": "RedirectConfig"}, prepare=_listener),
    "aws_lb_target_group": ResourceType(
        f"{ELB}TargetGroup", attributes={"arn_suffix": "TargetGroupFullName"}, prepare=_target_group
    ),
    "aws_lb_target_group_attachment": ResourceType(
        f"{ELB}TargetGroup",
        prepare=_attachment,
        owner=Owner("aws_lb_target_group", {"target_group_arn": "arn"}),
        tagged=False,
    ),
}

"""Load balancers: HTTPS where there is a certificate, TLS 1.2 at least, targets that answer where they are asked."""

from collections.abc import Iterator, Mapping
from typing import Any

from lib.declared.model import Declaration, Resource, listed
from lib.declared.read import ROOT
from tests.policy.arns import ACCOUNT, resolved
from tests.policy.rule import rule

ELB = "AWS::ElasticLoadBalancingV2::"
BALANCER, LISTENER, GROUP = f"{ELB}LoadBalancer", f"{ELB}Listener", f"{ELB}TargetGroup"
# TLS 1.3 and 1.2 only. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
TLS_POLICIES = {
    "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    "ELBSecurityPolicy-TLS13-1-3-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
}
YEAR_SECONDS = 31_536_000
# Attributes whose default is not what a reviewer wants, the values that are, and why.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
ATTRIBUTES: Mapping[str, tuple[str, str]] = {
    "routing.http.drop_invalid_header_fields.enabled": ("true", "headers that could smuggle a request are passed on"),
    "access_logs.s3.enabled": ("true", "nobody can tell afterwards who asked for what"),
}


def attributes(resource: Resource, key: str) -> dict[str, str]:
    """Return a resource's list of attributes as an object."""
    return {item["Key"]: str(item["Value"]) for item in resource.properties.get(key, [])}


@rule(BALANCER, environments=frozenset({"production"}))
def without_a_firewall(declaration: Declaration) -> Iterator[str]:
    """Find load balancers of production that the internet reaches without AWS WAF in between.

    https://docs.aws.amazon.com/waf/latest/developerguide/how-aws-waf-works-resources.html
    """
    guarded = [
        found
        for association in declaration.of("AWS::WAFv2::WebACLAssociation")
        for found, _attribute in declaration.referred(association.properties.get("ResourceArn", ""))
    ]
    for balancer in declaration.of(BALANCER):
        if balancer.properties.get("Scheme") != "internal" and not any(found is balancer for found in guarded):
            yield f"{balancer.name}: no web ACL guards it"


@rule(BALANCER)
def balancer_attributes(declaration: Declaration) -> Iterator[str]:
    """Find load balancers of another kind, without logs in a bucket of the stack's own, or with unsafe defaults."""
    for balancer in declaration.of(BALANCER):
        found = attributes(balancer, "LoadBalancerAttributes")
        for key, (wanted, otherwise) in ATTRIBUTES.items():
            if found.get(key) != wanted:
                yield f"{balancer.name}: {key} is {found.get(key)}: {otherwise}"
        if [b.type for b, _attribute in declaration.referred(found.get("access_logs.s3.bucket", ""))] != [
            "AWS::S3::Bucket"
        ]:
            yield f"{balancer.name}: writes its logs to {found.get('access_logs.s3.bucket')!r}"
        yield from (f"{balancer.name}: {wrong}" for wrong in _undelivered(declaration, found))
        if not 1 <= int(found.get("idle_timeout.timeout_seconds", 60)) <= 4000:
            yield f"{balancer.name}: an idle time-out of {found['idle_timeout.timeout_seconds']} s: 1 to 4000"
        if balancer.properties.get("Type", "application") != "application":
            yield f"{balancer.name}: is of the type {balancer.properties['Type']!r}"
        if balancer.properties.get("Scheme") not in ("internal", "internet-facing"):
            yield f"{balancer.name}: its scheme is {balancer.properties.get('Scheme')!r}"
        if not any(balancer in _balancers(declaration, listener) for listener in declaration.of(LISTENER)):
            yield f"{balancer.name}: listens to nobody"


def _undelivered(declaration: Declaration, found: Mapping[str, str]) -> Iterator[str]:
    """Find logs that the bucket's policy does not let Elastic Load Balancing write.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    """
    buckets = [bucket for bucket, _attribute in declaration.referred(found.get("access_logs.s3.bucket", ""))]
    prefix = f"{found['access_logs.s3.prefix']}/" if found.get("access_logs.s3.prefix") else ""
    allowed = {
        resolved(str(name), declaration).partition(":::")[2].partition("/")[2]
        for policy in declaration.of("AWS::S3::BucketPolicy")
        if any(bucket in buckets for bucket, _attribute in declaration.referred(policy.properties["Bucket"]))
        for statement in listed(policy.at("PolicyDocument.Statement"))
        if statement["Effect"] == "Allow" and "s3:PutObject" in listed(statement["Action"])
        for name in listed(statement["Resource"])
    }
    needed = f"{prefix}AWSLogs/{ACCOUNT}/*"
    if needed not in allowed:
        yield f"its logs go to {needed}, and the bucket's policy allows {sorted(allowed)}"


def _balancers(declaration: Declaration, listener: Resource) -> list[Resource]:
    return [found for found, _attribute in declaration.referred(listener.properties.get("LoadBalancerArn", ""))]


@rule(LISTENER)
def listeners(declaration: Declaration) -> Iterator[str]:
    """Find listeners that do nothing AWS knows, speak old TLS, or answer in the clear though there is a certificate.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html
    """
    secured = {
        b.name
        for listener in declaration.of(LISTENER)
        if listener.properties.get("Certificates")
        for b in _balancers(declaration, listener)
    }
    for listener in declaration.of(LISTENER):
        found = listener.properties
        protocol, port = found.get("Protocol"), int(found.get("Port", 0))
        if (protocol, port) not in (("HTTPS", 443), ("HTTP", 80)):
            yield f"{listener.name}: {protocol} on {port}: HTTPS on 443 or HTTP on 80"
        if protocol == "HTTPS":
            if found.get("SslPolicy") not in TLS_POLICIES:
                yield f"{listener.name}: the TLS policy is {found.get('SslPolicy')!r}: {sorted(TLS_POLICIES)}"
            if not found.get("Certificates"):
                yield f"{listener.name}: HTTPS without a certificate"
        header = attributes(listener, "ListenerAttributes").get(
            "routing.http.response.strict_transport_security.header_value", f"max-age={YEAR_SECONDS}"
        )
        if header.partition(";")[0] != f"max-age={YEAR_SECONDS}":
            yield f"{listener.name}: Strict-Transport-Security is {header!r}: a year"
        actions = listed(found.get("DefaultActions"))
        if len(actions) != 1:
            yield f"{listener.name}: {len(actions)} default actions"
        for action in actions:
            plain = protocol == "HTTP" and any(b.name in secured for b in _balancers(declaration, listener))
            yield from (f"{listener.name}: {wrong}" for wrong in _action(declaration, action, plain))


def _action(declaration: Declaration, action: Mapping[str, Any], redirected: bool) -> Iterator[str]:
    if action.get("Type") == "forward":
        groups = [found.type for found, _attribute in declaration.referred(action.get("TargetGroupArn", ""))]
        if groups != [GROUP]:
            yield f"forwards to {action.get('TargetGroupArn')!r}"
        if redirected:
            yield "answers in the clear although there is a certificate: redirect"
    elif action.get("Type") == "redirect":
        to = action.get("RedirectConfig", {})
        if (to.get("Protocol"), str(to.get("Port")), to.get("StatusCode")) != ("HTTPS", "443", "HTTP_301"):
            yield f"redirects to {dict(to)}: HTTPS on 443, for good (HTTP_301)"
    else:
        yield f"the action {action.get('Type')!r} is neither forward nor redirect"


# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
CHECKS: Mapping[str, range] = {
    "HealthCheckIntervalSeconds": range(5, 301),
    "HealthCheckTimeoutSeconds": range(2, 121),
    "HealthyThresholdCount": range(2, 11),
    "UnhealthyThresholdCount": range(2, 11),
}
NOTICED_SECONDS = 60  # a target of ours
ALGORITHMS = {"round_robin", "least_outstanding_requests", "weighted_random"}


@rule(GROUP)
def target_groups(declaration: Declaration) -> Iterator[str]:
    """Find targets that nothing forwards to, and checks that AWS refuses or the application does not answer."""
    forwarded = {
        found.name
        for listener in declaration.of(LISTENER)
        for action in listed(listener.properties.get("DefaultActions"))
        for found, _attribute in declaration.referred(action.get("TargetGroupArn", ""))
    }
    for group in declaration.of(GROUP):
        found = group.properties
        if group.name not in forwarded:
            yield f"{group.name}: no listener forwards to it"
        if found.get("TargetType") not in ("ip", "lambda"):
            yield f"{group.name}: targets of the type {found.get('TargetType')!r}: ip for tasks, lambda for functions"
        for key, allowed in CHECKS.items():
            if key in found and int(found[key]) not in allowed:
                yield f"{group.name}: {key} is {found[key]}: {allowed.start} to {allowed.stop - 1}"
        if int(found.get("HealthCheckTimeoutSeconds", 5)) >= int(found.get("HealthCheckIntervalSeconds", 30)):
            yield f"{group.name}: a check takes as long as the time between two"
        seconds = int(found.get("HealthCheckIntervalSeconds", 30)) * int(found.get("UnhealthyThresholdCount", 2))
        if found.get("TargetType") == "ip" and seconds > NOTICED_SECONDS:
            yield f"{group.name}: a task gets requests {seconds} s after it has failed: {NOTICED_SECONDS} at most"
        known = attributes(group, "TargetGroupAttributes")
        if not 0 <= int(known.get("deregistration_delay.timeout_seconds", 300)) <= 3600:
            yield f"{group.name}: drains for {known['deregistration_delay.timeout_seconds']} s"
        if known.get("load_balancing.algorithm.type", "round_robin") not in ALGORITHMS:
            yield f"{group.name}: the algorithm {known['load_balancing.algorithm.type']!r}: {sorted(ALGORITHMS)}"
        if found.get("TargetType") == "ip":
            yield from _tasks(declaration, group)


def _tasks(declaration: Declaration, group: Resource) -> Iterator[str]:
    """Find a group whose health check or port is not the application's own."""
    found = group.properties
    if (found.get("Protocol"), found.get("HealthCheckProtocol", "HTTP")) != ("HTTP", "HTTP"):
        yield f"{group.name}: speaks {found.get('Protocol')}, and asks by {found.get('HealthCheckProtocol')}: HTTP"
    if str(found.get("HealthCheckPath")) not in answered(declaration.system):
        yield f"{group.name}: the application does not answer {found.get('HealthCheckPath')!r}"
    if group.at("Matcher.HttpCode") != "200":
        yield f"{group.name}: healthy is {group.at('Matcher.HttpCode')!r}: 200"
    for service in declaration.of("AWS::ECS::Service"):
        for balancer in service.properties.get("LoadBalancers", []):
            if int(balancer["ContainerPort"]) != int(found.get("Port", 0)):
                yield f"{group.name}: port {found.get('Port')}, and {service.name} has {balancer['ContainerPort']}"


def answered(system: str) -> str:
    """Return the code of a system's application, in which the paths that it answers stand."""
    folder = ROOT / "lib" / system.replace("-", "_") / "app"
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.py")))

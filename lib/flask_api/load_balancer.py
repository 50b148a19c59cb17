"""The way in: load balancer, listeners, target group, access logs, and the name if there is one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from lib.common.acknowledged import Acknowledged
from lib.flask_api.keys import Keys
from lib.flask_api.network import APPLICATION_PORT, Network
from lib.flask_api.settings import Settings
from lib.pulumi_components.firewall import FirewallLogs, firewall
from lib.pulumi_components.policies import AwsContext
from lib.pulumi_components.storage import balancer_logs, log_bucket

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
IDLE_SECONDS = 60  # the application keeps a connection for longer, so that it is never the first to close it
DRAIN_SECONDS = 30
# WAF sees the first 8 KB of a body and the rule blocks what is larger; the API takes four times as much.
# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
LARGER_BODIES: Mapping[str, Sequence[str]] = {"AWSManagedRulesCommonRuleSet": ["SizeRestrictions_BODY"]}
HEALTH_PATH = "/health/live"
YEAR_SECONDS = 31_536_000
ACKNOWLEDGED = (
    Acknowledged(
        "CKV2_AWS_76",
        "aws_lb.balancer",
        "The Log4j rules are in AWSManagedRulesKnownBadInputsRuleSet, which is in use. The check wants "
        "AWSManagedRulesAnonymousIpList too: it blocks hosting providers, where the servers that call an API are. "
        "https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-ip-rep.html",
    ),
)


@dataclass(frozen=True)
class LoadBalancerArgs:
    """What a load balancer is made of."""

    settings: Settings
    context: AwsContext
    network: Network
    keys: Keys


class LoadBalancer(pulumi.ComponentResource):
    """Application load balancer with HTTP, or with HTTPS and a redirect once there is a certificate."""

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("tap:flask-api:LoadBalancer", name, {}, opts)
        self._args, self._own = args, pulumi.ResourceOptions(parent=self)
        settings, network = args.settings, args.network
        bucket, policy = log_bucket(
            "logs",
            name=settings.bucket(args.context.account),
            retain_data=settings.retain_data,
            protected=settings.deletion_protection,
            days=settings.log_days,
            writers=[balancer_logs(args.context)],
            context=args.context,
            opts=self._own,
        )
        self.balancer = aws.lb.LoadBalancer(
            "balancer",
            name=settings.name("load_balancer"),
            load_balancer_type="application",
            internal=False,
            subnets=network.ids("public"),
            security_groups=[network.load_balancer.id],
            idle_timeout=IDLE_SECONDS,
            drop_invalid_header_fields=True,
            enable_deletion_protection=settings.deletion_protection,
            access_logs={"bucket": bucket.bucket, "enabled": True},
            # The load balancer writes a test object when it is told of the bucket; and it needs a way to the internet.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy, network.internet]),
        )
        self.target = self._target()
        self.listeners = self._listeners()
        if settings.web_acl:
            firewall(
                settings.name("web_acl"),
                self.balancer.arn,
                settings.sender_rate,
                self._own,
                logs=FirewallLogs(settings.log_days, args.keys.operations),
                counted=LARGER_BODIES,
            )
        self.url = self._address()
        self.register_outputs({})

    def _target(self) -> aws.lb.TargetGroup:
        settings = self._args.settings
        return aws.lb.TargetGroup(
            "api",
            name=settings.name("target_group"),
            vpc_id=self._args.network.vpc.id,
            target_type="ip",
            port=APPLICATION_PORT,
            protocol="HTTP",
            deregistration_delay=DRAIN_SECONDS,
            load_balancing_algorithm_type="least_outstanding_requests",
            # The process, not the database: ECS replaces what fails here, and new tasks repair no database.
            health_check={
                "path": HEALTH_PATH,
                "protocol": "HTTP",
                "matcher": "200",
                "interval": 10,
                "timeout": 5,
                "healthy_threshold": 2,
                "unhealthy_threshold": 3,
            },
            # A group that a listener uses cannot be deleted first. What replaces it (its port, protocol, type, network)
            # needs another name with that: the listener then changes over in place.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False),
        )

    def _listeners(self) -> list[aws.lb.Listener]:
        certificate = self._args.settings.certificate_arn
        forward = aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=self.target.arn)
        redirect = aws.lb.ListenerDefaultActionArgs(
            type="redirect",
            redirect=aws.lb.ListenerDefaultActionRedirectArgs(port="443", protocol="HTTPS", status_code="HTTP_301"),
        )
        http = aws.lb.Listener(
            "http",
            load_balancer_arn=self.balancer.arn,
            port=80,
            protocol="HTTP",
            default_actions=[redirect if certificate else forward],
            opts=self._own,
        )
        if not certificate:
            return [http]
        https = aws.lb.Listener(
            "https",
            load_balancer_arn=self.balancer.arn,
            port=443,
            protocol="HTTPS",
            ssl_policy=TLS_POLICY,
            certificate_arn=certificate,
            default_actions=[forward],
            routing_http_response_strict_transport_security_header_value=f"max-age={YEAR_SECONDS}",
            opts=self._own,
        )
        return [http, https]

    def _address(self) -> pulumi.Output[str]:
        """Make the record, and return the API's URL."""
        settings = self._args.settings
        scheme = "https" if settings.certificate_arn else "http"
        if not settings.domain_name:
            return self.balancer.dns_name.apply(lambda name: f"{scheme}://{name}")
        record = aws.route53.Record(
            "address",
            zone_id=settings.hosted_zone_id,
            name=settings.domain_name,
            type="A",
            aliases=[
                {
                    "name": self.balancer.dns_name,
                    "zone_id": self.balancer.zone_id,
                    "evaluate_target_health": True,
                }
            ],
            opts=self._own,
        )
        return record.name.apply(lambda name: f"{scheme}://{name}")

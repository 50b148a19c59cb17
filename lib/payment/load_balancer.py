"""The way in from inside the network: an internal load balancer with the function as its target."""

import pulumi
import pulumi_aws as aws

from lib.payment.functions import Functions
from lib.payment.network import Network
from lib.payment.settings import Settings
from lib.payment.storage import Storage

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"


class Balancer(pulumi.ComponentResource):
    """Internal load balancer, listener, target."""

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        network: Network,
        functions: Functions,
        storage: Storage,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("tap:payment:Balancer", name, {}, opts)
        own = pulumi.ResourceOptions(parent=self)
        self.balancer = aws.lb.LoadBalancer(
            "internal",
            name=settings.name("load_balancer"),
            load_balancer_type="application",
            internal=True,
            subnets=network.ids("functions"),
            security_groups=[network.balancer.id],
            drop_invalid_header_fields=True,
            enable_deletion_protection=settings.deletion_protection,
            access_logs={"bucket": storage.logs.bucket, "enabled": True},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[storage.logs_policy]),
        )
        self.target = aws.lb.TargetGroup(
            "api",
            name=settings.name("target_group"),
            target_type="lambda",
            # A group that a listener uses cannot be deleted first. What replaces it (its port, protocol, type, network)
            # needs another name with that: the listener then changes over in place.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False),
        )
        permission = aws.lambda_.Permission(
            "internal",
            function=functions.api.name,
            action="lambda:InvokeFunction",
            principal="elasticloadbalancing.amazonaws.com",
            source_arn=self.target.arn,
            opts=own,
        )
        aws.lb.TargetGroupAttachment(
            "api",
            target_group_arn=self.target.arn,
            target_id=functions.api.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
        certificate = settings.certificate_arn
        aws.lb.Listener(
            "internal",
            load_balancer_arn=self.balancer.arn,
            port=443 if certificate else 80,
            protocol="HTTPS" if certificate else "HTTP",
            ssl_policy=TLS_POLICY if certificate else None,
            certificate_arn=certificate or None,
            default_actions=[aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=self.target.arn)],
            opts=own,
        )
        self.register_outputs({})

"""The way in: load balancer, listeners, target group, access logs, and the name if there is one."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from lib.common_pulumi.policies import Place, allow, document
from lib.flask_api.network import APPLICATION_PORT, Network
from lib.flask_api.settings import Settings

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
IDLE_SECONDS = 60  # the application keeps a connection for longer, so that it is never the first to close it
DRAIN_SECONDS = 30
HEALTH_PATH = "/health/live"
YEAR_SECONDS = 31_536_000


@dataclass(frozen=True)
class LoadBalancerArgs:
    """What a load balancer is made of."""

    settings: Settings
    place: Place
    network: Network


class LoadBalancer(pulumi.ComponentResource):
    """Application load balancer with HTTP, or with HTTPS and a redirect once there is a certificate."""

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("tap:flask-api:LoadBalancer", name, {}, opts)
        self._args, self._own = args, pulumi.ResourceOptions(parent=self)
        settings, network = args.settings, args.network
        bucket, policy = self._logs()
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
        self.url = self._address()
        self.register_outputs({})

    def _logs(self) -> tuple[aws.s3.Bucket, aws.s3.BucketPolicy]:
        settings, place = self._args.settings, self._args.place
        bucket = aws.s3.Bucket(
            "logs",
            bucket=settings.bucket(place.account),
            force_destroy=not settings.durability.keep,
            opts=self._own,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            "logs",
            bucket=bucket.bucket,
            # A load balancer writes to buckets with S3's own key only.
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=self._own,
        )
        aws.s3.BucketOwnershipControls(
            "logs", bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=self._own
        )
        aws.s3.BucketLifecycleConfiguration(
            "logs",
            bucket=bucket.bucket,
            rules=[
                {
                    "id": "expire",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": settings.durability.log_days},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                }
            ],
            opts=self._own,
        )
        block = aws.s3.BucketPublicAccessBlock(
            "logs",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._own,
        )
        policy = aws.s3.BucketPolicy(
            "logs",
            bucket=bucket.bucket,
            policy=document(*self._log_statements(bucket.arn)),
            # S3 refuses two changes of one bucket's access at the same time.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[block]),
        )
        return bucket, policy

    def _log_statements(self, bucket: pulumi.Output[str]) -> list[dict[str, object]]:
        place = self._args.place
        objects = bucket.apply(lambda arn: f"{arn}/AWSLogs/{place.account}/*")
        deliver = allow(
            ["s3:PutObject"],
            [objects],
            Principal={"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            Condition={"ArnLike": {"aws:SourceArn": place.arn("elasticloadbalancing", "loadbalancer/*")}},
        )
        everything = bucket.apply(lambda arn: f"{arn}/*")
        refuse = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket, everything],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        return [dict(deliver), refuse]

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
            # The process, not the database: ECS replaces what fails here, and new tasks mend no database.
            health_check={
                "path": HEALTH_PATH,
                "protocol": "HTTP",
                "matcher": "200",
                "interval": 10,
                "timeout": 5,
                "healthy_threshold": 2,
                "unhealthy_threshold": 3,
            },
            # A group that a listener uses cannot be deleted, and its name cannot be given twice.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
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

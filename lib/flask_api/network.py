"""Three tiers: load balancer, tasks, database; each lets in the one before it."""

from collections.abc import Sequence

import pulumi

from lib.common.acknowledged import Acknowledged
from lib.common.iam_statements import allow
from lib.flask_api.keys import Keys
from lib.flask_api.settings import Settings
from lib.pulumi_components.network import WORLD, TierArgs, TieredNetwork
from lib.pulumi_components.policies import AwsContext

APPLICATION_PORT = 8080
ACKNOWLEDGED = (
    Acknowledged(
        "CKV_AWS_260",
        "aws_vpc_security_group_ingress_rule.world-80",
        "The API is public, and port 80 redirects to HTTPS as soon as there is a certificate; only the load "
        "balancer has this rule.",
    ),
)


class Network(TieredNetwork):
    """The tiers, and the security groups between them."""

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        context: AwsContext,
        zones: Sequence[str],
        keys: Keys,
        opts: pulumi.ResourceOptions,
    ) -> None:
        # Images' layers come from S3, and this way they cost no NAT traffic.
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-minimum-s3-perms
        layers = f"arn:{context.partition}:s3:::prod-{context.region}-starport-layer-bucket/*"
        args = TierArgs(
            kind="tap:flask-api:Network",
            name=settings.name,
            context=context,
            zones=zones,
            cidr=settings.vpc_cidr,
            private="tasks",
            isolated="database",
            functions="tasks",
            nat_gateways="zone" if settings.nat_per_zone else "one",
            log_days=settings.log_days,
            key=keys.operations,
            storage=[allow(["s3:GetObject"], [layers], Principal="*")],
        )
        super().__init__(name, args, opts)
        self.load_balancer = self.group("load-balancer", "The load balancer, reached from the internet")
        self.tasks = self.group("tasks", "Tasks of the API, reached from the load balancer")
        self.functions = self.group("functions", "The database function, reached by Lambda only", functions=True)
        self.database = self.group("database", "The database, reached from the tasks")
        for port in (80, 443) if settings.certificate_arn else (80,):
            self.let_in(f"world-{port}", self.load_balancer, WORLD, port, "The API is public")
        self.between("requests", self.load_balancer, self.tasks, APPLICATION_PORT, "Requests and health checks")
        self.between("queries", self.tasks, self.database, settings.database_port, "Queries")
        self.between("migrations", self.functions, self.database, settings.database_port, "Migrations")
        self.reach("services", self.tasks, "AWS services: image, secret, logs")
        self.reach("function-services", self.functions, "AWS services: secret, key")
        self.register_outputs({})

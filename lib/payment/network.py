"""Three tiers: a way out, the functions with the internal load balancer, the database."""

from collections.abc import Sequence

import pulumi

from lib.common.iam_statements import allow
from lib.payment.keys import Keys
from lib.payment.settings import Settings
from lib.pulumi_components.network import TierArgs, TieredNetwork
from lib.pulumi_components.policies import AwsContext


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
        audit_bucket: str,
        opts: pulumi.ResourceOptions,
    ) -> None:
        objects = f"arn:{context.partition}:s3:::{audit_bucket}"
        args = TierArgs(
            kind="tap:payment:Network",
            name=settings.name,
            context=context,
            zones=zones,
            cidr=settings.vpc_cidr,
            private="functions",
            isolated="database",
            functions="functions",
            nat_per_zone=settings.nat_per_zone,
            log_days=settings.log_days,
            key=keys.operations,
            # The functions write to the audit trail and to no other bucket, whatever their code says.
            storage=[
                allow(["s3:PutObject", "s3:GetObject"], [f"{objects}/*"], Principal="*"),
                allow(["s3:ListBucket"], [objects], Principal="*"),
            ],
        )
        super().__init__(name, args, opts)
        self.balancer = self.group("load-balancer", "The internal load balancer, reached from the network")
        self.functions = self.group("functions", "The functions, reached by Lambda only", functions=True)
        self.database = self.group("database", "The database, reached from the functions")
        port = 443 if settings.certificate_arn else 80
        self.let_in("callers", self.balancer, settings.vpc_cidr, port, "Callers inside the network")
        self.between("queries", self.functions, self.database, settings.database_port, "Queries")
        self.reach("services", self.functions, "AWS services: secret, key, audit trail")
        self.register_outputs({})

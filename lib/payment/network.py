"""Two tiers without a way out: functions with the internal load balancer, the database; and endpoints of services."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from lib.common.iam_statements import allow
from lib.payment.keys import Keys
from lib.payment.settings import Settings
from lib.pulumi_components.network import TierArgs, TieredNetwork
from lib.pulumi_components.policies import AwsContext

HTTPS = 443


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
            nat_gateways=settings.nat_gateways,
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
        self.services = self.group("services", "Endpoints of AWS services, reached from the functions")
        self.between("service-calls", self.functions, self.services, HTTPS, "AWS services: secret, key")
        self.reach_storage("audit-trail", self.functions, "The audit trail, by the endpoint of S3")
        if settings.nat_gateways != "none":
            self.reach("internet", self.functions, "The internet, by NAT")
        self._zones = len(zones) if settings.endpoint_per_zone else 1
        self.endpoints: list[aws.ec2.VpcEndpoint] = []
        self.register_outputs({})

    def open(self, secret_arn: pulumi.Input[str], hash_key: pulumi.Input[str]) -> None:
        """Make two services reachable: Secrets Manager to the function that migrates, KMS to the API's.

        They let through this system's secret and key and no others, and are made after these. S3 has a gateway, Lambda
        takes logs and traces itself, and a token for the database is signed without a call.

        Args:
            secret_arn: of the master user's secret.
            hash_key: the ARN of the key of idempotency keys' hashes.
        """
        subnets = self.ids("functions")[: self._zones]
        self.endpoints = [
            self.endpoint(
                "secrets",
                "secretsmanager",
                self.services,
                subnets,
                allow(["secretsmanager:GetSecretValue"], [secret_arn], Principal="*"),
            ),
            self.endpoint("kms", "kms", self.services, subnets, allow(["kms:GenerateMac"], [hash_key], Principal="*")),
        ]

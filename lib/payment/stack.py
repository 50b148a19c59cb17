"""The payment system as one Pulumi stack: wires the parts, creates nothing itself but the provider and outputs."""

import os
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from lib.payment.api import Api, ApiArgs
from lib.payment.database import Database
from lib.payment.functions import Functions, FunctionsArgs
from lib.payment.keys import Keys
from lib.payment.load_balancer import Balancer
from lib.payment.monitoring import Observability, ObservabilityArgs
from lib.payment.network import Network
from lib.payment.settings import Settings
from lib.payment.storage import Storage
from lib.pulumi_components.configuration import configuration
from lib.pulumi_components.identity import OUTPUT, confirmed_region
from lib.pulumi_components.policies import AwsContext
from lib.pulumi_components.zones import zones


class Payment:  # pylint: disable=too-few-public-methods  # a program, held together by its parts
    """Keys, network, storage, database, functions, API, internal load balancer, observability."""

    def __init__(self, settings: Settings) -> None:
        # Of its own, so that no default provider takes another region from somewhere else.
        provider = aws.Provider(
            "aws",
            region=confirmed_region(settings),
            allowed_account_ids=[settings.account_id] if settings.account_id else None,
            default_tags={"tags": dict(settings.tags)},
        )
        own = pulumi.ResourceOptions(providers={"aws": provider})
        invoke = pulumi.InvokeOptions(provider=provider)
        where = zones(settings.region, invoke)
        context = AwsContext(settings.region, aws.get_caller_identity(opts=invoke).account_id)
        self.settings = settings
        audit = settings.bucket(context.account, "payment-audit")
        self.keys = Keys("keys", settings=settings, context=context, opts=own)
        self.network = Network(
            "network", settings=settings, context=context, zones=where, keys=self.keys, audit_bucket=audit, opts=own
        )
        self.storage = Storage("storage", settings=settings, context=context, keys=self.keys, opts=own)
        self.database = Database(
            "database", settings=settings, context=context, network=self.network, keys=self.keys, opts=own
        )
        self.network.open(self.database.secret_arn, self.keys.hashes.arn)
        self.functions = Functions(
            "functions",
            FunctionsArgs(settings, context, self.network, self.database, self.storage, self.keys),
            own,
        )
        self.api = Api("api", ApiArgs(settings, self.functions, self.keys), own)
        self.balancer = Balancer(
            "balancer",
            settings=settings,
            network=self.network,
            functions=self.functions,
            storage=self.storage,
            opts=own,
        )
        self.observability = Observability(
            "observability",
            ObservabilityArgs(
                settings, context, self.network, self.keys, self.api, self.functions, self.database, self.balancer
            ),
            own,
        )

    def outputs(self) -> dict[str, object]:
        """Return what users and other programs need to know. The caller's key is shown by its id, not its value."""
        return {
            OUTPUT: self.settings.identity,
            "apiUrl": self.api.url,
            "apiKeyId": self.api.key.id,
            "albDnsName": self.balancer.balancer.dns_name,
            "functionName": self.functions.api.name,
            "auditBucket": self.storage.audit.bucket,
            "databaseEndpoint": self.database.instance.address,
            "databaseSecretArn": self.database.secret_arn,
            "alarmTopicArn": self.observability.topic.arn,
            "vpcId": self.network.vpc.id,
            **{f"{tier}SubnetIds": self.network.ids(tier) for tier in self.network.subnets},
        }


def api_log_roles(suffix: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the region of the API, and the role for its logs that earlier versions of the stack declared."""
    settings = Settings.of_stack(suffix, configuration(), environ)
    return {settings.region: settings.name("role", "api-logs")}


def build(suffix: str, environ: Mapping[str, str] = os.environ) -> Payment:
    """Declare the stack that files, configuration and environment describe.

    Raises:
        SettingError: a setting that is refused, before any resource is declared.
    """
    payment = Payment(Settings.of_stack(suffix, configuration(), environ).deployable())
    for name, value in payment.outputs().items():
        pulumi.export(name, value)
    return payment

"""The Flask API as one Pulumi stack: wires the parts, creates nothing itself but the provider and outputs."""

import os
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from lib.flask_api.database import Database, DatabaseArgs
from lib.flask_api.keys import Keys
from lib.flask_api.load_balancer import LoadBalancer, LoadBalancerArgs
from lib.flask_api.migration import Migration, MigrationArgs
from lib.flask_api.monitoring import Observability, ObservabilityArgs
from lib.flask_api.network import Network
from lib.flask_api.registry import Registry, RegistryArgs
from lib.flask_api.service import Service, ServiceArgs
from lib.flask_api.settings import Settings
from lib.pulumi_components.configuration import configuration
from lib.pulumi_components.identity import OUTPUT, confirmed_region
from lib.pulumi_components.policies import AwsContext
from lib.pulumi_components.zones import zones


class FlaskApi:  # pylint: disable=too-few-public-methods  # a program, held together by its parts
    """Network, keys, database, migration, registry, load balancer, service, observability."""

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
        self.keys = Keys("keys", settings=settings, context=context, opts=own)
        self.network = Network("network", settings=settings, context=context, zones=where, keys=self.keys, opts=own)
        self.database = Database("database", DatabaseArgs(settings, context, where, self.network, self.keys), own)
        self.migration = Migration(
            "migration", MigrationArgs(settings, context, self.network, self.database, self.keys), own
        )
        self.registry = Registry("registry", RegistryArgs(settings), own)
        self.balancer = LoadBalancer("balancer", LoadBalancerArgs(settings, context, self.network, self.keys), own)
        self.service = Service(
            "service",
            ServiceArgs(
                settings,
                context,
                self.network,
                self.database,
                self.registry,
                self.balancer,
                self.keys,
                self.migration.schema,
            ),
            own,
        )
        self.observability = Observability(
            "observability",
            ObservabilityArgs(settings, context, self.network, self.keys, self.balancer, self.database, self.service),
            own,
        )

    def outputs(self) -> dict[str, object]:
        """Return what users and other programs need to know."""
        service = self.service.service
        outputs: dict[str, object] = {
            OUTPUT: self.settings.identity,
            "url": self.balancer.url,
            "albDnsName": self.balancer.balancer.dns_name,
            "repositoryUrl": self.registry.repository.repository_url,
            "clusterName": self.service.cluster.name,
            "databaseEndpoint": self.database.cluster.endpoint,
            "databaseReaderEndpoint": self.database.cluster.reader_endpoint,
            "databaseSecretArn": self.database.secret_arn,
            "logGroupName": self.service.logs.name,
            "alarmTopicArn": self.observability.topic.arn,
            "vpcId": self.network.vpc.id,
        }
        if service is None:
            outputs["next"] = "push an image to repositoryUrl, set tap:image to its digest, and run pulumi up again"
        else:
            outputs["serviceName"] = service.name
        return outputs


def build(suffix: str, environ: Mapping[str, str] = os.environ) -> FlaskApi:
    """Declare the stack that files, configuration and environment describe.

    Raises:
        SettingError: a setting that is refused, before any resource is declared.
    """
    api = FlaskApi(Settings.of_stack(suffix, configuration(), environ).deployable())
    for name, value in api.outputs().items():
        pulumi.export(name, value)
    return api

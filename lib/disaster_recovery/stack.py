"""The disaster-recovery system as one CDKTF stack: wires the parts, creates nothing but providers and outputs."""

import os
from collections.abc import Mapping

from cdktf import TerraformOutput, TerraformStack
from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags
from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from constructs import Construct

from lib.common import region
from lib.disaster_recovery import identity, state
from lib.disaster_recovery.alarms import Topic
from lib.disaster_recovery.api import Api
from lib.disaster_recovery.aws_context import AwsContext
from lib.disaster_recovery.database import Database, GlobalDatabase, primary_role, secondary_role
from lib.disaster_recovery.dns import Dns
from lib.disaster_recovery.functions import Compute, Verification
from lib.disaster_recovery.keys import HashKeys, Keys
from lib.disaster_recovery.monitoring import HealthAlarms, Monitoring
from lib.disaster_recovery.network import Network
from lib.disaster_recovery.password import Password
from lib.disaster_recovery.peering import Peering
from lib.disaster_recovery.settings import Settings
from lib.disaster_recovery.table import PaymentsTable

# What earlier versions declared, and the account keeps: a later version may leave this out.
# The provider resets the setting when it destroys it, which would end the logs of every API of the account.
# https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/api_gateway_account
# https://developer.hashicorp.com/terraform/language/block/removed
KEPT = (
    "aws_api_gateway_account.api-primary_account_BDBD94D7",
    "aws_api_gateway_account.api-secondary_account_4E5E7AF8",
)
# Ephemeral values, write-only arguments, and locking of the state by S3 itself.
TERRAFORM = ">= 1.11.0"
OBSERVER = "global"


class DisasterRecovery(TerraformStack):
    """Keys, networks and their peering, database, table, functions, API, records, alarms: in two regions."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        # The fork of CDKTF that lives on asks which Terraform write-only arguments are for; CDKTF itself does not.
        self.node.set_context("targetVersions", {"terraform": TERRAFORM.replace(" ", "")})
        self.settings = settings
        self.add_override("terraform.required_version", TERRAFORM)
        self.add_override("removed", [{"from": address, "lifecycle": {"destroy": False}} for address in KEPT])
        state.declare(self, settings)
        providers = {
            region_config.role: self._provider(region_config.role, region_config.region)
            for region_config in settings.region_configs
        }
        caller = DataAwsCallerIdentity(self, "caller", provider=providers[settings.primary.role])
        self._account = account = caller.account_id
        identity.keep(self, settings, caller)
        first, second = (
            AwsContext(settings, region_config.role, region_config.region, providers[region_config.role], account)
            for region_config in settings.region_configs
        )
        self.contexts = (first, second)
        self.keys = {context.role: Keys(self, f"keys-{context.role}", context=context) for context in self.contexts}
        self.hashes = HashKeys(self, "keys-hashes", context=first, replica=second)
        self.networks = {
            context.role: Network(
                self,
                f"networking-{context.role}",
                context=context,
                region_config=region_config,
                keys=self.keys[context.role],
                hash_key=self.hashes.arns[context.role],
            )
            for context, region_config in zip(self.contexts, settings.region_configs, strict=True)
        }
        Peering(
            self, "peering", contexts=self.contexts, networks=(self.networks[first.role], self.networks[second.role])
        )
        self._data(first, second)
        self._serve()
        self._watch()
        self._outputs()

    def _provider(self, role: str, where: str) -> AwsProvider:
        return AwsProvider(
            self,
            f"aws-{role}",
            alias=role,
            region=where,
            allowed_account_ids=[self.settings.account_id] if self.settings.account_id else None,
            default_tags=[AwsProviderDefaultTags(tags=dict(self.settings.tags))],
        )

    def _data(self, first: AwsContext, second: AwsContext) -> None:
        """Declare what is replicated, in the order that Aurora asks for.

        The secondary cluster joins a global database that has an instance to copy from: it waits for the first one.
        """
        keys = self.keys
        self.table = PaymentsTable(
            self, "table", context=first, keys=keys[first.role], replica=second, replica_keys=keys[second.role]
        )
        password = Password(
            self,
            "password",
            context=first,
            key=keys[first.role].data,
            replica=second,
            replica_key=keys[second.role].data,
        )
        self.whole = GlobalDatabase(self, "global-database", context=first)
        begins = Database(
            self,
            "database-primary",
            context=first,
            network=self.networks[first.role],
            keys=keys[first.role],
            whole=self.whole,
            role=primary_role(password),
            after=[],
        )
        joins = Database(
            self,
            "database-secondary",
            context=second,
            network=self.networks[second.role],
            keys=keys[second.role],
            whole=self.whole,
            role=secondary_role(first.region),
            after=[begins.instances[0]],
        )
        self.databases = {first.role: begins, second.role: joins}

    def _serve(self) -> None:
        self.topics: dict[str, SnsTopic] = {}
        self.functions: dict[str, Compute] = {}
        apis = []
        for context, region_config in zip(self.contexts, self.settings.region_configs, strict=True):
            role, keys = context.role, self.keys[context.role]
            self.topics[role] = Topic(self, f"topic-{role}", context=context, keys=keys).topic
            self.functions[role] = Compute(
                self,
                f"compute-{role}",
                context=context,
                network=self.networks[role],
                database=self.databases[role],
                keys=keys,
                hash_key=self.hashes.arns[role],
            )
            other = next(key for name, key in self.keys.items() if name != role)
            Verification(
                self,
                f"verification-{role}",
                context=context,
                keys=keys,
                other=other,
                topic=self.topics[role],
                whole=self.whole,
            )
            payment = self.functions[role].payment
            apis.append(
                Api(self, f"api-{role}", context=context, region_config=region_config, keys=keys, function=payment)
            )
        self.apis = (apis[0], apis[1])

    def _watch(self) -> None:
        for context in self.contexts:
            Monitoring(self, f"monitoring-{context.role}", context=context, topic=self.topics[context.role])
        dns = Dns(self, "dns", contexts=self.contexts, apis=self.apis)
        context, topic = self._observer()
        HealthAlarms(self, "health", context=context, topic=topic, checks=dns.checks)

    def _observer(self) -> tuple[AwsContext, SnsTopic]:
        """Return where the figures of health checks are, and the topic there: an alarm writes to its own region's.

        https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-health-checks.html
        """
        where = region.global_region(self.settings.primary.region)
        for context in self.contexts:
            if context.region == where:
                return context, self.topics[context.role]
        context = AwsContext(self.settings, OBSERVER, where, self._provider(OBSERVER, where), self._account)
        keys = Keys(self, f"keys-{OBSERVER}", context=context, data=False)
        return context, Topic(self, f"topic-{OBSERVER}", context=context, keys=keys).topic

    def _outputs(self) -> None:
        settings, (first, second) = self.settings, self.contexts
        outputs = {
            "primaryRegion": first.region,
            "secondaryRegion": second.region,
            "apiUrlPrimary": self.apis[0].url,
            "apiUrlSecondary": self.apis[1].url,
            "tableName": self.table.table.name,
            "globalClusterId": self.whole.cluster.global_cluster_identifier,
            "clusterPrimary": self.databases[first.role].cluster.cluster_identifier,
            "clusterSecondary": self.databases[second.role].cluster.cluster_identifier,
            "functionPrimary": self.functions[first.role].payment.function_name,
            "functionSecondary": self.functions[second.role].payment.function_name,
            "topicArnPrimary": self.topics[first.role].arn,
            "topicArnSecondary": self.topics[second.role].arn,
            "hostname": settings.domain_name,
        }
        for name, value in outputs.items():
            TerraformOutput(self, name, value=value)


def api_log_roles(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the regions of the APIs, and the roles for their logs that earlier versions of the stack declared."""
    settings = Settings.read(environ)
    return {one.region: settings.name("role", "api-logs", where=one.region) for one in settings.region_configs}


def build(scope: Construct, environ: Mapping[str, str] = os.environ) -> DisasterRecovery:
    """Add the stack that the files and the environment describe to a CDKTF app.

    Args:
        scope: the app.
        environ: where the settings are.

    Raises:
        SettingError: a setting that is refused, before any resource is declared.
    """
    settings = Settings.read(environ).deployable()
    return DisasterRecovery(scope, settings.name("stack"), settings=settings)

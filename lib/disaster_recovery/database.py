"""Aurora PostgreSQL in two regions: one global database, a cluster in each, TLS for everyone.

What a failover changes is ignored when it comes to differences (``UNTOUCHED``), or the deployment after a failover
would take it back, or fail.
"""

from typing import TypedDict

from cdktf import ITerraformDependable, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.db_subnet_group import DbSubnetGroup
from cdktf_cdktf_provider_aws.rds_cluster import RdsCluster
from cdktf_cdktf_provider_aws.rds_cluster_instance import RdsClusterInstance
from cdktf_cdktf_provider_aws.rds_cluster_parameter_group import (
    RdsClusterParameterGroup,
    RdsClusterParameterGroupParameter,
)
from cdktf_cdktf_provider_aws.rds_global_cluster import RdsGlobalCluster
from constructs import Construct

from lib.common import postgres_parameters, rds_versions
from lib.common.acknowledged import Acknowledged
from lib.common.iam_statements import enhanced_monitoring
from lib.disaster_recovery.aws_context import AwsContext
from lib.disaster_recovery.keys import Keys
from lib.disaster_recovery.logs import log_group
from lib.disaster_recovery.major_version import same_major
from lib.disaster_recovery.network import Network
from lib.disaster_recovery.password import MASTER_USER, Password
from lib.disaster_recovery.policies import service_role
from lib.disaster_recovery.settings import ENGINE

# Or AWS enrols the database in paid support when the version's standard support ends.
LIFECYCLE_SUPPORT = "open-source-rds-extended-support-disabled"
PARAMETERS = {**postgres_parameters.PARAMETERS, "log_connections": "1"}
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Database-Insights.html: what each mode keeps.
INSIGHTS_DAYS = {"standard": 7, "advanced": 465}
MONITORING_SECONDS = 60
UNTOUCHED = [
    # Names the writing cluster in the other one, and changes sides with every failover and switchover.
    "replication_source_identifier",
    # Empty while a lost region's cluster is detached; AWS adds it again by itself, and Terraform cannot.
    "global_cluster_identifier",
    # An upgrade is the global database's: it upgrades its members, which then differ from what they were made with.
    "engine_version",
]
ACKNOWLEDGED = (
    Acknowledged(
        "CKV_AWS_162",
        "aws_rds_cluster.database-*_cluster",
        "No function signs in: the master user's password is in Secrets Manager, and tokens of IAM would be a "
        "second way in, for no user.",
    ),
    Acknowledged(
        "CKV_AWS_226",
        "aws_rds_cluster_instance.database-*_instance-*",
        "A minor version is chosen in lib/common/rds_versions.py, and a global database's members have to keep "
        "the same one; an upgrade by AWS would differ from what is declared.",
    ),
    Acknowledged(
        "CKV_AWS_353",
        "aws_rds_cluster_instance.database-*_instance-*",
        "Aurora's cluster turns it on for its instances, with a key and a retention: "
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Database-Insights.html",
    ),
    Acknowledged(
        "CKV2_AWS_8",
        "aws_rds_cluster.database-*_cluster",
        "Both regions' continuous backups are kept for 35 days in production, with a final snapshot; a plan of AWS "
        "Backup would store and bill them twice.",
    ),
)


class ClusterRole(TypedDict, total=False):
    """What one of the two clusters has alone: the one that the global database begins with, or the one that joins."""

    database_name: str
    master_username: str
    master_password_wo: str
    master_password_wo_version: int
    source_region: str


class GlobalDatabase(Construct):
    """The global database, which a primary cluster begins and a secondary one joins."""

    def __init__(self, scope: Construct, construct_id: str, *, context: AwsContext) -> None:
        super().__init__(scope, construct_id)
        settings = context.settings
        self.cluster = RdsGlobalCluster(
            self,
            "cluster",
            global_cluster_identifier=settings.global_cluster,
            engine=ENGINE,
            engine_version=settings.engine_version,
            engine_lifecycle_support=LIFECYCLE_SUPPORT,
            database_name=settings.database_name,
            storage_encrypted=True,
            deletion_protection=settings.deletion_protection,
            # Whoever may be lost need not be taken apart by hand first.
            force_destroy=not settings.retain_data,
            # Neither can be changed, and whatever reads as another name would replace the global database: one that was
            # made when its identifier did not name the regions keeps the old one.
            lifecycle=context.protected(ignore=["database_name", "global_cluster_identifier"]),
            **context.own("global"),
        )


class Database(Construct):
    """One region's cluster and its instances.

    The primary one has the password; the secondary one gets everything by replication, in blocks of storage that are
    encrypted anew with its own region's key.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        context: AwsContext,
        network: Network,
        keys: Keys,
        whole: GlobalDatabase,
        role: ClusterRole,
        after: list[ITerraformDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        self._aws, self._network, self._keys, self._whole = context, network, keys, whole
        self.cluster = self._cluster(role, after)
        self.instances = self._instances()

    def _parameters(self) -> RdsClusterParameterGroup:
        family = rds_versions.family(ENGINE, self._aws.settings.engine_version)
        return RdsClusterParameterGroup(
            self,
            "parameters",
            # Another family is another group, beside the one that the cluster uses until it is upgraded.
            name=self._aws.name("parameter_group", family),
            family=family,
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
            description="TLS for everyone, slow statements in the log",
            parameter=[RdsClusterParameterGroupParameter(name=name, value=value) for name, value in PARAMETERS.items()],
            **self._aws.own("parameters"),
        )

    def _subnet_group(self) -> DbSubnetGroup:
        return DbSubnetGroup(
            self,
            "subnets",
            name=self._aws.name("subnet_group"),
            description="Subnets of the database",
            subnet_ids=self._network.ids("database"),
            **self._aws.own("database"),
        )

    def _cluster(self, role: ClusterRole, after: list[ITerraformDependable]) -> RdsCluster:
        settings, key = self._aws.settings, self._keys.data.arn
        identifier, retain_data = settings.name("database"), settings.retain_data
        # Made before RDS makes it, for RDS would keep its lines forever.
        logs = log_group(self, "logs", f"/aws/rds/cluster/{identifier}/postgresql", self._aws, self._keys)
        return RdsCluster(
            self,
            "cluster",
            cluster_identifier=identifier,
            global_cluster_identifier=self._whole.cluster.id,
            engine=ENGINE,
            engine_version=self._whole.cluster.engine_version,
            engine_lifecycle_support=LIFECYCLE_SUPPORT,
            port=settings.database_port,
            storage_encrypted=True,
            kms_key_id=key,
            db_subnet_group_name=self._subnet_group().name,
            db_cluster_parameter_group_name=self._parameters().name,
            vpc_security_group_ids=[self._network.database.id],
            backup_retention_period=settings.backup_days,
            preferred_backup_window="02:00-03:00",
            preferred_maintenance_window="sun:03:30-sun:04:30",
            apply_immediately=settings.apply_immediately,
            allow_major_version_upgrade=settings.allow_major_version_upgrade or None,
            copy_tags_to_snapshot=True,
            deletion_protection=settings.deletion_protection,
            skip_final_snapshot=not retain_data,
            # RDS refuses to delete under the name of a snapshot that exists: the network's id is new with each stack.
            final_snapshot_identifier=f"{identifier}-{self._network.vpc.id}-final" if retain_data else None,
            delete_automated_backups=not retain_data,
            enabled_cloudwatch_logs_exports=["postgresql"],
            database_insights_mode=settings.database_insights,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=key,
            performance_insights_retention_period=INSIGHTS_DAYS[settings.database_insights],
            lifecycle=self._aws.protected(ignore=UNTOUCHED, conditions=same_major(settings)),
            depends_on=[logs, *after],
            **self._aws.own("database"),
            **role,
        )

    def _instances(self) -> list[RdsClusterInstance]:
        context, settings = self._aws, self._aws.settings
        names = [settings.name("database", str(number + 1)) for number in range(settings.database_instances)]
        role, policy = self._monitoring(names)
        return [
            RdsClusterInstance(
                self,
                f"instance-{number + 1}",
                identifier=name,
                cluster_identifier=self.cluster.id,
                engine=ENGINE,
                instance_class=settings.database_instance_class,
                publicly_accessible=False,
                promotion_tier=number,
                ca_cert_identifier="rds-ca-rsa2048-g1",
                # The version is pinned: an upgrade by AWS would be a difference that Terraform wants to take back.
                auto_minor_version_upgrade=False,
                apply_immediately=settings.apply_immediately,
                monitoring_interval=MONITORING_SECONDS,
                monitoring_role_arn=role,
                depends_on=[policy],
                **context.own(f"database-{number + 1}"),
            )
            for number, name in enumerate(names)
        ]

    def _monitoring(self, names: list[str]) -> tuple[str, ITerraformDependable]:
        """Return the ARN of enhanced monitoring's role, for these instances only, and its policy."""
        context = self._aws
        role, policy = service_role(
            self,
            "monitoring",
            context=context,
            part="monitoring",
            service="monitoring.rds.amazonaws.com",
            sources=[context.arn("rds", f"db:{name}") for name in names],
            statements=enhanced_monitoring(context.arn("logs", "log-group:RDSOSMetrics")),
        )
        return role.arn, policy


def primary_role(password: Password) -> ClusterRole:
    """Return what only the cluster has that the global database begins with."""
    return {
        "database_name": password.settings.database_name,
        "master_username": MASTER_USER,
        "master_password_wo": password.value,
        "master_password_wo_version": password.settings.password_version,
    }


def secondary_role(source_region: str) -> ClusterRole:
    """Return what only the cluster has that joins: where it is copied from, in the source's own encryption."""
    return {"source_region": source_region}

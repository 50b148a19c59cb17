"""Aurora PostgreSQL: a writer and a reader in different zones; the API signs in by IAM, only RDS knows the password."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from lib.common import rds_versions
from lib.common.acknowledged import Acknowledged
from lib.common.postgres_parameters import PARAMETERS
from lib.flask_api.keys import Keys
from lib.flask_api.network import Network
from lib.flask_api.settings import Settings
from lib.pulumi_components.network import IN_ITS_ZONE
from lib.pulumi_components.policies import AwsContext
from lib.pulumi_components.postgres import MONITORING_SECONDS, final_snapshot, monitoring_role

ENGINE = "aurora-postgresql"
MASTER_USER = "shop_admin"
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Database-Insights.html: what each mode keeps.
INSIGHTS_DAYS = {"standard": 7, "advanced": 465}
INSTANCES = ("writer", "reader")
ACKNOWLEDGED = (
    Acknowledged(
        "CKV_AWS_226",
        "aws_rds_cluster_instance.*",
        "A minor version is chosen in lib/common/rds_versions.py and tried in another environment first; an "
        "upgrade by AWS would differ from what is declared.",
    ),
    Acknowledged(
        "CKV_AWS_353",
        "aws_rds_cluster_instance.*",
        "Aurora's cluster turns it on for its instances, with a key and a retention: "
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Database-Insights.html",
    ),
    Acknowledged(
        "CKV2_AWS_8",
        "aws_rds_cluster.cluster",
        "Aurora's own continuous backups are kept for 35 days in production, with a final snapshot; a plan of AWS "
        "Backup would store and bill them twice.",
    ),
)


@dataclass(frozen=True)
class DatabaseArgs:
    """What a database is made of."""

    settings: Settings
    context: AwsContext
    zones: list[str]
    network: Network
    keys: Keys


class Database(pulumi.ComponentResource):
    """Cluster, two instances, parameters, log group."""

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("tap:flask-api:Database", name, {}, opts)
        self._args, self._own = args, pulumi.ResourceOptions(parent=self)
        self.cluster = self._cluster()
        self.instances = self._instances()
        self.secret_arn: pulumi.Output[str] = self.cluster.master_user_secrets.apply(
            lambda secrets: str(secrets[0].secret_arn)
        )
        self.register_outputs({})

    def _parameters(self) -> aws.rds.ClusterParameterGroup:
        settings = self._args.settings
        family = rds_versions.family(ENGINE, settings.engine_version)
        return aws.rds.ClusterParameterGroup(
            "parameters",
            # Another family is another group, beside the one that the cluster uses until it is upgraded.
            name=settings.name("parameter_group", family),
            family=family,
            description="TLS for everyone, slow statements in the log",
            parameters=[{"name": name, "value": value} for name, value in PARAMETERS.items()],
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False),
        )

    def _cluster(self) -> aws.rds.Cluster:
        settings, keys, network = self._args.settings, self._args.keys, self._args.network
        identifier = settings.name("database")
        subnets = aws.rds.SubnetGroup(
            "subnets",
            name=settings.name("subnet_group"),
            description="Subnets of the database",
            subnet_ids=network.ids("database"),
            opts=self._own,
        )
        # Made before RDS makes it, for RDS would keep its lines forever.
        logs = aws.cloudwatch.LogGroup(
            "postgresql",
            name=f"/aws/rds/cluster/{identifier}/postgresql",
            retention_in_days=settings.log_days,
            kms_key_id=keys.operations.arn,
            opts=self._own,
        )
        return aws.rds.Cluster(
            "cluster",
            cluster_identifier=identifier,
            engine=ENGINE,
            engine_version=settings.engine_version,
            # Or AWS enrols the cluster in paid support when the version's standard support ends.
            engine_lifecycle_support="open-source-rds-extended-support-disabled",
            # Without it RDS refuses a version of another major version.
            allow_major_version_upgrade=settings.allow_major_version_upgrade or None,
            database_name=settings.database_name,
            port=settings.database_port,
            master_username=MASTER_USER,
            manage_master_user_password=True,  # in no program, no state, no output: RDS keeps and rotates it
            master_user_secret_kms_key_id=keys.database.arn,
            iam_database_authentication_enabled=True,
            storage_encrypted=True,
            kms_key_id=keys.database.arn,
            db_subnet_group_name=subnets.name,
            db_cluster_parameter_group_name=self._parameters().name,
            vpc_security_group_ids=[network.database.id],
            backup_retention_period=settings.backup_days,
            preferred_backup_window="02:00-03:00",
            preferred_maintenance_window="sun:03:30-sun:04:30",
            apply_immediately=settings.apply_immediately,
            copy_tags_to_snapshot=True,
            deletion_protection=settings.deletion_protection,
            skip_final_snapshot=not settings.retain_data,
            final_snapshot_identifier=final_snapshot(identifier, network.vpc) if settings.retain_data else None,
            delete_automated_backups=not settings.retain_data,
            enabled_cloudwatch_logs_exports=["postgresql"],
            database_insights_mode=settings.database_insights,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=keys.database.arn,
            performance_insights_retention_period=INSIGHTS_DAYS[settings.database_insights],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs], protect=settings.deletion_protection),
        )

    def _instances(self) -> list[aws.rds.ClusterInstance]:
        settings = self._args.settings
        names = [settings.name("database", part) for part in INSTANCES]
        role, policy = monitoring_role(settings.name("role", "monitoring"), names, self._args.context, self._own)
        return [
            aws.rds.ClusterInstance(
                part,
                identifier=settings.name("database", part),
                cluster_identifier=self.cluster.id,
                engine=aws.rds.EngineType.AURORA_POSTGRESQL,
                engine_version=self.cluster.engine_version,
                instance_class=settings.database_instance_class,
                availability_zone=zone,
                publicly_accessible=False,
                promotion_tier=number,
                ca_cert_identifier="rds-ca-rsa2048-g1",
                # The version is pinned: an upgrade by AWS would be a difference that Pulumi wants to take back.
                auto_minor_version_upgrade=False,
                apply_immediately=settings.apply_immediately,
                monitoring_interval=MONITORING_SECONDS,
                monitoring_role_arn=role.arn,
                opts=pulumi.ResourceOptions.merge(
                    pulumi.ResourceOptions(parent=self, depends_on=[policy]), IN_ITS_ZONE
                ),
            )
            for number, (part, zone) in enumerate(zip(INSTANCES, self._args.zones, strict=False))
        ]

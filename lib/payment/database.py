"""RDS PostgreSQL: encrypted with its own key, over TLS only; functions sign in by IAM, only RDS knows the password."""

import pulumi
import pulumi_aws as aws

from lib.common import rds_versions
from lib.common.acknowledged import Acknowledged
from lib.common.postgres_parameters import PARAMETERS
from lib.common.settings import STORAGE_GIB
from lib.payment.keys import Keys
from lib.payment.network import Network
from lib.payment.settings import Settings
from lib.pulumi_components.policies import AwsContext
from lib.pulumi_components.postgres import MONITORING_SECONDS, final_snapshot, monitoring_role

ENGINE = "postgres"
MASTER_USER = "payment_admin"
INSIGHTS_DAYS = 7  # what the standard mode of Database Insights keeps
ACKNOWLEDGED = (
    Acknowledged(
        "CKV_AWS_226",
        "aws_db_instance.instance",
        "A minor version is chosen in lib/common/rds_versions.py and tried in another environment first; an "
        "upgrade by AWS would differ from what is declared.",
    ),
)


class Database(pulumi.ComponentResource):
    """Instance, parameters, log groups."""

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        context: AwsContext,
        network: Network,
        keys: Keys,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("tap:payment:Database", name, {}, opts)
        own = pulumi.ResourceOptions(parent=self)
        identifier = settings.name("database")
        subnets = aws.rds.SubnetGroup(
            "subnets",
            name=settings.name("subnet_group"),
            description="Subnets of the database",
            subnet_ids=network.ids("database"),
            opts=own,
        )
        family = rds_versions.family(ENGINE, settings.engine_version)
        parameters = aws.rds.ParameterGroup(
            "parameters",
            # Another family is another group, beside the one that the instance uses until it is upgraded.
            name=settings.name("parameter_group", family),
            family=family,
            description="TLS for everyone, slow statements in the log",
            parameters=[{"name": name, "value": value} for name, value in PARAMETERS.items()],
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False),
        )
        logs = [
            aws.cloudwatch.LogGroup(
                kind,
                name=f"/aws/rds/instance/{identifier}/{kind}",
                retention_in_days=settings.log_days,
                kms_key_id=keys.operations.arn,
                opts=own,
            )
            for kind in ("postgresql", "upgrade")
        ]
        role, policy = monitoring_role(settings.name("role", "monitoring"), [identifier], context, own)
        self.instance = aws.rds.Instance(
            "instance",
            identifier=identifier,
            engine=ENGINE,
            engine_version=settings.engine_version,
            # Or AWS enrols the instance in paid support when the version's standard support ends.
            engine_lifecycle_support="open-source-rds-extended-support-disabled",
            instance_class=settings.database_instance_class,
            allocated_storage=STORAGE_GIB,
            max_allocated_storage=settings.storage_limit_gib,
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=keys.database.arn,
            multi_az=settings.database_multi_az,
            publicly_accessible=False,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[network.database.id],
            parameter_group_name=parameters.name,
            db_name=settings.database_name,
            port=settings.database_port,
            username=MASTER_USER,
            manage_master_user_password=True,  # in no program, no state, no output: RDS keeps and rotates it
            master_user_secret_kms_key_id=keys.database.key_id,
            iam_database_authentication_enabled=True,
            ca_cert_identifier="rds-ca-rsa2048-g1",
            backup_retention_period=settings.backup_days,
            backup_window="02:00-03:00",
            maintenance_window="sun:03:30-sun:04:30",
            apply_immediately=settings.apply_immediately,
            # The version is pinned: an upgrade by AWS would be a difference that Pulumi wants to take back.
            auto_minor_version_upgrade=False,
            # Without it RDS refuses a version of another major version.
            allow_major_version_upgrade=settings.allow_major_version_upgrade or None,
            copy_tags_to_snapshot=True,
            deletion_protection=settings.deletion_protection,
            skip_final_snapshot=not settings.retain_data,
            final_snapshot_identifier=final_snapshot(identifier, network.vpc) if settings.retain_data else None,
            delete_automated_backups=not settings.retain_data,
            enabled_cloudwatch_logs_exports=["postgresql", "upgrade"],
            database_insights_mode="standard",
            performance_insights_enabled=True,
            performance_insights_kms_key_id=keys.database.arn,
            performance_insights_retention_period=INSIGHTS_DAYS,
            monitoring_interval=MONITORING_SECONDS,
            monitoring_role_arn=role.arn,
            # RDS would make the log groups itself, and keep their lines forever.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy, *logs], protect=settings.deletion_protection),
        )
        self.secret_arn: pulumi.Output[str] = self.instance.master_user_secrets.apply(
            lambda secrets: str(secrets[0].secret_arn)
        )
        self.register_outputs({})

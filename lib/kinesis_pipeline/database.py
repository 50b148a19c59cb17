"""PostgreSQL on RDS: Multi-AZ, encrypted; applications sign in by IAM, and only AWS knows the master password."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from constructs import Construct

from lib.common import rds_versions
from lib.common.acknowledged import Acknowledged
from lib.common.postgres_parameters import PARAMETERS
from lib.common.settings import LOG_DAYS, STORAGE_GIB
from lib.kinesis_pipeline.keys import Keys
from lib.kinesis_pipeline.network import Network
from lib.kinesis_pipeline.settings import Settings

LOG_EXPORTS = ("postgresql", "upgrade")
ACKNOWLEDGED = (
    Acknowledged(
        "CKV_AWS_118",
        "AWS::RDS::DBInstance.DatabaseInstance*",
        "Database Insights and the instance's own metrics tell what the alarms need; enhanced monitoring writes to "
        "RDSOSMetrics, a log group of the account's that outlives the stack.",
    ),
)


class Database(Construct):
    """The instance, its parameter group and its log groups.

    RDS makes the master password, keeps it in Secrets Manager and rotates it every seven days
    (``manage_master_user_password``), so that no template, state or person ever holds it. It is the migrations' alone.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, network: Network, keys: Keys
    ) -> None:
        super().__init__(scope, construct_id)
        identifier = settings.name("database")
        retain_data = settings.retain_data
        # RDS would create these groups itself, without retention and without a key.
        groups = [self._log_group(settings, keys, identifier, export) for export in LOG_EXPORTS]
        version = settings.engine_version
        engine = rds.DatabaseInstanceEngine.postgres(
            version=rds.PostgresEngineVersion.of(version, rds_versions.major(version))
        )
        self.instance = rds.DatabaseInstance(
            self,
            "Instance",
            instance_identifier=identifier,
            engine=engine,
            engine_lifecycle_support=rds.EngineLifecycleSupport.OPEN_SOURCE_RDS_EXTENDED_SUPPORT_DISABLED,
            instance_type=ec2.InstanceType(settings.database_instance_class.removeprefix("db.")),
            vpc=network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_groups=[network.database],
            publicly_accessible=False,
            multi_az=True,
            port=settings.database_port,
            database_name=settings.database_name,
            # CDK takes the user's name from here; "admin" is reserved by PostgreSQL on RDS.
            credentials=rds.Credentials.from_username("pipeline_admin", encryption_key=keys.database),
            manage_master_user_password=True,
            iam_authentication=True,
            storage_type=rds.StorageType.GP3,
            allocated_storage=STORAGE_GIB,
            max_allocated_storage=settings.storage_limit_gib,
            storage_encrypted=True,
            storage_encryption_key=keys.database,
            ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,
            parameter_group=self._parameters(engine, settings),
            backup_retention=cdk.Duration.days(settings.backup_days),
            delete_automated_backups=not retain_data,
            copy_tags_to_snapshot=True,
            deletion_protection=settings.deletion_protection,
            removal_policy=cdk.RemovalPolicy.SNAPSHOT if retain_data else cdk.RemovalPolicy.DESTROY,
            apply_immediately=settings.apply_immediately,
            auto_minor_version_upgrade=False,
            allow_major_version_upgrade=settings.allow_major_version_upgrade,
            cloudwatch_logs_exports=list(LOG_EXPORTS),
            database_insights_mode=rds.DatabaseInsightsMode.STANDARD,
            enable_performance_insights=True,
            performance_insight_retention=rds.PerformanceInsightRetention.DEFAULT,
            performance_insight_encryption_key=keys.database,
        )
        self.instance.node.add_dependency(*groups)
        self._acknowledge(settings.deletion_protection)

    def _acknowledge(self, protected: bool) -> None:
        exceptions = {"RDS11": "Isolated subnets and a security group guard the port; another number would not."}
        if not protected:
            exceptions["RDS10"] = "An environment that is made to be destroyed; production is protected."
        for rule, reason in exceptions.items():
            cdk.Validations.of(self.instance).acknowledge(
                cdk.Acknowledgment(id=f"AwsSolutions::AwsSolutions-{rule}", reason=reason)
            )

    def _log_group(self, settings: Settings, keys: Keys, identifier: str, export: str) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            f"{export.capitalize()}Logs",
            log_group_name=f"/aws/rds/instance/{identifier}/{export}",
            retention=retention(settings.log_days),
            encryption_key=keys.operations,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )

    def _parameters(self, engine: rds.IInstanceEngine, settings: Settings) -> rds.ParameterGroup:
        return rds.ParameterGroup(
            self,
            "Parameters",
            engine=engine,
            # CloudFormation makes another family's group beside the one that the instance uses until it is upgraded.
            name=settings.name("parameter_group", rds_versions.family("postgres", settings.engine_version)),
            description="TLS for every connection; slow statements in the log",
            parameters=PARAMETERS,
        )


def retention(days: int) -> logs.RetentionDays:
    """Return CDK's name for a retention of so many days: it has one for each that CloudWatch Logs takes, in order."""
    return list(logs.RetentionDays)[LOG_DAYS.index(days)]

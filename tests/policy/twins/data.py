"""Twins of the rules on databases, keys, buckets and what production keeps."""

from collections.abc import Iterator
from typing import Any

from lib.common.postgres_parameters import PARAMETERS
from tests.policy.cases import REMOVED, Twin
from tests.policy.rule import Check
from tests.policy.rules import databases, encryption, production, storage
from tests.policy.spelling import KeptTwin, LoggedTwin, StackTwin, database, everywhere

GROUPS = (
    ("cdk", "AWS::RDS::DBParameterGroup"),
    ("cdktf", "aws_rds_cluster_parameter_group"),
    ("pulumi", "aws:rds/clusterParameterGroup:ClusterParameterGroup"),
)
INSTANCES = (
    ("cdk", "AWS::RDS::DBInstance"),
    ("cdktf", "aws_rds_cluster_instance"),
    ("pulumi", "aws:rds/clusterInstance:ClusterInstance"),
)
AUDIT = "payment"  # the system whose buckets keep what is written


def parameters(check: Check, name: str, value: str = "") -> Iterator[Twin]:
    """Yield a twin of a parameter group in each tool, with another value or without one."""
    changed = {key: text for key, text in {**PARAMETERS, name: value}.items() if text}
    for tool, kind in GROUPS:
        if tool == "cdk":
            yield Twin(check, tool, kind, "", {"Parameters": changed})
        else:
            yield Twin(check, tool, kind, "", {"parameter*": [{"name": key, "value": changed[key]} for key in changed]})


def instances(check: Check, *changes: dict[str, Any]) -> Iterator[Twin]:
    """Yield a twin of an instance in each tool."""
    for (tool, kind), change in zip(INSTANCES, changes, strict=True):
        yield Twin(check, tool, kind, "", change)


def bucket(
    check: Check, part: str, cdk: dict[str, Any], cdktf: dict[str, Any], pulumi: dict[str, Any]
) -> Iterator[Twin]:
    """Yield a twin of a part of a bucket in each tool: the CDK declares them in the bucket."""
    name = "".join(word.capitalize() for word in part.split("_"))
    yield Twin(check, "cdk", "AWS::S3::Bucket", "", cdk)
    yield Twin(check, "cdktf", f"aws_s3_bucket_{part}", "", cdktf)
    yield Twin(check, "pulumi", f"aws:s3/bucket{name}:Bucket{name}", "audit", pulumi, AUDIT)


ENCRYPTION = "BucketEncryption.ServerSideEncryptionConfiguration.0"
RULES = "LifecycleConfiguration.Rules"
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"

TWINS: list[Twin] = [
    *parameters(databases.database_parameters, "rds.force_ssl", "0"),
    *parameters(databases.database_parameters, "log_lock_wiats", "1"),
    *parameters(databases.database_parameters, "log_lock_waits", "2"),
    *parameters(databases.database_parameters, "log_statement", "all"),
    *parameters(databases.database_parameters, "log_min_duration_statement", "-1"),
    *parameters(databases.database_parameters, "log_min_error_statement", "error"),
    *parameters(databases.database_parameters, "log_parameter_max_length"),
    *(
        Twin(databases.parameter_families, tool, kind, "", {"Family" if tool == "cdk" else "family": family})
        for tool, kind in GROUPS
        for family in ("postgres9", "postgres18", "aurora-postgresql18")
    ),
    Twin(databases.passwords, "cdk", "AWS::RDS::DBInstance", "", {"ManageMasterUserPassword": False}),
    Twin(databases.passwords, "cdktf", "aws_rds_cluster", "", {"manage_master_user_password": True}),
    Twin(databases.passwords, "cdktf", "aws_rds_cluster", "", {"master_password": "x", "master_password_wo": REMOVED}),
    Twin(databases.passwords, "pulumi", "aws:rds/cluster:Cluster", "", {"manageMasterUserPassword": False}),
    Twin(databases.passwords, "pulumi", "aws:rds/instance:Instance", "", {"password": "x"}),
    *database(databases.engines, {"EngineVersion": "15.4"}),
    *database(databases.engines, {"Engine": "postgers"}),
    *database(databases.engines, {"EngineLifecycleSupport": "open-source-rds-extended-support"}),
    *instances(
        databases.engines,
        {"AutoMinorVersionUpgrade": True},
        {"auto_minor_version_upgrade": True},
        {"autoMinorVersionUpgrade": True},
    ),
    *instances(
        databases.instance_classes,
        {"DBInstanceClass": "db.t4g.medum"},
        {"instance_class": "db.t4g.medium"},
        {"instanceClass": "db.r6.lagre"},
    ),
    *instances(
        databases.changes_wait_in_production,
        {"ApplyImmediately": True},
        {"apply_immediately": True},
        {"applyImmediately": True},
    ),
    *instances(
        databases.changes_wait_in_production,
        {"ApplyImmediately": REMOVED},
        {"apply_immediately": REMOVED},
        {"applyImmediately": REMOVED},
    ),
    Twin(databases.changes_wait_in_production, "cdktf", "aws_rds_cluster", "", {"apply_immediately": True}),
    Twin(databases.changes_wait_in_production, "pulumi", "aws:rds/cluster:Cluster", "", {"applyImmediately": True}),
    Twin(databases.changes_wait_in_production, "pulumi", "aws:rds/instance:Instance", "", {"applyImmediately": True}),
    Twin(databases.windows, "cdk", "AWS::RDS::DBInstance", "", {"PreferredMaintenanceWindow": "sun:03:30-sun:03:40"}),
    Twin(databases.windows, "cdktf", "aws_rds_cluster", "", {"preferred_backup_window": "2:00-3:00"}),
    Twin(
        databases.windows,
        "pulumi",
        "aws:rds/cluster:Cluster",
        "",
        {"preferredMaintenanceWindow": "sun:02:30-sun:03:30"},
    ),
    Twin(databases.windows, "pulumi", "aws:rds/instance:Instance", "", {"maintenanceWindow": "snu:03:30-sun:04:30"}),
    Twin(databases.windows, "pulumi", "aws:rds/instance:Instance", "", {"backupWindow": "02:00-02:61"}),
    Twin(databases.exported_logs, "cdk", "AWS::RDS::DBInstance", "", {"EnableCloudwatchLogsExports": ["postgers"]}),
    Twin(databases.exported_logs, "cdktf", "aws_rds_cluster", "", {"enabled_cloudwatch_logs_exports": []}),
    Twin(databases.exported_logs, "pulumi", "aws:cloudwatch/logGroup:LogGroup", "postgresql", {}),
    Twin(databases.single_zones, "cdk", "AWS::RDS::DBInstance", "", {"MultiAZ": False}),
    *(
        Twin(databases.single_zones, "cdktf", "aws_rds_cluster_instance", part, {"cluster_identifier": "another"})
        for part in ("database-primary/instance-1", "database-secondary/instance-1")
    ),
    Twin(
        databases.single_zones,
        "pulumi",
        "aws:rds/clusterInstance:ClusterInstance",
        "reader",
        {"availabilityZone": "eu-south-1a"},
    ),
    *everywhere(encryption.data_without_own_key, "log_group", {"KmsKeyId": REMOVED}),
    Twin(
        encryption.data_without_own_key,
        "cdk",
        "AWS::Kinesis::Stream",
        "",
        {"StreamEncryption.KeyId": "alias/aws/kinesis"},
    ),
    Twin(
        encryption.data_without_own_key,
        "cdktf",
        "aws_rds_cluster",
        "database-secondary",
        {"kms_key_id": "${aws_kms_key.keys-primary_data_D17BB9D2.arn}"},
    ),
    *database(encryption.unencrypted_databases, {"StorageEncrypted": False}),
    Twin(
        encryption.tables_without_own_key,
        "cdktf",
        "aws_dynamodb_table",
        "",
        {"replica.0.kms_key_arn": REMOVED},
    ),
    Twin(
        encryption.tables_without_own_key, "cdktf", "aws_dynamodb_table", "", {"server_side_encryption.enabled": False}
    ),
    *bucket(
        encryption.bucket_encryption,
        "server_side_encryption_configuration",
        {f"{ENCRYPTION}.ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}},
        {"rule.0.apply_server_side_encryption_by_default.sse_algorithm": "aws:kmz"},
        {"rules.0.bucketKeyEnabled": False},
    ),
    Twin(
        encryption.bucket_encryption,
        "pulumi",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "logs",
        {},
    ),
    *everywhere(
        encryption.plain_text,
        "bucket_policy",
        {"PolicyDocument.Statement": lambda statements: [{**s, "Effect": "Allow"} for s in statements]},
    ),
    *everywhere(
        encryption.plain_text,
        "topic_policy",
        {"PolicyDocument.Statement": lambda statements: [s for s in statements if s["Effect"] == "Allow"]},
    ),
    *everywhere(encryption.plain_text, "bucket_policy", {}),
    *database(production.unprotected, {"DeletionProtection": False}),
    Twin(production.unprotected, "pulumi", "aws:lb/loadBalancer:LoadBalancer", "", {"enableDeletionProtection": False}),
    Twin(production.unprotected, "cdktf", "aws_dynamodb_table", "", {"deletion_protection_enabled": False}),
    StackTwin(production.unprotected_from_the_tool, "cdk", "", "", {"protected": False}),
    *(
        Twin(production.unprotected_from_the_tool, "cdktf", kind, "", {"lifecycle.prevent_destroy": value})
        for kind, value in (
            ("aws_dynamodb_table", False),
            ("aws_kms_key", REMOVED),
            ("aws_rds_cluster", False),
            ("aws_rds_global_cluster", REMOVED),
            ("aws_s3_bucket", False),
            ("aws_secretsmanager_secret", REMOVED),
        )
    ),
    *(
        KeptTwin(production.unprotected_from_the_tool, "pulumi", kind, "", {"protect": False})
        for kind in ("aws:ecr/repository:Repository", "aws:kms/key:Key", "aws:rds/cluster:Cluster")
    ),
    KeptTwin(production.unprotected_from_the_tool, "pulumi", "aws:rds/instance:Instance", "", {"protect": False}),
    KeptTwin(production.unprotected_from_the_tool, "pulumi", "aws:s3/bucket:Bucket", "audit", {"protect": False}),
    StackTwin(production.any_account, "cdk", "", "", {"accounts": []}),
    Twin(production.any_account, "cdktf", "provider", "", {"allowed_account_ids": REMOVED}),
    Twin(production.any_account, "pulumi", "pulumi:providers:aws", "", {"allowedAccountIds": ["210987654321"]}),
    Twin(production.unheard, "cdk", "AWS::SNS::Subscription", "", {}),
    Twin(production.unheard, "cdk", "AWS::CloudWatch::Alarm", "", {"AlarmActions": []}),
    Twin(production.unheard, "cdktf", "aws_sns_topic_subscription", "", {}),
    Twin(production.unheard, "pulumi", "aws:sns/topicSubscription:TopicSubscription", "", {}),
    Twin(
        production.locks_without_their_key,
        "pulumi",
        "aws:kms/key:Key",
        "audit",
        {"policy.Statement.1.Action": "kms:Get*"},
    ),
    Twin(production.locks_without_their_key, "cdk", "AWS::S3::Bucket", "", {"ObjectLockEnabled": True}),
    Twin(production.locks_without_their_key, "cdktf", "aws_s3_bucket", "", {"object_lock_enabled": True}),
    Twin(production.lost_with_the_stack, "cdk", "AWS::RDS::DBInstance", "", {"DeleteAutomatedBackups": True}),
    Twin(production.lost_with_the_stack, "cdktf", "aws_rds_cluster", "", {"skip_final_snapshot": True}),
    Twin(production.lost_with_the_stack, "pulumi", "aws:rds/cluster:Cluster", "", {"skipFinalSnapshot": True}),
    Twin(production.lost_with_the_stack, "pulumi", "aws:rds/instance:Instance", "", {"deleteAutomatedBackups": True}),
    *database(production.backups, {"BackupRetentionPeriod": 1}),
    Twin(production.table_recovery, "cdktf", "aws_dynamodb_table", "", {"point_in_time_recovery.enabled": False}),
    Twin(production.table_recovery, "cdktf", "aws_dynamodb_table", "", {"replica.0.point_in_time_recovery": False}),
    Twin(production.kept_in_production, "cdktf", "aws_s3_bucket", "", {"force_destroy": True}),
    KeptTwin(production.kept_in_production, "cdk", "AWS::KMS::Key", "", {"DeletionPolicy": "Retain"}),
    KeptTwin(production.kept_in_production, "cdk", "AWS::S3::Bucket", "", {"DeletionPolicy": "Delete"}),
    KeptTwin(production.kept_in_production, "pulumi", "aws:kms/key:Key", "", {"retainOnDelete": False}),
    *bucket(
        storage.open_buckets,
        "public_access_block",
        {"PublicAccessBlockConfiguration.BlockPublicAcls": False},
        {"block_public_policy": False},
        {"restrictPublicBuckets": False},
    ),
    Twin(storage.open_buckets, "pulumi", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "logs", {}),
    *bucket(
        storage.open_buckets,
        "ownership_controls",
        {"OwnershipControls.Rules.0.ObjectOwnership": "ObjectWriter"},
        {"rule.object_ownership": "ObjectWriter"},
        {"rule.objectOwnership": "BucketOwnerEnforcde"},
    ),
    *everywhere(
        storage.public_policies,
        "bucket_policy",
        {"PolicyDocument.Statement": lambda s: [*s, {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"]}]},
    ),
    *bucket(
        storage.bucket_versions,
        "versioning",
        {"VersioningConfiguration.Status": "Suspended"},
        {"versioning_configuration.status": "Enablde"},
        {"versioningConfiguration.status": "Suspended"},
    ),
    Twin(storage.bucket_versions, "pulumi", LOCK, "", {"rule.defaultRetention.mode": "GOVERNANCE"}),
    Twin(storage.bucket_versions, "pulumi", LOCK, "", {"rule.defaultRetention.days": 0}),
    Twin(storage.bucket_versions, "pulumi", "aws:s3/bucket:Bucket", "audit", {"objectLockEnabled": False}, AUDIT),
    *bucket(
        storage.bucket_ends,
        "lifecycle_configuration",
        {f"{RULES}.0.Status": "Disabled"},
        {"rule.0.status": "Enablde"},
        {"rules.0.transitions": [{"storageClass": "STANDARD_AI", "days": 30}]},
    ),
    *bucket(
        storage.bucket_ends,
        "lifecycle_configuration",
        {f"{RULES}.0.ExpirationInDays": 0},
        {"rule.0.expiration": REMOVED},
        {"rules.0.transitions": [{"storageClass": "STANDARD_IA", "days": 7}]},
    ),
    *bucket(
        storage.bucket_ends,
        "lifecycle_configuration",
        {f"{RULES}.0.AbortIncompleteMultipartUpload": REMOVED},
        {"rule.0.noncurrent_version_expiration": REMOVED},
        {"rules.0.abortIncompleteMultipartUpload": REMOVED},
    ),
    *bucket(
        storage.bucket_ends,
        "lifecycle_configuration",
        {f"{RULES}.0.Transitions": [{"StorageClass": "GLACIER_IR", "TransitionInDays": 90}]},
        {"rule.0.transition": [{"storage_class": "GLACIER_IR", "days": 90}]},
        {"rules.0.transitions": [{"storageClass": "GLACIER_IR", "days": 90}]},
    ),
    Twin(storage.bucket_logs, "cdk", "AWS::S3::Bucket", "", {"LoggingConfiguration": {"DestinationBucketName": "x"}}),
    LoggedTwin(
        storage.bucket_logs, "cdktf", "aws_s3_bucket", "", {"target_bucket": "elsewhere", "target_prefix": "x/"}
    ),
    Twin(storage.bucket_logs, "pulumi", "aws:s3/bucketLogging:BucketLogging", "", {"targetPrefix": "audti-access/"}),
    Twin(storage.bucket_logs, "pulumi", "aws:s3/bucketLogging:BucketLogging", "", {"targetBucket": "elsewhere"}),
    Twin(storage.streams, "cdk", "AWS::Kinesis::Stream", "", {"StreamEncryption.EncryptionType": "NONE"}),
    Twin(storage.streams, "cdk", "AWS::Kinesis::Stream", "", {"RetentionPeriodHours": 9000}),
    Twin(storage.streams, "cdk", "AWS::Kinesis::Stream", "", {"StreamModeDetails.StreamMode": "ON_DEMAND"}),
    Twin(storage.repositories, "pulumi", "aws:ecr/repository:Repository", "", {"imageTagMutability": "MUTABLE"}),
    Twin(
        storage.repositories,
        "pulumi",
        "aws:ecr/repository:Repository",
        "",
        {"imageScanningConfiguration.scanOnPush": False},
    ),
    Twin(storage.repositories, "pulumi", "aws:ecr/lifecyclePolicy:LifecyclePolicy", "", {}),
    Twin(
        storage.repositories,
        "pulumi",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "",
        {"policy.rules.0.selection.countType": "sinceImagePusehd"},
    ),
    Twin(storage.tables, "cdktf", "aws_dynamodb_table", "", {"stream_view_type": "NEW_IMAGE"}),
    Twin(storage.tables, "cdktf", "aws_dynamodb_table", "", {"billing_mode": "PROVISIONED"}),
    Twin(storage.tables, "cdktf", "aws_dynamodb_table", "", {"hash_key": "kp"}),
    Twin(storage.tables, "cdktf", "aws_dynamodb_table", "", {"replica": []}),
    Twin(storage.tables, "cdktf", "aws_dynamodb_table", "", {"global_secondary_index.0.projection_type": "KEYS_OLNY"}),
    *everywhere(storage.keys, "key", {"EnableKeyRotation": False}),
    Twin(storage.keys, "cdk", "AWS::KMS::Key", "", {"PendingWindowInDays": 3}),
    Twin(storage.keys, "pulumi", "aws:kms/key:Key", "hashes", {"enableKeyRotation": True}, "payment"),
    Twin(storage.keys, "pulumi", "aws:kms/key:Key", "hashes", {"keyUsage": "SIGN_VERIFY"}, "payment"),
    Twin(storage.keys, "cdktf", "aws_kms_key", "data", {"multi_region": True}),
    Twin(storage.keys, "cdktf", "aws_kms_key", "hashes", {"multi_region": REMOVED}),
    Twin(storage.keys, "cdktf", "aws_kms_replica_key", "", {"primary_key_arn": "arn:aws:kms:eu-north-1:1:key/x"}),
    Twin(storage.keys, "cdktf", "aws_kms_replica_key", "", {"enabled": False}),
    Twin(storage.subscriptions, "cdk", "AWS::SNS::Subscription", "", {"Protocol": "emial"}),
    Twin(storage.subscriptions, "cdktf", "aws_sns_topic_subscription", "", {"endpoint": "team.example.com"}),
    Twin(storage.subscriptions, "pulumi", "aws:sns/topicSubscription:TopicSubscription", "", {"topic": "x"}),
]

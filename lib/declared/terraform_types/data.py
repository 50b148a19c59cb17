"""RDS, DynamoDB, S3, Secrets Manager.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_RDS.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-globaltable.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html
"""

from lib.declared.model import DeclarationError
from lib.declared.terraform_expressions import RANDOM
from lib.declared.terraform_types.model import Context, Json, Owner, ResourceType, block, blocks

RDS, S3 = "AWS::RDS::", "AWS::S3::"
# What Terraform does on destroy; CloudFormation has a DeletionPolicy.
_RDS_OPTIONS = frozenset({"final_snapshot_identifier", "skip_final_snapshot"})
# Of a write-only argument, the number that tells Terraform that it has changed.
_WRITE_ONLY = frozenset({"master_password_wo_version", "password_wo_version", "secret_string_wo_version"})
_DATABASE = {
    "enabled_cloudwatch_logs_exports": "EnableCloudwatchLogsExports",
    "iam_database_authentication_enabled": "EnableIAMDatabaseAuthentication",
    "master_user_secret_kms_key_id": "MasterUserSecret.KmsKeyId",
}
_INSTANCE = {
    **_DATABASE,
    "ca_cert_identifier": "CACertificateIdentifier",
    "performance_insights_enabled": "EnablePerformanceInsights",
    "identifier": "DBInstanceIdentifier",
    "instance_class": "DBInstanceClass",
    "cluster_identifier": "DBClusterIdentifier",
}


def _parameters(body: Json, _context: Context) -> Json:
    """Return parameters as one object. When each is applied (apply_method) stays Terraform's own."""
    parameters = blocks(body.pop("parameter", []))
    methods = {item["name"]: item.pop("apply_method") for item in parameters if "apply_method" in item}
    body["Parameters"] = {item.pop("name"): item.pop("value") for item in parameters}
    unknown = sorted({key for item in parameters for key in item})
    if unknown:
        raise DeclarationError(f"parameter has {', '.join(unknown)}, which {__name__} does not know.")
    return {**body, **({"apply_methods": methods} if methods else {})}


def _table(body: Json, context: Context) -> Json:
    """Return a global table: the region where it is declared is the first of its replicas."""
    tags = body.pop("tags", {})
    encryption = block(body.pop("server_side_encryption", {}))
    first = {
        "region_name": context.region,
        "propagate_tags": True,
        **_taken(body, "deletion_protection_enabled", "point_in_time_recovery"),
        **_taken(encryption, "kms_key_arn"),
    }
    replicas = [first, *blocks(body.pop("replica", []))]
    indexes = [_index(item) for item in blocks(body.pop("global_secondary_index", []))]
    result = {"Replicas": [_replica(item, tags) for item in replicas], "KeySchema": _keys(body), **body}
    if encryption:
        result["SSESpecification"] = {"SSEEnabled": encryption.pop("enabled", True), "SSEType": "KMS", **encryption}
    if "stream_view_type" in result:
        result["StreamSpecification"] = {"StreamViewType": result.pop("stream_view_type")}
    return {**result, **({"GlobalSecondaryIndexes": indexes} if indexes else {})}


def _taken(body: Json, *names: str) -> Json:
    return {name: body.pop(name) for name in names if name in body}


def _keys(body: Json) -> list[Json]:
    names = {"HASH": "hash_key", "RANGE": "range_key"}
    return [{"AttributeName": body.pop(name), "KeyType": kind} for kind, name in names.items() if name in body]


def _replica(replica: Json, tags: Json) -> Json:
    """Return one region's replica; propagate_tags gives it the table's own tags."""
    result: Json = {"Region": replica.pop("region_name")}
    if "point_in_time_recovery" in replica:
        recovery = replica.pop("point_in_time_recovery")
        recovery = {"enabled": recovery} if isinstance(recovery, bool) else block(recovery)
        enabled = {"PointInTimeRecoveryEnabled": recovery.pop("enabled")}
        result["PointInTimeRecoverySpecification"] = {**enabled, **recovery}
    if "kms_key_arn" in replica:
        result["SSESpecification"] = {"KMSMasterKeyId": replica.pop("kms_key_arn")}
    if replica.pop("propagate_tags", False) is True and tags:
        result["Tags"] = tags
    return {**result, **replica}


def _index(index: Json) -> Json:
    projection = {"ProjectionType": index.pop("projection_type"), **_taken(index, "non_key_attributes")}
    return {"IndexName": index.pop("name"), "KeySchema": _keys(index), "Projection": projection, **index}


def _secret_value(body: Json, context: Context) -> Json:
    """Return the secret's value, or how Secrets Manager generates it where nobody has seen it yet."""
    text = body.pop("secret_string_wo", None) or body.pop("secret_string", None)
    if not isinstance(text, dict):
        return {**body, "SecretString": text}
    for key, value in text.items():
        if match := RANDOM.fullmatch(str(value)):
            rules = {name: rule for name, rule in context.ephemeral[match[1]].items() if name != "provider"}
            template = {name: other for name, other in text.items() if name != key}
            generated = {"SecretStringTemplate": template, "GenerateStringKey": key, **rules}
            return {**body, "GenerateSecretString": generated}
    return {**body, "SecretString": text}


def _part_of_bucket(names: dict[str, str], under: str = "") -> ResourceType:
    owner = Owner("aws_s3_bucket", {"bucket": "bucket"})
    return ResourceType(f"{S3}Bucket", names, owner=owner, under=under, tagged=False)


TYPES = {
    "aws_db_instance": ResourceType(
        f"{RDS}DBInstance",
        {
            **_INSTANCE,
            "backup_window": "PreferredBackupWindow",
            "maintenance_window": "PreferredMaintenanceWindow",
            "parameter_group_name": "DBParameterGroupName",
            "password": "MasterUserPassword",
            "password_wo": "MasterUserPassword",
            "username": "MasterUsername",
            "vpc_security_group_ids": "VPCSecurityGroups",
        },
        options=_RDS_OPTIONS | _WRITE_ONLY,
        attributes={
            "address": "Endpoint.Address",
            "port": "Endpoint.Port",
            "resource_id": "DbiResourceId",
            "master_user_secret.secret_arn": "MasterUserSecret.SecretArn",
        },
    ),
    "aws_db_parameter_group": ResourceType(
        f"{RDS}DBParameterGroup",
        {"name": "DBParameterGroupName"},
        options=frozenset({"apply_methods", "skip_destroy"}),
        prepare=_parameters,
    ),
    "aws_db_subnet_group": ResourceType(
        f"{RDS}DBSubnetGroup", {"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription"}
    ),
    "aws_rds_cluster": ResourceType(
        f"{RDS}DBCluster",
        {
            **_DATABASE,
            "cluster_identifier": "DBClusterIdentifier",
            "master_password": "MasterUserPassword",
            "master_password_wo": "MasterUserPassword",
        },
        # CloudFormation's clusters have no word for it, its instances have.
        options=_RDS_OPTIONS | _WRITE_ONLY | {"allow_major_version_upgrade", "apply_immediately"},
        attributes={
            "endpoint": "Endpoint.Address",
            "reader_endpoint": "ReadEndpoint.Address",
            "cluster_resource_id": "DBClusterResourceId",
            "master_user_secret.secret_arn": "MasterUserSecret.SecretArn",
        },
    ),
    "aws_rds_cluster_instance": ResourceType(f"{RDS}DBInstance", _INSTANCE, options=_RDS_OPTIONS),
    "aws_rds_cluster_parameter_group": ResourceType(
        f"{RDS}DBClusterParameterGroup",
        {"name": "DBClusterParameterGroupName"},
        options=frozenset({"apply_methods", "skip_destroy"}),
        prepare=_parameters,
    ),
    # The database is the primary cluster's, whose own argument names it too.
    "aws_rds_global_cluster": ResourceType(
        f"{RDS}GlobalCluster", options=frozenset({"database_name", "force_destroy"})
    ),
    "aws_dynamodb_table": ResourceType(
        "AWS::DynamoDB::GlobalTable",
        {
            "name": "TableName",
            "attribute": "AttributeDefinitions",
            "attribute.name": "AttributeName",
            "attribute.type": "AttributeType",
            "ttl": "TimeToLiveSpecification",
        },
        # A view type says that the stream is on.
        options=frozenset({"stream_enabled"}),
        prepare=_table,
    ),
    "aws_s3_bucket": ResourceType(f"{S3}Bucket", {"bucket": "BucketName"}, options=frozenset({"force_destroy"})),
    "aws_s3_bucket_lifecycle_configuration": _part_of_bucket(
        {
            "rule": "LifecycleConfiguration.Rules",
            "rule.expiration": "",
            "rule.expiration.days": "ExpirationInDays",
            "rule.filter": "",
            "rule.noncurrent_version_transition": "NoncurrentVersionTransitions",
            "rule.noncurrent_version_transition.noncurrent_days": "TransitionInDays",
            "rule.transition": "Transitions",
            "rule.transition.days": "TransitionInDays",
            "transition_default_minimum_object_size": "LifecycleConfiguration.TransitionDefaultMinimumObjectSize",
        }
    ),
    "aws_s3_bucket_logging": _part_of_bucket(
        {
            "target_bucket": "LoggingConfiguration.DestinationBucketName",
            "target_prefix": "LoggingConfiguration.LogFilePrefix",
        }
    ),
    "aws_s3_bucket_object_lock_configuration": _part_of_bucket(
        {"rule": "ObjectLockConfiguration.Rule", "object_lock_enabled": "ObjectLockConfiguration.ObjectLockEnabled"}
    ),
    "aws_s3_bucket_ownership_controls": _part_of_bucket({"rule": "OwnershipControls.Rules"}),
    "aws_s3_bucket_policy": ResourceType(f"{S3}BucketPolicy", {"policy": "PolicyDocument"}, tagged=False),
    "aws_s3_bucket_public_access_block": _part_of_bucket({}, "PublicAccessBlockConfiguration"),
    "aws_s3_bucket_server_side_encryption_configuration": _part_of_bucket(
        {
            "rule": "BucketEncryption.ServerSideEncryptionConfiguration",
            "rule.apply_server_side_encryption_by_default": "ServerSideEncryptionByDefault",
        }
    ),
    "aws_s3_bucket_versioning": _part_of_bucket({}),
    "aws_secretsmanager_secret": ResourceType(
        "AWS::SecretsManager::Secret",
        {"replica": "ReplicaRegions"},
        options=frozenset({"recovery_window_in_days", "force_overwrite_replica_secret"}),
    ),
    "aws_secretsmanager_secret_version": ResourceType(
        "AWS::SecretsManager::Secret",
        options=_WRITE_ONLY,
        prepare=_secret_value,
        owner=Owner("aws_secretsmanager_secret", {"secret_id": "id"}),
        tagged=False,
    ),
}

"""Storage: s3 and ecr types of pulumi-aws in terms of the AWS API."""

from lib.common.json_types import JsonValue
from lib.local_cloud.pulumi.in_process.clients import Maker
from lib.local_cloud.pulumi.in_process.resource_type import Inputs, ResourceOperation, ResourceType, input_shape

ECR = "arn:{partition}:ecr:{region}:{account}:repository/{id}"


def _bucket(operation: ResourceOperation) -> JsonValue:
    parameters = operation.translated("create_bucket", {"bucket"})
    shape = (
        input_shape(operation.client, "create_bucket")
        .members["CreateBucketConfiguration"]
        .members["LocationConstraint"]
    )
    if operation.region in shape.enum:  # all but the oldest region
        parameters["CreateBucketConfiguration"] = {"LocationConstraint": operation.region}
    operation.call(
        "create_bucket", **parameters, ObjectLockEnabledForBucket=bool(operation.inputs.get("objectLockEnabled"))
    )
    return parameters


def _tag_bucket(operation: ResourceOperation) -> None:
    pairs = [{"Key": key, "Value": value} for key, value in operation.tags.items()]
    operation.call("put_bucket_tagging", Bucket=operation.id, Tagging={"TagSet": pairs})


def _empty_bucket(client: Maker, handle: Inputs) -> None:
    """Delete what a bucket holds, where the program says that this may be (forceDestroy)."""
    s3 = client("s3")
    if not handle.get("_force"):
        return
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=handle["Bucket"]):
        for version in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            s3.delete_object(
                Bucket=handle["Bucket"],
                Key=version["Key"],
                VersionId=version["VersionId"],
                BypassGovernanceRetention=True,
            )


def _address(region: bool) -> JsonValue:
    def read(operation: ResourceOperation) -> str:
        suffix = "amazonaws.com.cn" if operation.find("partition") == "aws-cn" else "amazonaws.com"
        return f"{operation.id}.s3.{operation.region}.{suffix}" if region else f"{operation.id}.s3.{suffix}"

    return read


def _setting(create: str, into: str = "", delete: str = "", **more: JsonValue) -> ResourceType:
    """Return the entry of a setting that belongs to a bucket."""
    return ResourceType(
        "s3", create, key="Bucket", into=into, delete=delete, by={"Bucket": "id"} if delete else {}, **more
    )


RESOURCE_TYPES = {
    "aws:s3/bucket:Bucket": ResourceType(
        "s3",
        _bucket,
        key="Bucket",
        name="bucket",
        uses=("bucket", "objectLockEnabled"),
        tag=_tag_bucket,
        delete="delete_bucket",
        by={"Bucket": "id", "_force": "forceDestroy"},
        undo=_empty_bucket,
        at_deletion=("forceDestroy",),
        outputs={
            "arn": "arn:{partition}:s3:::{id}",
            "bucketDomainName": _address(region=False),
            "bucketRegionalDomainName": _address(region=True),
            "bucketRegion": "region",
        },
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _setting("put_bucket_versioning"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _setting(
        "put_bucket_encryption",
        "ServerSideEncryptionConfiguration",
        "delete_bucket_encryption",
        rename={".kmsMasterKeyId": "KMSMasterKeyID"},
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _setting(
        "put_public_access_block",
        "PublicAccessBlockConfiguration",
        "delete_public_access_block",
        ignored={"skipDestroy": "nothing outlives the local cloud"},
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _setting(
        "put_bucket_ownership_controls",
        "OwnershipControls",
        "delete_bucket_ownership_controls",
        rename={".rule": "Rules"},
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _setting(
        "put_bucket_lifecycle_configuration",
        "LifecycleConfiguration",
        "delete_bucket_lifecycle",
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _setting("put_bucket_policy", delete="delete_bucket_policy"),
    "aws:s3/bucketLogging:BucketLogging": _setting("put_bucket_logging", "BucketLoggingStatus.LoggingEnabled"),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": _setting(
        "put_object_lock_configuration",
        "ObjectLockConfiguration",
        adapt=lambda inputs: {"objectLockEnabled": "Enabled", **inputs},
    ),
    "aws:s3/bucketMetric:BucketMetric": ResourceType(
        "s3",
        "put_bucket_metrics_configuration",
        key="{Bucket}:{name}",
        into="MetricsConfiguration",
        rename={".name": "Id"},
        adapt=lambda inputs: {**inputs, "Id": inputs["name"]},
        delete="delete_bucket_metrics_configuration",
        by={"Bucket": "Bucket", "Id": "name"},
        absent="no request metrics in its S3",
    ),
    "aws:ecr/repository:Repository": ResourceType(
        "ecr",
        "create_repository",
        answer="repository",
        key="repositoryName",
        name="name",
        rename={"name": "repositoryName", "encryptionConfigurations": "encryptionConfiguration"},
        delete="delete_repository",
        by={"repositoryName": "id", "force": "forceDelete"},
        at_deletion=("forceDelete",),
        outputs={"arn": ECR, "registryId": "account", "repositoryUrl": "repositoryUri"},
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": ResourceType(
        "ecr",
        "put_lifecycle_policy",
        key="repositoryName",
        rename={"repository": "repositoryName", "policy": "lifecyclePolicyText"},
        delete="delete_lifecycle_policy",
        by={"repositoryName": "id"},
    ),
}

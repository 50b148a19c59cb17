"""The stream, and the bucket for what cannot be stored."""

import aws_cdk as cdk
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_s3 as s3
from constructs import Construct

from lib.common.acknowledged import Acknowledged
from lib.kinesis_pipeline.keys import Keys, removal_policy
from lib.kinesis_pipeline.settings import VERSION_DAYS, Settings

REQUEST_METRICS = "requests"  # S3 counts requests only where a bucket asks for it
ACKNOWLEDGED = (
    Acknowledged(
        "CKV_AWS_18",
        "AWS::S3::Bucket.StreamFailures*",
        "Access to objects belongs into the account's CloudTrail data events; a bucket of access logs would need "
        "the same protection again.",
    ),
)


class Stream(Construct):
    """Events come in here; poison records and undeliverable batches come to rest in ``failures``."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, keys: Keys) -> None:
        super().__init__(scope, construct_id)
        removal = removal_policy(settings.retain_data)
        self.stream = kinesis.Stream(
            self,
            "Stream",
            stream_name=settings.name("stream"),
            stream_mode=kinesis.StreamMode.PROVISIONED,
            shard_count=settings.stream_shards,
            retention_period=cdk.Duration.hours(settings.stream_hours),
            encryption=kinesis.StreamEncryption.KMS,
            encryption_key=keys.stream,
            removal_policy=removal,
        )
        self.failures = s3.Bucket(
            self,
            "Failures",
            bucket_name=settings.bucket(cdk.Stack.of(self).account),
            encryption=s3.BucketEncryption.KMS,
            encryption_key=keys.stream,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="expire",
                    expiration=cdk.Duration.days(settings.log_days),
                    noncurrent_version_expiration=cdk.Duration.days(VERSION_DAYS),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                )
            ],
            metrics=[s3.BucketMetrics(id=REQUEST_METRICS)],
            removal_policy=removal,
        )
        cdk.Validations.of(self.stream).acknowledge(
            cdk.Acknowledgment(
                id="AwsSolutions::AwsSolutions-KDS3",
                reason="A key of its own, so that its policy and its rotation are this system's.",
            )
        )
        cdk.Validations.of(self.failures).acknowledge(
            cdk.Acknowledgment(
                id="AwsSolutions::AwsSolutions-S1",
                reason="Access to objects belongs into the account's CloudTrail data events; "
                "a bucket of access logs would need the same protection again.",
            )
        )

"""The bucket for one region's verification reports: encrypted, versioned, private, over TLS, with an end."""

from cdktf_cdktf_provider_aws.kms_key import KmsKey
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_lifecycle_configuration import (
    S3BucketLifecycleConfiguration,
    S3BucketLifecycleConfigurationRule,
    S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload,
    S3BucketLifecycleConfigurationRuleExpiration,
    S3BucketLifecycleConfigurationRuleFilter,
    S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration,
)
from cdktf_cdktf_provider_aws.s3_bucket_ownership_controls import (
    S3BucketOwnershipControls,
    S3BucketOwnershipControlsRule,
)
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA,
    S3BucketServerSideEncryptionConfigurationRuleA,
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA,
)
from cdktf_cdktf_provider_aws.s3_bucket_versioning import S3BucketVersioningA, S3BucketVersioningVersioningConfiguration
from constructs import Construct

from lib.common.acknowledged import Acknowledged
from lib.common.iam_statements import bucket_tls
from lib.disaster_recovery.aws_context import AwsContext
from lib.disaster_recovery.policies import document

INCOMPLETE_DAYS = 7  # until the parts of an upload that never ended go
ACKNOWLEDGED = (
    Acknowledged(
        "CKV_AWS_18",
        "aws_s3_bucket.verification-*_bucket",
        "Access to objects belongs into the account's CloudTrail data events; a bucket of access logs would need "
        "the same protection again.",
    ),
    Acknowledged(
        "CKV_AWS_144",
        "aws_s3_bucket.verification-*_bucket",
        "Each region's function writes its own report into its own region's bucket, so one of them is left when a "
        "region is lost.",
    ),
    Acknowledged(
        "CKV2_AWS_62",
        "aws_s3_bucket.verification-*_bucket",
        "The function that writes a report raises the alarm itself, by its metrics; nothing waits for the object.",
    ),
)


class Reports(Construct):
    """A bucket in each region: what a region's function found must not be lost with the other one."""

    def __init__(self, scope: Construct, construct_id: str, *, context: AwsContext, key: KmsKey) -> None:
        super().__init__(scope, construct_id)
        self._aws = context
        self.bucket = S3Bucket(
            self,
            "bucket",
            bucket=context.bucket("reports"),
            force_destroy=not context.settings.retain_data,
            lifecycle=context.protected(),
            **context.own("reports"),
        )
        self._encrypt(key)
        self._close()
        self._end()

    def _encrypt(self, key: KmsKey) -> None:
        default = S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
            sse_algorithm="aws:kms", kms_master_key_id=key.arn
        )
        S3BucketServerSideEncryptionConfigurationA(
            self,
            "encryption",
            bucket=self.bucket.bucket,
            rule=[
                S3BucketServerSideEncryptionConfigurationRuleA(
                    apply_server_side_encryption_by_default=default, bucket_key_enabled=True
                )
            ],
            provider=self._aws.provider,
        )

    def _close(self) -> None:
        name, provider = self.bucket.bucket, self._aws.provider
        S3BucketOwnershipControls(
            self,
            "ownership",
            bucket=name,
            rule=S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
            provider=provider,
        )
        block = S3BucketPublicAccessBlock(
            self,
            "public-access",
            bucket=name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            provider=provider,
        )
        S3BucketPolicy(
            self,
            "policy",
            bucket=name,
            policy=document(*bucket_tls(self.bucket.arn, f"{self.bucket.arn}/*")),
            depends_on=[block],  # S3 refuses two changes of one bucket's access at the same time
            provider=provider,
        )

    def _end(self) -> None:
        days, provider = self._aws.settings.log_days, self._aws.provider
        versioning = S3BucketVersioningA(
            self,
            "versioning",
            bucket=self.bucket.bucket,
            versioning_configuration=S3BucketVersioningVersioningConfiguration(status="Enabled"),
            provider=provider,
        )
        rule = S3BucketLifecycleConfigurationRule(
            id="expire",
            status="Enabled",
            filter=[S3BucketLifecycleConfigurationRuleFilter(prefix="")],
            expiration=[S3BucketLifecycleConfigurationRuleExpiration(days=days)],
            noncurrent_version_expiration=[
                S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(noncurrent_days=days)
            ],
            abort_incomplete_multipart_upload=[
                S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(days_after_initiation=INCOMPLETE_DAYS)
            ],
        )
        S3BucketLifecycleConfiguration(
            self, "lifecycle", bucket=self.bucket.bucket, rule=[rule], depends_on=[versioning], provider=provider
        )

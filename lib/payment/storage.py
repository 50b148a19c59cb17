"""The audit trail's bucket, which keeps what is written, and the bucket for everybody's access logs."""

from typing import Any

import pulumi
import pulumi_aws as aws

from lib.common.acknowledged import Acknowledged
from lib.payment.keys import Keys
from lib.payment.settings import Settings
from lib.pulumi_components.policies import AwsContext
from lib.pulumi_components.storage import INCOMPLETE_DAYS, balancer_logs, guard, log_bucket

AUDIT_LOGS = "audit-access/"
ACKNOWLEDGED = (
    Acknowledged(
        "CKV_AWS_144",
        "aws_s3_bucket.audit",
        "Object Lock keeps the trail where it was written; a copy in another region is a decision about where "
        "customers' data may lie, and payment is a system of one region.",
    ),
    Acknowledged(
        "CKV2_AWS_62",
        "aws_s3_bucket.audit",
        "Records are written once and read when an auditor asks; nothing in the system acts on a new one.",
    ),
)


class Storage(pulumi.ComponentResource):
    """Both buckets with everything that guards them."""

    def __init__(
        self, name: str, *, settings: Settings, context: AwsContext, keys: Keys, opts: pulumi.ResourceOptions
    ) -> None:
        super().__init__("tap:payment:Storage", name, {}, opts)
        # Production's trail outlives the stack, with everything that guards it.
        self._own = pulumi.ResourceOptions(parent=self, retain_on_delete=settings.retain_data)
        audit = settings.bucket(context.account, "payment-audit")
        self.logs, self.logs_policy = log_bucket(
            "logs",
            name=settings.bucket(context.account, "payment-logs"),
            retain_data=settings.retain_data,
            protected=settings.deletion_protection,
            days=settings.log_days,
            writers=[
                balancer_logs(context),
                ("logging.s3.amazonaws.com", AUDIT_LOGS, f"arn:{context.partition}:s3:::{audit}"),
            ],
            context=context,
            opts=self._own,
        )
        self.audit = aws.s3.Bucket(
            "audit",
            bucket=audit,
            object_lock_enabled=True,
            # With it Pulumi deletes what is locked in GOVERNANCE mode, too; nothing deletes it in COMPLIANCE mode.
            force_destroy=not settings.retain_data,
            opts=pulumi.ResourceOptions.merge(self._own, pulumi.ResourceOptions(protect=settings.deletion_protection)),
        )
        self._keep(settings)
        self._encrypt(keys)
        aws.s3.BucketLogging(
            "audit",
            bucket=self.audit.bucket,
            target_bucket=self.logs.bucket,
            target_prefix=AUDIT_LOGS,
            opts=pulumi.ResourceOptions.merge(self._own, pulumi.ResourceOptions(depends_on=[self.logs_policy])),
        )
        self.register_outputs({})

    def _keep(self, settings: Settings) -> None:
        """Lock what is written for as long as it has to be kept.

        Objects stay in the class that they are written to: S3 moves none below 128 KB by default, and colder classes
        bill at least that for one that is moved by a filter. A record has a few hundred bytes.
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
        """
        versioning = aws.s3.BucketVersioning(
            "audit", bucket=self.audit.bucket, versioning_configuration={"status": "Enabled"}, opts=self._own
        )
        after = pulumi.ResourceOptions.merge(self._own, pulumi.ResourceOptions(depends_on=[versioning]))
        aws.s3.BucketObjectLockConfiguration(
            "audit",
            bucket=self.audit.bucket,
            rule={"default_retention": {"mode": settings.audit_mode, "days": settings.audit_days}},
            opts=after,
        )
        aws.s3.BucketLifecycleConfiguration(
            "audit",
            bucket=self.audit.bucket,
            rules=[
                {
                    "id": "unfinished-uploads",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": INCOMPLETE_DAYS},
                }
            ],
            opts=after,
        )

    def _encrypt(self, keys: Keys) -> None:
        """Encrypt with the trail's own key, and refuse what asks for anything else."""
        aws.s3.BucketServerSideEncryptionConfiguration(
            "audit",
            bucket=self.audit.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": keys.audit.arn,
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=self._own,
        )
        everything = pulumi.Output.concat(self.audit.arn, "/*")
        refuse: dict[str, Any] = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": everything}
        # Who says nothing gets the bucket's own key. A negated condition is true of what is not said, hence "Null".
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
        header = "s3:x-amz-server-side-encryption"
        other, foreign = (
            {"StringNotEquals": {key: expected}, "Null": {key: "false"}}
            for key, expected in ((header, "aws:kms"), (f"{header}-aws-kms-key-id", keys.audit.arn))
        )
        guard("audit", self.audit, [{**refuse, "Condition": other}, {**refuse, "Condition": foreign}], self._own)

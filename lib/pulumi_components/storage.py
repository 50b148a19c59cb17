"""Buckets that nobody can read by mistake, and the one that AWS's own services write their logs to."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from lib.common.acknowledged import Acknowledged
from lib.common.iam_statements import Statement, allow, bucket_tls
from lib.pulumi_components.policies import AwsContext, document

INCOMPLETE_DAYS = 7  # until the parts of an upload that never ended go
ACKNOWLEDGED = (
    Acknowledged(
        "CKV_AWS_18",
        "aws_s3_bucket.logs",
        "It is the bucket that access logs are written to; logs of these logs would need another one, and so on.",
    ),
    Acknowledged(
        "CKV_AWS_21",
        "aws_s3_bucket.logs",
        "AWS writes each log once, under a name of its own, and a lifecycle rule ends it: no version is ever replaced.",
    ),
    Acknowledged(
        "CKV_AWS_144",
        "aws_s3_bucket.logs",
        "Access logs tell of this region's traffic until they expire; nothing has to be restored from them elsewhere.",
    ),
    Acknowledged(
        "CKV_AWS_145",
        "aws_s3_bucket.logs",
        "Load balancers write access logs to buckets with S3's own key only: "
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html",
    ),
    Acknowledged(
        "CKV2_AWS_62",
        "aws_s3_bucket.logs",
        "Nothing waits for a single log: they are read when somebody has a question.",
    ),
)


def guard(
    part: str, bucket: aws.s3.Bucket, statements: Sequence[Statement], opts: pulumi.ResourceOptions
) -> aws.s3.BucketPolicy:
    """Close a bucket to the public and to everything without TLS 1.2, and return its policy.

    Args:
        part: the resources' name in the program.
        bucket: which.
        statements: what else its policy says.
        opts: whose child it is.
    """
    own = pulumi.ResourceOptions(parent=opts.parent, retain_on_delete=opts.retain_on_delete)
    aws.s3.BucketOwnershipControls(
        part, bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=own
    )
    block = aws.s3.BucketPublicAccessBlock(
        part,
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=own,
    )
    refuse = bucket_tls(bucket.arn, pulumi.Output.concat(bucket.arn, "/*"))
    return aws.s3.BucketPolicy(
        part,
        bucket=bucket.bucket,
        policy=document(*statements, *refuse),
        # S3 refuses two changes of one bucket's access at the same time.
        opts=pulumi.ResourceOptions.merge(own, pulumi.ResourceOptions(depends_on=[block])),
    )


def balancer_logs(context: AwsContext) -> tuple[str, str, str]:
    """Return the writer of load balancers' access logs."""
    service = "logdelivery.elasticloadbalancing.amazonaws.com"
    return service, f"AWSLogs/{context.account}/", context.arn("elasticloadbalancing", "loadbalancer/*")


def log_bucket(
    part: str,
    *,
    name: str,
    retain_data: bool,
    protected: bool,
    days: int,
    writers: Sequence[tuple[str, str, str]],
    context: AwsContext,
    opts: pulumi.ResourceOptions,
) -> tuple[aws.s3.Bucket, aws.s3.BucketPolicy]:
    """Return a bucket for AWS's own services to write logs to, and the policy that lets them.

    Args:
        part: the resources' name in the program.
        name: the bucket's physical name.
        retain_data: whether it stays when it holds anything.
        protected: whether Pulumi refuses every update and destroy that would delete it.
        days: how long a log is kept.
        writers: service principal, where in the bucket it writes, and what it writes about, as an ARN.
        context: whose account.
        opts: whose child it is.
    """
    kept = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=protected))
    bucket = aws.s3.Bucket(part, bucket=name, force_destroy=not retain_data, opts=kept)
    aws.s3.BucketServerSideEncryptionConfiguration(
        part,
        bucket=bucket.bucket,
        # Load balancers and S3's own access logs write to buckets with S3's key only.
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
        rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
        opts=opts,
    )
    aws.s3.BucketLifecycleConfiguration(
        part,
        bucket=bucket.bucket,
        rules=[
            {
                "id": "expire",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "expiration": {"days": days},
                "abort_incomplete_multipart_upload": {"days_after_initiation": INCOMPLETE_DAYS},
            }
        ],
        opts=opts,
    )
    statements = [
        allow(
            ["s3:PutObject"],
            [pulumi.Output.concat(bucket.arn, "/", prefix, "*")],
            Principal={"Service": service},
            Condition={
                "ArnLike": {"aws:SourceArn": source},
                # Only load balancers name no account of their own: their logs' path has it.
                **({"StringEquals": {"aws:SourceAccount": context.account}} if "elastic" not in service else {}),
            },
        )
        for service, prefix, source in writers
    ]
    return bucket, guard(part, bucket, statements, opts)

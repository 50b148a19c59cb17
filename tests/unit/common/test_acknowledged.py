"""An acknowledgement covers one check on the resources that its pattern names, and nothing else."""

import pytest

from lib.common.acknowledged import Acknowledged

ENTRY = Acknowledged("CKV_AWS_18", "aws_s3_bucket.reports-*_bucket", "It is where the logs are written to.")


def test_the_check_on_a_resource_of_the_pattern_is_covered() -> None:
    """The same resource of two regions is one acknowledgement."""
    assert ENTRY.covers("CKV_AWS_18", "aws_s3_bucket.reports-primary_bucket")
    assert ENTRY.covers("CKV_AWS_18", "aws_s3_bucket.reports-secondary_bucket")


@pytest.mark.parametrize(
    ("check", "resource"),
    [
        ("CKV_AWS_19", "aws_s3_bucket.reports-primary_bucket"),
        ("CKV_AWS_18", "aws_s3_bucket.other"),
        ("CKV_AWS_18", "AWS_S3_BUCKET.reports-primary_bucket"),
        ("CKV_AWS_*", "aws_s3_bucket.reports-primary_bucket"),
    ],
)
def test_another_check_or_resource_is_not(check: str, resource: str) -> None:
    """Names are compared as they are written, and a check is no pattern."""
    assert not ENTRY.covers(check, resource)

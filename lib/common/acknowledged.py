"""Findings of a scanner that are right about a resource in general, and not about this one.

A module that declares resources has them as ``ACKNOWLEDGED``, beside what they are about, whatever tool the stack is
written with. ``tests/policy/test_checkov.py`` compares them with what checkov finds in production.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Acknowledged:
    """One finding that stays.

    Attributes:
        check: the check's identifier, for example ``CKV_AWS_18``, from checkov's list:
            https://www.checkov.io/5.Policy%20Index/terraform.html
        resource: a pattern of the resource's name in the tool's own words: ``AWS::S3::Bucket.Failures*``,
            ``aws_s3_bucket.logs``, ``aws_s3_bucket.verification-*/bucket``.
        reason: why the resource is right as it is.
    """

    check: str
    resource: str
    reason: str

    def covers(self, check: str, resource: str) -> bool:
        """Return whether a finding is this one."""
        return check == self.check and fnmatchcase(resource, self.resource)

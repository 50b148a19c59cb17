"""A run's evidence, made by hand."""

from lib.verify_on_aws import evidence
from lib.verify_on_aws.evidence import Evidence, Left, Step
from tests.support.check_account import HERE

RUN = Evidence(
    system="payment",
    target=evidence.AWS,
    result=evidence.PASSED,
    began="2026-11-30T10:00:00+00:00",
    commit="0123456789+",
    regions=[HERE],
    environment="dev",
    suffix="verify-1",
    change={"LOG_DAYS": "30"},
    versions={"python": "3.11.1"},
    steps=[Step("deploy", 61.5, "passed"), Step("tests", 10, "passed", "20 passed")],
    left=[Left("KMS key", HERE, 3, "it waits")],
)

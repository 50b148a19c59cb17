"""The bootstrap version that a template takes is read from the template, and compared with the region's."""

import pytest
from botocore.exceptions import ClientError

from lib.check_account.checks import bootstrap
from lib.check_account.model import Verdict
from tests.support.check_account import HERE, only, resource, system

PARAMETER = "/cdk-bootstrap/hnb659fds/version"
RULE = {"Assertions": [{"Assert": {"Fn::Not": [{"Fn::Contains": [["1", "2", "3", "4", "5"], {"Ref": "x"}]}]}}]}
TEMPLATE = {"Parameters": {"BootstrapVersion": {"Default": PARAMETER}}, "Rules": {"CheckBootstrapVersion": RULE}}


@pytest.fixture(name="check")
def fixture_check():
    return only(bootstrap.checks([system(resource("AWS::S3::Bucket"), tool="cdk", document=TEMPLATE)]), "bootstrap")


def test_the_version_after_those_that_the_template_refuses_is_needed(check):
    assert check.needed == "version 6 or later (shop)"


def test_a_template_without_a_rule_takes_any_version():
    assert bootstrap.least_version({"Parameters": TEMPLATE["Parameters"]}) == 1


def test_what_is_no_template_needs_no_bootstrapping():
    assert bootstrap.checks([system(resource("AWS::S3::Bucket"))]) == []


def test_the_parameter_that_the_template_names_is_read(aws, check):
    aws.answer("ssm", "get_parameter", {"Parameter": {"Value": "27"}}, {"Name": PARAMETER})
    assert check.collect(aws.account) == 27


def test_a_region_without_the_parameter_has_version_0(aws, check):
    aws.error("ssm", "get_parameter", "ParameterNotFound")
    assert check.collect(aws.account) == 0


def test_a_refusal_is_not_taken_for_a_missing_stack(aws, check):
    aws.error("ssm", "get_parameter", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        check.collect(aws.account)


@pytest.mark.parametrize(
    ("version", "verdict", "found"),
    [
        (6, Verdict.OK, "version 6"),
        (5, Verdict.CHANGE, "version 5"),
        (0, Verdict.CHANGE, "not bootstrapped"),
    ],
)
def test_the_version_decides(check, version, verdict, found):
    (row,) = check.evaluate(version)
    assert (row.verdict, row.found) == (verdict, found)


def test_the_command_bootstraps_this_region(check):
    (row,) = check.evaluate(0)
    assert row.fix.startswith("cdk bootstrap aws://")
    assert row.fix.endswith(f"/{HERE}")

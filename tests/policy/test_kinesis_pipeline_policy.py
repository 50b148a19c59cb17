"""The pipeline passes cdk-nag, cfn-lint and least privilege; each check is shown to be able to fail."""

import json

import aws_cdk as cdk
import cdk_nag
import cfnlint.api
import pytest
from aws_cdk import aws_s3 as s3
from cfnlint.config import ManualArgs

from lib.common import region
from tests.support import synthesis
from tests.support.synthesis import of_type

# CDK itself makes a function in a VPC wait for its role, which its reference to the role says already.
LINT_EXCEPTIONS = ["W3005"]
# EC2 takes no resource in the calls that attach a function to a VPC; everything else names its resources.
EVERYTHING_ALLOWED = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}


def lint(template: dict[str, object]) -> list[str]:
    """Return cfn-lint's findings."""
    config = ManualArgs(regions=[region.primary({})], ignore_checks=LINT_EXCEPTIONS)
    return [f"{match.rule.id} {match.message}" for match in cfnlint.api.lint(json.dumps(template), config=config)]


def statements(template):
    """Yield every statement of every identity policy."""
    for policy in of_type(template, "AWS::IAM::Policy").values():
        yield from policy["Properties"]["PolicyDocument"]["Statement"]
    for role in of_type(template, "AWS::IAM::Role").values():
        for policy in role["Properties"].get("Policies", []):
            yield from policy["PolicyDocument"]["Statement"]


@pytest.mark.parametrize("environment", ["dev", "staging", "production"])
def test_cdk_nag_finds_nothing(environment):
    _template, folder = synthesis.synthesise({"ENVIRONMENT": environment}, cdk_nag.AwsSolutionsChecks)
    report = json.loads((folder / "validation-report.json").read_text(encoding="utf-8"))
    assert "AwsSolutions" in json.dumps(report), "cdk-nag did not run"


def test_cdk_nag_notices_an_open_bucket(tmp_path):
    app = cdk.App(outdir=str(tmp_path))
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    s3.Bucket(cdk.Stack(app, "Twin"), "Bucket")
    with pytest.raises(RuntimeError, match=r"AwsSolutions-S10"):
        app.synth()


@pytest.mark.parametrize("environment", ["dev", "production"])
def test_cfn_lint_finds_nothing(environment):
    assert lint(synthesis.template(ENVIRONMENT=environment)) == []


def test_cfn_lint_notices_a_withdrawn_version():
    broken = json.loads(json.dumps(synthesis.template()))
    (database,) = of_type(broken, "AWS::RDS::DBInstance").values()
    database["Properties"]["EngineVersion"] = "15.4"
    assert any(finding.startswith("W3691") for finding in lint(broken))


def test_no_statement_allows_everything_but_the_listed_calls():
    wide = set()
    for statement in statements(synthesis.template()):
        if statement["Effect"] == "Allow" and statement["Resource"] == "*":
            wide |= set(statement["Action"]) if isinstance(statement["Action"], list) else {statement["Action"]}
    assert wide == EVERYTHING_ALLOWED


def test_no_action_has_a_wildcard():
    actions = [
        action
        for statement in statements(synthesis.template())
        for action in (statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]])
    ]
    assert len(actions) > 20
    assert [action for action in actions if "*" in action] == []


def test_the_functions_own_code_is_denied_the_network_calls():
    denied = [s for s in statements(synthesis.template()) if s["Effect"] == "Deny"]
    assert len(denied) == 2
    for statement in denied:
        assert set(statement["Action"]) == EVERYTHING_ALLOWED
        assert "lambda:SourceFunctionArn" in statement["Condition"]["ArnEquals"]


def test_no_role_takes_a_managed_policy():
    roles = of_type(synthesis.template(), "AWS::IAM::Role").values()
    assert [role["Properties"].get("ManagedPolicyArns", []) for role in roles] == [[], [], []]


def test_function_roles_are_for_this_account_only():
    trusts = [
        statement
        for role in of_type(synthesis.template(), "AWS::IAM::Role").values()
        for statement in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        if statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    ]
    assert len(trusts) == 2
    assert {json.dumps(trust["Condition"]) for trust in trusts} == {
        json.dumps({"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}})
    }


def test_keys_work_through_their_services_only():
    uses = [s for s in statements(synthesis.template()) if str(s["Action"]).find("kms:") >= 0]
    assert len(uses) >= 3
    assert all("kms:ViaService" in use["Condition"]["StringEquals"] for use in uses)

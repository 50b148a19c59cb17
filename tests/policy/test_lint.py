"""cfn-lint judges what every tool declares, in CloudFormation's vocabulary, and the CDK's own template."""

import copy
import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import cfnlint.api
import pytest
from cfnlint.config import ManualArgs

from lib.common.setting_types import ENVIRONMENTS
from lib.declared import template
from lib.declared.model import Declaration
from lib.declared.read import SYSTEMS, view
from tests.policy.cases import TOOLS, Case, Twin, declared, source_of

# The CDK itself makes a function in a VPC wait for its role, which its reference to the role says already.
# Production's zones are written down on purpose: tests/policy/rules/network.py insists on it.
CDK_EXCEPTIONS = ("W3005", "W3010")
CASES = [Case(system, environment) for system in SYSTEMS for environment in ENVIRONMENTS]
CDK_CASES = [case for case in CASES if case.tool == "cdk"]


def lint(content: Mapping[str, Any], region: str, exceptions: tuple[str, ...]) -> list[str]:
    """Return cfn-lint's findings about a template in a region, each with the rule's id."""
    config = ManualArgs(regions=[region], ignore_checks=list(exceptions))
    found = cfnlint.api.lint(json.dumps(content), config=config)
    return [f"{match.rule.id} {'/'.join(map(str, match.path or []))}: {match.message}" for match in found]


def findings(declaration: Declaration) -> list[str]:
    """Return what cfn-lint finds in the templates of a declaration, one for each region."""
    return [
        finding
        for region in template.regions(declaration)
        for finding in lint(template.as_template(declaration, region), region, tuple(template.EXCEPTIONS))
    ]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cfn_lint_finds_nothing_in_what_is_declared(case):
    assert findings(declared(case)) == []


@pytest.mark.parametrize("case", CDK_CASES, ids=str)
def test_cfn_lint_finds_nothing_in_the_template_that_is_deployed(case):
    assert lint(source_of(case).document, case.region, CDK_EXCEPTIONS) == []


def nothing(declaration):
    """Find nothing: the twins below are for cfn-lint."""
    yield from ()


@pytest.mark.parametrize(
    ("rule", "twin"),
    [
        ("W3691", Twin(nothing, "cdk", "AWS::RDS::DBInstance", "", {"EngineVersion": "15.4"})),
        ("E3512", Twin(nothing, "cdk", "AWS::S3::BucketPolicy", "", {"PolicyDocument.Version": "2012-10-71"})),
        ("E3030", Twin(nothing, "cdktf", "aws_lambda_function", "", {"tracing_config.mode": "Actvie"})),
        ("E3530", Twin(nothing, "cdktf", "aws_iam_role", "", {"assume_role_policy.Statement.0.Effect": "Alow"})),
        ("E3030", Twin(nothing, "pulumi", "aws:ecs/taskDefinition:TaskDefinition", "", {"networkMode": "awsvcp"})),
        (
            "E3025",
            Twin(nothing, "pulumi", "aws:rds/clusterInstance:ClusterInstance", "", {"instanceClass": "db.t4g.meduim"}),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value),
)
def test_cfn_lint_notices_what_is_broken(rule, twin):
    assert [finding for finding in findings(twin.broken()) if finding.startswith(rule)] != []


@pytest.mark.parametrize("system", [system for system in SYSTEMS if TOOLS[system] == "cdk"])
def test_cfn_lint_notices_an_unknown_property_in_the_template_that_is_deployed(system):
    """In whatever the system declares: of every type, one resource has a property more than CloudFormation knows.

    A custom resource's properties are its function's own, and CloudFormation knows none of them.
    """
    document = copy.deepcopy(source_of(Case(system, "production")).document)
    broken = {
        found["Type"]: name
        for name, found in document["Resources"].items()
        if "Properties" in found and not found["Type"].startswith(("Custom::", "AWS::CloudFormation::CustomResource"))
    }
    for name in broken.values():
        document["Resources"][name]["Properties"]["Unkonwn"] = "x"
    found = lint(document, Case(system, "dev").region, CDK_EXCEPTIONS)
    unknown = {line.split("/")[1] for line in found if line.startswith("E3002 ") and "Unkonwn" in line}
    assert unknown == set(broken.values()) != set()


def test_a_template_that_is_broken_is_read_again():
    """The tool's own document is what counts: the view follows a change of it."""
    source = source_of(CDK_CASES[0])
    document = copy.deepcopy(source.document)
    (stream,) = [r for r in document["Resources"].values() if r["Type"] == "AWS::Kinesis::Stream"]
    stream["Properties"]["ShardCount"] = 7
    changed = view(dataclasses.replace(source, document=document))
    written = template.as_template(changed)["Resources"].values()
    assert [r["Properties"]["ShardCount"] for r in written if r["Type"] == "AWS::Kinesis::Stream"] == [7]

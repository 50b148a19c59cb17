"""Each kind of constraint of AWS's models is noticed, and the figures of what was checked are shown."""

from dataclasses import dataclass
from functools import cache

import pytest

from lib.declared.model import Declaration, Resource
from tests.policy import constraints
from tests.policy.cases import SYSTEMS, Case, declared
from tests.policy.operations import OPERATIONS
from tests.policy.rule import every


def failed(resource_type: str, **properties: object) -> set[tuple[str, str, str]]:
    """Return path, keyword and kind of model of what is wrong with a resource of these properties."""
    resource = Resource(type=resource_type, name="one", properties=properties, region="here")
    checks = constraints.checks(Declaration("system", "cdk", "dev", "here", (resource,)))
    return {(c.path, c.keyword, c.model.partition(" ")[0]) for _r, c in checks if not c.passed}


@pytest.mark.parametrize(
    ("resource_type", "path", "keyword", "properties"),
    [
        ("AWS::CloudWatch::Alarm", "Statistic", "enum", {"Statistic": "Maximmu"}),
        ("AWS::CloudWatch::Alarm", "AlarmName", "maxLength", {"AlarmName": "x" * 256}),
        ("AWS::CloudWatch::Alarm", "Period", "minimum", {"Period": 0}),
        ("AWS::Logs::LogGroup", "RetentionInDays", "enum", {"RetentionInDays": 15}),
        ("AWS::Lambda::Function", "Timeout", "maximum", {"Timeout": 100_000}),
        ("AWS::Lambda::Function", "MemorySize", "minimum", {"MemorySize": "64"}),
        ("AWS::IAM::Role", "RoleName", "pattern", {"RoleName": "a role"}),
        ("AWS::IAM::Role", "Tags", "maxItems", {"Tags": [{"Key": str(n), "Value": ""} for n in range(51)]}),
        ("AWS::EC2::SecurityGroup", "GroupDescription", "pattern", {"GroupDescription": "AWS's"}),
        ("AWS::KMS::Key", "Descritpion", "properties", {"Descritpion": "x"}),
        ("AWS::Kinesis::Stream", "StreamModeDetails.StreamMode", "required", {"StreamModeDetails": {}}),
        ("AWS::S3::Bucket", "VersioningConfiguration.Status", "enum", {"VersioningConfiguration": {"Status": "On"}}),
    ],
)
def test_a_value_that_cloudformation_refuses_is_found(resource_type, path, keyword, properties):
    assert (path, keyword, "CloudFormation") in failed(resource_type, **properties)


@pytest.mark.parametrize(
    ("resource_type", "path", "keyword", "properties"),
    [
        ("AWS::CloudWatch::Alarm", "AlarmActions", "maxItems", {"AlarmActions": ["arn"] * 6}),
        ("AWS::CloudWatch::Alarm", "Unit", "enum", {"Unit": "Milisecond"}),
        ("AWS::EC2::FlowLog", "TrafficType", "enum", {"TrafficType": "ALLL"}),
        ("AWS::IAM::Policy", "PolicyName", "pattern", {"PolicyName": "a policy"}),
        ("AWS::SecretsManager::Secret", "Name", "minLength", {"Name": ""}),
        (
            "AWS::Lambda::Function",
            "Environment.Variables.a-b (its name)",
            "pattern",
            {"Environment": {"Variables": {"a-b": "x"}}},
        ),
        ("AWS::Lambda::Function", "ReservedConcurrentExecutions", "minimum", {"ReservedConcurrentExecutions": -1}),
    ],
)
def test_a_value_that_the_service_refuses_is_found(resource_type, path, keyword, properties):
    service = OPERATIONS[resource_type][0][0]
    assert (path, keyword, service) in failed(resource_type, **properties)


def test_a_value_that_is_known_after_the_deployment_is_not_checked():
    assert failed("AWS::IAM::Role", RoleName="${another.Name} with spaces") == failed("AWS::IAM::Role")


def test_the_alternative_that_fits_best_is_the_one_that_counts():
    walk = constraints.Walk({})
    branches = [{"enum": ["a"]}, {"maxLength": 3}]
    assert all(check.passed for check in walk.value("bcd", {"anyOf": branches}, "x"))
    assert not all(check.passed for check in walk.value("bcde", {"anyOf": branches}, "x"))


def test_a_number_may_be_written_as_a_text():
    assert failed("AWS::Lambda::Function", MemorySize="128") == failed("AWS::Lambda::Function", MemorySize=128)


@pytest.mark.parametrize("resource_type", sorted(OPERATIONS))
def test_the_operation_knows_properties_of_the_type(resource_type):
    """The table's twin: a wrong operation has hardly a member of the type's name."""
    properties = {constraints.plain(name) for name in constraints.schemas.schema(resource_type)["properties"]}
    for service, operation, names in OPERATIONS[resource_type]:
        members = {constraints.plain(name) for name in constraints.operation_input(service, operation).members}
        assert (properties | {constraints.plain(name) for name in names.values()}) & members != set()


@dataclass(frozen=True)
class Figures:
    """How much of a system the models know: resources, values that are checked, constraints of each kind of model."""

    resources: int
    values: int
    cloudformation: int
    apis: int


@cache
def figures(system):
    """Return the figures of a system's production."""
    declaration = declared(Case(system, "production"))
    found = list(constraints.checks(declaration))
    cloudformation = sum(1 for _resource, check in found if check.model == "CloudFormation")
    values = {(resource.name, check.path) for resource, check in found}
    return Figures(len(declaration.resources), len(values), cloudformation, len(found) - cloudformation)


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_models_know_every_system(system, record_property):
    declaration, found = declared(Case(system, "production")), figures(system)
    texts = sum(1 for _string in declaration.strings())
    rules = [rule for rule in every() if rule.applies_to(declaration)]
    line = (
        f"{system:<20}{found.resources:>5} resources{texts:>6} texts{found.values:>6} values against"
        f"{found.cloudformation:>6} constraints of CloudFormation,{found.apis:>6} of the APIs;"
        f"{len(rules):>4} rules"
    )
    record_property("summary", line)
    assert found.values >= found.resources
    assert found.cloudformation >= found.values


def test_the_figures():
    """They may grow, and not vanish. Types differ in how much is known of them: so all systems are counted together."""
    found = [figures(system) for system in SYSTEMS]
    resources = sum(each.resources for each in found)
    assert sum(each.values for each in found) >= 10 * resources
    assert sum(each.cloudformation for each in found) > sum(each.apis for each in found) > resources

"""A declaration can be broken at any place of its tool's own document; the one that others look at stays as it is."""

import json

import pytest

from tests.policy import cases
from tests.policy.cases import REMOVED, Case, Twin, put


def found(declaration):
    """Find nothing: a check for twins that only change something."""
    yield from ()


def test_a_value_is_put_at_a_path():
    values = {"a": [{"b": 1}, {"b": 2}]}
    put(values, "a.1.b", 3)
    assert values == {"a": [{"b": 1}, {"b": 3}]}


def test_a_step_may_be_a_pattern():
    values = {"assumeRolePolicy": {"a": 1}}
    put(values, "*Policy.a", 2)
    assert values == {"assumeRolePolicy": {"a": 2}}


def test_a_path_leads_into_json_texts():
    values = {"policy": json.dumps({"Statement": [{"Effect": "Allow"}]})}
    put(values, "policy.Statement.0.Effect", "Deny")
    assert json.loads(values["policy"]) == {"Statement": [{"Effect": "Deny"}]}


def test_a_change_may_be_a_function_of_the_value():
    values = {"a": [1]}
    put(values, "a", lambda value: [*value, 2])
    assert values == {"a": [1, 2]}


def test_a_value_is_removed():
    values = {"a": {"b": 1, "c": 2}}
    put(values, "a.b", REMOVED)
    assert values == {"a": {"c": 2}}


def test_a_path_that_leads_nowhere_is_an_error():
    with pytest.raises(LookupError):
        put({"a": {}}, "b.c", 1)


def test_a_twin_differs_in_what_it_changes():
    twin = Twin(found, "cdk", "AWS::Kinesis::Stream", "", {"RetentionPeriodHours": 1})
    assert twin.broken().one("AWS::Kinesis::Stream").properties["RetentionPeriodHours"] == 1
    assert cases.production("kinesis-pipeline").one("AWS::Kinesis::Stream").properties["RetentionPeriodHours"] != 1


def test_a_twin_without_changes_lacks_the_resource():
    twin = Twin(found, "cdk", "AWS::EC2::FlowLog", "", {})
    assert twin.broken().of("AWS::EC2::FlowLog") == []
    assert len(cases.production("kinesis-pipeline").of("AWS::EC2::FlowLog")) == 1


def test_a_resource_is_declared_again():
    twin = Twin(found, "cdk", "AWS::EC2::FlowLog", "", {}, copies=2)
    assert len(twin.broken().of("AWS::EC2::FlowLog")) == 3


def test_a_twin_of_nothing_is_an_error():
    with pytest.raises(LookupError, match="No system of cdk declares a AWS::Braket::Device"):
        Twin(found, "cdk", "AWS::Braket::Device", "", {}).broken()


def test_the_cases_are_every_system_and_environment_in_three_partitions():
    for system in cases.SYSTEMS:
        own = [case for case in cases.CASES if case.system == system]
        assert {case.environment for case in own} == {"dev", "staging", "production"}
        assert len({cases.region.partition(case.region) for case in own}) >= 3


def test_a_pair_of_regions_is_of_one_partition():
    for case in [case for case in cases.CASES if case.system in cases.PAIRS]:
        first, second = cases.region.pair(case.environ)
        assert (first, cases.region.partition(first)) == (case.region, cases.region.partition(second))


def test_a_case_says_what_it_is():
    assert str(Case("payment", "dev", "here")) == "payment-dev-here"

"""What is deployed keeps its identity: a resource that is renamed by a slip would be deleted with its data."""

import copy

import pytest

from tests.policy import contract
from tests.policy.cases import SYSTEMS, Case, source_of


def changed(known, found):
    """Return what is gone and what is new."""
    return [f"- {line}" for line in known if line not in found] + [f"+ {line}" for line in found if line not in known]


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_deployed_keeps_its_identity_and_its_name(system):
    known = (contract.FOLDER / f"{system}.txt").read_text(encoding="utf-8").splitlines()
    difference = changed(known, contract.lines(system))
    assert difference == [], (
        "What is gone (-) is deleted where it is deployed, and what is new (+) is made. If that is meant: "
        ".venv/bin/python -m tests.policy.contract"
    )


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_resource_is_in_the_contract(system):
    case = Case(system, "production")
    document = source_of(case).document
    declared = {
        "cdk": lambda: len(document["Resources"]),
        "cdktf": lambda: sum(len(group) for group in document["resource"].values()),
        "pulumi": lambda: len(document["registrations"]),
    }[case.tool]()
    known = [line for line in contract.lines(system) if not line.startswith(contract.FACTS)]
    assert len(known) >= declared >= 1


def test_a_renamed_resource_is_noticed():
    document = copy.deepcopy(source_of(Case("payment", "production")).document)
    before = sorted(contract.of_program(document))
    document["registrations"][5]["urn"] += "x"
    assert [line[0] for line in changed(before, sorted(contract.of_program(document)))] == ["-", "+"]


def test_a_renamed_component_is_noticed():
    document = copy.deepcopy(source_of(Case("payment", "production")).document)
    before = sorted(contract.of_program(document))
    for found in document["registrations"]:
        found["parent"] = found["parent"].replace("::keys", "::kyes")
    assert len(changed(before, sorted(contract.of_program(document)))) == 2


def test_a_property_that_cannot_be_changed_is_in_the_contract():
    assert 'fixed for AWS::RDS::DBInstance aws_db_instance.instance DBName "payments"' in contract.lines("payment")


@pytest.mark.parametrize(
    ("system", "line"),
    [
        ("payment", "'retainOnDelete': True"),
        ("disaster-recovery", "{'create_before_destroy': True}"),
        ("kinesis-pipeline", "'DeletionPolicy': 'RetainExceptOnCreate'"),
    ],
)
def test_what_happens_to_a_resource_that_goes_is_in_the_contract(system, line):
    lives = list(contract.lives(source_of(Case(system, "production")).document))
    assert [found for found in lives if line in found]


def test_a_renamed_output_is_noticed():
    document = copy.deepcopy(source_of(Case("disaster-recovery", "production")).document)
    before = list(contract.of_configuration(document))
    name, value = document["output"].popitem()
    document["output"][f"{name}x"] = value
    assert changed(before, list(contract.of_configuration(document))) == [f"- output {name}", f"+ output {name}x"]

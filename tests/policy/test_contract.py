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
    assert contract.replaced_under_their_names(known, contract.lines(system)) == []
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


TARGETS = "fixed for AWS::ElasticLoadBalancingV2::TargetGroup aws_lb_target_group.api"
BEFORE = [
    f"{TARGETS} Port 8080",
    f'{TARGETS} Name "api-dev"',
    "fixed for AWS::SQS::Queue aws_sqs_queue.q FifoQueue true",
]


@pytest.mark.parametrize(
    ("after", "refused"),
    [
        ([f"{TARGETS} Port 9090", f'{TARGETS} Name "api-dev"'], 1),
        ([f"{TARGETS} Port 9090", f'{TARGETS} Name "api-9090-dev"'], 0),
        ([f"{TARGETS} Port 8080", f'{TARGETS} Name "api-dev"'], 0),
        ([f"{TARGETS}2 Port 9090", f'{TARGETS}2 Name "api-dev"'], 0),
        (["fixed for AWS::SQS::Queue aws_sqs_queue.q FifoQueue false"], 0),
    ],
)
def test_what_is_replaced_while_it_is_in_use_needs_another_name(after, refused):
    found = contract.replaced_under_their_names(BEFORE, after)
    assert len(found) == refused
    assert all("Port is 9090 and was 8080" in line and 'another name than "api-dev"' in line for line in found)


def test_a_contract_is_not_written_over_a_change_that_aws_refuses(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(contract, "FOLDER", tmp_path)
    monkeypatch.setattr(contract, "lines", lambda _system: [f"{TARGETS} Port 9090", f'{TARGETS} Name "api-dev"'])
    (tmp_path / "payment.txt").write_text("\n".join(BEFORE), encoding="utf-8")
    assert contract.main(["payment"]) == 1
    assert (tmp_path / "payment.txt").read_text(encoding="utf-8") == "\n".join(BEFORE)
    assert capsys.readouterr().err.startswith("payment: aws_lb_target_group.api ")
    assert contract.main(["flask-api"]) == 0
    assert "Port 9090" in (tmp_path / "flask-api.txt").read_text(encoding="utf-8")


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

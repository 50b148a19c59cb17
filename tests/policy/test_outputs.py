"""Outputs tell where a secret is, and never what it is."""

import re

import pytest

from lib.declared.read import SYSTEMS
from tests.policy.cases import Case, source_of

OUTPUTS = {"cdk": "Outputs", "cdktf": "output", "pulumi": "outputs"}
SECRET = re.compile(r"(?i)password(?!_?(arn|secret_?arn)$)|secret_?string|ephemeral\.|random_password")


def telling(outputs):
    """Return the names of outputs that are called after a secret, or hold one."""
    return [name for name, value in outputs.items() if SECRET.search(name) or SECRET.search(str(value))]


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_output_holds_a_secret(system):
    case = Case(system, "production")
    outputs = source_of(case).document[OUTPUTS[case.tool]]
    assert len(outputs) >= 5
    assert telling(outputs) == []


@pytest.mark.parametrize(
    "outputs",
    [
        {"databasePassword": "x"},
        {"database": {"value": "${ephemeral.aws_secretsmanager_random_password.password.random_password}"}},
        {"Database": {"Value": "{{resolve:secretsmanager:name:SecretString:password}}"}},
    ],
)
def test_an_output_that_holds_a_secret_is_noticed(outputs):
    assert telling(outputs) == list(outputs)

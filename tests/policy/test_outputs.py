"""Outputs tell where a secret is, and never what it is."""

import re

import pytest

from lib.declared.read import SYSTEMS, TOOLS
from tests.policy.cases import TOOL_NAMES, Case, source_of

OUTPUTS = {"cdk": "Outputs", "cdktf": "output", "pulumi": "outputs"}
SECRET = re.compile(r"(?i)password(?!_?(arn|secret_?arn)$)|secret_?string|ephemeral\.|random_password")


def telling(outputs):
    """Return the names of outputs that are called after a secret, or hold one."""
    return [name for name, value in outputs.items() if SECRET.search(name) or SECRET.search(str(value))]


def outputs_of(system):
    """Return the outputs of a system's production, by name."""
    case = Case(system, "production")
    return source_of(case).document.get(OUTPUTS[case.tool], {})


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_output_holds_a_secret(system):
    assert telling(outputs_of(system)) == []


@pytest.mark.parametrize("tool", TOOL_NAMES)
def test_the_outputs_of_each_tool_are_found(tool):
    """A system may have none; a tool whose systems have none would have them under another key."""
    assert sum(len(outputs_of(system)) for system in SYSTEMS if TOOLS[system] == tool) >= 5


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

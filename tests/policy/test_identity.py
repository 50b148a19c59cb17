"""Terraform itself ends a plan that contradicts what was deployed first, before any change."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.support import provider
from tests.support.disaster_recovery import configuration

LIVE = {"ENVIRONMENT": "production", "ENVIRONMENT_SUFFIX": "live"}
ACCOUNT = "123456789012"


def identity(**environ):
    return configuration(**environ).one("terraform_data")


class Stack:
    """The resource that keeps the identity, on its own: no provider is needed for it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.command = folder, provider._terraform()

    def run(self, *words, account=ACCOUNT, **environ):
        """Return Terraform's exit status and what it said, after a word on the settings."""
        kept = {"terraform_data": {"identity": identity(**environ).values}}
        resource = json.dumps(kept).replace("data.aws_caller_identity.caller.account_id", "local.account")
        content = {"locals": {"account": account}, "resource": json.loads(resource)}
        (self.folder / "main.tf.json").write_text(json.dumps(content))
        done = subprocess.run(
            [*self.command, *words, "-no-color", "-input=false"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.returncode, " ".join(f"{done.stdout} {done.stderr}".split())


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    stack = Stack(tmp_path_factory.mktemp("identity"))
    for words in (("init",), ("apply", "-auto-approve")):
        status, said = stack.run(*words, **LIVE)
        assert status == 0, said
    return stack


def test_the_same_identity_changes_nothing(deployed):
    status, _said = deployed.run("plan", "-detailed-exitcode", **LIVE)
    assert status == 0


@pytest.mark.parametrize(
    ("change", "value"), [({"ENVIRONMENT": "dev"}, "(dev, "), ({"AWS_REGION": "eu-west-1"}, "eu-west-1, ")]
)
def test_a_contradiction_ends_the_plan(deployed, change, value):
    status, said = deployed.run("plan", **{**LIVE, **change})
    assert status == 1
    assert 'This stack is deployed as {"account":"123456789012","environment":"production"' in said
    assert value in said


def test_another_account_ends_the_plan(deployed):
    status, said = deployed.run("plan", account="210987654321", **LIVE)
    assert status == 1
    assert "the settings and credentials say otherwise" in said


def test_a_change_that_is_said_to_be_meant_is_planned(deployed):
    status, said = deployed.run("plan", **{**LIVE, "ENVIRONMENT": "staging", "ENVIRONMENT_BEFORE": "production"})
    assert (status, "1 to change" in said) == (0, True)

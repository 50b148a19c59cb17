"""The account check on the local cloud, and the deployer's policies against what deployments really called."""

import os
import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

from lib.check_account import deployer_policy, systems
from lib.declared.read import TOOLS
from lib.local_cloud.cloud import ACCOUNT
from lib.local_cloud.servers import ministack_main
from tests.integration.conftest import TARGET
from tests.support.calls import of_deployment
from tests.support.deployer import NOT_ON_AWS, lacking
from tests.support.production import ON_DUTY

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.skipif(TARGET == "aws", reason="asks the local cloud")


def run(*arguments):
    command = [sys.executable, "-m", "lib.check_account.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)


def test_the_emulator_s_answers_are_marked_and_end_well():
    done = run("kinesis-pipeline")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"the emulator on {os.environ['AWS_ENDPOINT_URL']} answered" in done.stdout
    assert "not answered by the emulator" in done.stdout
    assert "not asked" not in done.stdout


def test_nothing_that_answers_is_told_of_every_row(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    done = run("kinesis-pipeline", "--format", "json")
    assert done.returncode == 3
    assert set(re.findall(r'"verdict": "([^"]*)"', done.stdout)) == {"not asked"}


@lru_cache
def declared(name):
    (found,) = systems.load([name], {**ON_DUTY, **os.environ})
    return found


def policies(name):
    return deployer_policy.policies(declared(name), ACCOUNT)


@pytest.mark.parametrize("name", [name for name, tool in TOOLS.items() if tool == "pulumi"])
def test_a_deployer_may_do_all_that_the_deployment_called(name):
    made = [
        call for call in of_deployment(Path(os.environ[ministack_main.CALLS_VARIABLE]), name) if call["key"] == ACCOUNT
    ]
    assert len(made) > 100
    lacks = {call for call in lacking(policies(name), made) if not any(re.fullmatch(one, call) for one in NOT_ON_AWS)}
    assert lacks == set()


def test_who_uses_the_cdk_needs_to_take_roles_only():
    made = of_deployment(Path(os.environ[ministack_main.CALLS_VARIABLE]), "kinesis-pipeline")
    roles = [call for call in made if call["action"] == "sts:AssumeRole"]
    assert roles
    assert lacking(policies("kinesis-pipeline"), roles) == set()


def test_a_permission_that_is_missing_is_named():
    made = of_deployment(Path(os.environ[ministack_main.CALLS_VARIABLE]), "payment")
    less = policies("payment")
    for document in less.values():
        for statement in document["Statement"]:
            statement["Action"] = [action for action in statement["Action"] if action != "kms:CreateKey"]
    assert "kms:CreateKey *" in lacking(less, made)

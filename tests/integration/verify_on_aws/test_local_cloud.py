"""The command itself, on the local cloud: deployed, tested, changed, destroyed, made again, destroyed, written down."""

import os
import subprocess
import tempfile

import pytest

import tap
from lib.local_cloud import cli
from lib.local_cloud.cloud import ROOT, LocalCloud
from lib.verify_on_aws import evidence
from lib.verify_on_aws.evidence import Evidence
from lib.verify_on_aws.run import DESTROY, STEPS
from tests.integration.conftest import TARGET, free_ports

pytestmark = pytest.mark.skipif(TARGET != "local", reason="starts a local cloud of its own")
# The first of Pulumi's, which are the quickest to deploy twice. CI verifies each system.
SYSTEM = next(name for name, system in tap.SYSTEMS.items() if system.iac_tool == "pulumi")
SUFFIX = "verify-it"


@pytest.fixture(scope="module")
def environ():
    """The environment of a local cloud that this test alone has; it has ended afterwards."""
    own = {
        "LOCAL_CLOUD_FOLDER": tempfile.mkdtemp(prefix="tap-verify-"),
        "LOCAL_CLOUD_PORT": str(free_ports()),
        "DATABASE_PORT": str(free_ports()),
        **{variable: str(free_ports()) for variable in cli.SYSTEMS[SYSTEM].ports},
    }
    whole = {**os.environ, **own}
    yield whole
    LocalCloud.read(whole).stop()


@pytest.fixture(scope="module")
def verified(environ, tmp_path_factory):
    """What the command wrote and said."""
    folder = tmp_path_factory.mktemp("evidence")
    options = ["--target", "local", "--yes", "--suffix", SUFFIX, "--evidence", str(folder)]
    command = [ROOT / "scripts" / "verify_on_aws", SYSTEM, *options]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    (path,) = folder.iterdir()
    return Evidence.read(path), done.stdout


def test_every_step_passed_and_took_its_time(verified):
    written, _said = verified
    assert [(step.name, step.result) for step in written.steps] == [(name, evidence.PASSED) for name in STEPS]
    assert all(step.seconds > 0 for step in written.steps if step.name.startswith(("deploy", DESTROY)))


def test_tests_found_what_was_deployed_and_then_what_was_changed(verified):
    written, _said = verified
    first, second = (step.detail for step in written.steps if step.name.startswith("tests"))
    assert int(first.split()[0]) > int(second.split()[0]) > 10
    assert "failed" not in first + second


def test_it_is_said_to_be_the_local_clouds_and_nothing_is_left(verified):
    written, said = verified
    assert (written.target, written.suffix, written.left) == ("local cloud", SUFFIX, [])
    assert "Destroyed, nothing left behind" in said


def test_the_second_deployment_was_a_first_one(verified):
    _written, said = verified
    assert "no changes" not in said

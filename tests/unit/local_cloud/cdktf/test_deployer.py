"""A CDKTF system is deployed by its command line or by Terraform alone, and what was deployed is known afterwards."""

import json
import os
import stat
import sys

import pytest

from lib.common import region
from lib.local_cloud.cdktf import app, cli, deployer, terraform_fetch
from lib.local_cloud.cdktf.config_compat import PASSWORD
from lib.local_cloud.cdktf.deployer import Deployer
from lib.local_cloud.cloud import LocalCloud

APPLIED = "Apply complete! Resources: 1 added, 0 changed, 0 destroyed."


def silent(_text):
    """Tell nobody."""


class Emulator:
    """One run of an emulator."""

    run = "first"

    def token(self):
        return self.run


@pytest.fixture
def deploying(tmp_path, monkeypatch):
    """A deployer whose commands are recorded; the first one synthesises, as CDKTF and the app do."""
    cloud = LocalCloud(tmp_path / "cloud", 4566, region.primary())
    object.__setattr__(cloud, "emulator", Emulator())
    found = Deployer(cloud, "stack-dev", {"A": "b"})
    commands = []

    def run(command, report):
        commands.append(command)
        found._output.mkdir(parents=True, exist_ok=True)
        (found._output / app.REPORT).write_text(json.dumps([["what", "why", ["name"]]]))
        if "apply" in command.words or "deploy" in command.words:
            made = {"type": "aws_vpc", "mode": "managed", "instances": [{}]}
            found._state.write_text(json.dumps({"outputs": {"o": {"value": 1}}, "resources": [made]}))
        if "destroy" in command.words:
            found._state.write_text("{}")
        return [APPLIED]

    monkeypatch.setattr(deployer, "run", run)
    monkeypatch.setattr(terraform_fetch, "program", lambda _cloud, _report, *, old: "terraform")
    # The package that has it is installed when a deployment needs it, which may be after this test.
    monkeypatch.setattr(terraform_fetch, "plugin", lambda: tmp_path / terraform_fetch.PLUGIN)
    return found, commands


def test_by_terraform_the_stack_is_synthesised_initialised_and_applied(deploying):
    found, commands = deploying
    changed, steps, mode = found.deploy(silent)
    assert [c.words[1] if c.words[0] == "terraform" else c.words[-1] for c in commands] == [
        "lib.local_cloud.cdktf.app",
        "init",
        "apply",
    ]
    assert commands[0].environ["CDKTF_OUTDIR"] == str(found._output)
    assert commands[0].environ["A"] == "b"
    assert commands[1].place.name == "stack-dev"
    assert (changed, steps, mode.old) == (True, [("what", "why", ["name"])], True)
    assert found.state.outputs() == {"o": 1}


def test_by_the_command_line_it_is_one_command(deploying, monkeypatch, tmp_path):
    found, commands = deploying
    monkeypatch.setattr(cli, "way", lambda *_: (tmp_path / "cdktf", "cdktf deploy"))
    _changed, _steps, mode = found.deploy(silent)
    (command,) = commands
    assert command.words[:3] == [str(tmp_path / "cdktf"), "deploy", "stack-dev"]
    assert {"--auto-approve", "--skip-provider-lock"} <= set(command.words)
    assert command.words[command.words.index("--app") + 1] == f"{sys.executable} -m lib.local_cloud.cdktf.app"
    assert mode.sentence.startswith("cdktf deploy, with AWS provider 3.39.0 instead of 6.25.0")


def test_the_password_goes_by_the_environment_and_stays_the_same(deploying):
    found, commands = deploying
    found.deploy(silent)
    found.deploy(silent)
    passwords = {command.environ[f"TF_VAR_{PASSWORD}"] for command in commands}
    (password,) = passwords
    assert not any(password in word for command in commands for word in command.words)
    path = found._folder / "password"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_pinned_provider_needs_no_password_and_no_mirror(deploying, monkeypatch):
    found, commands = deploying
    monkeypatch.setattr(terraform_fetch, "deploy_mode", lambda *_: terraform_fetch.DeployMode(False, "pinned"))
    found.deploy(silent)
    environ = commands[-1].environ
    assert f"TF_VAR_{PASSWORD}" not in environ
    assert environ["TF_PLUGIN_CACHE_DIR"].endswith("plugins")
    assert environ[app.PROVIDER] == app.PINNED
    assert environ["TERRAFORM_BINARY_NAME"] == "terraform"


def test_an_emulator_that_ended_leaves_no_state_behind(deploying):
    found, _commands = deploying
    found.deploy(silent)
    kept = found._folder / "kept"
    kept.touch()
    found.deploy(silent)
    assert kept.exists()
    Emulator.run = "second"
    try:
        found.deploy(silent)
    finally:
        Emulator.run = "first"
    assert not kept.exists()


def test_what_is_deployed_is_destroyed_as_it_was_deployed(deploying):
    found, commands = deploying
    found.destroy(silent)
    assert commands == []  # nothing is deployed
    found.deploy(silent)
    found.destroy(silent)
    assert commands[-1].words[:2] == ["terraform", "destroy"]
    assert found.state.resources() == {}
    assert not (found._folder / "way").exists()


def test_the_environment_leads_nobody_to_aws(deploying):
    found, commands = deploying
    found.deploy(silent)
    for command in commands:
        assert command.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
        assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN"} & command.environ.keys()
        assert str(found.cloud.folder) in command.environ[app.STATE]
    assert os.path.isabs(commands[0].place)

"""The Automation API is used as it wants to be, shown with a stand-in for the CLI: nothing here meets the real one."""

import json
import sys
from pathlib import Path

import pytest
from pulumi import automation

from lib.common import region
from lib.local_cloud import pulumi_cli
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from tests.support import pulumi_command

STACK = "flask-api-dev"


class Cli:
    """The stand-in, on the PATH, and what it was asked."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        program = folder / "pulumi"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -W error {pulumi_command.__file__} "$@"\n')
        program.chmod(0o755)

    def calls(self, *words):
        """Return the calls that begin so: arguments, folder, environment."""
        lines = (self.folder / "calls").read_text().splitlines()
        return [call for call in map(json.loads, lines) if call[0][: len(words)] == list(words)]

    def fails(self, command, words):
        """Let the next call of a command fail."""
        (self.folder / f"fail-{command}").write_text(words)


@pytest.fixture
def cli(tmp_path, monkeypatch):
    found = Cli(tmp_path / "bin")
    monkeypatch.setenv("FAKE_PULUMI", str(found.folder))
    monkeypatch.setenv("PATH", str(found.folder), prepend=":")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(pulumi_cli.socket, "setdefaulttimeout", lambda seconds: None)
    return found


@pytest.fixture
def cloud(tmp_path):
    return LocalCloud(tmp_path / "cloud", 4999, region.primary({}))


@pytest.fixture
def up(cli, cloud, tmp_path):
    told = []

    def run():
        return pulumi_cli.up(cloud, STACK, told.append, tmp_path / "tools")

    run.told = told
    return run


def test_a_deployment_is_told_thing_by_thing_with_its_outputs_masked(up):
    assert up() == {
        "changed": True, "types": ["aws:ec2/vpc:Vpc", "aws:kms/key:Key"],
        "outputs": {"vpc": "vpc-1", "word": "[secret]"},
    }  # fmt: skip
    assert up.told == ["1 Vpc vpc create", "2 Key key create"]


def test_a_second_deployment_changes_nothing(up):
    up()
    assert up()["changed"] is False


def test_the_cli_runs_this_repositorys_program_with_this_environment(cli, up, cloud):
    up()
    ((_arguments, folder, environ),) = cli.calls("up")
    assert Path(folder) == cloud.folder / "pulumi" / "cli"
    project = (Path(folder) / "Pulumi.yaml").read_text()
    assert f"main: {pulumi_cli.PROGRAM}" in project
    assert f"virtualenv: {sys.prefix}" in project
    assert "name: tap" in project
    assert environ["PULUMI_BACKEND_URL"] == f"file://{folder}/state"


def test_no_environment_of_its_own_is_no_virtual_environment(cli, up, cloud, monkeypatch):
    monkeypatch.setattr(pulumi_cli.sys, "base_prefix", sys.prefix)
    up()
    assert "virtualenv" not in (cloud.folder / "pulumi" / "cli" / "Pulumi.yaml").read_text()


def test_the_passphrase_is_random_and_for_its_owner_alone(cli, up, cloud):
    up()
    path = cloud.folder / "pulumi" / "cli" / "passphrase"
    first = path.read_text()
    assert (len(first) >= 32, path.stat().st_mode & 0o777) == (True, 0o600)
    up()
    assert path.read_text() == first
    assert {call[2]["PULUMI_CONFIG_PASSPHRASE_FILE"] for call in cli.calls("up")} == {str(path)}
    path.unlink()
    up()
    assert path.read_text() != first


def test_the_stacks_plain_values_are_handed_over(cli, up, monkeypatch):
    monkeypatch.setattr(pulumi_cli, "config", lambda _stack: {"tap:name": "x"})
    up()
    ((arguments, _folder, _environ),) = cli.calls("config", "set")
    assert arguments[2:4] == ["tap:name", "x"] or {"tap:name", "x"} <= set(arguments)


def test_a_failure_is_told_in_the_engines_words(cli, up):
    cli.fails("up", "tap: the suffix is too long")
    with pytest.raises(LocalCloudError, match=r"^tap: the suffix is too long$"):
        up()


def test_a_stack_that_an_interrupted_run_left_locked_is_unlocked(cli, up):
    cli.fails("up", "the stack is currently locked by 1 lock(s)")
    assert up()["changed"] is True
    assert len(cli.calls("cancel")) == 1
    assert len(cli.calls("up")) == 2


def test_the_state_of_an_ended_emulator_is_forgotten(cli, up, cloud, monkeypatch):
    up()
    state = cloud.folder / "pulumi" / "cli" / "state"
    (state / "old").touch()
    up()
    assert (state / "old").exists()
    monkeypatch.setattr(pulumi_cli, "identity", lambda _cloud: "another")
    up()
    assert not (state / "old").exists()


def test_a_destruction_removes_the_stack_too(cli, up, cloud, tmp_path):
    up()
    told = []
    pulumi_cli.down(cloud, STACK, told.append, tmp_path / "tools")
    assert told == ["1 Key key delete", "2 Vpc vpc delete"]
    assert [call[0][-1] for call in cli.calls("stack", "rm")] == [STACK]


def test_the_plug_in_is_the_one_of_the_package(cli, tmp_path):
    pulumi_cli.prepare(tmp_path / "tools")
    ((arguments, folder, environ),) = cli.calls("plugin")
    version = pulumi_cli.importlib.metadata.version("pulumi-aws")
    assert arguments == ["plugin", "install", "resource", "aws", f"v{version}"]
    assert (folder, environ["PULUMI_HOME"]) == (str(tmp_path / "tools" / "home"),) * 2


def test_a_plug_in_that_the_user_has_is_used(cli, tmp_path):
    version = pulumi_cli.importlib.metadata.version("pulumi-aws")
    (tmp_path / "home" / "plugins" / f"resource-aws-v{version}").mkdir(parents=True)
    assert pulumi_cli.home(tmp_path / "tools") == tmp_path / "home"


def test_without_a_cli_the_package_fetches_one_into_our_folder(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(automation.PulumiCommand, "install", lambda **how: asked.append(how))
    pulumi_cli.command(tmp_path / "tools")
    assert asked == [{"root": str(tmp_path / "tools" / "cli")}]


@pytest.fixture
def environ(cloud):
    return {"LOCAL_CLOUD_FOLDER": str(cloud.folder), "LOCAL_CLOUD_PORT": "4999"}


def test_the_process_prepares_deploys_and_destroys(cli, cloud, environ, tmp_path, capsys):
    tools = tmp_path / "tools"
    assert pulumi_cli.main(["prepare", STACK], environ, tools) == 0
    (cloud.folder / "pulumi").mkdir(parents=True)
    assert pulumi_cli.main(["up", STACK], environ, tools) == 0
    result = cloud.folder / "pulumi" / f"{STACK}.cli.json"
    assert json.loads(result.read_text())["outputs"]["vpc"] == "vpc-1"
    assert "correct horse" not in result.read_text()
    assert pulumi_cli.main(["down", STACK], environ, tools) == 0
    assert not result.exists()
    assert capsys.readouterr().out.splitlines()[0] == "1 Vpc vpc create"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError("disk full"), "tap: disk full\n"),
        (pulumi_cli.urllib.error.URLError(OSError(-2, "Name unknown")), "tap: [Errno -2] Name unknown\n"),
        (pulumi_cli.subprocess.CalledProcessError(1, ["x"], output=b"curl: (7) refused\n"), "tap: curl: (7) refused\n"),
    ],
)
def test_the_process_fails_with_one_sentence(environ, monkeypatch, capsys, error, said):
    def fail(_tools):
        raise error

    monkeypatch.setattr(pulumi_cli, "prepare", fail)
    assert pulumi_cli.main(["prepare", STACK], environ) == 1
    assert capsys.readouterr().err == said


def test_a_commands_failure_is_its_last_words(cli, environ, tmp_path, capsys):
    cli.fails("plugin", "no such plug-in")
    assert pulumi_cli.main(["prepare", STACK], environ, tmp_path / "tools") == 1
    assert capsys.readouterr().err == "tap: error: no such plug-in\n"

"""The tool that deploys shows what it would change: with its real arguments, in AWS or in the local cloud."""

import os
import subprocess
from types import SimpleNamespace

import pytest

import tap
from lib.local_cloud import account, found
from lib.preview import cli

SYSTEMS = {system.iac_tool: name for name, system in tap.SYSTEMS.items()}


class Cloud:
    """A local cloud that runs."""

    @staticmethod
    def whole_environment(environ):
        return {**environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Programs on the PATH that do nothing, what is run, and a checkout of its own."""
    for name in ("cdk", "pulumi", "terraform"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    seen = SimpleNamespace(
        environ={"PATH": str(tmp_path)}, ran=[], variables=[], roles=[], cloud=Cloud, codes={}, folder=tmp_path
    )

    def run(words, *, cwd, env, check):
        assert (cwd, check) == (tmp_path, False)
        seen.ran.append([os.path.basename(words[0]), *words[1:]])
        seen.variables.append(env)
        if words[1:3] == ["stack", "select"]:
            (tmp_path / f"Pulumi.{words[3]}.yaml").touch()
        return subprocess.CompletedProcess(words, seen.codes.get(words[0], 0))

    monkeypatch.setattr(cli.tap, "ROOT", tmp_path)
    monkeypatch.setattr(cli, "STATE", tmp_path / "state")
    monkeypatch.setattr(cli.subprocess, "run", run)
    monkeypatch.setattr(found, "running", lambda _environ: seen.cloud)
    monkeypatch.setattr(account, "give_api_gateway_its_role", lambda _cloud, regions: seen.roles.extend(regions))
    return seen


def preview(tools, tool, *options, **variables):
    """Return the exit status of a preview, with some more variables."""
    return cli.main([SYSTEMS[tool], *options], {**tools.environ, **variables})


def test_the_tools_are_those_of_the_systems():
    assert cli.TOOLS.keys() == tap.IAC_TOOLS.keys()


@pytest.mark.parametrize(
    ("tool", "last"),
    [
        ("cdk", ["cdk", "diff"]),
        ("pulumi", ["pulumi", "preview", "--stack", "{stack}", "--diff", "--non-interactive"]),
        ("cdktf", ["terraform", "-chdir=cdktf.out/stacks/{stack}", "plan", "-input=false"]),
    ],
)
def test_the_stack_of_the_suffix_is_shown_by_its_own_tool(tools, capsys, tool, last):
    assert preview(tools, tool, ENVIRONMENT_SUFFIX="live") == 0
    assert tools.ran[-1] == [word.format(stack=f"{SYSTEMS[tool]}-live") for word in last]
    assert {variables["TAP_SYSTEM"] for variables in tools.variables} == {SYSTEMS[tool]}
    assert capsys.readouterr().err.count("$ ") == len(tools.ran)
    assert tools.roles == []


@pytest.mark.parametrize("tool", cli.TOOLS)
def test_nothing_that_deploys_is_run(tools, tool):
    for options in ([], ["--local"]):
        preview(tools, tool, *options)
    assert not {"deploy", "up", "apply", "destroy"} & {word for words in tools.ran for word in words}


def test_a_plan_needs_the_synthesis_and_its_provider(tools):
    preview(tools, "cdktf")
    stack = f"{SYSTEMS['cdktf']}-dev"
    assert tools.ran[0][1:] == ["tap.py", "cdktf"]
    assert tools.ran[1] == ["terraform", f"-chdir=cdktf.out/stacks/{stack}", "init", "-input=false"]


@pytest.mark.parametrize("tool", cli.TOOLS)
def test_the_local_cloud_is_asked_with_its_own_variables(tools, tool):
    assert preview(tools, tool, "--local", PULUMI_BACKEND_URL="s3://states") == 0
    for variables in tools.variables:
        assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
        assert variables["PULUMI_BACKEND_URL"] == (tools.folder / "state").as_uri()
    assert len(tools.roles) == tap.SYSTEMS[SYSTEMS[tool]].regions


@pytest.mark.parametrize("kept", [True, False])
def test_a_stack_of_pulumi_is_left_as_it_was(tools, kept):
    path = tools.folder / f"Pulumi.{SYSTEMS['pulumi']}-dev.yaml"
    if kept:
        path.touch()
    preview(tools, "pulumi", "--local")
    assert path.exists() is kept


def test_without_a_local_cloud_it_is_said_how_to_start_one(tools, capsys):
    tools.cloud = None
    assert preview(tools, "cdk", "--local") == 2
    assert "run scripts/up --only-cloud first" in capsys.readouterr().err
    assert tools.ran == []


def test_a_shell_that_leads_elsewhere_is_not_taken_for_aws(tools, capsys):
    assert preview(tools, "cdk", AWS_ENDPOINT_URL="http://127.0.0.1:4566") == 2
    assert "AWS_ENDPOINT_URL='http://127.0.0.1:4566' does not lead to AWS" in capsys.readouterr().err
    assert tools.ran == []


@pytest.mark.parametrize("tool", cli.TOOLS)
def test_a_tool_that_is_missing_is_named_with_its_source(tools, capsys, tool):
    (tools.folder / cli.TOOLS[tool].program).unlink()
    assert preview(tools, tool) == 2
    told = capsys.readouterr().err
    assert f"{cli.TOOLS[tool].program} is not on the PATH, and {SYSTEMS[tool]} needs it: " in told
    assert cli.TOOLS[tool].source in told


def test_a_tool_that_fails_ends_it(tools, capsys):
    tools.codes["terraform"] = 3
    assert preview(tools, "cdktf") == 1
    assert len(tools.ran) == 2
    assert "terraform ended with 3" in capsys.readouterr().err


def test_a_suffix_that_is_refused_is_wrong_usage(tools, capsys):
    assert preview(tools, "cdk", ENVIRONMENT_SUFFIX="Not a suffix") == 2
    assert "ENVIRONMENT_SUFFIX" in capsys.readouterr().err

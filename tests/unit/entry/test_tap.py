"""tap.py serves each IaC tool, imports one tool and the systems that are chosen, and says what to type otherwise."""

import importlib
import json
import os
import runpy
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

import tap
from lib.common.errors import SettingError

ROOT = Path(tap.__file__).parent


def run(*arguments: str, cwd: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run tap.py as an IaC tool would: another folder, no PYTHONPATH."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environ
    command = [sys.executable, str(cwd / "tap.py"), *arguments]
    return subprocess.run(command, cwd="/", env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def checkout(tmp_path):
    """A checkout with lib/common and a tiny system in each one's place, which writes what was imported."""
    shutil.copy(ROOT / "tap.py", tmp_path)
    shutil.copytree(ROOT / "lib" / "common", tmp_path / "lib" / "common")
    (tmp_path / "lib" / "__init__.py").touch()
    for name, system in tap.SYSTEMS.items():
        folder, argument = name.replace("-", "_"), "str(scope)" if system.iac_tool == "pulumi" else "''"
        (tmp_path / "lib" / folder).mkdir()
        (tmp_path / "lib" / folder / "__init__.py").touch()
        (tmp_path / "lib" / folder / "stack.py").write_text(
            f"import json, sys\ndef build(scope):\n    print(json.dumps([{argument}, sorted(sys.modules)]))\n"
        )
    return tmp_path


@pytest.mark.parametrize("arguments", [[], ["cdk", "deploy"], ["pulumi"], ["help"]])
def test_anything_else_ends_with_what_to_type(arguments):
    done = run(*arguments)
    assert done.returncode == 1
    assert done.stderr.strip() == f"tap: {tap.USAGE}"


def test_cdktf_builds_its_system_and_imports_no_other(checkout):
    done = run("cdktf", cwd=checkout, CDKTF_OUTDIR=str(checkout / "out"))
    assert done.returncode == 0, done.stderr
    _scope, modules = json.loads(done.stdout)
    assert [m for m in modules if m.startswith("lib.") and m.endswith(".stack")] == ["lib.disaster_recovery.stack"]
    assert not {"aws_cdk", "pulumi"} & set(modules)


PULUMI = """
import asyncio, runpy, sys
import pulumi
asyncio.set_event_loop(asyncio.new_event_loop())
class Mocks(pulumi.runtime.Mocks):
    def call(self, args): return {}
    def new_resource(self, args): return "id", {}
pulumi.runtime.set_mocks(Mocks(), project="tap", stack=sys.argv[2])
sys.argv[1:], program = [], sys.argv[1]
runpy.run_path(program, run_name="__main__")
"""


def pulumi_up(checkout: Path, stack: str) -> subprocess.CompletedProcess[str]:
    """Run the program as Pulumi does: by path, the stack's name known to Pulumi."""
    command = [sys.executable, "-c", PULUMI, str(checkout / "tap.py"), stack]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)


PULUMI_SYSTEMS = [name for name, system in tap.SYSTEMS.items() if system.iac_tool == "pulumi"]


@pytest.mark.parametrize("name", PULUMI_SYSTEMS)
def test_the_stacks_name_chooses_the_pulumi_system(checkout, name):
    done = pulumi_up(checkout, f"{name}-pr-7")
    assert done.returncode == 0, done.stderr
    suffix, modules = json.loads(done.stdout)
    assert suffix == "pr-7"
    assert [m for m in modules if m.startswith("lib.") and m.endswith(".stack")] == [tap.SYSTEMS[name].module]
    assert not {"aws_cdk", "cdktf"} & set(modules)


@pytest.mark.parametrize("stack", ["dev", "flask-api", "payment-", "flask_api-dev", "kinesis-pipeline-dev"])
def test_a_stack_that_names_no_system_is_refused(checkout, stack):
    done = pulumi_up(checkout, stack)
    assert done.returncode == 1
    assert f"The Pulumi stack {stack!r} names no system" in done.stderr


@pytest.fixture
def built(monkeypatch):
    """What was built: systems of a test's own, by name, with what each was given."""
    found = []

    def load(name):
        def build(scope):
            if name.startswith("refused"):
                raise SettingError("ENVIRONMENT='x' is not valid.")
            found.append((name, scope))

        return SimpleNamespace(build=build)

    monkeypatch.setattr(tap, "load", load)
    return found


def register(monkeypatch, iac_tool, *names):
    """Have these systems of a tool, and no others of it."""
    others = {name: system for name, system in tap.SYSTEMS.items() if system.iac_tool != iac_tool}
    monkeypatch.setattr(tap, "SYSTEMS", {**others, **{name: tap.System(iac_tool, f"lib.{name}") for name in names}})


@pytest.mark.parametrize(
    ("stack", "chosen"),
    [("pay-dev", ("pay", "dev")), ("pay-audit-dev", ("pay-audit", "dev")), ("pay-auditor", ("pay", "auditor"))],
)
def test_the_longest_name_that_a_stack_begins_with_is_meant(monkeypatch, built, stack, chosen):
    import pulumi

    register(monkeypatch, "pulumi", "pay", "pay-audit")
    monkeypatch.setattr(pulumi, "get_stack", lambda: stack)
    tap.main([])
    assert built == [chosen]


def test_a_wrong_name_is_refused_before_a_system_is_loaded(monkeypatch):
    import pulumi

    monkeypatch.setattr(pulumi, "get_stack", lambda: "other-dev")
    with pytest.raises(SettingError, match="pulumi stack init"):
        tap.main([])


def test_the_usage_is_an_error_in_process_too():
    with pytest.raises(SettingError, match="Type 'cdk deploy'"):
        tap.main(["up"])


@pytest.fixture
def apps(monkeypatch):
    """Apps that synthesise nothing, in the place of both tools'."""
    monkeypatch.delenv(tap.SYSTEM, raising=False)
    monkeypatch.setattr(tap.importlib, "import_module", lambda name: SimpleNamespace(App=Nothing))


@pytest.mark.parametrize("command", ["cdk", "cdktf"])
def test_node_is_chosen_before_the_tool_starts(monkeypatch, apps, command):
    seen = []
    module = SimpleNamespace(build=lambda _scope: seen.append(os.environ["JSII_NODE"]))
    monkeypatch.setattr(tap, "load", lambda _name: module)
    monkeypatch.setattr(tap.node, "environment", lambda: {"JSII_NODE": "/chosen/node"})
    monkeypatch.setenv("JSII_NODE", "/another/node")
    tap.main([command])
    assert set(seen) == {"/chosen/node"}


@pytest.mark.parametrize("command", ["cdk", "cdktf"])
def test_one_app_has_every_system_of_the_tool(monkeypatch, apps, built, command):
    register(monkeypatch, command, "one", "two")
    tap.main([command])
    (first, scope), (second, same) = built
    assert (first, second) == ("one", "two")
    assert scope is same
    assert scope.synthesised


@pytest.mark.parametrize("command", ["cdk", "cdktf"])
def test_the_setting_leaves_one_system_and_loads_no_other(monkeypatch, apps, built, command):
    register(monkeypatch, command, "refused", "two")
    monkeypatch.setenv(tap.SYSTEM, "two")
    tap.main([command])
    assert [name for name, _scope in built] == ["two"]


@pytest.mark.parametrize(("command", "asked"), [("cdk", "payment"), ("cdktf", "kinesis-pipeline"), ("cdk", "x")])
def test_a_system_of_another_tool_is_refused_with_those_that_there_are(monkeypatch, command, asked):
    monkeypatch.setenv(tap.SYSTEM, asked)
    own = next(name for name, system in tap.SYSTEMS.items() if system.iac_tool == command)
    with pytest.raises(SettingError, match=f"^TAP_SYSTEM='{asked}' is not a system of the .*: use {own}, or leave"):
        tap.main([command])


def test_where_a_tool_has_no_system_the_setting_is_to_be_left_out(monkeypatch):
    register(monkeypatch, "cdk")
    with pytest.raises(SettingError, match="here: leave it out"):
        tap.chosen("cdk", {tap.SYSTEM: "payment"})


@pytest.mark.parametrize("command", ["cdk", "cdktf"])
def test_the_only_system_is_refused_in_its_own_words(monkeypatch, apps, built, command):
    register(monkeypatch, command, "refused")
    with pytest.raises(SettingError, match=r"^ENVIRONMENT='x' is not valid\.$"):
        tap.main([command])


def test_one_of_several_cdktf_systems_is_refused_with_the_way_around_it(monkeypatch, apps, built):
    register(monkeypatch, "cdktf", "one", "refused")
    with pytest.raises(SettingError, match=r"^refused: ENVIRONMENT='x' is not valid\. \(TAP_SYSTEM="):
        tap.main(["cdktf"])


def test_one_of_several_cdk_systems_is_refused_and_the_others_can_be_deployed(monkeypatch, tmp_path, built):
    """The command line shows an error of a stack to whoever selects it: it stands in that stack's metadata alone."""
    register(monkeypatch, "cdk", "one", "refused-system")
    aws_cdk = importlib.import_module("aws_cdk")
    monkeypatch.setattr(aws_cdk, "App", partial(aws_cdk.App, outdir=str(tmp_path)))  # Node may run, and knows its own
    tap.main(["cdk"])
    assert [name for name, _scope in built] == ["one"]
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    stacks = {name: a for name, a in manifest["artifacts"].items() if a["type"] == "aws:cloudformation:stack"}
    assert list(stacks) == ["RefusedSystem"]
    metadata = (tmp_path / stacks["RefusedSystem"]["additionalMetadataFile"]).read_text()
    entries = [entry for found in json.loads(metadata).values() for entry in found]
    (entry,) = [entry for entry in entries if entry["type"] == "aws:cdk:error"]
    assert entry["data"] == "tap: ENVIRONMENT='x' is not valid."
    template = json.loads((tmp_path / "RefusedSystem.template.json").read_text())
    assert {found["Type"] for found in template["Resources"].values()} == {"AWS::CloudFormation::WaitConditionHandle"}


class Nothing:
    """An app that writes nothing."""

    synthesised = False

    def synth(self) -> None:
        """Say so."""
        self.synthesised = True


def test_cdk_synthesises_into_the_folder_of_the_command_line(tmp_path):
    done = run("cdk", CDK_OUTDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "a warning, perhaps of something deprecated"
    assert (tmp_path / "KinesisPipeline.template.json").is_file()


def test_cdk_refuses_a_wrong_setting(monkeypatch):
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "NO")
    with pytest.raises(SettingError, match="ENVIRONMENT_SUFFIX='NO'"):
        tap.main(["cdk"])


def test_its_own_folder_comes_onto_the_path(monkeypatch):
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if Path(entry or ".").resolve() != ROOT])
    runpy.run_path(str(ROOT / "tap.py"), run_name="called by pulumi")
    assert str(ROOT) in sys.path


class Account:
    """A boto3 session whose API Gateway answers this, or raises it."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def client(self, service, *, region_name, config):
        self.asked.append((service, region_name))
        assert config.connect_timeout <= 5
        return self

    def get_account(self):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def account(monkeypatch):
    """Have this account in the place of AWS's."""
    import boto3

    def have(answer):
        found = Account(answer)
        monkeypatch.setattr(boto3, "Session", lambda: found)
        return found

    return have


def with_an_api(built):
    """Return a system's module whose API needs the role in one region; it is built where ``built`` shows it."""
    return SimpleNamespace(api_log_roles=lambda *_settings: {"here": "own"}, build=built.append)


@pytest.mark.parametrize("command", [[], ["cdktf"]])
def test_an_account_without_the_role_for_logs_is_refused_before_anything_is_declared(monkeypatch, account, command):
    import pulumi

    declared, real = [], importlib.import_module
    monkeypatch.delenv(tap.SYSTEM, raising=False)
    monkeypatch.setattr(
        tap.importlib, "import_module", lambda name: SimpleNamespace(App=Nothing) if name == "cdktf" else real(name)
    )
    register(monkeypatch, "cdktf" if command else "pulumi", "pay")
    monkeypatch.setattr(pulumi, "get_stack", lambda: "pay-dev")
    monkeypatch.setattr(tap, "load", lambda _name: with_an_api(declared))
    account({})
    with pytest.raises(SettingError, match="no role in here to write logs"):
        tap.main(command)
    assert declared == []


def test_an_account_with_the_role_is_deployed_to(account):
    found = account({"cloudwatchRoleArn": "arn:aws:iam::123456789012:role/logs"})
    tap.ready("pay", with_an_api([]), "dev")
    assert found.asked == [("apigateway", "here")]


def test_who_may_not_ask_is_told_and_goes_on(account, capsys):
    from botocore.exceptions import NoCredentialsError

    account(NoCredentialsError())
    tap.ready("pay", with_an_api([]))
    assert "pay: API Gateway's role for logs could not be asked for: Unable to locate" in capsys.readouterr().err


def test_a_system_without_an_api_asks_nobody(account):
    found = account({})
    tap.ready("queue", SimpleNamespace(build=None))
    assert found.asked == []

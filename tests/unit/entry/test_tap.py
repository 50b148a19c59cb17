"""tap.py serves each engine, imports one engine and one system, and says what to type otherwise."""

import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import tap
from lib.common.errors import SettingError

ROOT = Path(tap.__file__).parent


def run(*arguments: str, cwd: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run tap.py as an engine would: another folder, no PYTHONPATH."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environ
    command = [sys.executable, str(cwd / "tap.py"), *arguments]
    return subprocess.run(command, cwd="/", env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def checkout(tmp_path):
    """A checkout with lib/common and one tiny system for each engine, which writes what was imported."""
    shutil.copy(ROOT / "tap.py", tmp_path)
    shutil.copytree(ROOT / "lib" / "common", tmp_path / "lib" / "common")
    (tmp_path / "lib" / "__init__.py").touch()
    for folder, signature in (("flask_api", "suffix"), ("payment", "suffix"), ("disaster_recovery", "")):
        (tmp_path / "lib" / folder).mkdir()
        (tmp_path / "lib" / folder / "__init__.py").touch()
        (tmp_path / "lib" / folder / "stack.py").write_text(
            "import json, sys\n"
            f"def build({signature}):\n    print(json.dumps([{signature or repr('')}, sorted(sys.modules)]))\n"
        )
    return tmp_path


@pytest.mark.parametrize("arguments", [[], ["cdk", "deploy"], ["pulumi"], ["help"]])
def test_anything_else_ends_with_what_to_type(arguments):
    done = run(*arguments)
    assert done.returncode == 1
    assert done.stderr.strip() == f"tap: {tap.USAGE}"


def test_a_system_that_is_not_here_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(tap, "ROOT", tmp_path)
    with pytest.raises(SettingError, match="disaster-recovery is not in this checkout"):
        tap.main(["cdktf"])


def test_cdktf_builds_its_system_and_imports_no_other(checkout):
    done = run("cdktf", cwd=checkout)
    assert done.returncode == 0, done.stderr
    _suffix, modules = json.loads(done.stdout)
    assert "lib.disaster_recovery.stack" in modules
    assert not {"aws_cdk", "pulumi", "lib.flask_api", "lib.payment"} & set(modules)


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
    """Run the program as Pulumi does: by path, the stack's name known to the engine."""
    command = [sys.executable, "-c", PULUMI, str(checkout / "tap.py"), stack]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("stack", "folder"), [("flask-api-pr-7", "flask_api"), ("payment-dev", "payment")])
def test_the_stacks_name_chooses_the_pulumi_system(checkout, stack, folder):
    done = pulumi_up(checkout, stack)
    assert done.returncode == 0, done.stderr
    suffix, modules = json.loads(done.stdout)
    assert suffix == stack.removeprefix(folder.replace("_", "-") + "-")
    assert [m for m in modules if m.startswith("lib.") and m.endswith(".stack")] == [f"lib.{folder}.stack"]
    assert not {"aws_cdk", "cdktf"} & set(modules)


@pytest.mark.parametrize("stack", ["dev", "flask-api", "payment-", "flask_api-dev"])
def test_a_stack_that_names_no_system_is_refused(checkout, stack):
    done = pulumi_up(checkout, stack)
    assert done.returncode == 1
    assert f"The Pulumi stack {stack!r} names no system" in done.stderr


@pytest.mark.parametrize("stack", ["flask-api-dev", "payment-x"])
def test_the_choice_is_made_by_the_name_alone(monkeypatch, stack):
    import pulumi

    chosen = []
    module = SimpleNamespace(build=chosen.append)
    monkeypatch.setattr(pulumi, "get_stack", lambda: stack)
    monkeypatch.setattr(tap, "load", lambda folder: chosen.append(folder) or module)
    tap.main([])
    assert chosen == [*([["flask_api", "dev"], ["payment", "x"]][stack == "payment-x"])]


def test_a_wrong_name_is_refused_before_a_system_is_loaded(monkeypatch):
    import pulumi

    monkeypatch.setattr(pulumi, "get_stack", lambda: "other-dev")
    with pytest.raises(SettingError, match="pulumi stack init"):
        tap.main([])


def test_the_usage_is_an_error_in_process_too():
    with pytest.raises(SettingError, match="Type 'cdk deploy'"):
        tap.main(["up"])


@pytest.mark.parametrize(("command", "folder"), [("cdk", "kinesis_pipeline"), ("cdktf", "disaster_recovery")])
def test_node_is_chosen_before_the_engine_starts(monkeypatch, command, folder):
    built = []
    module = SimpleNamespace(build=lambda *scope: built.append(os.environ["JSII_NODE"]))
    monkeypatch.setattr(tap, "load", lambda name: module if name == folder else None)
    monkeypatch.setattr(tap.importlib, "import_module", lambda name: SimpleNamespace(App=Nothing))
    monkeypatch.setattr(tap.node, "environment", lambda: {"JSII_NODE": "/chosen/node"})
    monkeypatch.setenv("JSII_NODE", "/another/node")
    tap.main([command])
    assert built == ["/chosen/node"]


class Nothing:
    """An app that synthesises nothing."""

    def synth(self) -> None:
        """Do nothing."""


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

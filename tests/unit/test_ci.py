"""CI takes its matrices from SYSTEMS of tap.py: no job lists systems."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import tap

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
JOBS = WORKFLOW["jobs"]
MATRIX = re.compile(r"\$\{\{ fromJSON\(needs\.systems\.outputs\.(\w+)\) \}\}")


@pytest.fixture(scope="module")
def printed() -> dict[str, list[str]]:
    """What the command prints, as the workflow reads it: in any folder, with nothing but Python."""
    command = [sys.executable, "-I", "-S", str(ROOT / "scripts" / "ci_matrix.py")]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=True)
    return {
        name: json.loads(text) for name, _equals, text in (line.partition("=") for line in done.stdout.splitlines())
    }


def test_every_system_is_in_the_matrices(printed):
    assert printed["systems"] == list(tap.SYSTEMS)
    assert {name: tool for tool in tap.IAC_TOOLS for name in printed[tool]} == {
        name: system.iac_tool for name, system in tap.SYSTEMS.items()
    }


def test_the_workflow_asks_for_what_is_printed(printed):
    outputs = JOBS["systems"]["outputs"]
    assert outputs.keys() <= printed.keys()
    for name, text in outputs.items():
        assert text == f"${{{{ steps.matrix.outputs.{name} }}}}"
    (step,) = [step for step in JOBS["systems"]["steps"] if step.get("id") == "matrix"]
    assert step["run"] == 'python scripts/ci_matrix.py >> "$GITHUB_OUTPUT"'


@pytest.mark.parametrize("job", [name for name, job in JOBS.items() if "matrix.system" in json.dumps(job)])
def test_a_job_for_systems_takes_them_from_there(job):
    found = MATRIX.fullmatch(JOBS[job]["strategy"]["matrix"]["system"])
    assert found
    assert found[1] in JOBS["systems"]["outputs"]
    assert "systems" in JOBS[job]["needs"]


def test_every_system_is_deployed_twice_and_destroyed():
    runs = [step["run"] for step in JOBS["up"]["steps"] if "run" in step]
    assert runs == ['scripts/up "$SYSTEM"'] * 2 + ["scripts/down"]
    assert MATRIX.fullmatch(JOBS["up"]["strategy"]["matrix"]["system"])[1] == "systems"


def test_every_system_has_its_whole_life_on_the_local_cloud():
    (run,) = [step["run"] for step in JOBS["verify"]["steps"] if "run" in step]
    assert run.startswith('scripts/verify_on_aws "$SYSTEM" --target local --yes ')
    assert MATRIX.fullmatch(JOBS["verify"]["strategy"]["matrix"]["system"])[1] == "systems"

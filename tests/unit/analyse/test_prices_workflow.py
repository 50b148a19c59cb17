"""The weekly workflow proposes new prices with the least permissions, and what is missing turns it red."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[3] / ".github" / "workflows"


def workflow(name: str) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    return found


JOBS = workflow("prices")["jobs"]


def actions(name: str) -> set[str]:
    return {step["uses"] for job in workflow(name)["jobs"].values() for step in job["steps"] if "uses" in step}


def script(job: str) -> str:
    (found,) = (step["run"] for step in JOBS[job]["steps"] if "run" in step)
    return str(found)


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clone with a price table, whose scripts/refresh_prices is replaced by each test."""
    remote, folder = tmp_path / "remote", tmp_path / "clone"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(remote))
    git(tmp_path, "clone", "-q", str(remote), str(folder))
    table = folder / "lib" / "analyse" / "prices.json"
    table.parent.mkdir(parents=True)
    table.write_text("{}\n", encoding="utf-8")
    git(folder, "add", "-A")
    git(folder, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "first")
    git(folder, "push", "-q", "origin", "HEAD:main")
    return folder


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def run(folder: Path, job: str, **variables: str) -> tuple[int, dict[str, str]]:
    """Run a job's script as GitHub does, and return its exit status and its outputs."""
    output, tools = folder.parent / "output", folder.parent / "tools"
    environ = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "GITHUB_OUTPUT": str(output)}
    environ |= {"GITHUB_STEP_SUMMARY": str(folder.parent / "summary"), **variables}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script(job)]
    done = subprocess.run(command, cwd=folder, env=environ, check=False, capture_output=True, text=True)
    lines = output.read_text(encoding="utf-8").splitlines() if output.exists() else []
    return done.returncode, dict(line.split("=", 1) for line in lines)


def test_only_the_job_that_proposes_may_write_and_it_runs_no_code_of_the_project():
    found = workflow("prices")
    assert found["permissions"] == {}
    writing = {name for name, job in JOBS.items() if "write" in (job.get("permissions") or {}).values()}
    assert writing == {"propose"}
    assert JOBS["propose"]["permissions"] == {"contents": "write", "pull-requests": "write"}
    assert "scripts/" not in script("propose")
    assert JOBS["refresh"]["permissions"] == {"contents": "read"}
    assert JOBS["refresh"]["steps"][0]["with"] == {"persist-credentials": False}
    assert "secrets." not in (FOLDER / "prices.yml").read_text(encoding="utf-8")


def test_it_runs_weekly_with_the_action_versions_of_the_other_workflow():
    triggers = workflow("prices")[True]  # YAML 1.1 reads "on" as true
    assert [entry["cron"].split()[-1].isdigit() for entry in triggers["schedule"]] == [True]
    assert actions("prices") <= actions("ci")


@pytest.mark.parametrize(
    ("refresh", "changed", "missing"),
    [
        ("exit 0", "false", "0"),
        ("echo '{\"a\": 1}' >lib/analyse/prices.json", "true", "0"),
        ("echo MISSING: x >&2; echo '{}' >>lib/analyse/prices.json; exit 3", "true", "3"),
        ("echo MISSING: x >&2; exit 3", "false", "3"),
    ],
)
def test_a_new_table_goes_to_the_proposal_whether_or_not_something_is_missing(repository, refresh, changed, missing):
    program(repository / "scripts" / "refresh_prices", refresh)
    code, outputs = run(repository, "refresh")
    assert (code, outputs["changed"], outputs["missing"]) == (0, changed, missing)
    summary = (repository.parent / "summary").read_text(encoding="utf-8")
    assert ("MISSING: x" in summary) is (missing == "3")


def test_any_other_failure_ends_the_job(repository):
    program(repository / "scripts" / "refresh_prices", "exit 2")
    assert run(repository, "refresh") == (1, {})


def test_the_proposal_has_the_table_and_one_pull_request(repository):
    table = repository / "lib" / "analyse" / "prices.json"
    program(repository / "scripts" / "refresh_prices", "echo '{\"regions\": {}}' >lib/analyse/prices.json")
    outputs = run(repository, "refresh")[1]
    git(repository, "checkout", "-q", "--", str(table))
    calls, state = repository.parent / "calls", repository.parent / "open"
    state.write_text("0\n", encoding="utf-8")
    program(
        repository.parent / "tools" / "gh",
        f'echo "$2" >>{calls}; if [ "$2" = list ]; then cat {state}; else echo 1 >{state}; fi',
    )
    names = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "1"}
    for _ in range(2):  # the second week: the branch and the pull request are there
        assert run(repository, "propose", TABLE=outputs["table"], **names)[0] == 0
        git(repository, "switch", "-q", "--detach", "origin/main")
        git(repository, "branch", "-qD", "refresh-prices")
    assert calls.read_text(encoding="utf-8").split() == ["list", "create", "list"]
    pushed = git(repository, "show", "origin/refresh-prices:lib/analyse/prices.json")
    assert json.loads(pushed) == {"regions": {}}
    assert git(repository, "diff", "--name-only", "origin/main", "origin/refresh-prices") == "lib/analyse/prices.json"


def test_missing_prices_turn_the_run_red_after_the_proposal():
    assert JOBS["complete"]["needs"] == ["refresh", "propose"]
    assert JOBS["complete"]["if"] == "always() && needs.refresh.outputs.missing == '3'"
    assert script("complete").splitlines()[-1] == "exit 1"

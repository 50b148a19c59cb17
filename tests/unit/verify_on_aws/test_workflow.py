"""The workflow that is started by hand: by OIDC, with the least rights, and a state that outlives it."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / ".github" / "workflows" / "verify-on-aws.yml").read_text(encoding="utf-8")
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
JOB = WORKFLOW["jobs"]["verify"]
(RUN,) = [step["run"] for step in JOB["steps"] if "run" in step]


def call(tmp_path, **variables):
    """Run the job's script as GitHub does, in a folder with a command that says how it was called."""
    program = tmp_path / "scripts" / "verify_on_aws"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\nfor one; do printf "[%s]" "$one"; done; echo "${AWS_REGION-}${AWS_DEFAULT_REGION-}"\n'
    )
    program.chmod(0o755)
    environ = {"PATH": "/usr/bin:/bin", "SYSTEM": "payment", "DESTROY_ONLY": "", **variables}
    done = subprocess.run(
        ["bash", "-e", "-c", RUN], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_somebody_starts_it_and_nothing_else_does():
    assert list(WORKFLOW[True]) == ["workflow_dispatch"]  # YAML 1.1 reads "on" as true


def test_it_has_no_key_and_no_right_but_those_of_oidc():
    assert WORKFLOW["permissions"] == {}
    assert JOB["permissions"] == {"contents": "read", "id-token": "write"}
    assert "AWS_SECRET_ACCESS_KEY" not in TEXT
    (credentials,) = [step for step in JOB["steps"] if "configure-aws-credentials" in step.get("uses", "")]
    assert credentials["with"]["role-to-assume"].startswith("${{ vars.")


def test_somebody_has_to_agree_and_only_one_runs_at_a_time():
    assert JOB["environment"] == "sandbox"
    assert WORKFLOW["concurrency"]["cancel-in-progress"] is False


def test_the_session_lasts_as_long_as_the_job_and_the_command_stops_before():
    (credentials,) = [step for step in JOB["steps"] if "configure-aws-credentials" in step.get("uses", "")]
    assert credentials["with"]["role-duration-seconds"] == JOB["timeout-minutes"] * 60
    hours = int(RUN.partition("--hours ")[2].split()[0])
    assert hours * 60 < JOB["timeout-minutes"] - 60  # a destruction may take 45 minutes


def test_the_states_outlive_the_machine():
    assert JOB["env"]["PULUMI_BACKEND_URL"].startswith("s3://${{ vars.VERIFY_STATE_BUCKET }}")
    assert JOB["env"]["STATE_BUCKET"] == "${{ vars.VERIFY_STATE_BUCKET }}"


def test_what_somebody_types_is_no_part_of_the_script():
    assert "${{" not in RUN


def test_it_verifies_in_the_regions_of_the_checkout(tmp_path):
    said = call(tmp_path, AWS_REGION="somewhere", AWS_DEFAULT_REGION="somewhere")
    assert said == "[payment][--yes][--hours][4][--evidence][evidence]"


def test_what_was_interrupted_is_destroyed(tmp_path):
    assert call(tmp_path, DESTROY_ONLY="verify-1 x").endswith("[evidence][--destroy-only][verify-1 x]")


@pytest.mark.parametrize("name", ["VERIFY_ROLE_ARN", "VERIFY_STATE_BUCKET", "VERIFY_STATE_REGION", "VERIFY_PASSPHRASE"])
def test_what_it_takes_is_said_at_its_head(name):
    head, _name, rest = TEXT.partition("\nname: ")
    assert name in head
    assert name in rest

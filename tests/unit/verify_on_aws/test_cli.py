"""Nothing begins without a yes, or with something missing; what has happened is in a file, and an exit status."""

import dataclasses
import re
import subprocess

import pytest

from lib.common.errors import SettingError
from lib.verify_on_aws import cli, evidence
from lib.verify_on_aws.aws import AwsTarget
from lib.verify_on_aws.evidence import Evidence
from lib.verify_on_aws.local import LocalTarget
from lib.verify_on_aws.process import StepError
from tests.support.evidence import RUN

METHODS = ("check", "deploy", "tests", "destroy", "remove_log_groups", "leftovers")


@pytest.fixture
def done(monkeypatch):
    """What the targets were asked; an error in it is raised by the method of its name."""
    asked, errors = [], {}

    def method(name):
        def do(_self, *_change):
            asked.append(name)
            if name in errors:
                raise errors[name]
            return [] if name == "leftovers" else ""

        return do

    for target in (AwsTarget, LocalTarget):
        for name in METHODS:
            monkeypatch.setattr(target, name, method(name))
    return asked, errors


@pytest.fixture
def run(tools, tmp_path, monkeypatch, capsys, done):
    """Run the command in a checkout that keeps its files elsewhere; return the status and what it said."""
    monkeypatch.setattr(cli, "work_folder", lambda: tmp_path / "work")
    for program in ("pulumi", "cdk", "terraform", "docker"):
        tools.add(program, script="echo 1.0")

    def start(*arguments, yes=True, **environ):
        written = ["--evidence", str(tmp_path / "evidence")]
        status = cli.main(["payment", *written, *arguments], {**tools.environ, **environ}, lambda _question: yes)
        said = capsys.readouterr()
        return status, said.out + said.err

    return start


def files(tmp_path):
    return sorted((tmp_path / "evidence").glob("*")) if (tmp_path / "evidence").exists() else []


def test_a_run_that_passes_is_written_down(run, tmp_path, done):
    status, said = run()
    (path,) = files(tmp_path)
    written = Evidence.read(path)
    assert (status, written.result, written.target) == (0, evidence.PASSED, evidence.AWS)
    assert f"passed: {path}" in said
    assert done[0][-1] == "leftovers"
    assert {"python", "boto3", "pulumi", "pulumi-aws"} <= written.versions.keys()
    assert written.change == {"LOG_DAYS": "30"}
    assert not list((tmp_path / "work").glob("*.json"))


def test_what_it_costs_and_how_long_it_takes_is_said_before(run, tmp_path, done):
    status, said = run(yes=False)
    assert status == cli.USAGE
    assert re.search(r"USD an hour while idle.* for 6\.0 hours", said)
    assert re.search(r"deploy +not measured yet", said)
    assert "as payment-verify-" in said
    assert done[0] == files(tmp_path) == []


def test_earlier_evidence_says_how_long_it_takes(run, tmp_path):
    RUN.write(tmp_path / "evidence" / "payment-2026-11-30.json")
    assert re.search(r"deploy +62 s, measured on 2026-11-30", run(yes=False)[1])


def test_a_local_run_says_so_and_costs_nothing(run, tmp_path):
    status, said = run("--target", "local", LOCAL_CLOUD_PORT="1999")
    written = Evidence.read(files(tmp_path)[0])
    assert (status, written.target) == (0, "local cloud")
    assert "ministack" in written.versions
    assert "USD" not in said


def test_a_failure_is_a_status(run, tmp_path, done):
    done[1]["tests"] = StepError("2 failed")
    status, said = run("--suffix", "verify-1")
    assert (status, Evidence.read(files(tmp_path)[0]).result) == (1, evidence.FAILED)
    assert "still be deployed" not in said  # it was destroyed after the failure


def test_what_could_not_be_destroyed_is_told_with_the_command(run, done):
    done[1]["destroy"] = StepError("it waits")
    status, said = run("--suffix", "verify-1")
    assert status == 1
    assert "scripts/verify_on_aws payment --destroy-only verify-1\n" in said


def test_an_account_that_is_not_ready_has_nothing_to_destroy(run, done):
    done[1]["check"] = StepError("3 to change")
    status, said = run()
    assert (status, "still be deployed" in said) == (1, False)


def test_an_interruption_says_how_to_go_on(run, tmp_path, done):
    done[1]["tests"] = KeyboardInterrupt()
    status, said = run("--target", "local", "--suffix", "verify-1", LOCAL_CLOUD_PORT="1999")
    assert status == cli.INTERRUPTED
    assert "scripts/verify_on_aws payment --target local --destroy-only verify-1\n" in said
    assert files(tmp_path) == []


@pytest.mark.parametrize("option", ["--suffix", "--destroy-only"])
def test_the_next_run_of_the_suffix_destroys(run, tmp_path, done, option):
    done[1]["tests"] = KeyboardInterrupt()
    run("--suffix", "verify-1")
    done[0].clear()
    assert run(option, "verify-1")[0] == 0
    written = Evidence.read(files(tmp_path)[0])
    assert done[0] == ["destroy", "leftovers"]
    assert [step.name for step in written.steps] == ["check account", "deploy", "destroy", "leftovers"]
    assert written.result == evidence.INTERRUPTED


def test_what_another_machine_has_left_is_destroyed(run, tmp_path, done):
    assert run("--destroy-only", "verify-1")[0] == 0
    assert done[0] == ["destroy", "leftovers"]
    assert [step.name for step in Evidence.read(files(tmp_path)[0]).steps] == ["destroy", "leftovers"]


@pytest.mark.parametrize(
    ("arguments", "environ", "sentence"),
    [
        ([], {"ENVIRONMENT": "production"}, "ENVIRONMENT='production' is refused"),
        (["--destroy-only", "live"], {}, "The suffix 'live' is refused"),
        ([], {"PATH": "/nowhere"}, "pulumi is not on the PATH"),
        ([], {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, "does not lead to AWS: use a new shell, or --target local"),
        (["--hours", "0"], {}, "--hours 0 is not valid"),
        (["--target", "local"], {"LOCAL_CLOUD_PORT": "x"}, "LOCAL_CLOUD_PORT='x' is not a valid port"),
    ],
)
def test_what_is_refused_begins_nothing(run, tmp_path, done, arguments, environ, sentence):
    status, said = run(*arguments, **environ)
    assert (status, sentence in said, done[0], files(tmp_path)) == (cli.USAGE, True, [], [])


def test_two_suffixes_are_refused(run):
    with pytest.raises(SystemExit, match="2"):
        run("--suffix", "verify-1", "--destroy-only", "verify-2")


@pytest.mark.parametrize(("text", "yes"), [("y", True), ("YES", True), ("", False), ("n", False)])
def test_a_terminal_is_asked(monkeypatch, text, yes):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _question: text)
    assert cli.ask("Begin?") is yes


def test_without_a_terminal_nobody_can_be_asked(monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(SettingError, match="--yes begins without a question"):
        cli.ask("Begin?")


def test_yes_asks_nobody(run):
    assert run("--yes", yes=False)[0] == 0


@pytest.mark.parametrize(
    ("output", "commit"),
    [(["1234567890", ""], "1234567890"), (["1234567890", " M x"], "1234567890+"), (["", ""], "unknown")],
)
def test_the_commit_says_whether_the_checkout_differs(monkeypatch, output, commit):
    answers = iter(output)
    monkeypatch.setattr(subprocess, "run", lambda *_a, **_k: subprocess.CompletedProcess([], 0, next(answers)))
    assert cli.commit() == commit


def test_what_is_left_is_told(run, monkeypatch, tmp_path):
    left = dataclasses.replace(RUN).left
    monkeypatch.setattr(evidence, "counted", lambda _leftovers: left)
    assert f"left: 3 KMS key in {left[0].region}: it waits" in run()[1]


def test_runs_keep_their_files_in_the_checkout():
    assert cli.work_folder().relative_to(cli.ROOT).parts[0] == ".local"

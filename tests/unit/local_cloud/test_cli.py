"""up, down and env show what they do, and end with one sentence and a code when they cannot."""

import dataclasses
import socket
import subprocess

import pytest

from lib.common.errors import SettingError
from lib.local_cloud import cli, inventory, systems
from lib.local_cloud.cdk import cli as cdk_cli
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers.process import Server, free_port


@pytest.fixture
def cloud(tmp_path, monkeypatch):
    monkeypatch.setenv("LOCAL_CLOUD_FOLDER", str(tmp_path / "cloud"))
    monkeypatch.setenv("LOCAL_CLOUD_PORT", str(free_port()))
    (tmp_path / "cloud").mkdir()
    return LocalCloud.read()


def fake_cdk(tmp_path, monkeypatch, script):
    """Put a script in the place of the CDK's command line."""
    program = tmp_path / "cdk"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(cdk_cli, "PROGRAM", program)


@pytest.mark.parametrize(
    ("error", "code"),
    [(SettingError("wrong value"), 1), (LocalCloudError("no server"), 1), (KeyboardInterrupt(), 130)],
)
def test_trouble_is_one_sentence_and_a_code(cloud, monkeypatch, capsys, error, code):
    def fail(_cloud, _systems):
        raise error

    monkeypatch.setattr(cli, "up", fail)
    assert cli.main(["up"]) == code
    said = capsys.readouterr().err
    assert str(error) in said
    assert "Traceback" not in said


def test_an_unknown_system_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["up", "kinesis"])
    assert "kinesis-pipeline" in capsys.readouterr().err


def test_the_cloud_alone_can_be_started(cloud, monkeypatch, capsys):
    started = []

    def begin(self):
        started.append(self)

    monkeypatch.setattr(LocalCloud, "start", begin)
    monkeypatch.setattr(cli, "up", lambda *_a: pytest.fail("nothing is to be deployed"))
    assert cli.main(["up", "--only-cloud"]) == 0
    shown = capsys.readouterr().out
    assert started == [cloud]
    assert f"Running: AWS on http://127.0.0.1:{cloud.port}. Use it" in shown


def test_the_databases_of_a_running_cloud_are_said(cloud, capsys):
    (cloud.folder / "postgres" / "5432").mkdir(parents=True)
    cli.running(cloud)
    assert ", PostgreSQL 17 on 127.0.0.1:5432. Use it" in capsys.readouterr().out


def test_the_cloud_alone_and_a_system_is_a_contradiction(capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["up", "payment", "--only-cloud"])
    assert "--only-cloud deploys nothing: leave out payment, or --only-cloud" in capsys.readouterr().err


def test_env_without_a_cloud_says_what_to_run(cloud, capsys):
    assert cli.main(["env"]) == 1
    assert "run scripts/up first" in capsys.readouterr().err


def test_env_can_be_evaluated_by_a_shell(cloud, monkeypatch, capsys):
    monkeypatch.setattr(Server, "healthy", lambda self: True)
    assert cli.main(["env"]) == 0
    script = capsys.readouterr().out + '\necho "$AWS_ENDPOINT_URL,$AWS_PROFILE"'
    done = subprocess.run(["sh", "-c", script], env={"AWS_PROFILE": "work"}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"http://127.0.0.1:{cloud.port},"


def test_down_without_a_cloud_says_that_nothing_ran(cloud, capsys):
    assert cli.main(["down"]) == 0
    assert "Stopped: nothing ran." in capsys.readouterr().out


def test_down_names_what_is_left_and_keeps_the_servers(cloud, monkeypatch, capsys):
    stopped = []
    monkeypatch.setattr(Server, "process", lambda self: object())
    monkeypatch.setattr(LocalCloud, "stop", lambda self: stopped.append(self) or [])
    monkeypatch.setattr(cli, "SYSTEMS", {})
    monkeypatch.setattr(inventory, "remainder", lambda _cloud: [("bucket", "forgotten")])
    assert cli.main(["down"]) == 1
    assert "bucket forgotten" in capsys.readouterr().err
    assert not stopped


def test_down_of_a_system_destroys_it_alone_and_keeps_the_servers(cloud, monkeypatch, capsys):
    destroyed, stopped = [], []
    monkeypatch.setattr(Server, "process", lambda self: object())
    monkeypatch.setattr(LocalCloud, "stop", lambda self: stopped.append(self) or [])
    for name, system in cli.SYSTEMS.items():
        kept = dataclasses.replace(system, destroy=lambda *_a, name=name: destroyed.append(name))
        monkeypatch.setitem(cli.SYSTEMS, name, kept)
    first, *_others = cli.SYSTEMS
    assert cli.main(["down", first]) == 0
    assert (destroyed, stopped) == ([first], [])
    assert f"{first}: destroyed" in capsys.readouterr().out


def test_down_of_a_system_without_a_cloud_has_nothing_to_do(cloud, capsys):
    assert cli.main(["down", next(iter(cli.SYSTEMS))]) == 0
    assert capsys.readouterr().out == ""


def test_down_notices_a_port_that_still_answers(cloud, monkeypatch, capsys):
    monkeypatch.setattr(LocalCloud, "stop", lambda self: ["ministack"])
    monkeypatch.setattr(cli, "port_is_free", lambda port, host: False)
    assert cli.main(["down"]) == 1
    assert f"Port {cloud.port} still answers" in capsys.readouterr().err


def test_a_system_that_is_not_deployed_is_destroyed_already(cloud, monkeypatch):
    monkeypatch.setattr(cdk_cli, "stack_status", lambda _cloud, _name: "")
    monkeypatch.setattr(cdk_cli, "destroy", lambda *_a: pytest.fail("there is nothing to destroy"))
    cli.SYSTEMS["kinesis-pipeline"].destroy(cloud, lambda _text: None)


def test_a_cdk_system_that_was_never_synthesised_is_destroyed_already(cloud, monkeypatch):
    ran = []
    monkeypatch.setattr(cdk_cli, "run", lambda _cloud, words, _report: ran.append(words))
    cdk_cli.destroy(cloud, "mailbox", lambda _text: None)
    assert ran == []
    (cloud.folder / "cdk.out" / "mailbox").mkdir(parents=True)
    cdk_cli.destroy(cloud, "mailbox", lambda _text: None)
    assert [words[0] for words in ran] == ["destroy"]


def test_a_failing_command_is_told_in_its_own_words(cloud, tmp_path, monkeypatch):
    event = "s | 3/9 | 4:22:43 PM | CREATE_FAILED | AWS::S3::Bucket | Bucket already exists"
    fake_cdk(
        tmp_path, monkeypatch, f"echo 'x | 2/9 | 4:22 | CREATE_COMPLETE | AWS::X::ErrorsY | y'; echo '{event}'; exit 1"
    )
    with pytest.raises(LocalCloudError, match=r"cdk deploy failed:\n  s \| 3/9.*Bucket already exists") as failure:
        cdk_cli.run(cloud, ["deploy"], lambda _text: None)
    assert "ErrorsY" not in str(failure.value)


def test_a_failure_without_a_known_word_shows_the_end(cloud, tmp_path, monkeypatch):
    fake_cdk(tmp_path, monkeypatch, "seq 1 9; exit 3")
    with pytest.raises(LocalCloudError, match="5\n  6\n  7\n  8\n  9"):
        cdk_cli.run(cloud, ["deploy"], lambda _text: None)


def test_progress_is_told_event_by_event(cloud, tmp_path, monkeypatch):
    heard = []
    fake_cdk(tmp_path, monkeypatch, "echo 's | 3/9 | 4:22:43 PM | CREATE_COMPLETE | AWS::S3::Bucket | B'")
    cdk_cli.run(cloud, ["deploy"], heard.append)
    assert heard == ["3/9 AWS::S3::Bucket create complete"]


def test_an_interruption_ends_the_command(cloud, tmp_path, monkeypatch):
    fake_cdk(
        tmp_path, monkeypatch, "echo 's | 3/9 | 4:22:43 PM | CREATE_COMPLETE | AWS::S3::Bucket | B'; exec sleep 60"
    )

    def interrupt(_text):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cdk_cli.run(cloud, ["deploy"], interrupt)


@pytest.mark.parametrize(
    ("name", "shared"),
    [
        ("cdk-hnb659fds-assets", True),
        ("alias/aws/rds", True),
        ("AWSServiceRoleForRDS", True),
        ("CDKToolkit-Role", True),
        ("APIGatewayPushToCloudWatchLogs-here", True),
        ("kinesis-pipeline-dev", False),
    ],
)
def test_what_belongs_to_the_account_is_told_from_what_belongs_to_a_system(name, shared):
    assert inventory.shared(name) is shared


def test_nothing_stepped_down_is_nothing_to_show(capsys):
    cli.show(cli.SYSTEMS["kinesis-pipeline"], systems.Deployed(True, {"S3": {"Bucket": 2}}, []))
    shown = capsys.readouterr().out
    assert "2 Bucket" in shown
    assert "Different here" not in shown


def test_a_taken_database_port_is_refused_before_the_deployment(cloud, monkeypatch):
    monkeypatch.setattr(cdk_cli, "bootstrap", lambda *_a: pytest.fail("too late"))
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("DATABASE_PORT", str(other.getsockname()[1]))
        with pytest.raises(LocalCloudError, match="DATABASE_PORT="):
            cli.SYSTEMS["kinesis-pipeline"].deploy(cloud, lambda _text: None)

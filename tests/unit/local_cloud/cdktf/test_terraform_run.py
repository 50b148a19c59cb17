"""Terraform's progress is told as it happens, its errors in its own first words, its state without what is secret."""

import json
import os
import sys
import time
from types import SimpleNamespace

import pytest

from lib.local_cloud.cdktf import terraform_run as runner
from lib.local_cloud.cdktf.terraform_run import Command, State
from lib.local_cloud.errors import LocalCloudError


def silent(_text):
    """Tell nobody."""


@pytest.fixture
def command(tmp_path):
    def make(script):
        return Command("terraform", [sys.executable, "-c", script], tmp_path, os.environ, tmp_path / "log")

    return make


def test_progress_counts_what_is_done_of_what_is_planned(command):
    told = []
    lines = [
        "Plan: 2 to add, 1 to change, 0 to destroy.",
        "name  \\x1b[1maws_sqs_queue.a-b_1: Creation complete after 1s",
        "aws_vpc.x: Modifications complete after 0s",
        "aws_vpc.x: Still creating...",
        "aws_vpc.y: Destruction complete",
    ]
    assert len(runner.run(command(f"print('''{chr(10).join(lines)}''')"), told.append)) == len(lines)
    assert told == ["1/3 sqs_queue made", "2/3 vpc changed", "3/3 vpc removed"]


def test_the_log_keeps_everything(command, tmp_path):
    runner.run(command("print('one')"), silent)
    runner.run(command("print('two')"), silent)
    assert (tmp_path / "log").read_text() == "one\ntwo\n"


def test_a_failure_is_told_in_terraforms_words(command):
    script = "import sys; print('many\\n│ Error: creating x\\n│ \\n│ it is there\\nmore'); sys.exit(1)"
    with pytest.raises(LocalCloudError, match=r"(?s)terraform failed:\n  Error: creating x\n  it is there\n\(full log"):
        runner.run(command(script), silent)


def test_a_failure_without_an_error_is_told_by_its_last_lines(command):
    with pytest.raises(LocalCloudError, match="last words"):
        runner.run(command("import sys; print('last words'); sys.exit(1)"), silent)


def test_an_interruption_lets_terraform_finish(command, tmp_path):
    script = (
        "import signal, sys, time, pathlib\n"
        "def stop(*_): pathlib.Path('finished').touch(); sys.exit(1)\n"
        "signal.signal(signal.SIGINT, stop); print('aws_vpc.a: Creation complete', flush=True); time.sleep(60)"
    )

    def interrupt(_text):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.run(command(script), interrupt)
    assert (tmp_path / "finished").exists()


def test_what_does_not_finish_is_ended(command, monkeypatch):
    monkeypatch.setattr(runner, "STOP_SECONDS", 0.3)
    script = (
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "print('aws_vpc.a: Creation complete', flush=True); time.sleep(60)"
    )
    began = time.monotonic()

    def interrupt(_text):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.run(command(script), interrupt)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("Apply complete! Resources: 0 added, 0 changed, 0 destroyed.", False),
        ("Apply complete! Resources: 0 added, 12 changed, 0 destroyed.", True),
        ("Destroy complete! Resources: 3 destroyed.", True),
        ("No changes. Your infrastructure matches the configuration.", False),
    ],
)
def test_whether_anything_was_changed_is_in_the_last_words(words, answer):
    assert runner.changed(["Plan: 7 to add", words]) is answer


def test_the_state_is_counted_by_service(tmp_path):
    def resource(kind, count=1, mode="managed"):
        return {"type": f"aws_{kind}", "mode": mode, "instances": [{}] * count}

    found = [
        resource("vpc"),
        resource("subnet", 2),
        resource("db_subnet_group"),
        resource("rds_cluster", 2),
        resource("api_gateway_stage"),
        resource("caller_identity", mode="data"),
        resource("sqs_queue", 0),
        resource("route"),
    ]
    path = tmp_path / "state"
    path.write_text(json.dumps({"outputs": {"a": {"value": 1, "type": "number"}}, "resources": found}))
    assert State(path).outputs() == {"a": 1}
    assert State(path).resources() == {
        "vpc": {"vpc": 1, "subnet": 2, "route": 1},
        "rds": {"subnet_group": 1, "cluster": 2},
        "api_gateway": {"stage": 1},
    }


@pytest.mark.parametrize("text", [None, ""])
def test_no_state_is_an_empty_one(tmp_path, text):
    path = tmp_path / "state"
    if text is not None:
        path.write_text(text)
    assert State(path).outputs() == State(path).resources() == {}


def test_a_process_that_has_gone_needs_no_interruption(monkeypatch):
    monkeypatch.setattr(runner.psutil, "Process", lambda _pid: Gone())
    monkeypatch.setattr(runner.psutil, "wait_procs", lambda *_a, **_k: ([], []))
    runner._interrupt(SimpleNamespace(pid=1))


class Gone:
    """A process that ends between two looks."""

    def children(self, recursive):
        return []

    def send_signal(self, _signal):
        raise runner.psutil.NoSuchProcess(1)

    def is_running(self):
        return False

"""The whole program against a server on a port, while calls are throttled and the program is killed.

Whatever happens, report.json is valid and claims nothing that was not looked at; ``--resume`` ends like a whole run.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lib.analyse import run
from tests.support.analyse import auditor as analyse
from tests.support.analyse import content
from tests.support.analyse import server as api_server
from tests.support.analyse.auditor import HERE, PRICED, gaps
from tests.support.analyse.server import Cloud

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = Draft202012Validator(json.loads((ROOT / "lib/analyse/report.schema.json").read_text(encoding="utf-8")))
Program = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Cloud], Program]]:
    """Return a function that serves a cloud and returns what starts the program against it."""
    closing: list[Any] = []

    def begin(cloud: Cloud) -> Program:
        server = api_server.serving(cloud)
        environ = {**os.environ, **api_server.environment(server.__enter__().url)}
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
            environ.pop(name, None)
        closing.append(server)

        def program(*options: str) -> subprocess.Popen[str]:
            command = [sys.executable, "-m", "lib.analyse", "--output", str(tmp_path / "out"), *options]
            process = subprocess.Popen(
                command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            closing.append(process)
            return process

        return program

    yield begin
    for one in closing:
        if isinstance(one, subprocess.Popen):
            one.kill()
            one.communicate()
    for one in closing:
        if not isinstance(one, subprocess.Popen):
            one.__exit__(None, None, None)


def report(folder: Path) -> dict[str, Any]:
    """Return the report that lies there, which must be valid."""
    found: dict[str, Any] = json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))
    SCHEMA.validate(found)
    return found


def until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for something that the program will have done."""
    end = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.005)


def test_the_whole_program_finds_everything_and_says_so(start, tmp_path):
    cloud = Cloud(content.account(300, 60, 70))
    cloud.page = 100
    program = start(cloud)("--region", HERE, "--region", PRICED, "--streams", "off")
    out, err = program.communicate(timeout=120)
    assert (program.returncode, err) == (1, "")
    assert "zombie-volume: 600 (" in out
    assert "Everything was looked at: 860 resources." in out
    found = report(tmp_path)
    assert found["complete"]
    ids = [(f["region"], f["id"]) for f in found["findings"] if f["check"] == "zombie-volume"]
    assert len(set(ids)) == len(ids) == 600


def test_every_third_call_throttled_loses_nothing(tmp_path, monkeypatch):
    """In this process, so that the SDK's waits can be cut short: how long it waits is its own matter."""
    account = content.account(50, 30, 240)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    monkeypatch.setattr("botocore.retries.adaptive.ClientRateLimiter.on_sending_request", lambda *_, **__: None)
    found = {}
    for every in (0, 3):
        cloud = analyse.cloud(account, every=every)
        with api_server.serving(cloud) as server:
            audit = analyse.auditor(cloud, tmp_path / str(every), monkeypatch, server.url)
            code, found[every] = audit("--region", HERE, "--streams", "off", "--quiet")
            assert (code, found[every]["complete"]) == (1, True)
    assert found[0]["findings"] == found[3]["findings"]
    assert len(cloud.calls) > 1.4 * sum(entry["calls"] for entry in found[3]["coverage"])


def logs_account() -> content.Content:
    return content.account(40, 10, 150, streams=1)


def slow(cloud: Cloud, action: str, number: int) -> Callable[[], bool]:
    """Return the condition that an action was called so many times."""
    return lambda: cloud.counts().get(action, 0) >= number


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)
def test_a_program_that_is_stopped_half_way_leaves_a_valid_report_and_can_be_resumed(start, tmp_path, sent):
    cloud = Cloud(logs_account())
    begin = start(cloud)
    options = ("--region", HERE, "--streams", "full", "--quiet")
    program = begin(*options)
    done = tmp_path / "out" / ".analyse" / f"{api_server.ACCOUNT}.{HERE}.volumes.done"
    until(lambda: slow(cloud, "logs:DescribeLogStreams", 30)() and done.exists(), program)
    program.send_signal(sent)
    program.communicate(timeout=60)
    assert program.returncode == (-sent if sent == signal.SIGKILL else 3)
    found = report(tmp_path)
    assert not found["complete"]
    assert (HERE, "log_groups") in gaps(found) or (HERE, "*") in gaps(found)
    seen = {finding["check"] for finding in found["findings"]}
    looked_at = {entry["collector"] for entry in found["coverage"] if entry["status"] == "complete"}
    assert ("zombie-volume" in seen) is ("volumes" in looked_at)
    cloud.calls.clear()
    again = begin(*options, "--resume")
    again.communicate(timeout=60)
    assert again.returncode == 1
    assert "ec2:DescribeVolumes" not in cloud.counts(), "what was complete is not asked for again"
    assert cloud.counts()["logs:DescribeLogStreams"] <= 150 - 20, "what was counted is not counted again"
    resumed = report(tmp_path)
    assert resumed["complete"]
    assert {f["details"]["streams"] for f in resumed["findings"] if f["check"] == "log-cost"} == {1}
    assert len(resumed["findings"]) > len(found["findings"])


def hung(cloud: Cloud, seconds: float) -> Cloud:
    """Let a cloud answer DescribeVolumes only after a time that nobody waits for."""
    answer = cloud.answer

    def slow_answer(service: str, action: str, region: str, asked: Any) -> bytes:
        body = answer(service, action, region, asked)
        if action == "DescribeVolumes":
            time.sleep(seconds)
        return body

    cloud.answer = slow_answer  # type: ignore[method-assign]
    return cloud


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_is_heard_while_a_region_hangs_and_a_second_one_at_once(start, tmp_path, times):
    cloud = hung(analyse.cloud(logs_account()), 100.0)
    program = start(cloud)("--region", HERE, "--streams", "off", "--quiet")
    until(slow(cloud, "ec2:DescribeVolumes", 1), program)
    began = time.monotonic()
    for _ in range(times):
        program.send_signal(signal.SIGINT)
        time.sleep(0.3)
    program.communicate(timeout=60)
    assert program.returncode == 3
    assert time.monotonic() - began < (run.GRACE + 5 if times == 1 else 2)
    assert not report(tmp_path)["complete"]


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_output_that_cannot_be_shown_or_is_not_read_changes_no_exit_status(start, tmp_path, monkeypatch, encoding):
    monkeypatch.setenv("PYTHONIOENCODING", f"{encoding}:strict")
    program = start(Cloud(content.account(30, 10, 10)))("--region", HERE, "--streams", "off")
    if encoding == "ascii":
        out, _ = program.communicate(timeout=60)
        assert "\\u2026" in out
    else:
        program.stdout.close()
        program.wait(timeout=60)
    assert program.returncode == 1
    assert report(tmp_path)["complete"]


def test_a_report_is_there_and_claims_nothing_before_the_first_answer(start, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.json").write_text('{"complete": true}', encoding="utf-8")
    cloud = analyse.cloud(logs_account(), latency=2.0)
    program = start(cloud)("--region", HERE)
    path = tmp_path / "out" / "report.json"
    until(lambda: '{"complete": true}' not in path.read_text(encoding="utf-8"), program)
    program.kill()
    program.communicate()
    found = report(tmp_path)
    assert (found["complete"], list(gaps(found)), found["finished_at"]) == (False, [(HERE, "*")], None)


def test_the_wrapper_and_the_module_are_the_same_program():
    text = (ROOT / "scripts" / "analyse").read_text(encoding="utf-8")
    assert "-m lib.analyse" in text
    assert os.access(ROOT / "scripts" / "analyse", os.X_OK)
    assert run.THREADS <= 16

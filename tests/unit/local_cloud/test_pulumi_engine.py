"""The way is chosen once for each deployment and said with its reason; a closed network costs seconds, not minutes."""

import json
import subprocess
import sys
import time

import psutil
import pytest

from lib.common import region
from lib.common.errors import SettingError
from lib.local_cloud import pulumi_engine, pulumi_run
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.pulumi_ledger import Ledger, Record

STACK = "flask-api-dev"


@pytest.fixture
def cloud(tmp_path):
    return LocalCloud(tmp_path / "cloud", 4999, region.primary({}))


@pytest.fixture
def told():
    return []


@pytest.fixture
def script(tmp_path, monkeypatch):
    """Put a script in the place of the process that runs Pulumi; return how to write it."""
    program = tmp_path / "python"
    monkeypatch.setattr(pulumi_run.sys, "executable", str(program))
    monkeypatch.setattr(pulumi_run, "TOOLS", tmp_path / "tools")

    def write(text):
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)

    return write


def wrote(cloud, records=(), exports=None):
    """Write a ledger as a deployment leaves it."""
    ledger = Ledger.of(cloud, STACK)
    for number, (kind, differs) in enumerate(records):
        ledger.records[f"urn{number}"] = Record(kind, f"t{number}", "r", "-", {}, done=True, differs=differs)
    ledger.exports = exports or {}
    ledger.save()


LEFT = ("Queue: policy not kept", "lost by its sqs")
RECORDS = [("aws:ec2/vpc:Vpc", []), ("aws:ec2/subnet:Subnet", [LEFT]), ("aws:ec2/subnet:Subnet", [LEFT])]


@pytest.fixture
def played(monkeypatch, cloud):
    """Play the processes: what each would leave behind."""
    calls = []

    def run(_cloud, stack, arguments, environ, report):
        calls.append((arguments, dict(environ)))
        report("1 Vpc vpc created")
        if arguments[:2] == ["pulumi_cli", "up"]:
            done = {"changed": True, "types": ["aws:ec2/vpc:Vpc"], "outputs": {"a": "cli"}}
            (cloud.folder / "pulumi" / f"{stack}.cli.json").write_text(json.dumps(done))
        elif arguments[:2] == ["pulumi_cli", "down"]:
            (cloud.folder / "pulumi" / f"{stack}.cli.json").unlink()
        else:
            wrote(cloud, RECORDS, {"a": "in-process"})
        return ["1 Vpc vpc created", "changed"]

    monkeypatch.setattr(pulumi_run, "run", run)
    monkeypatch.setattr(pulumi_run, "prepare", lambda *_a: calls.append("prepare") or run.why)
    run.why, run.calls = "", calls
    return run


def test_with_the_cli_where_it_can_be_had(cloud, played, told):
    done = pulumi_engine.deploy(cloud, STACK, {"A": "b"}, told.append)
    assert done == pulumi_engine.PulumiDeployment(
        True, "with the Pulumi CLI", {"a": "cli"}, {"ec2": {"Vpc": 1}}, []
    )  # fmt: skip
    assert played.calls == ["prepare", (["pulumi_cli", "up", STACK], {"A": "b"})]
    assert told == ["1 Vpc vpc created"]
    assert pulumi_engine.outputs(cloud, STACK) == {"a": "cli"}


def test_without_it_in_process_and_why(cloud, played, told):
    played.why = "it cannot be fetched: no network"
    done = pulumi_engine.deploy(cloud, STACK, {}, told.append)
    assert done == pulumi_engine.PulumiDeployment(
        True, "in-process, without the Pulumi CLI: it cannot be fetched: no network", {"a": "in-process"},
        {"ec2": {"Vpc": 1, "Subnet": 2}}, [(*LEFT, ["t1", "t2"])],
    )  # fmt: skip
    assert played.calls == ["prepare", (["pulumi_apply", STACK], {})]
    assert pulumi_engine.outputs(cloud, STACK) == {"a": "in-process"}


@pytest.mark.parametrize(("why", "way"), [("", "with the Pulumi CLI"), ("no", "in-process, without the Pulumi CLI")])
def test_a_deployment_stays_on_its_way(cloud, played, told, why, way):
    played.why = why
    pulumi_engine.deploy(cloud, STACK, {}, told.append)
    played.why = "" if why else "no"
    played.calls.clear()
    assert pulumi_engine.deploy(cloud, STACK, {}, told.append).way == f"{way}, as before"
    assert "prepare" not in played.calls


def test_a_deployment_with_the_cli_that_failed_stays_with_it(cloud, played, told, monkeypatch):
    def fail(*_a):
        raise LocalCloudError("no")

    with monkeypatch.context() as patch:
        patch.setattr(pulumi_run, "run", fail)
        with pytest.raises(LocalCloudError):
            pulumi_engine.deploy(cloud, STACK, {}, told.append)
    assert pulumi_engine.outputs(cloud, STACK) == {}
    assert pulumi_engine.deploy(cloud, STACK, {}, told.append).way == "with the Pulumi CLI, as before"


def test_a_way_can_be_asked_for(cloud, played, told):
    done = pulumi_engine.deploy(cloud, STACK, {"LOCAL_CLOUD_PULUMI": "in-process"}, told.append)
    assert done.way == "in-process, without the Pulumi CLI, as LOCAL_CLOUD_PULUMI asks"
    assert "prepare" not in played.calls


def test_a_way_that_cannot_be_had_is_refused(cloud, played, told):
    played.why = "it cannot be fetched: no network"
    with pytest.raises(LocalCloudError, match="LOCAL_CLOUD_PULUMI=cli asks for the Pulumi CLI: it cannot be fetched"):
        pulumi_engine.deploy(cloud, STACK, {"LOCAL_CLOUD_PULUMI": "cli"}, told.append)
    played.why = ""
    done = pulumi_engine.deploy(cloud, STACK, {"LOCAL_CLOUD_PULUMI": "cli"}, told.append)
    assert done.way == "with the Pulumi CLI"


def test_a_way_that_is_none_is_refused(cloud, played, told, monkeypatch):
    monkeypatch.setenv("LOCAL_CLOUD_PULUMI", "docker")
    with pytest.raises(SettingError, match="LOCAL_CLOUD_PULUMI='docker' is no way to run Pulumi: use 'cli' or"):
        pulumi_engine.deploy(cloud, STACK, {}, told.append)


@pytest.mark.parametrize("why", ["", "no"])
def test_a_destruction_goes_the_way_of_its_deployment(cloud, played, told, why, monkeypatch):
    removed = []
    monkeypatch.setattr(pulumi_engine, "remove", lambda ledger, _clients, urns, _report: removed.extend(urns))
    played.why = why
    pulumi_engine.deploy(cloud, STACK, {}, told.append)
    pulumi_engine.destroy(cloud, STACK, {"A": "b"}, told.append)
    assert (removed, played.calls[-1][0][0]) == (
        ["urn0", "urn1", "urn2"] if why else [],
        "pulumi_apply" if why else "pulumi_cli",
    )
    assert pulumi_engine.outputs(cloud, STACK) == {}
    assert not list((cloud.folder / "pulumi").glob("*.json"))


def test_nothing_deployed_is_nothing_to_destroy(cloud, played, told):
    pulumi_engine.destroy(cloud, STACK, {}, told.append)
    assert (pulumi_engine.outputs(cloud, STACK), played.calls, told) == ({}, [], [])


def test_no_engine_is_imported_by_who_starts_it():
    code = "import sys; import lib.local_cloud.pulumi_engine; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pulumi", "pulumi_aws", "grpc"} & set(done.stdout.split())


def test_every_line_of_the_process_is_told(cloud, told, script):
    script('echo "$@"; echo "$LOCAL_CLOUD_FOLDER $A"')
    lines = pulumi_run.run(cloud, STACK, ["pulumi_apply", STACK], {"A": "b"}, told.append)
    assert lines == told == [f"-m lib.local_cloud.pulumi_apply {STACK}", f"{cloud.folder} b"]


def test_a_stacks_configuration_is_that_of_its_file_alone(cloud, told, script, monkeypatch):
    monkeypatch.setenv("PULUMI_CONFIG_TAP_NAME", "x")
    monkeypatch.setenv("PULUMI_HOME", "/home")
    script('echo "$PULUMI_CONFIG_TAP_NAME $PULUMI_HOME"')
    assert pulumi_run.run(cloud, STACK, ["pulumi_apply", STACK], {}, told.append) == [" /home"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("warning: x\\ntap: a wrong value", "  tap: a wrong value\n"),
        ("1\\n2\\n3\\n4\\n5\\n\\n6", "  2\n  3\n  4\n  5\n  6\n"),
    ],
)
def test_a_failing_process_is_told_in_its_last_words(cloud, told, script, words, said):
    script(f"printf '{words}\\n' >&2; exit 1")
    with pytest.raises(LocalCloudError) as failure:
        pulumi_run.run(cloud, STACK, ["pulumi_apply", STACK], {}, told.append)
    log = cloud.folder / "pulumi" / f"{STACK}.log"
    assert str(failure.value) == f"Pulumi's stack {STACK} failed:\n{said}(the whole story: {log})"


def test_an_interruption_lets_the_process_finish_its_thing(cloud, script):
    done = 'echo done > "$LOCAL_CLOUD_FOLDER/finished"'
    script(f"trap '{done}; exit 1' TERM; echo begun; for n in $(seq 900); do sleep 0.02; done")

    def interrupt(_line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pulumi_run.run(cloud, STACK, ["pulumi_apply", STACK], {}, interrupt)
    assert (cloud.folder / "finished").read_text() == "done\n"


def test_an_interruption_does_not_wait_for_ever(cloud, script, monkeypatch):
    monkeypatch.setattr(pulumi_run, "STOP_SECONDS", 0.1)
    script("trap '' TERM; echo $$; for n in $(seq 900); do sleep 0.02; done")
    found = []

    def interrupt(line):
        found.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pulumi_run.run(cloud, STACK, ["pulumi_apply", STACK], {}, interrupt)
    assert not psutil.pid_exists(*found)  # pylint: disable=no-value-for-parameter


def test_what_is_ready_is_ready(cloud, told, script):
    script("exit 0")
    assert pulumi_run.prepare(cloud, STACK, {}, told.append) == ""


def test_what_cannot_be_fetched_is_said_in_a_sentence(cloud, told, script):
    script("echo 'tap: [Errno -2] Name or service not known' >&2; exit 1")
    why = pulumi_run.prepare(cloud, STACK, {}, told.append)
    assert why == "it cannot be fetched: [Errno -2] Name or service not known"


def test_a_network_that_answers_nothing_is_given_up_soon(cloud, told, script, monkeypatch, tmp_path):
    monkeypatch.setattr(pulumi_run, "STALL_SECONDS", 0.2)
    script(f"sleep 60 & echo $! > {tmp_path}/child; wait")
    began = time.monotonic()
    why = pulumi_run.prepare(cloud, STACK, {}, told.append)
    assert why == "it cannot be fetched: nothing came from the network for 0 s"
    assert time.monotonic() - began < 10
    assert not psutil.pid_exists(int((tmp_path / "child").read_text())), "the download goes on"


def test_a_download_that_goes_on_is_waited_for(cloud, told, script, monkeypatch):
    monkeypatch.setattr(pulumi_run, "STALL_SECONDS", 1.0)
    script('for n in 1 2 3 4 5 6 7; do head -c 999999 /dev/zero >> "$TMPDIR/tar"; sleep 0.2; done; rm "$TMPDIR/tar"')
    assert pulumi_run.prepare(cloud, STACK, {}, told.append) == ""
    assert told[0].startswith("fetching the Pulumi CLI and its AWS plug-in: ")


def test_an_interruption_ends_the_download(cloud, told, script, tmp_path):
    script(f'echo $$ > {tmp_path}/shell; echo x >> "$TMPDIR/tarball"; exec sleep 60')

    def interrupt(_line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pulumi_run.prepare(cloud, STACK, {}, interrupt)
    assert not psutil.pid_exists(int((tmp_path / "shell").read_text()))


def test_a_file_that_vanishes_while_it_is_measured_counts_nothing(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("12345")
    (tmp_path / "gone").symlink_to("nowhere")
    whole = pulumi_run._size([tmp_path])

    def vanish(self):
        raise FileNotFoundError

    monkeypatch.setattr(type(tmp_path), "lstat", vanish)
    assert (whole >= 5, pulumi_run._size([tmp_path])) == (True, 0)

"""A Pulumi system is deployed in-process, and a state that the Pulumi CLI left behind is never forgotten."""

import subprocess
import sys

import psutil
import pytest

from lib.common import region
from lib.local_cloud import programs
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.pulumi import deployer
from lib.local_cloud.pulumi.in_process import run
from lib.local_cloud.pulumi.in_process.state import StackState, StateEntry

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
    monkeypatch.setattr(programs.sys, "executable", str(program))

    def write(text):
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)

    return write


def wrote(cloud, records=(), exports=None):
    """Write a state as a deployment leaves it."""
    state = StackState.of(cloud, STACK)
    for number, (kind, differs) in enumerate(records):
        state.records[f"urn{number}"] = StateEntry(kind, f"t{number}", "r", "-", {}, done=True, differs=differs)
    state.exports = exports or {}
    state.save()


LEFT = ("Queue: policy not kept", "lost by its sqs")
RECORDS = [("aws:ec2/vpc:Vpc", []), ("aws:ec2/subnet:Subnet", [LEFT]), ("aws:ec2/subnet:Subnet", [LEFT])]


@pytest.fixture
def played(monkeypatch, cloud):
    """Play the process: what it would leave behind."""
    calls = []

    def play(_cloud, _stack, arguments, environ, report):
        calls.append((arguments, dict(environ)))
        report("1 Vpc vpc created")
        wrote(cloud, RECORDS, {"a": "b"})
        return ["1 Vpc vpc created", "changed"]

    monkeypatch.setattr(run, "run", play)
    return calls


@pytest.fixture
def cli_state(cloud, monkeypatch):
    """Leave behind the state of a deployment with the Pulumi CLI; return the emulator that runs now."""
    folder = cloud.folder / "pulumi"
    (folder / "cli" / "state").mkdir(parents=True)
    (folder / "cli" / "emulator").write_text("ministack 7@1.0")
    (folder / f"{STACK}.cli.json").write_text("{}")
    running = ["ministack 7@1.0"]
    monkeypatch.setattr(deployer, "identity", lambda _emulator: running[0])
    return running


def test_the_program_is_run_in_process(cloud, played, told):
    done = deployer.deploy(cloud, STACK, {"A": "b"}, told.append)
    assert done == deployer.PulumiDeployment(
        True,
        "in-process, without the Pulumi CLI, as on every machine",
        {"a": "b"},
        {"ec2": {"Vpc": 1, "Subnet": 2}},
        [(*LEFT, ["t1", "t2"])],
    )
    assert played == [([programs.PULUMI_APPLY, STACK], {"A": "b"})]
    assert told == ["1 Vpc vpc created"]
    assert deployer.outputs(cloud, STACK) == {"a": "b"}


def test_everything_that_was_made_is_removed(cloud, played, told, monkeypatch):
    removed = []
    monkeypatch.setattr(deployer, "remove", lambda state, _clients, urns, _report: removed.extend(urns))
    deployer.deploy(cloud, STACK, {}, told.append)
    deployer.destroy(cloud, STACK, told.append)
    assert removed == ["urn0", "urn1", "urn2"]
    assert deployer.outputs(cloud, STACK) == {}
    assert not list((cloud.folder / "pulumi").glob("*.json"))


@pytest.mark.parametrize(
    "command",
    [
        lambda cloud, told: deployer.deploy(cloud, STACK, {}, told.append),
        lambda cloud, told: deployer.destroy(cloud, STACK, told.append),
    ],
    ids=["deploy", "destroy"],
)
def test_what_the_pulumi_cli_deployed_is_refused_with_what_to_do(cloud, played, told, cli_state, command):
    with pytest.raises(LocalCloudError, match="was deployed to this local cloud by the Pulumi CLI") as refusal:
        command(cloud, told)
    assert f"{cloud.folder}/pulumi/{STACK}.cli.json" in str(refusal.value)
    assert "Run scripts/down of that version" in str(refusal.value)
    assert (played, (cloud.folder / "pulumi" / "cli" / "state").is_dir()) == ([], True)


def test_the_refusal_names_a_command_that_ends_the_servers(cloud, played, told, cli_state):
    with pytest.raises(LocalCloudError) as refusal:
        deployer.destroy(cloud, STACK, told.append)
    command = str(refusal.value).rpartition("again: ")[2]
    with subprocess.Popen(["sleep", "60"]) as server:
        (cloud.folder / "ministack.pid").write_text(f"{server.pid} token")
        subprocess.run(["sh", "-c", command], check=True)
        assert server.wait(10) == -15


def test_a_cli_state_of_an_emulator_that_has_ended_is_removed_and_said(cloud, played, told, cli_state):
    cli_state[0] = "ministack 8@2.0"
    deployer.deploy(cloud, STACK, {}, told.append)
    assert told[0].startswith(f"{STACK}.cli.json removed: it is of the Pulumi CLI")
    assert sorted(path.name for path in (cloud.folder / "pulumi").iterdir()) == [f"{STACK}.json"]


def test_the_cli_state_stays_until_its_last_stack_is_asked_for(cloud, played, told, cli_state):
    cli_state[0] = "ministack 8@2.0"
    (cloud.folder / "pulumi" / "payment-dev.cli.json").write_text("{}")
    deployer.destroy(cloud, STACK, told.append)
    assert (cloud.folder / "pulumi" / "cli").is_dir()
    deployer.destroy(cloud, "payment-dev", told.append)
    assert not (cloud.folder / "pulumi" / "cli").exists()


def test_a_cli_run_that_ended_before_it_began_made_nothing(cloud, played, told, cli_state):
    (cloud.folder / "pulumi" / "cli" / "emulator").unlink()
    deployer.destroy(cloud, STACK, told.append)
    assert not list((cloud.folder / "pulumi").glob("*.json"))


def test_nothing_deployed_is_nothing_to_destroy(cloud, played, told):
    deployer.destroy(cloud, STACK, told.append)
    assert (deployer.outputs(cloud, STACK), played, told) == ({}, [], [])


def test_no_engine_is_imported_by_who_starts_it():
    code = "import sys; import lib.local_cloud.pulumi.deployer; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"pulumi", "pulumi_aws", "grpc"} & set(done.stdout.split())


def test_every_line_of_the_process_is_told(cloud, told, script):
    script('echo "$@"; echo "$LOCAL_CLOUD_FOLDER $A"')
    lines = run.run(cloud, STACK, [programs.PULUMI_APPLY, STACK], {"A": "b"}, told.append)
    assert lines == told == [f"-m lib.local_cloud.pulumi.in_process.apply {STACK}", f"{cloud.folder} b"]


def test_a_stacks_configuration_is_that_of_its_file_alone(cloud, told, script, monkeypatch):
    monkeypatch.setenv("PULUMI_CONFIG_TAP_NAME", "x")
    monkeypatch.setenv("PULUMI_HOME", "/home")
    script('echo "$PULUMI_CONFIG_TAP_NAME $PULUMI_HOME"')
    assert run.run(cloud, STACK, [programs.PULUMI_APPLY, STACK], {}, told.append) == [" /home"]


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
        run.run(cloud, STACK, [programs.PULUMI_APPLY, STACK], {}, told.append)
    log = cloud.folder / "pulumi" / f"{STACK}.log"
    assert str(failure.value) == f"Pulumi's stack {STACK} failed:\n{said}(full log: {log})"


def test_an_interruption_lets_the_process_finish_its_thing(cloud, script):
    done = 'echo done > "$LOCAL_CLOUD_FOLDER/finished"'
    script(f"trap '{done}; exit 1' TERM; echo begun; for n in $(seq 900); do sleep 0.02; done")

    def interrupt(_line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.run(cloud, STACK, [programs.PULUMI_APPLY, STACK], {}, interrupt)
    assert (cloud.folder / "finished").read_text() == "done\n"


def test_an_interruption_does_not_wait_for_ever(cloud, script, monkeypatch):
    monkeypatch.setattr(run, "STOP_SECONDS", 0.1)
    script("trap '' TERM; echo $$; for n in $(seq 900); do sleep 0.02; done")
    found = []

    def interrupt(line):
        found.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.run(cloud, STACK, [programs.PULUMI_APPLY, STACK], {}, interrupt)
    assert not psutil.pid_exists(*found)  # pylint: disable=no-value-for-parameter

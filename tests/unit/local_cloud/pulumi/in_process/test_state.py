"""What was made is known again: a second run changes nothing, a half-made thing is made anew, all of it is removed."""

import json
import signal

import pytest

from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.pulumi.in_process import apply, create
from lib.local_cloud.pulumi.in_process.clients import Clients
from lib.local_cloud.pulumi.in_process.state import StackState, StateEntry, identity, state_file
from lib.local_cloud.servers.process import Server
from tests.support.pulumi_programs.fake import FAR, HOME, RESOURCE_TYPES, FakeCloud, Run

TWO = "b = Thing('b')\nThing('a', text=b.arn)\n"


@pytest.fixture
def world():
    return FakeCloud()


@pytest.fixture
def run(tmp_path, world, monkeypatch):
    return Run(tmp_path, world, monkeypatch)


def test_a_second_run_calls_nothing_and_exports_the_same(run, world):
    body = f"{TWO}pulumi.export('x', b.size)\n"
    first = run.up(body)
    calls = list(world.calls)
    second = run.up(body)
    assert (first.changed, second.changed) == (True, False)
    assert (world.calls, second.exports) == (calls, first.exports)


def test_a_new_thing_is_made_and_the_old_ones_stay(run, world):
    run.up(TWO)
    assert run.up(f"{TWO}Thing('c')\n").changed is True
    assert world.made("create") == ["b", "a", "c"]
    assert world.made("delete") == []


def test_a_thing_that_is_no_longer_declared_is_removed_last(run, world):
    run.up(TWO)
    assert run.up("Thing('b')\nThing('c')\n").changed is True
    assert world.calls[-2:] == [("create", "c"), ("delete", "a")]
    assert set(world.things) == {"b", "c"} == {record.title for record in run.state().records.values()}


def test_a_run_that_only_removes_has_changed_something(run):
    run.up(TWO)
    assert run.up("Thing('b')\n").changed is True


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("text='1'", "text='2'", "text"),
        ("text='1'", "", "text"),
        ("", "size=1", "size"),
        ("text='1', size=1", "text='2', size=2", "size, text"),
        ("tags={'A': '1'}", "tags={'A': '2'}", "tags"),
        ("", f"region='{FAR}'", "region"),
        ("content=pulumi.StringAsset('1')", "content=pulumi.StringAsset('2')", "content"),
    ],
)
def test_a_changed_input_is_refused_by_its_name(run, world, old, new, named):
    run.up(f"Thing('a', {old})\n")
    with pytest.raises(LocalCloudError, match=f"Thing 'a': changed in {named} since .*run scripts/down"):
        run.up(f"Thing('a', {new})\n")
    assert world.made("create") == ["a"]


def test_a_changed_secret_is_refused_without_its_value(run):
    run.up("Thing('a', password=pulumi.Output.secret('correct'))\n")
    with pytest.raises(LocalCloudError, match="changed in password") as refusal:
        run.up("Thing('a', password=pulumi.Output.secret('horse'))\n")
    assert "correct" not in str(refusal.value)
    assert "horse" not in str(refusal.value)


@pytest.mark.parametrize("name", ["size", "items[0].size"])
def test_a_change_that_the_program_ignores_is_ignored(run, name):
    of = name.split("[")[0]
    body = "Thing('a', pulumi.ResourceOptions(ignore_changes=['{name}']), {of}=[{value}])\n"
    run.up(body.format(name=name, of=of, value=1))
    assert run.up(body.format(name=name, of=of, value=2)).changed is False


def test_what_an_ended_emulator_had_is_made_again(run, world):
    run.up(TWO)
    world.things.clear()
    world.emulator = "ministack 2@2"
    assert run.up(TWO).changed is True
    assert world.made("create") == ["b", "a", "b", "a"]
    assert world.made("delete") == []


def test_a_thing_whose_making_failed_half_way_is_made_anew(run, world):
    world.refuse["finish a"] = ["Throttled"]
    with pytest.raises(LocalCloudError, match="Throttled"):
        run.up("b = Thing('b')\nThing('a', text=b.arn, finish=1)\n")
    assert [record.done for record in run.state().records.values()] == [True, False]
    run.up("b = Thing('b')\nThing('a', text=b.arn, finish=1)\n")
    assert world.made("create") == ["b", "a", "a"]
    assert world.made("delete") == ["a"]
    assert [record.done for record in run.state().records.values()] == [True, True]


def test_a_thing_whose_making_failed_half_way_is_removed_too(run, world):
    world.refuse["finish a"] = ["Throttled"]
    with pytest.raises(LocalCloudError, match="Throttled"):
        run.up("Thing('a', finish=1)\n")
    run.down()
    assert world.things == {}


def test_an_interrupted_run_is_continued(run, world, monkeypatch):
    def stop(title):
        if title == "b":
            run.monitor.stopping.set()

    world.before = stop
    with pytest.raises(LocalCloudError, match="Interrupted: the same command goes on"):
        run.up(TWO)
    assert (set(world.things), [r.title for r in run.state().records.values()]) == ({"b"}, ["b"])
    assert run.up(TWO).changed is True
    assert world.made("create") == ["b", "a"]


def test_a_signal_ends_the_work_between_two_things(run):
    monitor = run.up("Thing('a')\n")
    before = signal.getsignal(signal.SIGTERM)
    with apply.interruptible(monitor):
        signal.raise_signal(signal.SIGTERM)
        assert monitor.stopping.is_set()
    assert signal.getsignal(signal.SIGTERM) == before


def test_removal_goes_backwards_and_leaves_no_record(run, world):
    run.up(f"{TWO}Thing('c')\n")
    run.down()
    assert world.made("delete").index("a") < world.made("delete").index("b")
    assert (world.things, run.state().records) == ({}, {})


def test_what_is_gone_already_is_no_trouble(run, world):
    run.up(TWO)
    world.things.clear()
    run.down()
    assert run.state().records == {}


def test_what_is_still_in_use_is_tried_again(run, world):
    run.up("Thing('a')\n")
    world.refuse["a"] = ["DependencyViolation", "ResourceInUseException"]
    run.down()
    assert (world.things, world.made("delete")) == ({}, ["a"] * 3)


def test_what_stays_in_use_is_named_in_the_end(run, world, monkeypatch):
    monkeypatch.setattr(create, "BUSY_SECONDS", 0)
    run.up(TWO)
    world.refuse["b"] = ["DependencyViolation"] * 3
    with pytest.raises(LocalCloudError, match=r"Thing 'b' cannot be deleted: .*DependencyViolation"):
        run.down()
    assert [record.title for record in run.state().records.values()] == ["b"]


def test_every_failure_is_named_and_the_rest_is_removed(run, world):
    run.up(f"{TWO}Thing('c')\n")
    world.refuse |= {"a": ["AccessDenied"], "c": ["BucketNotEmpty"]}
    with pytest.raises(LocalCloudError) as failure:
        run.down()
    assert "'a' cannot be deleted" in str(failure.value)
    assert "'c' cannot be deleted" in str(failure.value)
    assert set(world.things) == {"a", "c"}


def test_a_state_is_written_whole_or_not_at_all(run, monkeypatch):
    run.up("Thing('a')\n")
    before = run.path.read_text()
    monkeypatch.setattr(json, "dump", lambda *_a, **_k: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run.state().save()
    assert run.path.read_text() == before


def test_a_closed_state_is_gone(tmp_path):
    state = StackState(tmp_path / "pulumi" / "s.json", [])
    state.save()
    state.close()
    state.close()
    assert not (tmp_path / "pulumi" / "s.json").exists()


def test_a_state_belongs_to_a_stack_and_to_this_run_of_the_emulators(tmp_path, monkeypatch):
    cloud = LocalCloud(tmp_path, 4999, HOME)
    assert state_file(cloud, "flask-api-dev") == tmp_path / "pulumi" / "flask-api-dev.json"
    assert identity(cloud.emulator) == "-"

    class Running:
        pid = 7

        def create_time(self):
            return 1.5

    monkeypatch.setattr(Server, "process", lambda self: Running())
    assert [identity(server) for server in cloud.servers()] == ["ministack 7@1.5", "moto 7@1.5"]
    assert Clients(cloud).server("ec2") == "ministack 7@1.5"
    assert Clients(cloud).server("application-autoscaling") == "moto 7@1.5"


def test_a_patient_client_waits_as_long_as_a_function_may_run_and_asks_once(tmp_path):
    clients = Clients(LocalCloud(tmp_path, 4999, HOME))
    patient = clients.client("lambda", HOME, patient=True).meta.config
    assert (patient.read_timeout, patient.retries["total_max_attempts"]) == (900, 1)
    assert clients.client("lambda", HOME).meta.config.read_timeout < 900
    assert clients.client("lambda", HOME) is clients.client("lambda", HOME)
    assert clients.client("lambda", FAR).meta.region_name == FAR


def test_what_the_other_emulator_had_stays_when_one_has_ended(tmp_path):
    path = tmp_path / "pulumi" / "s.json"
    state = StackState(path, [])
    state.exports = {"a": "b"}
    for server in ("ministack 1@1", "moto 1@1"):
        state.put(server, StateEntry("aws:x/y:Z", server, HOME, server, {}))
    assert list(StackState(path, ["ministack 1@1", "moto 2@2"]).records) == ["ministack 1@1"]
    assert StackState(path, ["ministack 1@1", "moto 2@2"]).exports == {"a": "b"}
    assert StackState(path, ["ministack 2@2", "moto 2@2"]).exports == {}


@pytest.fixture
def environ(run, monkeypatch):
    """The environment of a process that applies a program; it knows no types but the world's."""
    monkeypatch.setattr(apply, "Clients", lambda _cloud: run.world)
    run.world.emulator = "-"  # none runs
    monkeypatch.setattr(apply.Monitor.__init__, "__kwdefaults__", {"kinds": RESOURCE_TYPES})
    return {"LOCAL_CLOUD_FOLDER": str(run.folder), "LOCAL_CLOUD_PORT": "4999"}


def test_the_process_tells_each_thing_and_whether_anything_changed(run, environ, capsys):
    program = run.folder / "p.py"
    run.up("Thing('a')\n")
    program.write_text((run.folder / "program.py").read_text())
    assert apply.main(["other"], environ, program) == 0
    assert capsys.readouterr().out == "1 Thing a created\nchanged\n"
    assert apply.main(["other"], environ, program) == 0
    assert capsys.readouterr().out == "unchanged\n"


@pytest.mark.parametrize(
    ("body", "said", "traced"),
    [
        ("raise LocalCloudError('a sentence')", "tap: a sentence\n", False),
        ("1 / 0", "ZeroDivisionError", True),
    ],
)
def test_the_process_fails_with_a_sentence_or_with_a_traceback(run, environ, capsys, body, said, traced):
    program = run.folder / "p.py"
    program.write_text(f"from lib.local_cloud.errors import LocalCloudError\n{body}\n")
    assert apply.main(["other"], environ, program) == 1
    error = capsys.readouterr().err
    assert said in error
    assert ("Traceback" in error) is traced

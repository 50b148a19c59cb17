"""The same seed gives the same sample, every copy of the checkout is as it was afterwards, and counting is right."""

import importlib
import json
import subprocess
import sys
import threading

import pytest

from lib.declared.read import ROOT
from lib.mutation import run as module
from lib.mutation.literals import Mutation
from lib.mutation.run import Checkout, MutationError, Trials
from lib.mutation.trial import EQUIVALENT, NOTICED, PROSE, UNNOTICED, Verdict


def silent(_text):
    """Tell nobody."""


@pytest.mark.parametrize(
    ("system", "has", "has_not"),
    [
        ("flask-api", ["lib/pulumi_components/network.py", "lib/flask_api/service.py"], "lib/flask_api/app/web.py"),
        ("payment", ["lib/pulumi_components/network.py", "lib/payment/settings.py"], "lib/payment/exercise.py"),
    ],
)
def test_a_stacks_files_are_those_that_it_imports(system, has, has_not):
    found = module.modules(system)
    assert set(has) < set(found)
    assert has_not not in found
    assert not [path for path in found if not (ROOT / path).is_file()]


def test_a_tools_shared_files_are_of_the_systems_of_that_tool():
    found = module.modules("kinesis-pipeline")
    assert "lib/kinesis_pipeline/stack.py" in found
    assert not [path for path in found if path.startswith("lib/pulumi_components/")]


def test_what_another_part_of_the_program_has_loaded_is_no_file_of_the_stack():
    importlib.import_module("lib.payment.exercise")
    assert "lib/payment/exercise.py" not in module.modules("payment")


def test_a_sample_has_every_kind_and_is_the_same_for_the_same_seed():
    first = module.sample("payment", 1)
    assert first == module.sample("payment", 1)
    assert {(each.path, each.position) for each in first} == {
        (each.path, each.position) for each in module.sample("payment", 2)
    }
    assert {each.kind for each in first} == {"letters", "digit", "flag", "window", "constant"}
    assert first != sorted(first, key=lambda each: (each.path, each.position))


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A small checkout."""
    root = tmp_path / "source"
    for name, text in {
        "lib/x.py": "# comment\nx = 'ab'\n",
        ".venv/big": "",
        "node_modules/big": "",
        "a/.git/HEAD": "",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(module, "ROOT", root)
    return root


MUTATION = Mutation("lib/x.py", 2, 0, "letters", "'ab'", "'ba'")


def test_a_copy_has_the_sources_and_shares_what_is_built(source, tmp_path):
    copy = Checkout.make(tmp_path / "copy")
    assert sorted(str(path.relative_to(copy.folder)) for path in copy.folder.rglob("*") if path.is_file()) == [
        "lib/x.py"
    ]
    assert (copy.folder / ".local").resolve() == source / ".local"


def test_a_copy_has_one_mutation_for_a_while(source, tmp_path):
    copy = Checkout.make(tmp_path / "copy")
    with copy.having(MUTATION):
        assert (copy.folder / "lib/x.py").read_text() == "x = 'ba'\n"
    assert (copy.folder / "lib/x.py").read_text() == "# comment\nx = 'ab'\n"
    assert (source / "lib/x.py").read_text() == "# comment\nx = 'ab'\n"


def test_what_python_compiled_of_another_content_is_removed(source, tmp_path):
    copy = Checkout.make(tmp_path / "copy")
    read = [sys.executable, "-c", "import lib.x; print(lib.x.x)"]

    def value():
        done = subprocess.run(read, cwd=copy.folder, capture_output=True, text=True, check=True, env={})
        return done.stdout.strip()

    assert value() == "ab"
    assert list(copy.folder.glob("lib/__pycache__/x.*.pyc"))
    with copy.having(MUTATION):
        assert not list(copy.folder.glob("lib/__pycache__/x.*.pyc"))
        assert value() == "ba"
    assert value() == "ab"


def program(monkeypatch, tmp_path, text):
    """Put a script in the place of Python."""
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    monkeypatch.setattr(module.sys, "executable", str(path))


def test_a_trial_runs_in_the_copy_and_answers_with_its_last_line(source, tmp_path, monkeypatch):
    copy = Checkout.make(tmp_path / "copy")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    program(monkeypatch, tmp_path, 'echo noise; echo "$(pwd) $PYTHONPATH $*"')
    assert copy.trial("payment", tmp_path / "b") == f"{copy.folder}  -m lib.mutation.trial payment {tmp_path}/b"
    program(monkeypatch, tmp_path, "exit 0")
    assert copy.trial("payment", tmp_path / "b") == ""


@pytest.mark.parametrize(
    ("text", "said"), [("echo a >&2; echo 'test_x' >&2; exit 1", "test_x"), ("exit 3", "ended with 3")]
)
def test_a_trial_that_fails_is_told(source, tmp_path, monkeypatch, text, said):
    program(monkeypatch, tmp_path, text)
    with pytest.raises(MutationError, match=said):
        Checkout(tmp_path).trial("payment", tmp_path / "b")


def test_a_trial_that_does_not_end_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 0.1)
    program(monkeypatch, tmp_path, "exec sleep 60")
    with pytest.raises(MutationError, match="A trial of payment did not end"):
        Checkout(tmp_path).trial("payment", tmp_path / "b")


class Copies:
    """Copies that answer what a test says, by the mutation's position, and note who has which at a time."""

    def __init__(self, monkeypatch, verdicts):
        self.verdicts, self.tried, self.busy, self.most = verdicts, [], 0, 0
        self._lock = threading.Lock()
        monkeypatch.setattr(Checkout, "make", lambda _folder: self)

    def having(self, mutation):
        """Have a mutation."""
        self.tried.append(mutation.position)
        return self

    def __enter__(self):
        with self._lock:
            self.busy += 1
            self.most = max(self.most, self.busy)

    def __exit__(self, *_error):
        with self._lock:
            self.busy -= 1

    def trial(self, _system, _baseline):
        """Answer."""
        outcome = self.verdicts[self.tried[-1] if self.tried else 0]
        if isinstance(outcome, Exception):
            raise outcome
        return json.dumps({"outcome": outcome, "suite": "", "test": ""})


def chosen(number):
    """Return so many mutations."""
    return [Mutation("lib/x.py", 1, position, "letters", "a", "b") for position in range(number)]


OUTCOMES = [NOTICED, EQUIVALENT, UNNOTICED, PROSE, NOTICED, NOTICED]


def test_mutations_are_tried_in_order_until_enough_count(monkeypatch, tmp_path):
    copies, told = Copies(monkeypatch, OUTCOMES), []
    results = Trials(tmp_path, "payment", 1, told.append).results(chosen(6), 3)
    assert [(each.position, verdict.outcome) for each, verdict in results] == list(enumerate(OUTCOMES[:5]))
    assert told[0] == "1/3 lib/x.py:1 a -> b: noticed"
    assert copies.tried[:5] == [0, 1, 2, 3, 4]


def test_a_sample_that_ends_before_is_all_of_it(monkeypatch, tmp_path):
    Copies(monkeypatch, OUTCOMES)
    assert len(Trials(tmp_path, "payment", 1, silent).results(chosen(6), 40)) == 6


def test_each_copy_has_one_mutation_at_a_time(monkeypatch, tmp_path):
    copies = Copies(monkeypatch, [NOTICED] * 40)
    results = Trials(tmp_path, "payment", 2, silent).results(chosen(40), 40)
    assert [each.position for each, _verdict in results] == list(range(40))
    assert (sorted(copies.tried), copies.most <= 2, copies.busy) == (list(range(40)), True, 0)


def test_what_has_begun_beside_the_last_one_is_not_told(monkeypatch, tmp_path):
    Copies(monkeypatch, [NOTICED] * 6)
    results = Trials(tmp_path, "payment", 2, silent).results(chosen(6), 1)
    assert [each.position for each, _verdict in results] == [0]


def test_a_trial_that_cannot_go_on_ends_it(monkeypatch, tmp_path):
    copies = Copies(monkeypatch, [NOTICED, MutationError("no"), NOTICED])
    with pytest.raises(MutationError, match="no"):
        Trials(tmp_path, "payment", 1, silent).results(chosen(3), 3)
    assert copies.busy == 0


def test_a_failure_without_any_mutation_is_told(monkeypatch, tmp_path):
    Copies(monkeypatch, [MutationError("test_x")])
    with pytest.raises(MutationError, match="Without any change test_x fails: make it pass first"):
        Trials(tmp_path, "payment", 1, silent).begin()


def test_a_run_begins_with_the_baseline_and_leaves_nothing_behind(monkeypatch):
    folders = []

    class Recorded:
        def __init__(self, folder, system, jobs, _report):
            folders.append(folder)
            assert folder.is_dir()
            self.said = [(system, jobs)]

        def begin(self):
            self.said.append("begin")

        def results(self, mutations, count):
            return [*self.said, mutations, count]

    monkeypatch.setattr(module, "Trials", Recorded)
    monkeypatch.setattr(module, "sample", lambda system, seed: f"{system} {seed}")
    found = module.run("payment", count=5, seed=7, jobs=2, report=silent)
    assert found == [("payment", 2), "begin", "payment 7", 5]
    assert not folders[0].exists()


def test_a_verdict_is_what_the_trial_prints(monkeypatch, tmp_path):
    Copies(monkeypatch, [UNNOTICED])
    assert Trials(tmp_path, "payment", 1, silent).results(chosen(1), 1) == [(chosen(1)[0], Verdict(UNNOTICED))]

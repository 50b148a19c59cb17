"""A mutation gets the verdict that it deserves: the same, prose, noticed and by whom, or unnoticed."""

import json
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from lib.declared import read
from lib.mutation import trial
from lib.mutation.trial import EQUIVALENT, LINT, NOTICED, POLICY, PROSE, PROVIDER, SYNTHESIS, UNIT, UNNOTICED, Verdict

BEFORE = {"A.Policy.Action": "s3:Get", "A.Description": "text"}


def test_the_same_values_are_equivalent():
    assert trial.compared(BEFORE, dict(BEFORE)) == EQUIVALENT


@pytest.mark.parametrize(
    "path",
    [
        "A.Description",
        "A.0.alarm_description",
        "Statement.0.Sid",
        "widgets.0.properties.title",
        "A.Properties.LifecycleConfiguration.Rules.0.Id",
        "aws_s3_bucket_lifecycle_configuration.a.rule.0.id",
    ],
)
def test_text_for_people_is_prose(path):
    assert trial.compared({path: "a"}, {path: "b"}) == PROSE
    assert trial.compared({**BEFORE, path: "a"}, {**BEFORE, path: "b", "A.Policy.Action": "s3:Put"}) == ""


@pytest.mark.parametrize(
    "after", [{"A.Description": "text"}, {**BEFORE, "B": None}, {**BEFORE, "A.Policy.Action": "x"}]
)
def test_another_value_or_another_path_is_a_change(after):
    assert trial.compared(BEFORE, after) == ""


def test_a_document_is_read_into_its_json_texts(tmp_path):
    document = {"a": {"policy": json.dumps({"S": [{"x": '{"y": 1}'}]}), "file": f"{tmp_path}/a.zip", "n": "[1"}}
    assert trial.plain(document, tmp_path) == {"a.policy.S.0.x.y": 1, "a.file": "./a.zip", "a.n": "[1"}


def test_settings_are_synthesised_once(monkeypatch):
    calls = []
    monkeypatch.setattr(read, "source", lambda system, environ: calls.append((system, environ)) or len(calls))
    trial.remember()
    assert [read.source("x", {"A": "1", "B": "2"}), read.source("x", {"B": "2", "A": "1"}), read.source("x", {})] == [
        1,
        1,
        2,
    ]
    assert calls == [("x", {"A": "1", "B": "2"}), ("x", {})]


@pytest.mark.parametrize(
    ("node", "wanted"),
    [
        ("tests/policy/test_rules.py::test_the_rule_finds_nothing[payment-dev-tls]", True),
        ("tests/policy/test_rules.py::test_the_rule_finds_nothing[flask-api-dev-tls]", False),
        ("tests/policy/test_rules.py::test_no_two_rules_have_the_same_name", False),
        ("tests/policy/test_rules.py::test_a_twin_fails[payment-tls]", False),
        ("tests/policy/test_rules.py::test_the_rule_finds_what_is_broken[payment-tls]", False),
        ("tests/policy/test_pulumi.py::test_the_tool", True),
        ("tests/policy/test_cdk.py::test_nag[dev]", False),
        ("tests/unit/payment/test_stack.py::test_a_broken_word_is_refused[flask-api]", True),
    ],
)
def test_tests_that_look_at_the_system_are_chosen(node, wanted):
    items = [SimpleNamespace(nodeid=node)]
    trial.Selection("payment").pytest_collection_modifyitems(items)
    assert bool(items) is wanted


def test_production_comes_first():
    items = [SimpleNamespace(nodeid=f"tests/unit/x.py::test_x[{name}]") for name in ("dev", "production", "staging")]
    trial.Selection("payment").pytest_collection_modifyitems(items)
    assert [item.nodeid.partition("[")[2] for item in items] == ["production]", "dev]", "staging]"]


def test_the_first_failure_is_kept():
    selection = trial.Selection("payment")
    for name, failed in (("a", False), ("b", True), ("c", True)):
        selection.pytest_runtest_logreport(SimpleNamespace(failed=failed, nodeid=name))
    assert selection.failed == "b"


def test_a_file_that_cannot_be_imported_is_a_failure():
    selection = trial.Selection("payment")
    for name, failed in (("a", False), ("b", True), ("c", True)):
        selection.pytest_collectreport(SimpleNamespace(failed=failed, nodeid=name))
    assert selection.failed == "b"


@pytest.fixture
def checkout(tmp_path):
    """A checkout with tests of two systems."""
    for name in (
        "lib/payment/api.py",
        "lib/flask_api/network.py",
        "tests/policy/test_rules.py",
        "tests/policy/cases.py",
        "tests/policy/test_cases.py",
        "tests/policy/test_cdk.py",
        "tests/policy/test_pulumi.py",
        "tests/policy/test_lint.py",
        "tests/policy/test_names.py",
        "tests/policy/test_provider.py",
        "tests/unit/payment/test_api.py",
        "tests/unit/payment/test_stack_data.py",
        "tests/unit/payment/test_money.py",
        "tests/unit/flask_api/test_network.py",
        "tests/unit/pulumi_components/test_policies.py",
        "tests/unit/kinesis_pipeline/test_stack.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_the_suites_are_those_that_speak_of_the_stack(checkout):
    unit = ["tests/unit/payment/test_api.py", "tests/unit/payment/test_stack_data.py"]
    unit += ["tests/unit/pulumi_components/test_policies.py"]
    policy = [f"tests/policy/test_{name}.py" for name in ("rules", "names", "pulumi")]
    lint, provider = ["tests/policy/test_lint.py"], ["tests/policy/test_provider.py"]
    assert trial.suites("payment", checkout) == {POLICY: policy, UNIT: unit, LINT: lint, PROVIDER: provider}


def test_a_suite_of_another_tool_is_left_out(checkout):
    found = trial.suites("kinesis-pipeline", checkout)
    assert found[UNIT] == ["tests/unit/kinesis_pipeline/test_stack.py"]
    assert found[POLICY] == [f"tests/policy/test_{name}.py" for name in ("rules", "cdk", "names")]


def test_the_quick_suites_come_first(checkout):
    assert tuple(trial.suites("payment", checkout)) == trial.SUITES


EXAMPLES = {
    "test_fails.py": "def test_a(): pass\n\ndef test_b(): assert False",
    "test_passes.py": "def test_a(): pass",
    "test_broken.py": "import no_such_module",
}


def test_a_suite_is_run_until_a_test_fails(tmp_path):
    for name, content in EXAMPLES.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    code = f"""
from lib.mutation.trial import failure
for name in {list(EXAMPLES)!r}:
    print(failure("payment", ["{tmp_path}/" + name]))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=read.ROOT, capture_output=True, text=True, check=True)
    fails, passes, broken = done.stdout.splitlines()
    assert fails.endswith("test_fails.py::test_b")
    assert passes == ""
    assert broken.endswith("test_broken.py")


def test_no_files_are_no_failure():
    assert trial.failure("payment", []) == ""


def test_an_end_without_a_failed_test_is_said(monkeypatch):
    monkeypatch.setattr(pytest, "main", lambda *_a, **_k: 3)
    assert trial.failure("payment", ["x"]) == "pytest ended with 3"


def test_every_case_of_the_system_is_declared(monkeypatch):
    asked = []

    def source_of(case):
        asked.append(case)
        return SimpleNamespace(document={"name": case})

    class Case(str):
        system = property(lambda self: self.partition("/")[0])

    cases = SimpleNamespace(
        CASES=[Case("payment/dev"), Case("flask-api/dev"), Case("payment/production")], source_of=source_of
    )

    @contextmanager
    def everywhere(_folder):
        asked.append("roots")
        yield

    monkeypatch.setitem(sys.modules, "tests.policy.cases", cases)
    monkeypatch.setitem(sys.modules, "tests.support.rds_roots", SimpleNamespace(everywhere=everywhere))
    assert dict(trial.documents("payment")) == {
        "payment/dev": {"name": "payment/dev"},
        "payment/production": {"name": "payment/production"},
    }
    assert asked == ["roots", "payment/production", "payment/dev"]


@pytest.fixture
def world(monkeypatch):
    """What is declared, and which suites fail; a value may be an error."""
    state = SimpleNamespace(values={"dev": {"a": 1}, "live": {"a": 2}}, failing={}, asked=[])

    def documents(_system):
        for name, values in state.values.items():
            state.asked.append(name)
            if isinstance(values, Exception):
                raise values
            yield name, values

    def failure(_system, files):
        state.asked += files
        return state.failing.get(files[0], "")

    monkeypatch.setattr(trial, "documents", documents)
    monkeypatch.setattr(trial, "failure", failure)
    monkeypatch.setattr(trial, "suites", lambda _system: {name: [name] for name in trial.SUITES})
    return state


BASELINE = {"dev": {"a": 1}, "live": {"a": 2}}


def test_what_declares_the_same_asks_no_suite(world):
    assert trial.tried("payment", BASELINE) == Verdict(EQUIVALENT)
    assert world.asked == ["dev", "live"]


def test_what_changes_prose_alone_asks_no_suite(world):
    baseline = {"dev": {"a": 1}, "live": {"a": 2, "x.Description": "old"}}
    world.values["live"] = {"a": 2, "x.Description": "new"}
    assert trial.tried("payment", baseline) == Verdict(PROSE)


def test_the_first_change_ends_the_comparison_and_asks_the_suites(world):
    world.values["dev"] = {"a": 3}
    assert trial.tried("payment", BASELINE) == Verdict(UNNOTICED)
    assert world.asked == ["dev", POLICY, UNIT, LINT, PROVIDER]


def test_the_first_suite_that_fails_has_noticed_it(world):
    world.values["live"] = {"a": 3}
    world.failing = {UNIT: "test_x", PROVIDER: "test_y"}
    assert trial.tried("payment", BASELINE) == Verdict(NOTICED, UNIT, "test_x")
    assert world.asked[-1] == UNIT


def test_what_cannot_be_synthesised_is_noticed(world):
    world.values["live"] = ValueError("no such port\nmore")
    assert trial.tried("payment", BASELINE) == Verdict(NOTICED, SYNTHESIS, "ValueError: no such port")


def test_the_control_asks_every_suite(world):
    assert trial.control("payment") == (BASELINE, "")
    world.failing = {PROVIDER: "test_y"}
    assert trial.control("payment") == (BASELINE, "test_y")


def test_the_baseline_is_written_first_and_then_compared_with(world, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(trial, "remember", lambda: None)
    baseline = tmp_path / "baseline.json"
    assert trial.main(["payment", str(baseline)]) == 0
    world.values["dev"] = {"a": 3}
    assert trial.main(["payment", str(baseline)]) == 0
    assert json.loads(capsys.readouterr().out) == {"outcome": UNNOTICED, "suite": "", "test": ""}


def test_a_suite_that_fails_by_itself_leaves_no_baseline(world, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(trial, "remember", lambda: None)
    world.failing = {UNIT: "test_x"}
    assert trial.main(["payment", str(tmp_path / "baseline.json")]) == 1
    assert (capsys.readouterr().err, list(tmp_path.iterdir())) == ("test_x\n", [])

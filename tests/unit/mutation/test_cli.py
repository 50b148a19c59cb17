"""What the trials found is printed by kind and by suite, and the exit code says whether it is enough."""

import pytest

from lib.declared.read import SYSTEMS
from lib.mutation import cli
from lib.mutation.literals import Mutation
from lib.mutation.run import MutationError
from lib.mutation.trial import EQUIVALENT, NOTICED, PROSE, UNNOTICED, Verdict


def result(kind, outcome, suite=""):
    """Return a result."""
    return Mutation("lib/x.py", 3, 0, kind, "'tcp'", "'tpc'"), Verdict(outcome, suite)


RESULTS = [
    result("letters", NOTICED, "policy"),
    result("letters", NOTICED, "synthesis"),
    result("letters", UNNOTICED),
    result("flag", EQUIVALENT),
    result("digit", NOTICED, "unit"),
    result("digit", PROSE),
]


def test_what_declares_the_same_is_not_counted():
    assert cli.share(RESULTS) == 75
    assert cli.share(RESULTS[3:4]) == 100


def test_the_result_is_told_by_kind_and_by_suite_with_each_that_nobody_noticed():
    assert list(cli.lines("payment", RESULTS)) == [
        "payment: 75 % noticed",
        "  letters: 2 noticed, 1 unnoticed",
        "  digit: 1 noticed, 1 prose",
        "  flag: 1 equivalent",
        "  noticed by: 1 synthesis, 1 policy, 1 unit",
        "  unnoticed: letters lib/x.py:3 'tcp' -> 'tpc'",
    ]
    assert "  noticed by: nobody" in cli.lines("payment", RESULTS[2:3])


@pytest.fixture
def asked(monkeypatch):
    """Answer with the results above; return what was asked for."""
    calls = []

    def run(system, *, report, **options):
        report("1/40")
        calls.append((system, options))
        return RESULTS

    monkeypatch.setattr(cli, "run", run)
    return calls


def test_every_system_is_tried_unless_one_is_named(asked, capsys):
    assert cli.main([]) == 0
    assert [system for system, _options in asked] == list(SYSTEMS)
    assert cli.main(["payment", "--sample", "3", "--seed", "9", "--jobs", "2"]) == 0
    assert asked[-1] == ("payment", {"count": 3, "seed": 9, "jobs": 2})
    shown = capsys.readouterr()
    assert "payment: 75 % noticed" in shown.out
    assert "1/40" in shown.err


@pytest.mark.parametrize(("least", "code"), [("75", 0), ("76", 1)])
def test_less_than_is_asked_for_is_a_failure(asked, least, code):
    assert cli.main(["payment", "--at-least", least]) == code


def test_trials_that_cannot_go_on_are_told(monkeypatch, capsys):
    def run(*_a, **_k):
        raise MutationError("test_x fails")

    monkeypatch.setattr(cli, "run", run)
    assert cli.main(["payment"]) == 2
    assert capsys.readouterr().err == "payment: test_x fails\n"


@pytest.mark.parametrize("words", [["--sample", "0"], ["--jobs", "0"], ["nothing"]])
def test_what_cannot_be_done_is_refused(words):
    with pytest.raises(SystemExit, match="2"):
        cli.main(words)

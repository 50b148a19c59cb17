"""The order of the steps; after a failure what was deployed is destroyed, and each step is written when it ended."""

import dataclasses

import pytest

from lib.leftovers import kinds
from lib.leftovers.kinds import Leftover
from lib.verify_on_aws import evidence, run
from lib.verify_on_aws.evidence import Evidence
from lib.verify_on_aws.process import StepError
from lib.verify_on_aws.run import STEPS, Run
from tests.support.check_account import HERE
from tests.support.evidence import RUN

LEFT = Leftover(kinds.TAGGED[0], "key", HERE)


def name_of(call):
    """What was asked, whatever the change."""
    return call if isinstance(call, str) else call[0]


class FakeTarget:
    """Keeps what it was asked; fails from the moment that it is told to, for as often as it is told to."""

    def __init__(self, clock):
        self.asked, self.failing, self.clock = [], {}, clock

    def _do(self, what, change=None):
        self.asked.append((what, dict(change)) if change else what)
        self.clock.now += 60
        number = [name_of(one) for one in self.asked].count(what)
        error = self.failing.get((what, number))
        if error:
            raise error
        return f"{what} done"

    def check(self):
        return self._do("check")

    def deploy(self, change):
        return self._do("deploy", change)

    def tests(self, change):
        return self._do("tests", change)

    def destroy(self):
        return self._do("destroy")

    def remove_log_groups(self):
        return self._do("log groups")

    def leftovers(self):
        self._do("leftovers")
        return [LEFT]


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def made(tmp_path):
    clock = Clock()
    written = dataclasses.replace(RUN, result=evidence.RUNNING, steps=[], left=[])
    return Run(FakeTarget(clock), written, tmp_path / "journal.json", 1.0, lambda _text: None, clock)


CHANGE = {"LOG_DAYS": "30"}
WHOLE = [
    "check",
    "deploy",
    "tests",
    ("deploy", CHANGE),
    ("tests", CHANGE),
    "destroy",
    "log groups",
    "deploy",
    "destroy",
]


def test_a_run_is_a_whole_life(made):
    made.verify()
    assert made.target.asked == [*WHOLE, "leftovers"]
    assert [step.name for step in made.written.steps] == list(STEPS)
    assert {step.seconds for step in made.written.steps} == {60.0}
    assert made.written.result == evidence.PASSED
    assert made.written.steps[0].detail == "check done"
    assert [(left.type, left.count) for left in made.written.left] == [("KMS key", 1)]
    assert Evidence.read(made.journal) == made.written


@pytest.mark.parametrize("place", range(1, len(WHOLE)))
def test_after_a_failure_everything_is_destroyed_and_nothing_else_is_done(made, place):
    what = name_of(WHOLE[place])
    number = [name_of(call) for call in WHOLE[: place + 1]].count(what)
    made.target.failing = {(what, number): StepError("it broke")}
    made.verify()
    assert made.target.asked == [*WHOLE[: place + 1], "destroy", "leftovers"]
    assert [step.result for step in made.written.steps[place:]] == [evidence.FAILED, evidence.PASSED, evidence.PASSED]
    assert (made.written.result, made.written.steps[place].detail) == (evidence.FAILED, "it broke")
    assert Evidence.read(made.journal).result == evidence.FAILED


def test_an_account_that_is_not_ready_gets_nothing_and_needs_no_destruction(made):
    made.target.failing = {("check", 1): StepError("no quota")}
    made.verify()
    assert made.target.asked == ["check", "leftovers"]
    assert made.written.result == evidence.FAILED


def test_a_destruction_that_fails_twice_is_told(made):
    made.target.failing = {("destroy", 1): StepError("a"), ("destroy", 2): StepError("b")}
    made.verify()
    assert [step.detail for step in made.written.steps[-3:-1]] == ["a", "b"]
    assert made.written.steps[-2].name == run.AFTER_FAILURE
    assert made.written.result == evidence.FAILED


def test_who_may_not_ask_what_is_left_has_not_passed(made):
    made.target.failing = {("leftovers", 1): StepError("denied")}
    made.verify()
    assert (made.written.result, made.written.steps[-1].result) == (evidence.FAILED, evidence.FAILED)


def test_when_the_hours_are_over_it_is_destroyed(made):
    made.hours = 100 / 3600
    made.verify()
    assert made.target.asked == ["check", "deploy", "destroy", "leftovers"]
    assert made.written.steps[2].detail == "not begun: 0.0277778 hours are over. Allow more of them with --hours."


def test_a_destruction_is_begun_however_late_it_is(made):
    made.hours = 290 / 3600
    made.verify()
    assert made.target.asked == [*WHOLE[:6], "destroy", "leftovers"]
    assert [step.result for step in made.written.steps[5:]] == ["passed", "failed", "passed", "passed"]


def test_an_interrupted_run_is_on_disk_with_what_was_done(made):
    made.target.failing = {("tests", 1): KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        made.verify()
    journal = Evidence.read(made.journal)
    assert (journal.result, [step.name for step in journal.steps]) == (evidence.RUNNING, ["check account", "deploy"])


def test_what_was_interrupted_is_destroyed(made):
    made.resume()
    assert made.target.asked == ["destroy", "leftovers"]
    assert Evidence.read(made.journal).result == evidence.INTERRUPTED


def test_what_cannot_be_destroyed_has_failed(made):
    made.target.failing = {("destroy", 1): StepError("a")}
    made.resume()
    assert made.written.result == evidence.FAILED

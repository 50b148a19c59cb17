"""The steps of a run, in their order; one that fails is followed by the destruction, and by the evidence."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from lib.common.errors import SettingError
from lib.leftovers.kinds import Leftover
from lib.verify_on_aws import evidence
from lib.verify_on_aws.evidence import Evidence, Step
from lib.verify_on_aws.process import StepError

ERRORS = (StepError, SettingError, BotoCoreError, ClientError)
CHECK, DEPLOY, TESTS, CHANGE, CHANGED = "check account", "deploy", "tests", "change", "tests after the change"
DESTROY, LOGS, AGAIN, LAST = "destroy", "log groups that RDS wrote again", "deploy again", "destroy again"
LEFT, AFTER_FAILURE = "leftovers", "destroy after the failure"
STEPS = (CHECK, DEPLOY, TESTS, CHANGE, CHANGED, DESTROY, LOGS, AGAIN, LAST, LEFT)


class Target(Protocol):
    """Where a system is verified. Each method raises an error of :data:`ERRORS` when its step fails."""

    def check(self) -> str:
        """See whether the account is ready."""

    def deploy(self, change: Mapping[str, str]) -> str:
        """Deploy the system, with these variables set."""

    def tests(self, change: Mapping[str, str]) -> str:
        """Run the integration tests; after a change those of what is deployed, which compare it with the settings."""

    def destroy(self) -> str:
        """Destroy the system; what is not deployed is destroyed already."""

    def leftovers(self) -> Sequence[Leftover]:
        """Return what is left."""

    def remove_log_groups(self) -> str:
        """Remove the log groups that RDS wrote once more while its database went: they have the stack's names."""


@dataclass
class Run:
    """One run: does its steps, and writes each into the evidence as soon as it has ended.

    Args:
        target: where.
        written: the evidence.
        journal: the file of the run that has not ended.
        hours: after which nothing but the destruction is begun.
        report: is told what is done.
        clock: seconds that only go up.
    """

    target: Target
    written: Evidence
    journal: Path
    hours: float
    report: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic

    def verify(self) -> None:
        """Deploy, test, change, destroy, deploy again, destroy; after a failure destroy at once."""
        change, target = self.written.change, self.target
        steps: Sequence[tuple[str, Callable[[], str]]] = (
            (CHECK, target.check),
            (DEPLOY, lambda: target.deploy({})),
            (TESTS, lambda: target.tests({})),
            (CHANGE, lambda: target.deploy(change)),
            (CHANGED, lambda: target.tests(change)),
            (DESTROY, target.destroy),
            (LOGS, target.remove_log_groups),
            (AGAIN, lambda: target.deploy({})),
            (LAST, target.destroy),
        )
        self.written.write(self.journal)
        began = self.clock()
        for name, action in steps:
            if name not in (DESTROY, LAST) and self.clock() - began > self.hours * 3600:
                action = self._too_late
            if not self._step(name, action):
                if name != CHECK:
                    self._step(AFTER_FAILURE, target.destroy)
                break
        self._end()

    def resume(self) -> None:
        """Destroy what an interrupted run left."""
        self._step(DESTROY, self.target.destroy)
        self._end(evidence.INTERRUPTED)

    def _too_late(self) -> str:
        raise StepError(f"not begun: {self.hours:g} hours are over. Allow more of them with --hours.")

    def _step(self, name: str, action: Callable[[], str]) -> bool:
        self.report(f"{name} ...")
        began = self.clock()
        try:
            result, detail = evidence.PASSED, action()
        except ERRORS as error:
            result, detail = evidence.FAILED, str(error)
        seconds = round(self.clock() - began, 1)
        self.written.steps.append(Step(name, seconds, result, detail))
        self.written.write(self.journal)
        self.report(f"{name}: {result} after {seconds:.0f} s{f': {detail}' if detail else ''}")
        return result == evidence.PASSED

    def _leftovers(self) -> str:
        self.written.left = evidence.counted(self.target.leftovers())
        return f"{sum(one.count for one in self.written.left)} left"

    def _end(self, result: str = evidence.PASSED) -> None:
        self._step(LEFT, self._leftovers)
        failed = any(step.result == evidence.FAILED for step in self.written.steps)
        self.written.result = evidence.FAILED if failed else result
        self.written.write(self.journal)

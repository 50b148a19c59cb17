"""The drill: payments go on while the primary region is lost, taken over for, and taken back.

Everything that it reports is measured: a figure that could not be is left out and said to be missing.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lib.common.errors import ExerciseError
from lib.disaster_recovery.drill.health import FailoverRecord
from lib.disaster_recovery.drill.load import Acknowledged, HttpClient, LoadGenerator, LoadPlan, payment
from lib.disaster_recovery.drill.operations import FailoverOperations
from lib.disaster_recovery.settings import PRIMARY, SECONDARY, Settings

Report = Callable[[str], None]
BY_NAME = 600.0  # seconds until the name leads elsewhere at the latest


@dataclass(frozen=True)
class DrillTarget:
    """Where a drill takes place.

    Args:
        settings: the deployed ones.
        steps: what it does to AWS.
        urls: the regions' APIs, by role.
        cut: takes the primary region away from everybody.
        restore: gives it back.
        check_seconds: between two looks of a health check.
    """

    settings: Settings
    steps: FailoverOperations
    urls: Mapping[str, str]
    cut: Callable[[], None]
    restore: Callable[[], None]
    check_seconds: float


@dataclass
class Result:  # pylint: disable=too-many-instance-attributes  # the figures of the report
    """What was measured; times in seconds on the drill's clock, None for what could not be measured."""

    run: str
    rate: float
    events: list[tuple[float, str]] = field(default_factory=list)
    acknowledged: list[Acknowledged] = field(default_factory=list)
    refused: Mapping[str, int] = field(default_factory=dict)
    unanswered: list[str] = field(default_factory=list)
    rto: float | None = None
    stopped: float | None = None  # when the last payment before the cut was acknowledged
    detected: float | None = None
    taken_over: float | None = None
    taken_back: float | None = None
    missing: list[str] = field(default_factory=list)  # acknowledged before the cut, not in the survivor at takeover
    rpo: float | None = None
    fenced: bool = False
    lost: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    end: float = 0.0

    @property
    def good(self) -> bool:
        """Whether everything that is guaranteed was kept."""
        return self.fenced and not (self.lost or self.duplicates or self.unanswered) and self.rto is not None


class Drill:
    """One run."""

    def __init__(self, drill_target: DrillTarget, seconds: float, rate: float, report: Report) -> None:
        self._target, self._seconds, self._report = drill_target, seconds, report
        self._began = time.monotonic()
        self.result = Result(f"drill-{uuid.uuid4().hex[:8]}", rate)
        self._home, self._survivor = drill_target.settings.region_configs

    def _clock(self) -> float:
        return time.monotonic() - self._began

    def _event(self, what: str) -> float:
        now = self._clock()
        self.result.events.append((now, what))
        self._report(what)
        return now

    def _seen(self, role: str, good: bool) -> None:
        self._event(f"health check: {role} {'healthy' if good else 'unhealthy'}")

    def run(self) -> Result:
        """Do all of it and return what was measured.

        Raises:
            ExerciseError: the system is not whole to begin with, or a step does not work.
        """
        drill_target, result = self._target, self.result
        http = HttpClient()
        try:
            self._refuse_half(http)
            plan = LoadPlan(result.run, result.rate)
            with (
                FailoverRecord(http, drill_target.urls, drill_target.check_seconds, self._seen) as record,
                LoadGenerator(http, plan, record.url, self._clock) as load,
            ):
                try:
                    self._lose(record, load)
                    self._take_back(http, record, load)
                finally:
                    drill_target.restore()
                load.finish(BY_NAME if load.acknowledged else 0.0)
                result.acknowledged = sorted(load.acknowledged, key=lambda entry: entry.at)
                result.refused, result.unanswered = dict(load.refused), list(load.unanswered)
        finally:
            http.close()
        self._count()
        result.end = self._clock()
        return result

    def _refuse_half(self, http: HttpClient) -> None:
        """Begin only with both regions whole and the primary one writing."""
        for role, url in self._target.urls.items():
            answer = http.send("GET", f"{url}/health/ready")
            if answer.status != 200:
                raise ExerciseError(f"The {role} region is unhealthy ({answer.status or 'no answer'}): fix it first.")
        for what, where in (
            ("Payments are", self._target.steps.writer(self._home)[0]),
            ("The database is", self._target.steps.database_writer(self._home)),
        ):
            if where != self._home.region:
                raise ExerciseError(
                    f"{what} written in {where or 'no region'}: fail back first (scripts/drill failback)."
                )

    def _lose(self, record: FailoverRecord, load: LoadGenerator) -> None:
        drill_target, result = self._target, self.result
        self._event("payments begin")
        before = self._first(load, lambda _found: True, "no payment is acknowledged")
        load.wait_for(lambda entry: entry.at > before.at + self._seconds, self._seconds + BY_NAME)
        drill_target.cut()
        cut = self._event("the primary region is cut off")
        if not record.wait_for(SECONDARY, BY_NAME):
            raise ExerciseError("The health checks never saw that the primary region is away.")
        result.detected = self._clock() - cut
        self._takeover(load, cut)
        asked = self._clock()  # payments of the first items are taken before the last one is written
        epoch = drill_target.steps.move_writer(self._survivor, through=self._survivor)
        self._event(f"payments may be written in the surviving region, epoch {epoch}")
        first = self._first(load, lambda entry: entry.epoch == epoch, "the surviving region acknowledges nothing")
        last = max(entry.at for entry in list(load.acknowledged) if entry.at <= cut)
        result.rto, result.stopped, result.taken_over = first.at - last, last, first.at - asked
        self._event("first payment acknowledged in the surviving region")
        # Payments do not wait for it: on AWS it takes minutes.
        drill_target.steps.fail_over(self._survivor)
        self._event("Aurora writes in the surviving region")
        load.wait_for(lambda entry: entry.at > first.at + self._seconds, self._seconds + BY_NAME)

    def _takeover(self, load: LoadGenerator, cut: float) -> None:
        """See what the survivor lacks of what was acknowledged before the cut."""
        before = [entry for entry in list(load.acknowledged) if entry.at <= cut]
        there = self._target.steps.stored(self._survivor, [entry.key for entry in before])
        missing = [entry for entry in before if entry.key not in there]
        self.result.missing = [entry.key for entry in missing]
        self.result.rpo = cut - min((entry.at for entry in missing), default=cut)
        self._event(f"takeover: {len(missing)} of {len(before)} acknowledged payments are missing")

    def _take_back(self, http: HttpClient, record: FailoverRecord, load: LoadGenerator) -> None:
        drill_target, result = self._target, self.result
        drill_target.restore()
        self._event("the primary region is back")
        self._fence(http)
        began = self._event("failback begins")
        drill_target.steps.switch_over(self._home, asked=self._survivor)
        self._event("Aurora writes in the primary region")
        drill_target.steps.pause(self._survivor, self._home)
        self._event("nobody writes until both regions have the same")
        epoch = drill_target.steps.move_writer(self._home, through=self._home)
        self._event(f"payments may be written in the primary region, epoch {epoch}")
        if not record.wait_for(PRIMARY, BY_NAME):
            raise ExerciseError("The health checks never saw that the primary region writes again.")
        first = self._first(load, lambda entry: entry.epoch == epoch, "the primary region acknowledges nothing")
        last = max((f.at for f in list(load.acknowledged) if f.epoch < epoch), default=began)
        result.taken_back = first.at - last
        self._event("first payment acknowledged in the primary region again")
        load.wait_for(lambda entry: entry.at > first.at + self._seconds / 2, self._seconds + BY_NAME)
        self._event("payments end")

    def _fence(self, http: HttpClient) -> None:
        """Send a payment to the region that has come back: it must not take it."""
        name, url = f"{self.result.run}-fence", self._target.urls[PRIMARY]
        deadline = time.monotonic() + BY_NAME
        while True:
            answer = http.send("POST", f"{url}/payments", payment(0, self.result.run), name)
            if answer.status == 503 and answer.body.get("code") == "region_passive":
                self.result.fenced = True
                self._event("the primary region refuses payments: region_passive")
                return
            if answer.status == 201 or time.monotonic() > deadline:
                self._event(f"the primary region answers {answer.status}: it does not know that it is passive")
                return
            time.sleep(self._target.check_seconds / 4)

    def _first(self, load: LoadGenerator, condition: Callable[[Acknowledged], bool], failure: str) -> Acknowledged:
        entry = load.wait_for(condition, BY_NAME)
        if entry is None:
            raise ExerciseError(f"{failure[0].upper()}{failure[1:]} within {BY_NAME:.0f} s.")
        return entry

    def _count(self) -> None:
        """Compare what was acknowledged with what both regions have at the end."""
        result, steps = self.result, self._target.steps
        known = {entry.key: entry.payment_id for entry in result.acknowledged}
        sent = known.keys() | set(result.unanswered)
        lost, twice = set[str](), set[str]()
        for region_config in self._target.settings.region_configs:
            there = steps.stored(region_config, list(known))
            lost |= known.keys() - there.keys()
            twice |= {key for key, item in there.items() if item["payment_id"]["S"] != known[key]}
            twice |= steps.others(region_config, result.run, sorted(sent))
        result.lost, result.duplicates = sorted(lost), sorted(twice)

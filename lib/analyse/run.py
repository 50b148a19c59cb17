"""Runs collectors and checks over accounts and regions, side by side, and keeps account of what was not looked at."""

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from lib.analyse import aws, discovery, errors, outputs, owners, sensitive_ports, spool
from lib.analyse.accounts import Plan
from lib.analyse.compare import Comparison
from lib.analyse.ignore import Ignores
from lib.analyse.model import EVERY, UNKNOWN, Check, Collector, Context, Finding, Unit
from lib.analyse.options import Options
from lib.analyse.prices import Prices
from lib.analyse.region_client import RegionClient
from lib.analyse.spool import Coverage, Spool
from lib.analyse.tally import Totals
from lib.common import region as regions
from lib.common.errors import SettingError

THREADS = 8
GRACE = 3.0  # seconds that calls under way may take after an interruption
# A report is written again when a piece is done, unless writing would take more than a tenth of the time.
PAUSE, SHARE = 1.0, 10


def row(check: Check, finding: Finding, context: Context, owner_tag: str, ignores: Ignores) -> dict[str, Any]:
    """Return a finding as the report has it."""
    cost, entry = finding.cost, ignores.match(check.id, finding)
    priced = cost is not None and cost.monthly is not None
    return {
        "check": check.id,
        "id": finding.id,
        "arn": finding.arn,
        "account": context.account,
        "region": context.region,
        "type": finding.type,
        "severity": finding.severity,
        "title": finding.title,
        "owner": owners.owner(finding.tags, owner_tag),
        "monthly_usd": float(round(cost.usd, 6)) if cost and cost.usd is not None else None,
        "monthly_cost": float(round(cost.monthly, 6)) if cost and cost.monthly is not None else None,
        "currency": cost.currency if cost and priced else None,
        "estimate": finding.estimate,
        "unpriced": cost.reason if cost and not priced else None,
        "ignored": entry.public() if entry else None,
        "tags": dict(finding.tags),
        "details": dict(finding.details),
    }


def _first(notes: Sequence[str]) -> str:
    return notes[0] + (f" (and {len(notes) - 1} more, see notes)" if len(notes) > 1 else "")


@dataclass
class Run:  # pylint: disable=too-many-instance-attributes  # what it was asked for, and what it knows so far
    """One run: what it was asked for, and what it knows so far."""

    options: Options
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    stop: threading.Event = field(default_factory=threading.Event)
    progress: Callable[["Run"], object] = lambda _run: None
    coverage: dict[Unit, Coverage] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)
    finished_at: datetime | None = None

    def __post_init__(self) -> None:
        """Read what is needed from files; raises SettingError for a file that is wrong."""
        every = discovery.checks()
        wanted = self.options.checks or [check.id for check in every if check.default]
        self.checks = [check for check in every if check.id in wanted]
        found, needed = discovery.collectors(), {check.collector for check in self.checks}
        self.collectors: dict[str, Collector] = {name: c for name, c in found.items() if name in needed}
        self.ignores = Ignores.read(self.options.ignore, self.now.date(), [check.id for check in every])
        self.comparison = Comparison.read(self.options.compare)  # now: this run may replace that report
        if self.comparison:
            self.comparison.check_options(self.options)
        self.prices = Prices.read()
        basis = repr((outputs.VERSION, self.prices, self.ignores.valid))
        self.spool = Spool(self.options.output, self.now, hashlib.sha256(basis.encode()).hexdigest())
        self.settled: list[Unit] = []  # whose findings are in ``totals``, and so in the reports
        self.plan = Plan(self.options, self.stop, self.spool.belongs_to, self.ignores)
        self._write_after = 0.0
        self._stopped_at = time.monotonic()
        self.abandoned = False  # whether calls still hang: the program must not wait for them

    @property
    def complete(self) -> bool:
        """Whether everything was looked at, to the end of the run."""
        return (
            self.finished_at is not None
            and bool(self.coverage)
            and all(entry.settled for entry in self.coverage.values())
        )

    def code(self) -> int:
        """Return the exit code: 3 incomplete, 1 findings that are grave enough, 0 none."""
        if not self.complete:
            return 3
        return 1 if self.totals.above(self.options.fail_on) else 0

    def audit(self) -> int:
        """Look at everything, write the reports and return the exit code.

        Raises:
            SettingError: there are no credentials, nothing to resume, or another run writes to the same folder.
        """
        self.options.output.mkdir(parents=True, exist_ok=True)
        with spool.locked(self.options.output):
            return self._audit()

    def _audit(self) -> int:
        self.spool.begin(self.options.asked(), resume=self.options.resume)
        self._nothing_yet("not started")
        outputs.remove(self.options.output, self.options.formats)
        try:
            self._plan()
            self._work()
            self.plan.tell_regions_apart([entry for entry in self.coverage.values() if entry.status != "complete"])
        except SettingError as error:
            self._nothing_yet(str(error))
            raise
        finally:
            self.plan.close()
        self.finished_at = datetime.now(UTC)
        self.progress(self)
        if self.comparison:
            self.comparison.finish(self.spool.lines(self.settled), self.coverage, self.checks)
        outputs.write(self, self.options.formats)
        if self.complete:
            self.spool.remove()
        return self.code()

    def _nothing_yet(self, reason: str) -> None:
        """Replace every report by one that claims nothing: one of an earlier run must not be taken for this run's."""
        where = ",".join(self.options.regions)
        self.coverage = {Unit(UNKNOWN, where, EVERY): Coverage(UNKNOWN, where, EVERY, reason=reason)}
        outputs.write(self, self.options.formats)

    def _write(self) -> None:
        """Write report.json as far as things are known, unless that was done a moment ago."""
        began = time.monotonic()
        if began >= self._write_after:
            outputs.write(self, ["json"])
            ended = time.monotonic()
            self._write_after = ended + max(PAUSE, SHARE * (ended - began))

    def _plan(self) -> None:
        """Find out which accounts and regions there are; what cannot be found out is a gap in the coverage."""
        self.plan.make()
        if self.comparison:
            self.comparison.check_accounts(
                {*self.plan.regions, *(gap.account for gap in self.plan.gaps)} - {UNKNOWN, EVERY}
            )
        units = (
            Unit(account, name, collector)
            for account, names in self.plan.regions.items()
            for name in names
            for collector in self.collectors
        )
        self.coverage = {Unit(gap.account, gap.region, gap.collector): gap for gap in self.plan.gaps}
        self.coverage |= {unit: Coverage(unit.account, unit.region, unit.collector) for unit in units}

    def _work(self) -> None:
        """Do every piece of work; end early, between two calls, when ``stop`` is set."""
        accounts = {account.id: account for account in self.plan.opened}
        waiting: dict[Future[Any], Unit] = {}
        pool = ThreadPoolExecutor(THREADS, "analyse")
        try:
            unnamed = [account for account in accounts.values() if account.id not in self.plan.names]
            naming: set[Future[Any]] = {pool.submit(self.plan.learn_name, account) for account in unnamed}
            for unit, entry in list(self.coverage.items()):
                if unit.collector == EVERY:
                    continue
                done = self.spool.finished(unit)
                if done is not None:
                    self._settle(unit, done, self.spool.totals(unit))
                else:
                    waiting[pool.submit(self._piece, accounts[unit.account], unit, entry)] = unit
            left = Counter((unit.account, unit.region) for unit in waiting.values())
            left.update((account.id, regions.global_region(self.plan.first)) for account in unnamed)  # kept to the end
            self._write()
            while (waiting or naming) and not self._out_of_time():
                finished, _ = wait({*waiting, *naming}, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in finished & naming:
                    future.result()
                naming -= finished
                for future in finished & waiting.keys():
                    unit = waiting.pop(future)
                    self._settle(unit, *future.result())
                    left[unit.account, unit.region] -= 1
                    if not left[unit.account, unit.region]:
                        accounts[unit.account].release(unit.region)
                if finished and waiting:
                    self._write()
                self.progress(self)
            for unit in waiting.values():  # their calls hang: what they found is left out
                self.coverage[unit] = Coverage(unit.account, unit.region, unit.collector, reason="interrupted")
            self.abandoned = bool(waiting or naming)
        finally:
            pool.shutdown(wait=not self.abandoned, cancel_futures=True)

    def _out_of_time(self) -> bool:
        """Return whether the run was interrupted so long ago that what still hangs is given up."""
        if not self.stop.is_set():
            self._stopped_at = time.monotonic()
        return time.monotonic() - self._stopped_at > GRACE

    def _settle(self, unit: Unit, coverage: Coverage, totals: Totals) -> None:
        """Take over what became of a piece: from here on the reports have its status, its sums and its findings."""
        self.coverage[unit] = coverage
        self.totals.merge(totals)
        self.settled.append(unit)

    def _piece(self, account: aws.Account, unit: Unit, live: Coverage) -> tuple[Coverage, Totals]:
        """Run one collector in one region and judge what it yields; ``live`` counts meanwhile, for the progress.

        Returns:
            what became of it, and the sums of what was found.
        """
        totals, place = Totals(), RegionClient(account, unit.region, self.stop, self.spool.learned(unit))
        place.acceptable = frozenset(entry.prefix_list for entry in self.ignores.valid if entry.prefix_list)
        try:
            self._collect(place, unit, live, totals)
            status, reason = ("partial", _first(place.open_notes)) if place.open_notes else ("complete", "")
        except Exception as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught  # the others go on
            status, reason = "partial" if live.items else "none", errors.sentence(error)
            entry = self.ignores.accepted("region", unit.region) if errors.kind(error) == "denied" else None
            live.accepted = entry.public() if entry else None
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        counts: dict[str, Any] = {"calls": place.calls, "notes": place.notes, "unmatched": place.unmatched}
        coverage = replace(live, status=status, reason=reason, read_at=moment, **counts)
        if status == "complete":
            self.spool.finish(unit, coverage)
        return coverage, totals

    def _collect(self, place: RegionClient, unit: Unit, live: Coverage, totals: Totals) -> None:
        with (
            self.spool.path(unit, "learned").open("a", encoding="utf-8", buffering=1) as learned,
            self.spool.path(unit, "jsonl").open("w", encoding="utf-8") as file,
        ):
            place.keep = lambda key, value: learned.write(json.dumps([key, value, self.now.isoformat()]) + "\n")
            items = self.collectors[unit.collector].collect(place, self.options)
            for found in self._judge(items, unit, live):
                file.write(json.dumps(found) + "\n")
                totals.add(found)

    def _judge(self, items: Iterable[Any], unit: Unit, coverage: Coverage) -> Iterable[dict[str, Any]]:
        checks: Sequence[Check] = [check for check in self.checks if check.collector == unit.collector]
        partition = regions.known().get(unit.region, "aws")
        chosen = self.options
        context = Context(
            unit.account,
            unit.region,
            partition,
            self.now,
            self.prices,
            attached_only=chosen.attached_only,
            older_than=chosen.older_than,
            old_snapshot=chosen.old_snapshot,
            retention=chosen.retention,
            sensitive_ports=sensitive_ports.parse(chosen.sensitive_ports),
        )
        for item in items:
            coverage.items += 1
            for check in checks:
                for finding in check.judge(item, context):
                    coverage.findings += 1
                    yield row(check, finding, context, self.options.owner_tag, self.ignores)

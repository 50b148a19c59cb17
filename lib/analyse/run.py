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

from lib.analyse import aws, checkpoint, discovery, errors, outputs, owners, sensitive_ports
from lib.analyse.accounts import Plan
from lib.analyse.checkpoint import Checkpoint, Coverage
from lib.analyse.compare import Comparison
from lib.analyse.model import EVERY, UNKNOWN, Check, Collector, Context, Finding, WorkItem
from lib.analyse.options import Options
from lib.analyse.prices import Prices
from lib.analyse.region_client import RegionClient
from lib.analyse.summary import Totals
from lib.analyse.suppressions import Suppressions
from lib.common import region as regions
from lib.common.errors import SettingError
from lib.common.json_types import JsonObject

THREADS = 8
GRACE = 3.0  # seconds that calls under way may take after an interruption
# A report is written again when a piece is done, unless writing would take more than a tenth of the time.
PAUSE, SHARE = 1.0, 10


def row(check: Check, finding: Finding, context: Context, owner_tag: str, suppressions: Suppressions) -> JsonObject:
    """Return a finding as the report has it."""
    cost, entry = finding.cost, suppressions.match(check.id, finding)
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
    coverage: dict[WorkItem, Coverage] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)
    finished_at: datetime | None = None

    def __post_init__(self) -> None:
        """Read what is needed from files; raises SettingError for a file that is wrong."""
        every = discovery.checks()
        chosen = self.options.checks or [check.id for check in every if check.default]
        self.checks = [check for check in every if check.id in chosen]
        known, needed = discovery.collectors(), {check.collector for check in self.checks}
        self.collectors: dict[str, Collector] = {name: c for name, c in known.items() if name in needed}
        self.suppressions = Suppressions.read(self.options.ignore, self.now.date(), [check.id for check in every])
        self.comparison = Comparison.read(self.options.compare)  # now: this run may replace that report
        if self.comparison:
            self.comparison.check_options(self.options)
        self.prices = Prices.read()
        basis = repr((outputs.VERSION, self.prices, self.suppressions.valid))
        self.checkpoint = Checkpoint(self.options.output, self.now, hashlib.sha256(basis.encode()).hexdigest())
        self.settled: list[WorkItem] = []  # whose findings are in ``totals``, and so in the reports
        self.plan = Plan(self.options, self.stop, self.checkpoint.belongs_to, self.suppressions)
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
        """Return the exit code: 3 incomplete, 1 findings that are severe enough, 0 none."""
        if not self.complete:
            return 3
        return 1 if self.totals.above(self.options.fail_on) else 0

    def audit(self) -> int:
        """Look at everything, write the reports and return the exit code.

        Raises:
            SettingError: there are no credentials, nothing to resume, or another run writes to the same folder.
        """
        self.options.output.mkdir(parents=True, exist_ok=True)
        with checkpoint.locked(self.options.output):
            return self._audit()

    def _audit(self) -> int:
        self.checkpoint.begin(self.options.asked(), resume=self.options.resume)
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
            self.comparison.finish(self.checkpoint.lines(self.settled), self.coverage, self.checks)
        outputs.write(self, self.options.formats)
        if self.complete:
            self.checkpoint.remove()
        return self.code()

    def _nothing_yet(self, reason: str) -> None:
        """Replace every report by one that claims nothing: one of an earlier run must not be taken for this run's."""
        where = ",".join(self.options.regions)
        self.coverage = {WorkItem(UNKNOWN, where, EVERY): Coverage(UNKNOWN, where, EVERY, reason=reason)}
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
        work_items = (
            WorkItem(account, name, collector)
            for account, names in self.plan.regions.items()
            for name in names
            for collector in self.collectors
        )
        self.coverage = {WorkItem(gap.account, gap.region, gap.collector): gap for gap in self.plan.gaps}
        self.coverage |= {
            work_item: Coverage(work_item.account, work_item.region, work_item.collector) for work_item in work_items
        }

    def _work(self) -> None:
        """Do every piece of work; end early, between two calls, when ``stop`` is set."""
        accounts = {account.id: account for account in self.plan.opened}
        waiting: dict[Future[Any], WorkItem] = {}
        pool = ThreadPoolExecutor(THREADS, "analyse")
        try:
            unnamed = [account for account in accounts.values() if account.id not in self.plan.names]
            naming: set[Future[Any]] = {pool.submit(self.plan.learn_name, account) for account in unnamed}
            for work_item, entry in list(self.coverage.items()):
                if work_item.collector == EVERY:
                    continue
                done = self.checkpoint.finished(work_item)
                if done is not None:
                    self._settle(work_item, done, self.checkpoint.totals(work_item))
                else:
                    waiting[pool.submit(self._piece, accounts[work_item.account], work_item, entry)] = work_item
            left = Counter((work_item.account, work_item.region) for work_item in waiting.values())
            left.update((account.id, regions.global_region(self.plan.first)) for account in unnamed)  # kept to the end
            self._write()
            while (waiting or naming) and not self._out_of_time():
                finished, _ = wait({*waiting, *naming}, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in finished & naming:
                    future.result()
                naming -= finished
                for future in finished & waiting.keys():
                    work_item = waiting.pop(future)
                    self._settle(work_item, *future.result())
                    left[work_item.account, work_item.region] -= 1
                    if not left[work_item.account, work_item.region]:
                        accounts[work_item.account].release(work_item.region)
                if finished and waiting:
                    self._write()
                self.progress(self)
            for work_item in waiting.values():  # their calls hang: what they found is left out
                self.coverage[work_item] = Coverage(
                    work_item.account, work_item.region, work_item.collector, reason="interrupted"
                )
            self.abandoned = bool(waiting or naming)
        finally:
            pool.shutdown(wait=not self.abandoned, cancel_futures=True)

    def _out_of_time(self) -> bool:
        """Return whether the run was interrupted so long ago that what still hangs is given up."""
        if not self.stop.is_set():
            self._stopped_at = time.monotonic()
        return time.monotonic() - self._stopped_at > GRACE

    def _settle(self, work_item: WorkItem, coverage: Coverage, totals: Totals) -> None:
        """Take over what became of a piece: from here on the reports have its status, its sums and its findings."""
        self.coverage[work_item] = coverage
        self.totals.merge(totals)
        self.settled.append(work_item)

    def _piece(self, account: aws.Account, work_item: WorkItem, live: Coverage) -> tuple[Coverage, Totals]:
        """Run one collector in one region and judge what it yields; ``live`` counts meanwhile, for the progress.

        Returns:
            what became of it, and the sums of what was found.
        """
        totals, client = (
            Totals(),
            RegionClient(account, work_item.region, self.stop, self.checkpoint.learned(work_item)),
        )
        client.acceptable = frozenset(entry.prefix_list for entry in self.suppressions.valid if entry.prefix_list)
        try:
            self._collect(client, work_item, live, totals)
            status, reason = ("partial", _first(client.open_notes)) if client.open_notes else ("complete", "")
        except Exception as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught  # the others go on
            status, reason = "partial" if live.items else "none", errors.sentence(error)
            entry = self.suppressions.accepted("region", work_item.region) if errors.kind(error) == "denied" else None
            live.accepted = entry.public() if entry else None
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        counts: JsonObject = {"calls": client.calls, "notes": client.notes, "unmatched": client.unmatched}
        coverage = replace(live, status=status, reason=reason, read_at=moment, **counts)
        if status == "complete":
            self.checkpoint.finish(work_item, coverage)
        return coverage, totals

    def _collect(self, client: RegionClient, work_item: WorkItem, live: Coverage, totals: Totals) -> None:
        with (
            self.checkpoint.path(work_item, "learned").open("a", encoding="utf-8", buffering=1) as learned,
            self.checkpoint.path(work_item, "jsonl").open("w", encoding="utf-8") as file,
        ):
            client.keep = lambda key, value: learned.write(json.dumps([key, value, self.now.isoformat()]) + "\n")
            items = self.collectors[work_item.collector].collect(client, self.options)
            for finding in self._evaluate(items, work_item, live):
                file.write(json.dumps(finding) + "\n")
                totals.add(finding)

    def _evaluate(self, items: Iterable[Any], work_item: WorkItem, coverage: Coverage) -> Iterable[JsonObject]:
        checks: Sequence[Check] = [check for check in self.checks if check.collector == work_item.collector]
        partition = regions.known().get(work_item.region, "aws")
        chosen = self.options
        context = Context(
            work_item.account,
            work_item.region,
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
                for finding in check.evaluate(item, context):
                    coverage.findings += 1
                    yield row(check, finding, context, self.options.owner_tag, self.suppressions)

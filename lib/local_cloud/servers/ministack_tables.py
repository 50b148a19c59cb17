"""The emulator's global tables, whose changes take their time: each arrives alone, and the latest write wins.

The emulator itself writes to every region at once. DynamoDB has the change of another region about a second later, and
decides by the time of the write.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
"""

# pylint: disable=protected-access  # the emulator has no other way in
import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path

from lib.common.json_types import JsonMapping
from lib.local_cloud.servers import replication_faults as faults

LOOK_SECONDS = 0.05  # between two looks at what is on its way
PUBLISH_SECONDS = 2.0
Later = Callable[[float, Callable[[], None]], None]


def later(seconds: float, work: Callable[[], None]) -> None:
    """Do something in the emulator's own thread after a while, so that no request is half done then."""
    try:
        asyncio.get_running_loop().call_later(seconds, work)
    except RuntimeError:  # it was not asked in that thread
        timer = threading.Timer(seconds, work)
        timer.daemon = True
        timer.start()


@dataclass(frozen=True)
class Change:
    """A write on its way to another region's table."""

    account: str
    source: str
    target: str
    table: str
    key: tuple[str, str]
    written: float
    event: str
    old: JsonMapping | None
    new: JsonMapping | None


class Replication:
    """Carries the changes of every global table.

    Args:
        folder: the local cloud's, which says how late they are to be.
        clock: seconds, the same in all regions.
        then: does something later.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time, then: Later = later) -> None:
        from ministack.services import cloudwatch, dynamodb

        self._folder, self._clock, self._then = folder, clock, then
        self._dynamodb, self._cloudwatch, self._apply = dynamodb, cloudwatch, dynamodb._replicate_write
        self._waiting: deque[Change] = deque()
        self._latest: dict[Hashable, tuple[float, str]] = {}
        self._took: dict[tuple[str, str, str, str], list[float]] = {}
        self._looking = False

    def install(self) -> None:
        """Take the place of the emulator's own."""
        self._dynamodb._replicate_write = self.write

    def write(self, table: JsonMapping, event: str, old: JsonMapping | None, new: JsonMapping | None) -> None:
        """Take a write that a region's table has just had, and send it on its way to the others."""
        from ministack.core.responses import get_account_id, get_region

        account, here = get_account_id(), get_region()
        regions = self._dynamodb._replica_group(table)
        if not regions:
            return
        item, name, value = new or old or {}, table["TableName"], self._dynamodb._extract_key_val
        key = value(item.get(table["pk_name"])), value(item.get(table["sk_name"])) if table["sk_name"] else ""
        written = self._clock()
        self._latest[account, here, name, key] = written, here
        for region in regions:
            if region != here:
                self._waiting.append(Change(account, here, region, name, key, written, event, old, new))
        self.deliver()

    def deliver(self) -> None:
        """Let arrive what has been on its way for long enough."""
        way = faults.read(self._folder).table.way
        while self._waiting and way is not None and self._waiting[0].written + way <= self._clock():
            self._arrive(self._waiting.popleft())
        if self._waiting and not self._looking:
            self._looking = True
            self._then(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._looking = False
        self.deliver()

    def _arrive(self, change: Change) -> None:
        from ministack.core.responses import request_scope

        place = change.account, change.target, change.table, change.key
        stamp = change.written, change.source
        if self._latest.get(place, stamp) <= stamp:
            self._latest[place] = stamp
            only = {"TableName": change.table, "_global_regions": [change.source, change.target]}
            with request_scope(change.account, change.source):
                self._apply(only, change.event, change.old, change.new)
        if not self._took:
            self._then(PUBLISH_SECONDS, self.publish)
        where = change.account, change.source, change.target, change.table
        self._took.setdefault(where, []).append((self._clock() - change.written) * 1000)

    def publish(self) -> None:
        """Tell CloudWatch, in the sending region, how long changes were on their way: ReplicationLatency.

        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
        """
        from ministack.core.responses import request_scope

        took, self._took = self._took, {}
        for (account, source, target, table), milliseconds in took.items():
            figures = {
                "SampleCount": len(milliseconds),
                "Sum": sum(milliseconds),
                "Minimum": min(milliseconds),
                "Maximum": max(milliseconds),
            }
            dimensions = {"TableName": table, "ReceivingRegion": target}
            datum = {
                "MetricName": "ReplicationLatency",
                "Unit": "Milliseconds",
                "StatisticValues": figures,
                "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            }
            with request_scope(account, source):
                self._cloudwatch._put_metric_data({}, {"Namespace": "AWS/DynamoDB", "MetricData": [datum]}, True)


def install(folder: Path) -> None:
    """Put this in the place of the emulator's own replication between global tables."""
    Replication(folder).install()

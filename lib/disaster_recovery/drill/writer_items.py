"""The only place that writes which region may write: all items of it, in one region, and only when that is safe.

Why they are written one by one and not in one transaction: an item takes part in one transaction at a time, so that a
transaction over all of them would have to meet a moment without any payment. docs/decisions/0022 has the model.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from lib.common.aws_clients import ClientFactory
from lib.common.errors import ExerciseError
from lib.common.json_types import JsonMapping, JsonObject
from lib.disaster_recovery.drill.writer_store import RegionItems, Seen, said_by
from lib.disaster_recovery.settings import RegionConfig, Settings
from lib.disaster_recovery.writer import ITEMS, NAME, NOBODY

AGREE_SECONDS, PAUSE_SECONDS = 10.0, 0.5  # for both regions to have the same: replication usually takes about a second
TRY_SECONDS = 30.0  # for all items of a change
Show = Callable[[str, str], None]


@dataclass(frozen=True)
class WriterItems:
    """The writer items of a system's table, in both regions.

    Args:
        clients: makes a client of a service in a region.
        settings: the deployed ones.
        show: is told what a step is for, and the command that does the same.
        by: who does it, for the items.
        agree_seconds: how long both regions may take to have the same.
        try_seconds: how long writing all items may take.
    """

    clients: ClientFactory
    settings: Settings
    show: Show
    by: str
    agree_seconds: float = AGREE_SECONDS
    try_seconds: float = TRY_SECONDS

    def _region(self, where: RegionConfig) -> RegionItems:
        return RegionItems(self.clients("dynamodb", where.region), self.settings.name("table"), where.region)

    def read(self, where: RegionConfig) -> Seen:
        """Return the items as a region has them now.

        Raises:
            ExerciseError: ``control#writer`` does not say who writes, so that payments are refused.
        """
        return self._region(where).read(self.settings.primary.region)

    def change(self, to: str, through: RegionConfig, what: str, lost: str = "") -> int:
        """Let a region write, or nobody, and return the new epoch once every item says so.

        What is already begun and did not end is done by the same change once more: each has a new epoch.

        Args:
            to: one of the two regions, or ``nobody``.
            through: where the items are written: there it takes effect at once, elsewhere after it is replicated.
            what: what it is for.
            lost: the other region, by which somebody says that it is lost: what it has does not count.

        Raises:
            ExerciseError: it is no region of the system; the other region does not have the same, or does not answer;
                somebody else has changed the writer meanwhile; not all items could be written in time.
        """
        if to not in (*self.settings.regions, NOBODY):
            allowed = ", ".join((*self.settings.regions, NOBODY))
            raise ExerciseError(f"{to!r} cannot write payments, and nothing was changed: name one of {allowed}.")
        seen, newest = self._agreed(through, lost)
        epoch = newest + 1
        item: JsonObject = {
            "pk": {"S": NAME},
            "region": {"S": to},
            "epoch": {"N": str(epoch)},
            "items": {"N": str(len(ITEMS))},
            "changed_at": {"S": datetime.now(UTC).isoformat(timespec="microseconds")},
            "by": {"S": self.by},
        }
        words = f"scripts/drill writer {to} --through {through.region}" + (f" --lost {lost}" if lost else "")
        self.show(f"{what}, epoch {epoch}", words)
        deadline = time.monotonic() + self.try_seconds
        region = self._region(through)
        region.decide(item, seen, deadline)
        if not lost:
            self._alone(self.settings.other(through), item, seen)
        region.spread(item, deadline)
        return epoch

    def _agreed(self, through: RegionConfig, lost: str) -> tuple[Seen, int]:
        """Return what a region has, once the other one has the same or is said to be lost, and the newest epoch.

        Conditions hold in one region: two people in two regions would both succeed. And of two writes to one item
        replication keeps the later one: a write in a region that is behind would undo what it has not heard of. What it
        may undo is a pause in the region that is lost: that was stopped, its table answers, and does not replicate.
        """
        other = self.settings.other(through)
        if lost not in ("", other.region):
            raise ExerciseError(
                f"{lost!r} is not the other region, and nothing was changed: the one that can be lost while the "
                f"writer is changed in {through.region} is {other.region}."
            )
        deadline = time.monotonic() + self.agree_seconds
        while True:
            seen, there = self.read(through), self._there(other, lost)
            if there is None or there.said == seen.said:
                return seen, seen.newest
            paused = there.region == NOBODY and not there.apart
            if lost and (paused or there.newest <= seen.newest):
                return seen, max(seen.newest, there.newest)
            if time.monotonic() > deadline:
                break
            time.sleep(PAUSE_SECONDS)
        said = (
            f"{through.region} says {seen.region} in epoch {seen.newest}, {other.region} says {there.region} in epoch "
        )
        advice = (
            f"{through.region} is behind, and a write there would undo what it has not heard of: wait until it has, or "
            f"change the writer in {other.region}"
            if there.newest > seen.newest
            else f"wait until both have the same, or, if {other.region} is lost, say so: --lost {other.region}"
        )
        raise ExerciseError(
            f"The regions have different writers ({said}{there.newest}), nothing was changed: {advice}."
        )

    def _there(self, other: RegionConfig, lost: str) -> Seen | None:
        try:
            return self.read(other)
        except (BotoCoreError, ClientError) as error:
            if lost:
                return None
            raise ExerciseError(
                f"{other.region} does not say who writes there ({type(error).__name__}), and nothing was changed: "
                f"somebody may have decided otherwise there. If the region is lost, say so: --lost {other.region}."
            ) from error

    def _alone(self, other: RegionConfig, item: JsonMapping, seen: Seen) -> None:
        """Refuse to go on when the other region has been changed since the look at both.

        Of two people who write at once, each in one region, and look at the other one after that, one sees what the
        other has written, unless replication was faster than the look and has replaced it.
        """
        there = self._region(other).get(item)
        said = said_by(there) if there else None
        if there != item and said != seen.said.get(NAME):
            raise ExerciseError(
                f"The writer was changed in {other.region} at the same moment, and payments may still go on as before: "
                "look who else is at work, agree on one region, and change it once more when both have the same."
            )

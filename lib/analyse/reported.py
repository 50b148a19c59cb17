"""What the reports tell of a run. The run itself writes them, so they know it by these attributes alone."""

from datetime import datetime
from typing import Protocol

from lib.analyse.accounts import Plan
from lib.analyse.checkpoint import Checkpoint, Coverage
from lib.analyse.compare import Comparison
from lib.analyse.model import Check, WorkItem
from lib.analyse.options import Options
from lib.analyse.prices import Prices
from lib.analyse.summary import Totals
from lib.analyse.suppressions import Suppressions


class Reported(Protocol):
    """See :class:`lib.analyse.run.Run`, which has all of them."""

    options: Options
    now: datetime
    finished_at: datetime | None
    coverage: dict[WorkItem, Coverage]
    totals: Totals
    checks: list[Check]
    suppressions: Suppressions
    prices: Prices
    checkpoint: Checkpoint
    plan: Plan
    comparison: Comparison | None
    settled: list[WorkItem]

    @property
    def complete(self) -> bool:
        """Whether everything was looked at, to the end of the run."""

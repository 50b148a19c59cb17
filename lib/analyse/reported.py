"""What the reports tell of a run. The run itself writes them, so they know it by these attributes alone."""

from datetime import datetime
from typing import Protocol

from lib.analyse.accounts import Plan
from lib.analyse.compare import Comparison
from lib.analyse.ignore import Ignores
from lib.analyse.model import Check, Unit
from lib.analyse.options import Options
from lib.analyse.prices import Prices
from lib.analyse.spool import Coverage, Spool
from lib.analyse.tally import Totals


class Reported(Protocol):
    """See :class:`lib.analyse.run.Run`, which has all of them."""

    options: Options
    now: datetime
    finished_at: datetime | None
    coverage: dict[Unit, Coverage]
    totals: Totals
    checks: list[Check]
    ignores: Ignores
    prices: Prices
    spool: Spool
    plan: Plan
    comparison: Comparison | None
    settled: list[Unit]

    @property
    def complete(self) -> bool:
        """Whether everything was looked at, to the end of the run."""

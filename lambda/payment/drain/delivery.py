"""What waits in the outbox goes to the bucket, whatever fails meanwhile."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import aws
from postgres import Database
from telemetry import logger
from trail import Trail, TrailConflict, TrailRefused, TrailUnavailable

ANSWER_SECONDS = 5.0
BATCH, WRITERS = 40, 8
REFUSED = 5  # batches in which S3 refuses every single record: the next run goes on behind them
# Kept back from the time: a record that has begun while S3 does not answer, with a look at what is there; its batch's
# rows; what the run has to say.
MARGIN_SECONDS = 2 * aws.LONGEST_SECONDS + 2 * ANSWER_SECONDS
WRITTEN, CONFLICT, LATE = "", "conflict", "late"

PENDING = """
SELECT object_key, body FROM audit_outbox WHERE object_key > CAST(:after AS text) ORDER BY object_key
LIMIT CAST(:most AS integer)
"""
DONE = "DELETE FROM audit_outbox WHERE object_key = ANY (CAST(:keys AS text[]))"
BEGIN = "SELECT drained FROM audit_progress"
CONTINUE = "UPDATE audit_progress SET drained = CAST(:after AS text)"


@dataclass
class Delivery:
    """One run: what was written, what was not, and why.

    Args:
        database: where the outbox is.
        trail: the bucket.
        left: tells how many seconds there are.
    """

    database: Database
    trail: Trail
    left: Callable[[], float]

    def __post_init__(self) -> None:
        self.written = 0
        self.failed = Counter[str]()  # by what stood in their way
        self.conflicts: list[str] = []

    def run(self) -> None:
        """Write what waits, oldest payments first; or behind where the last run had no more time."""
        if self.left() <= 0:
            return
        ((begin,),) = self.database.run(BEGIN, seconds=ANSWER_SECONDS)
        self.trail.connect()
        with ThreadPoolExecutor(WRITERS) as pool:
            end = self._write_all(pool, begin)
        if end != begin:
            self.database.run(CONTINUE, seconds=ANSWER_SECONDS, after=end)

    def _write_all(self, pool: ThreadPoolExecutor, begin: str) -> str:
        """Write everything behind a key, then what comes before it; return behind which key the next run begins."""
        after, wrapped, refused = begin, begin == "", 0
        while self.left() > 0:
            rows = self.database.run(PENDING, seconds=ANSWER_SECONDS, after=after, most=BATCH)
            if not rows and wrapped:
                return ""
            if not rows:
                after, wrapped = "", True
                continue
            fates = list(pool.map(self._write, rows))
            self._count(rows, fates)
            if LATE in (codes := [code for code, _passing in fates]):
                late = codes.index(LATE)
                return str(rows[late - 1][0] if late else after)
            if all(passing for _code, passing in fates):
                return after  # the bucket is away: the next run tries the same
            after = rows[-1][0]
            refused = 0 if {WRITTEN, CONFLICT}.intersection(codes) else refused + 1
            if refused == REFUSED or (wrapped and begin and after >= begin):
                break
        return after

    def _write(self, row: Sequence[str]) -> tuple[str, bool]:
        """Write one record; return what stands in its way, if anything does, and whether that may be in all others'."""
        key, body = row
        if self.left() <= 0:
            return LATE, False
        try:
            self.trail.write(key, body)
        except TrailUnavailable as error:
            return str(error), not isinstance(error, TrailRefused)
        except TrailConflict:
            logger.error("another audit record is in the bucket", extra={"key": key})
            return CONFLICT, False
        return WRITTEN, False

    def _count(self, rows: Sequence[Sequence[str]], fates: Sequence[tuple[str, bool]]) -> None:
        """Take the records that are in the bucket now out of the outbox, and count the others."""
        done = [key for (key, _body), (code, _) in zip(rows, fates, strict=True) if code == WRITTEN]
        if done:
            self.database.run(DONE, seconds=ANSWER_SECONDS, keys=done)
        self.written += len(done)
        self.failed += Counter(code for code, _ in fates if code not in (WRITTEN, LATE))
        self.conflicts += [row[0] for row, (code, _) in zip(rows, fates, strict=True) if code == CONFLICT]

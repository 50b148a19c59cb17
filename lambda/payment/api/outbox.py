"""The first attempt to write an audit record: right after the commit, before the caller has the answer."""

import time
from dataclasses import dataclass

from audit import Entry
from aws import LONGEST_SECONDS, READ_SECONDS
from postgres import Database
from sql import WRITTEN
from telemetry import count, logger
from trail import Trail, TrailConflict, TrailUnavailable

ANSWER_SECONDS = 3.0  # for one answer of the database, and for the row of a record that is written
SECONDS = LONGEST_SECONDS + READ_SECONDS + ANSWER_SECONDS  # a write, a look at what is there if it is refused, the row
REST_SECONDS = 5.0  # after a failure: requests are not slowed down one after the other by a bucket that is away


@dataclass
class Outbox:
    """Writes records at once when it can; the row in the outbox stays for the drain when it cannot."""

    database: Database
    trail: Trail
    resting: float = 0.0  # until then, in time.monotonic()

    def keep(self, entry: Entry, seconds: float) -> None:
        """Write a record, whose row is committed; nothing that goes wrong here is the caller's business.

        Args:
            entry: the record.
            seconds: how long the function may still run.
        """
        if seconds < SECONDS or time.monotonic() < self.resting:
            return
        try:
            self.trail.write(entry.key, entry.body)
            count("AuditWritten")
            self.database.run(WRITTEN, seconds=ANSWER_SECONDS, object_key=entry.key)
        except TrailConflict:
            count("AuditMismatch")
            logger.error("another audit record is in the bucket", extra={"key": entry.key})
        except Exception as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught  # it waits
            self.resting = time.monotonic() + REST_SECONDS
            cause = str(error) if isinstance(error, TrailUnavailable) else type(error).__name__
            logger.warning("audit record waits in the outbox", extra={"key": entry.key, "cause": cause})

"""The stream's consumer: each event becomes one row, however often it is delivered.

Three fates, told apart because they need different answers:

- an event that is valid is stored, or recognised as stored before: first of all, so that nothing holds it back;
- a poison record (not JSON, against the schema, refused by the database, or another event under a known id) is
  quarantined in the failure bucket with its payload, together with the others of its batch;
- what was not done in time, or could not be because the database or the bucket is unavailable, is delivered again:
  the event source mapping is told the first record that was not done, and goes on from there.
  https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
"""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aws
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from events import CHUNK_EVENTS, Poison, chunks
from json_types import JsonObject
from postgres import PAUSE_FIRST, PAUSE_LONGEST, Database, DatabaseUnavailable
from quarantine import PUT_SECONDS, quarantine
from store import store

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

FINISH_SECONDS = 5.0  # to log, to count and to answer
MARGIN_SECONDS = PUT_SECONDS + FINISH_SECONDS  # kept back from the function's time limit
logger = Logger()
metrics = Metrics()
database = Database(token=aws.auth_token)


@dataclass
class Progress:
    """What became of a batch: every record before the place ``done`` is stored, or among the poison."""

    done: int = 0
    stored: int = 0
    duplicates: int = 0
    poison: list[Poison] = field(default_factory=list)
    cause: str = ""  # why not everything is done


def _seconds_left(context: "LambdaContext") -> float:
    return context.get_remaining_time_in_millis() / 1000


def _work(records: list[JsonObject], context: "LambdaContext") -> Progress:
    """Store what is valid in a batch, until the time is over."""
    places = {record["kinesis"]["sequenceNumber"]: place for place, record in enumerate(records)}
    progress = Progress()
    for chunk in chunks(records):
        outcome = store(database, chunk.events, _seconds_left(context) - MARGIN_SECONDS)
        behind = progress.done + chunk.records
        progress.done = min((places[each.record.sequence_number] for each in outcome.unfinished), default=behind)
        progress.stored += outcome.stored
        progress.duplicates += outcome.duplicates
        poison = [*chunk.poison, *outcome.refused]
        # What stands behind the first unfinished event comes again, and is quarantined then.
        progress.poison += [each for each in poison if places[each.record.sequence_number] < progress.done]
        progress.cause = outcome.cause
        if not outcome.cause and len(progress.poison) >= CHUNK_EVENTS and progress.done < len(records):
            progress.cause = "more poison than one object takes"
        if progress.cause:
            break
    progress.poison.sort(key=lambda each: (places[each.record.sequence_number], each.record.sub_sequence_number))
    return progress


def _set_aside(poison: list[Poison], context: "LambdaContext") -> bool:
    """Quarantine poison records, trying again while the bucket is unavailable, and return whether that is done.

    The mapping gives up after a number of deliveries, so each of them waits, as it does for the database.
    """
    pause = PAUSE_FIRST
    while poison:
        if _seconds_left(context) < PUT_SECONDS + pause:
            logger.error("no time left to quarantine", extra={"records": len(poison)})
            return False
        if quarantine(poison):
            return True
        time.sleep(pause)
        pause = min(pause * 2, PAUSE_LONGEST)
    return True


@metrics.log_metrics
def handler(event: JsonObject, context: "LambdaContext") -> JsonObject:
    """Store one batch of Kinesis records.

    Returns:
        ``batchItemFailures``: the first record that is not completely stored or quarantined. It comes again with all
        records behind it, of which those that are done are recognised.

    Raises:
        DatabaseUnavailable: nothing was done; deliver the batch again, in two halves.
    """
    records = event["Records"]
    numbers = [record["kinesis"]["sequenceNumber"] for record in records]
    progress = _work(records, context)
    if progress.cause and not progress.done:
        metrics.add_metric(name="Returned", unit=MetricUnit.Count, value=len(records))
        logger.error("database unavailable", extra={"records": len(records), "cause": progress.cause})
        raise DatabaseUnavailable(progress.cause)
    if not _set_aside(progress.poison, context):
        progress.done, progress.poison = numbers.index(progress.poison[0].record.sequence_number), []
    counts = {"Stored": progress.stored, "Duplicates": progress.duplicates, "SetAside": len(progress.poison)}
    for name, value in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    returned = len(records) - progress.done
    logger.info("batch", extra={"records": len(records), "returned": returned, "cause": progress.cause, **counts})
    if not returned:
        return {"batchItemFailures": []}
    metrics.add_metric(name="Returned", unit=MetricUnit.Count, value=returned)
    return {"batchItemFailures": [{"itemIdentifier": numbers[progress.done]}]}

"""The stream's consumer: each event becomes one row, however often it is delivered.

Three fates, told apart because they need different answers:

- an event that is valid is stored, or recognised as stored before: first of all, so that nothing holds it back;
- a poison record (not JSON, against the schema, refused by the database, or another event under a known id) is
  quarantined in the failure bucket with its payload, together with the others of its batch;
- what was not done in time, or could not be because the database or the bucket is unavailable, is delivered again:
  the event source mapping is told the first record that was not done, and goes on from there.
  https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
"""

from typing import TYPE_CHECKING

import aws
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from events import Poison, read
from json_types import JsonObject
from postgres import ANSWER_SECONDS, Database, DatabaseUnavailable
from quarantine import PUT_SECONDS, quarantine
from store import store

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

FINISH_SECONDS = 5.0  # to log, to count and to answer
# Kept back from the function's time limit: the database's last try may wait for its answer, and then comes the bucket.
MARGIN_SECONDS = ANSWER_SECONDS + PUT_SECONDS + FINISH_SECONDS
logger = Logger()
metrics = Metrics()
database = Database(secrets=aws.Secrets)


def _seconds_left(context: "LambdaContext") -> float:
    return context.get_remaining_time_in_millis() / 1000


def _set_aside(poison: list[Poison], context: "LambdaContext") -> bool:
    """Quarantine poison records, and return whether that is done."""
    if not poison:
        return True
    if _seconds_left(context) < PUT_SECONDS:
        logger.error("no time left to quarantine", extra={"records": len(poison)})
        return False
    return quarantine(poison)


@metrics.log_metrics
def handler(event: JsonObject, context: "LambdaContext") -> JsonObject:
    """Store one batch of Kinesis records.

    Returns:
        ``batchItemFailures``: the first record that is neither stored nor quarantined. It comes again with all
        records behind it, of which those that are done are recognised.

    Raises:
        DatabaseUnavailable: nothing was done; deliver the batch again, in two halves.
    """
    places = {record["kinesis"]["sequenceNumber"]: place for place, record in enumerate(event["Records"])}
    events, poison = read(event["Records"])
    outcome = store(database, events, _seconds_left(context) - MARGIN_SECONDS)
    done = min((places[each.record.sequence_number] for each in outcome.unfinished), default=len(places))
    if not done and outcome.unfinished:
        metrics.add_metric(name="Returned", unit=MetricUnit.Count, value=len(places))
        logger.error("database unavailable", extra={"records": len(places), "cause": outcome.cause})
        raise DatabaseUnavailable(outcome.cause)
    # What stands behind the first unfinished event comes again, and is quarantined then.
    ranked = sorted([*poison, *outcome.refused], key=lambda each: places[each.record.sequence_number])
    aside = [each for each in ranked if places[each.record.sequence_number] < done]
    if not _set_aside(aside, context):
        done, aside = places[aside[0].record.sequence_number], []
    counts = {"Stored": outcome.stored, "Duplicates": outcome.duplicates, "SetAside": len(aside)}
    for name, value in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    returned = len(places) - done
    logger.info("batch", extra={"records": len(places), "returned": returned, "cause": outcome.cause, **counts})
    if not returned:
        return {"batchItemFailures": []}
    metrics.add_metric(name="Returned", unit=MetricUnit.Count, value=returned)
    return {"batchItemFailures": [{"itemIdentifier": event["Records"][done]["kinesis"]["sequenceNumber"]}]}

"""How records come from the stream to the consumer, as plain numbers: what is declared, watched and simulated."""

from lib.kinesis_pipeline.settings import Settings

CONSUMER_MINUTES = 1  # the function's time limit
# One delivery waits so long for the database: the time limit less what the consumer keeps to quarantine and to answer.
TRY_SECONDS = 38
PAUSES = (0.1, 2.0)  # between two tries: the first, and the longest
# Lambda waits so long for a batch to fill.
WINDOW_SECONDS = 1
# Each try during an outage lasts more than half of the function's time limit, so 50 tries are more than half an hour.
RETRIES = 50
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html (MaximumRecordAgeInSeconds)
OLDEST_SECONDS = 604_800
# What the stream has forgotten cannot go to the bucket: an outage as long as the retention would lose it unseen.
BEFORE_SECONDS = 3600
# From which age, and for how many minutes, events wait too long.
AGE_SECONDS, AGE_MINUTES = 300, 3
# In how many minutes one after the other the consumer has to fail.
ERROR_MINUTES = 2


def oldest(settings: Settings) -> int:
    """Return the age in seconds at which a record goes to the failure bucket."""
    return min(settings.stream_hours * 3600 - BEFORE_SECONDS, OLDEST_SECONDS)

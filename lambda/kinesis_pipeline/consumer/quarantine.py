"""The failure bucket: what can never be a row is kept there with its payload, one object for each batch."""

import hashlib
import json
import os
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import aws
from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from events import Poison

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# An object of a batch's size; S3 answers when all of it is there.
READ_SECONDS, ATTEMPTS, BACKOFF_SECONDS = 4.0, 2, 1.0
# What one call takes at the most: every address of S3 that does not answer takes its time, in each attempt.
PUT_SECONDS = ATTEMPTS * (aws.ADDRESSES * aws.CONNECT_SECONDS + READ_SECONDS) + BACKOFF_SECONDS
logger = Logger()


@cache
def client() -> "S3Client":
    """Return the client of S3, which costs more to make than a call does."""
    return aws.clients(read=READ_SECONDS, attempts=ATTEMPTS)("s3")


def document(poison: list[Poison]) -> bytes:
    """Return poison records in the shape of Lambda's own S3 failure destination, so that one tool reads both.

    https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
    """
    numbers = [record.sequence_number for record, _reason in poison]
    return json.dumps(
        {
            "version": "1.0",
            "requestContext": {
                "condition": "PoisonRecord",
                "reasons": [
                    {
                        "sequenceNumber": record.sequence_number,
                        "subSequenceNumber": record.sub_sequence_number,
                        "reason": reason,
                    }
                    for record, reason in poison
                ],
            },
            "KinesisBatchInfo": {
                "shardId": poison[0].record.shard_id,
                "startSequenceNumber": numbers[0],
                "endSequenceNumber": numbers[-1],
                "batchSize": len(poison),
            },
            "payload": json.dumps({"Records": [record.alone() for record, _reason in poison]}),
        }
    ).encode()


def quarantine(poison: list[Poison]) -> bool:
    """Keep poison records of one shard, payload included, and return whether S3 has them.

    One object takes as long as one record would: a producer whose every event is poison does not slow its shard down.
    The key follows from the content, so a second delivery of the same records writes the same object again, and other
    records never overwrite it.
    """
    body, first = document(poison), poison[0].record
    key = f"poison/{first.shard_id}/{first.sequence_number}-{hashlib.sha256(body).hexdigest()[:16]}.json"
    try:
        client().put_object(
            Bucket=os.environ["FAILURE_BUCKET"],
            Key=key,
            ContentType="application/json",
            Body=body,
        )
    except (BotoCoreError, ClientError) as error:
        logger.error("not quarantined", extra={"key": key, "records": len(poison), "cause": type(error).__name__})
        return False
    reasons = Counter(reason for _record, reason in poison)
    logger.warning("quarantined", extra={"key": key, "records": len(poison), "reasons": reasons})
    return True

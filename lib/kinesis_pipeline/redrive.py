"""Puts what the failure bucket holds back on the stream, once its cause is fixed."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from lib.common.aws_clients import ClientFactory
from lib.common.json_types import JsonObject
from lib.kinesis_pipeline.settings import Settings

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

UNDELIVERED, POISON = "aws/lambda/", "poison/"


def records(body: bytes) -> list[JsonObject]:
    """Return the records in an object of the bucket, as Kinesis takes them.

    Lambda's failure records and the consumer's have the same shape: ``payload`` is the event of an invocation.
    https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html

    Raises:
        ValueError: the object is neither.
    """
    try:
        entries = json.loads(json.loads(body)["payload"])["Records"]
        return [
            {"PartitionKey": r["kinesis"]["partitionKey"], "Data": base64.b64decode(r["kinesis"]["data"])}
            for r in entries
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a record of a failure ({type(error).__name__})") from None


def keys(s3: "S3Client", bucket: str, prefix: str) -> Iterator[str]:
    """Yield the keys of a bucket below a prefix, oldest name first."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            yield entry["Key"]


def redrive(
    clients: ClientFactory, settings: Settings, account: str, report: Callable[[str], None], *, poison: bool = False
) -> tuple[int, int]:
    """Put undelivered batches back on the stream; an object goes when all its records are on it.

    Events that were stored before are recognised by their id, so doing this twice is harmless.

    Args:
        clients: makes a client of a service.
        settings: which pipeline.
        account: the account's number, part of the bucket's name.
        report: is told about every object.
        poison: poison records instead: after the consumer or its schema has learnt to take them.

    Returns:
        How many records were put back, and how many objects had to stay.
    """
    s3, kinesis, bucket = clients("s3"), clients("kinesis"), settings.bucket(account)
    sent = kept = 0
    for key in list(keys(s3, bucket, POISON if poison else UNDELIVERED)):
        try:
            entries = records(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ValueError as error:
            report(f"kept {key}: {error}")
            kept += 1
            continue
        for record in entries:
            # One by one: the order of a shard is kept, and a refusal is an error that stops here.
            kinesis.put_record(StreamName=settings.name("stream"), **record)
        s3.delete_object(Bucket=bucket, Key=key)
        report(f"put back {key}: {len(entries)} record(s)")
        sent += len(entries)
    return sent, kept

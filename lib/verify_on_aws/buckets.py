"""Empties the buckets of a verified system, found by its tags."""

from typing import TYPE_CHECKING

from lib.common.aws_clients import ClientFactory
from lib.leftovers import collect
from lib.verify_on_aws.case import Case
from lib.verify_on_aws.process import StepError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectIdentifierTypeDef

TYPE = "bucket"


def empty(client: ClientFactory, case: Case) -> None:
    """Delete every version of every object in the system's buckets.

    Raises:
        BotoCoreError, ClientError, StepError: S3 refuses it.
    """
    for where in case.regions:
        for one in collect.left(client, case.system, case.suffix, where):
            if one.kind.name == TYPE:
                _empty(client("s3", where), one.name)


def _empty(s3: "S3Client", bucket: str) -> None:
    """Delete what a bucket holds. A page has no more versions than a call takes.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
    """
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        objects: list[ObjectIdentifierTypeDef] = [
            {"Key": one["Key"], "VersionId": one["VersionId"]}
            for one in (*page.get("Versions", []), *page.get("DeleteMarkers", []))
        ]
        if objects:
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
            for error in answer.get("Errors", []):
                raise StepError(f"{error.get('Key')} in {bucket} cannot be deleted: {error.get('Message')}")

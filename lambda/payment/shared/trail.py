"""Where the audit records are kept: a bucket in which a record is written once and never again."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from json_types import JsonMapping

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

TAKEN, MISSING = "PreconditionFailed", "NoSuchKey"
PAGE = 1000  # keys of a listing, the most that S3 gives
# What S3 says of a request and not of the object, although it is no error of the server's by its number; and numbers of
# that kind: a time-out, a conflict with another request, too many of them.
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
PASSING = frozenset(("RequestTimeout", "RequestTimeTooSkewed", "ExpiredToken", 408, 409, 429))


class TrailUnavailable(Exception):
    """The bucket cannot be reached or refuses now; the message is S3's error code or the error's name."""


class TrailRefused(TrailUnavailable):
    """S3 refuses this object, and may not refuse the next: it is archived, its key is disabled, a right is missing."""


class TrailMissing(TrailRefused):
    """There is no such object."""


class TrailConflict(Exception):
    """Another content is kept under the record's key: somebody has to look at it. The message is the key."""


def _of(response: JsonMapping) -> TrailUnavailable:
    """Return what an error of S3 means."""
    code = response.get("Error", {}).get("Code", "ClientError")
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    if code == MISSING:
        return TrailMissing(code)
    refused = 400 <= status < 500 and PASSING.isdisjoint((code, status))
    return TrailRefused(code) if refused else TrailUnavailable(code)


@contextmanager
def _reaching() -> Iterator[None]:
    """Turn the SDK's errors into one."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _of(error.response) from None
    except BotoCoreError as error:
        raise TrailUnavailable(type(error).__name__) from None


class Trail:
    """The bucket of the audit records, whose name is in the environment.

    Args:
        client: makes a client of S3, on first use.
    """

    def __init__(self, client: "Callable[[], S3Client]") -> None:
        self._make = client

    @cached_property
    def _client(self) -> "S3Client":
        return self._make()

    def connect(self) -> None:
        """Make the client now: the SDK cannot make clients in several threads at once, only use them."""
        _ = self._client

    def write(self, key: str, body: str) -> None:
        """Keep a record; one that is kept already stays as it is.

        The write is conditional: under a retention lock, a plain one would add a second version to the object.

        Raises:
            TrailUnavailable: it is not known whether it is kept; try again.
            TrailConflict: another record is kept under this key.
        """
        data = body.encode()
        try:
            with _reaching():
                self._client.put_object(
                    Bucket=os.environ["AUDIT_BUCKET"],
                    Key=key,
                    Body=data,
                    ContentType="application/json",
                    ChecksumAlgorithm="SHA256",
                    IfNoneMatch="*",
                )
        except TrailUnavailable as error:
            if str(error) != TAKEN:
                raise
            if self.read(key) != data:
                raise TrailConflict(key) from None

    def read(self, key: str) -> bytes:
        """Return a record.

        Raises:
            TrailMissing: there is none.
            TrailRefused: S3 does not hand this one out.
            TrailUnavailable: it cannot be read now.
        """
        with _reaching():
            return bytes(self._client.get_object(Bucket=os.environ["AUDIT_BUCKET"], Key=key)["Body"].read())

    def keys(self, *, prefix: str = "", after: str = "") -> list[str]:
        """Return a page of the bucket's keys, in order.

        Args:
            prefix: what they begin with.
            after: the last key of the page before.

        Raises:
            TrailUnavailable: they cannot be listed now.
        """
        with _reaching():
            page = self._client.list_objects_v2(
                Bucket=os.environ["AUDIT_BUCKET"], Prefix=prefix, StartAfter=after, MaxKeys=PAGE
            )
            return [entry["Key"] for entry in page.get("Contents", [])]

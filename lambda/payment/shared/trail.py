"""Where the audit records are kept: a bucket in which a record is written once and never again."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

TAKEN = "PreconditionFailed"


class TrailUnavailable(Exception):
    """The bucket cannot be reached or refuses now; the message is S3's error code or the error's name."""


class TrailConflict(Exception):
    """Another content is kept under the record's key: somebody has to look at it. The message is the key."""


@contextmanager
def _reaching() -> Iterator[None]:
    """Turn the SDK's errors into one."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise TrailUnavailable(error.response.get("Error", {}).get("Code", "ClientError")) from None
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
            TrailUnavailable: it cannot be read now.
        """
        with _reaching():
            return bytes(self._client.get_object(Bucket=os.environ["AUDIT_BUCKET"], Key=key)["Body"].read())

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that begin with a prefix, in order.

        Raises:
            TrailUnavailable: they cannot be listed now.
        """
        with _reaching():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=os.environ["AUDIT_BUCKET"], Prefix=prefix
            )
            return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

"""The payments' table in this region: calls that are tried again while there is time, and end with a reason."""

import random
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import aws
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError

CONNECT_SECONDS, READ_SECONDS = 1.0, 2.0
TRY_SECONDS = CONNECT_SECONDS + READ_SECONDS  # that one try may take
PAUSES = (0.0, 0.05, 0.1, 0.2, 0.4)  # seconds before each try, at most
INDEX = "payment-id"
FAILED = "ConditionalCheckFailed"
_NEVER_SENT = (ConnectTimeoutError, EndpointConnectionError)
_BUSY = {
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingError",
    "ThrottlingException",
    "TransactionConflict",
    "TransactionInProgressException",
}
_BROKEN = {"InternalServerError", "ServiceUnavailable", "InternalFailure", "RequestTimeout"}


class NoAnswer(Exception):
    """A call that was tried in vain: ``cause`` is the last reason.

    Args:
        cause: an error's name or code.
        busy: DynamoDB did answer, and asks for patience.
        unclear: a try may have been carried out without an answer.
    """

    def __init__(self, cause: str, *, busy: bool, unclear: bool) -> None:
        super().__init__(cause)
        self.cause, self.busy, self.unclear = cause, busy, unclear


class Cancelled(Exception):
    """A transaction with a condition that does not hold; ``reasons`` has an entry for each of its parts."""

    def __init__(self, reasons: Sequence[Mapping[str, Any]]) -> None:
        super().__init__([reason["Code"] for reason in reasons])
        self.reasons = reasons


def _codes(error: ClientError) -> set[str]:
    """Return an error's code; of a cancelled transaction, those of its parts that failed."""
    code = str(error.response["Error"]["Code"])
    if code != "TransactionCanceledException":
        return {code}
    reasons = error.response["CancellationReasons"]
    codes = {str(reason["Code"]) for reason in reasons} - {"None"}
    if FAILED in codes:
        raise Cancelled(reasons) from error
    return codes


class Table:
    """The table of one region."""

    def __init__(self) -> None:
        self._client: Any = None

    def connect(self) -> Any:
        """Return the client, made at the first call."""
        if self._client is None:
            self._client = aws.client("dynamodb", connect=CONNECT_SECONDS, read=READ_SECONDS, attempts=1)
        return self._client

    def get(self, name: str, key: Mapping[str, Any], until: float) -> dict[str, Any] | None:
        """Return an item as this region has it now, or None.

        Raises:
            NoAnswer: it cannot be read.
        """
        found: dict[str, Any] = self._call("get_item", until, TableName=name, Key=key, ConsistentRead=True)
        return found.get("Item")

    def key_of(self, name: str, payment_id: str, until: float) -> dict[str, Any] | None:
        """Return the key of a payment, by the index; one of the last moments may not be in it yet.

        Raises:
            NoAnswer: the index cannot be read.
        """
        found = self._call(
            "query",
            until,
            TableName=name,
            IndexName=INDEX,
            KeyConditionExpression="payment_id = :id",
            ExpressionAttributeValues={":id": {"S": payment_id}},
            ProjectionExpression="pk",
            Limit=1,
        )
        return next(iter(found["Items"]), None)

    def transact(self, parts: Sequence[Mapping[str, Any]], until: float) -> None:
        """Write all parts or none; however often it is tried, it is carried out once.

        Raises:
            Cancelled: a condition does not hold.
            NoAnswer: it may or may not have been carried out, as the exception says.
        """
        token = uuid.uuid4().hex  # DynamoDB knows it for ten minutes
        self._call("transact_write_items", until, TransactItems=parts, ClientRequestToken=token)

    def _call(self, operation: str, until: float, **arguments: Any) -> Any:
        """Call DynamoDB; a try begins only when there is time for it to wait for its answer."""
        cause, busy, unclear = "NoTime", False, False
        for pause in PAUSES:
            if until - time.monotonic() < pause + TRY_SECONDS:
                break
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  # nobody gains by guessing it
            try:
                return getattr(self.connect(), operation)(**arguments)
            except ClientError as error:
                codes = _codes(error)
                cause, busy = min(codes), codes <= _BUSY
                if not codes <= _BUSY | _BROKEN:
                    break
                unclear = unclear or not busy
            except BotoCoreError as error:
                cause, busy = type(error).__name__, False
                unclear = unclear or not isinstance(error, _NEVER_SENT)
        raise NoAnswer(cause, busy=busy, unclear=unclear)

"""The payments' table in this region: calls that are tried again while there is time, and end with a reason."""

import random
import time
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import aws
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError
from json_types import JsonMapping

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import TransactWriteItemTypeDef
    from writer import Item

T = TypeVar("T")
CONNECT_SECONDS, READ_SECONDS = 1.0, 2.0
TRY_SECONDS = CONNECT_SECONDS + READ_SECONDS  # that one try may take
# Seconds before each try, at most; a transaction that is in the way ends within some milliseconds.
PAUSES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4)
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

    def __init__(self, reasons: Sequence[JsonMapping]) -> None:
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
        self._client: DynamoDBClient | None = None

    def connect(self) -> "DynamoDBClient":
        """Return the client, made at the first call."""
        if self._client is None:
            self._client = aws.clients(connect=CONNECT_SECONDS, read=READ_SECONDS)("dynamodb")
        return self._client

    def get(self, name: str, key: "Item", until: float) -> "Item | None":
        """Return an item as this region has it now, or None.

        Raises:
            NoAnswer: it cannot be read.
        """
        response = self._call(lambda client: client.get_item(TableName=name, Key=key, ConsistentRead=True), until)
        return response.get("Item")

    def key_of(self, name: str, payment_id: str, until: float) -> "Item | None":
        """Return the key of a payment, by the index; one of the last moments may not be in it yet.

        Raises:
            NoAnswer: the index cannot be read.
        """
        response = self._call(
            lambda client: client.query(
                TableName=name,
                IndexName=INDEX,
                KeyConditionExpression="payment_id = :id",
                ExpressionAttributeValues={":id": {"S": payment_id}},
                ProjectionExpression="pk",
                Limit=1,
            ),
            until,
        )
        return next(iter(response["Items"]), None)

    def transact(self, parts: "Sequence[TransactWriteItemTypeDef]", until: float) -> None:
        """Write all parts or none; however often it is tried, it is carried out once.

        Raises:
            Cancelled: a condition does not hold.
            NoAnswer: it may or may not have been carried out, as the exception says.
        """
        token = uuid.uuid4().hex  # DynamoDB knows it for ten minutes
        self._call(lambda client: client.transact_write_items(TransactItems=parts, ClientRequestToken=token), until)

    def _call(self, operation: "Callable[[DynamoDBClient], T]", until: float) -> T:
        """Call DynamoDB; a try begins only when there is time for it to wait for its answer."""
        cause, busy, unclear = "NoTime", False, False
        for pause in PAUSES:
            if until - time.monotonic() < pause + TRY_SECONDS:
                break
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  # nobody gains by guessing it
            try:
                return operation(self.connect())
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

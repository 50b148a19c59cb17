"""The items that say which region writes, as one region stores them: read, and written until they come through."""

import json
import random
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from lib.common.errors import ExerciseError
from lib.common.json_types import JsonMapping, JsonObject, JsonValue
from lib.disaster_recovery.writer import ITEMS, NAME

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

PAGE = 100  # the most keys that BatchGetItem takes
WRITERS = 10  # items that are written at once: a client has as many connections
CONFLICT_SECONDS = 0.02  # before a write is tried again, at most
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
AGAIN = {
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
}
FAILED = "ConditionalCheckFailedException"
# Above what is there, or there is nothing that can be compared.
NEWER = "attribute_not_exists(pk) OR NOT attribute_type(epoch, :number) OR epoch < :new"


class Seen(NamedTuple):
    """The items of one region: what ``control#writer`` says, and all of them as they are stored, by name."""

    region: str
    epoch: int
    items: Mapping[str, JsonMapping]

    @property
    def said(self) -> dict[str, tuple[str, str]]:
        """What each item says, without when and by whom."""
        return {name: said_by(item) for name, item in self.items.items()}

    @property
    def apart(self) -> list[str]:
        """The items that do not say what ``control#writer`` says; where there is none, those that are there."""
        if NAME not in self.items:
            return sorted(self.items)
        said = self.said
        return [name for name in ITEMS if said.get(name) != said[NAME]]

    @property
    def newest(self) -> int:
        """The highest epoch of any item."""
        epochs = [_value(item, "epoch") for item in self.items.values()]
        return max((int(epoch) for epoch in epochs if epoch.isdecimal()), default=0)


def said_by(item: JsonMapping) -> tuple[str, str]:
    """Return the region and the epoch of an item."""
    return _value(item, "region"), _value(item, "epoch")


def _value(item: JsonMapping, name: str) -> str:
    """Return an attribute, if it has the type that it should have; a value of another type is shown, not used."""
    value = item.get(name, {})
    return str(value.get({"region": "S", "epoch": "N"}[name], json.dumps(value)))


class RegionItems(NamedTuple):
    """The table of one region.

    Attributes:
        client: of DynamoDB, in the region.
        table: its name.
        region: its name.
    """

    client: "DynamoDBClient"
    table: str
    region: str

    def read(self, home: str) -> Seen:
        """Return the items as the region has them now.

        Args:
            home: the region that writes where there is none.

        Raises:
            ExerciseError: ``control#writer`` does not say who writes, so that payments are refused.
        """
        items: dict[str, JsonMapping] = {}
        waiting: list[JsonMapping] = [{"pk": {"S": name}} for name in (NAME, *ITEMS)]
        while waiting:
            page, waiting = waiting[:PAGE], waiting[PAGE:]
            answer = self.client.batch_get_item(RequestItems={self.table: {"Keys": page, "ConsistentRead": True}})
            items |= {item["pk"]["S"]: item for item in answer["Responses"][self.table]}
            waiting += answer["UnprocessedKeys"][self.table]["Keys"] if self.table in answer["UnprocessedKeys"] else []
        item = items.get(NAME)
        if item is None:
            return Seen(home, 0, items)
        region, epoch = item.get("region", {}).get("S"), item.get("epoch", {}).get("N", "")
        if not region or not epoch.isdecimal():
            known = {name: item[name] for name in ("region", "epoch") if name in item}
            raise ExerciseError(
                f"The item {NAME} of {self.table} in {self.region} does not say which region writes "
                f"({json.dumps(known)}), and payments are refused: write it again with region "
                "as a text (S) and epoch as a number (N) above every epoch that payments have."
            )
        return Seen(region, int(epoch), items)

    def put(self, item: JsonMapping, deadline: float, **condition: JsonValue) -> bool:
        """Write an item until it comes through; return whether it is there, by this try or by one before.

        Args:
            item: to be stored.
            deadline: the monotonic clock's moment after which it is not tried again.
            condition: as PutItem takes it.

        Raises:
            ExerciseError: there is no time left.
        """
        while True:
            try:
                self.client.put_item(TableName=self.table, Item=item, **condition)
                return True
            except (BotoCoreError, ClientError) as error:
                cause = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
                if cause == FAILED:  # by somebody else, or by a try whose answer was lost
                    return self.get(item) == item
                if isinstance(error, ClientError) and cause not in AGAIN:
                    raise
            if time.monotonic() > deadline:
                raise ExerciseError(
                    f"The item {item['pk']['S']} could not be written in {self.region} in time ({cause}), so that the "
                    "change is not finished: do the same once more."
                )
            time.sleep(CONFLICT_SECONDS * random.uniform(0.5, 1))  # noqa: S311  # nobody gains by guessing it

    def get(self, item: JsonMapping) -> JsonMapping | None:
        """Return what is stored in an item's place."""
        return self.client.get_item(TableName=self.table, Key={"pk": item["pk"]}, ConsistentRead=True).get("Item")

    def decide(self, item: JsonMapping, seen: Seen, deadline: float) -> None:
        """Write the first item, which is what settles between two people who change the writer at once.

        Raises:
            ExerciseError: it is not as it was seen any more, or there is no time left.
        """
        condition: JsonObject = {"ConditionExpression": "attribute_not_exists(pk)"}
        if NAME in seen.items:
            condition = {
                "ConditionExpression": "epoch = :epoch AND #region = :region",
                "ExpressionAttributeNames": {"#region": "region"},
                "ExpressionAttributeValues": {f":{name}": seen.items[NAME][name] for name in ("epoch", "region")},
            }
        if not self.put(item, deadline, **condition):
            raise ExerciseError(
                f"The writer in {self.region} is not at epoch {seen.epoch} any more: look who else is at work."
            )

    def spread(self, item: JsonMapping, deadline: float) -> None:
        """Write all others, which only a later change may have written since.

        Raises:
            ExerciseError: one has a later epoch, or there is no time left.
        """
        values = {":new": item["epoch"], ":number": {"S": "N"}}

        def put(name: str) -> bool:
            named = {**item, "pk": {"S": name}}
            return self.put(named, deadline, ConditionExpression=NEWER, ExpressionAttributeValues=values)

        with ThreadPoolExecutor(WRITERS, "writer-items") as pool:
            done = list(pool.map(put, ITEMS))
        if not all(done):
            raise ExerciseError(
                f"{done.count(False)} of {len(ITEMS)} writer items in {self.region} have a later epoch than "
                f"{item['epoch']['N']}: look who else is at work."
            )

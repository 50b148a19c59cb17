"""The part of a payment's transaction that sees who may write, and what a transaction that was refused tells of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import writer
from json_types import JsonMapping
from writer import Writing

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import ConditionCheckTypeDef, TransactWriteItemTypeDef
    from writer import Item

_NAMES = {"#region": "region", "#epoch": "epoch"}


def absent(table: str, key: "Item") -> "TransactWriteItemTypeDef":
    """Return the condition that there is no such item."""
    check: ConditionCheckTypeDef = {
        "TableName": table,
        "Key": key,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    return {"ConditionCheck": check}


def _says(table: str, name: str, writing: Writing) -> "TransactWriteItemTypeDef":
    part = absent(table, {"pk": {"S": name}})
    values: Item = {":region": {"S": writing.region}, ":epoch": {"N": str(writing.epoch)}}
    part["ConditionCheck"] |= {
        "ConditionExpression": "#region = :region AND #epoch = :epoch",
        "ExpressionAttributeNames": _NAMES,
        "ExpressionAttributeValues": values,
    }
    return part


@dataclass
class Fence:
    """What an execution environment knows of the writer items: those that nobody has written yet.

    A stack from before there were several has ``control#writer`` alone. Its payments check that one, and that the other
    is missing still, until somebody changes the writer. No function writes a writer item: in a region that is behind,
    it would be later than the change that it does not know, and replication keeps the later one.
    """

    _missing: set[str] = field(default_factory=set)

    def checks(self, table: str, writing: Writing, digest: str) -> "list[TransactWriteItemTypeDef]":
        """Return the conditions that the writer is what this function knows.

        Args:
            table: its name.
            writing: what it knows.
            digest: of the payment's key.
        """
        name = writer.item_of(digest)
        missing = absent(table, {"pk": {"S": name}})
        if not writing.stored:
            return [missing]
        if name in self._missing and writing.alone:
            return [missing, _says(table, writer.NAME, writing)]
        return [_says(table, name, writing)]

    def seen(self, reasons: Sequence[JsonMapping], writing: Writing, digest: str, home: str) -> Writing:
        """Return what the items say by which a transaction was refused.

        Args:
            reasons: those of the conditions, as they were put.
            writing: what was known.
            digest: of the payment's key.
            home: the region that writes until an item says otherwise.

        Raises:
            WriterMalformed: one of them does not say it.
        """
        name = writer.item_of(digest)
        item = reasons[0].get("Item")
        if item:
            self._missing.discard(name)
            return writer.read(item, home, name)
        if len(reasons) > 1:
            return writer.read(reasons[1].get("Item"), home)
        self._missing.add(name)
        return writing

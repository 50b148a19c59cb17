"""Which region may write, as an item of the payments' table says it.

One item, ``control#writer``, holds the region and an epoch, a number that grows by one with every change. A human
changes it (a failover loses data: nothing changes it by itself). Where it is missing, the home region writes in
epoch 0. The item is replicated like every other: another region learns of a change after it, mostly within a second,
and not at all while it is cut off.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item: TypeAlias = Mapping[str, AttributeValueTypeDef]


NAME = "control#writer"
KEY: "Item" = {"pk": {"S": NAME}}


class Writing(NamedTuple):
    """A region that may write, and since which change; ``stored`` tells whether the item says so."""

    region: str
    epoch: int
    stored: bool


class WriterMalformed(ValueError):
    """The writer item does not say which region writes; the message says what is wrong with it."""


def read(item: "Item | None", home: str) -> Writing:
    """Return what the item says.

    Args:
        item: as DynamoDB gives it, with a type at each value; None or empty where there is none.
        home: the region that writes until an item says otherwise.

    Raises:
        WriterMalformed: it has no region that is a text, or no epoch that is a whole number from 0 on.
    """
    if not item:
        return Writing(home, 0, stored=False)
    region, epoch = item.get("region", {}).get("S"), item.get("epoch", {}).get("N", "")
    if not region:
        raise WriterMalformed("its region is not a text")
    if not epoch.isdecimal():
        raise WriterMalformed("its epoch is not a whole number from 0 on")
    return Writing(region, int(epoch), stored=True)

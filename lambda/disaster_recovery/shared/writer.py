"""Which region may write, as items of the payments' table say it.

One item, ``control#writer``, holds the region and an epoch, a number that grows with every change. People and health
checks read it. Payments check one of 256 items beside it, ``control#writer#00`` to ``control#writer#ff``, chosen by
their key: an item takes part in one transaction at a time, so that a single one would let payments fail each other.

A human changes them (a failover loses data: nothing changes them by itself), first ``control#writer``, then each of the
others; a change is made when all of them have it. Until then each of them by itself fences the payments of its keys.
Where none is there, the home region writes in epoch 0. A stack of before has ``control#writer`` alone, without the
attribute ``items``: then it stands for the others. One that has ``items`` does not: what a change has not written yet,
or what has not arrived yet, lets no region write.

The items are replicated like every other, each for itself: another region learns of a change after it, mostly within a
second, and not at all while it is cut off.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item: TypeAlias = Mapping[str, AttributeValueTypeDef]


NAME = "control#writer"
KEY: "Item" = {"pk": {"S": NAME}}
ITEMS = tuple(f"{NAME}#{number:02x}" for number in range(256))


class Writing(NamedTuple):
    """A region that may write, and since which change.

    Attributes:
        region: its name.
        epoch: the number of the change.
        stored: whether the item says so, or there is none.
        alone: whether the item stands for others that are missing, as in a stack of before.
    """

    region: str
    epoch: int
    stored: bool
    alone: bool = False


class WriterMalformed(ValueError):
    """A writer item does not say which region writes; the message names it and says what is wrong with it."""


def item_of(digest: str) -> str:
    """Return the name of the writer item that payments of a key check.

    Args:
        digest: of the key, in hexadecimal digits: what follows from it is the same in both regions, and lasts.
    """
    return ITEMS[int(digest[:2], 16)]


def read(item: "Item | None", home: str, name: str = NAME) -> Writing:
    """Return what the item says.

    Args:
        item: as DynamoDB gives it, with a type at each value; None or empty where there is none.
        home: the region that writes until an item says otherwise.
        name: the item's.

    Raises:
        WriterMalformed: it has no region that is a text, or no epoch that is a whole number from 0 on.
    """
    if not item:
        return Writing(home, 0, stored=False)
    region, epoch = item.get("region", {}).get("S"), item.get("epoch", {}).get("N", "")
    if not region:
        raise WriterMalformed(f"{name}: its region is not a text")
    if not epoch.isdecimal():
        raise WriterMalformed(f"{name}: its epoch is not a whole number from 0 on")
    return Writing(region, int(epoch), stored=True, alone=name == NAME and "items" not in item)

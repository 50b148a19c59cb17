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


KEY: "Item" = {"pk": {"S": "control#writer"}}


class Writing(NamedTuple):
    """A region that may write, and since which change; ``stored`` tells whether the item says so."""

    region: str
    epoch: int
    stored: bool


def read(item: "Item | None", home: str) -> Writing:
    """Return what the item says.

    Args:
        item: as DynamoDB gives it, with a type at each value; None or empty where there is none.
        home: the region that writes until an item says otherwise.
    """
    if not item:
        return Writing(home, 0, stored=False)
    return Writing(item["region"]["S"], int(item["epoch"]["N"]), stored=True)

"""The payments' table of both regions in memory: conditions, transactions that conflict, and replication by the clock.

It knows what the functions and the tools send, and nothing else: an expression that it does not know is an error. An
item takes part in one transaction at a time, as in DynamoDB; ``busy`` are those that some transaction holds. Between
the regions each item is carried by itself, in any order, and of two writes the later one stays, whatever its epoch.
"""

import itertools
import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError

from tests.support.disaster_recovery.two_regions import HOME, PEER

Item = dict[str, Any]
TERM = re.compile(r"(?P<no>NOT )?(?:(?P<function>\w+)\((?P<args>[^)]*)\)|(?P<left>\S+) (?P<sign>[=<]) (?P<right>\S+))")
SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {"=": operator.eq, "<": operator.lt}


def holds(item: Item | None, arguments: Mapping[str, Any]) -> bool:
    """Tell whether a condition holds: terms with AND, those with OR between them.

    Raises:
        ValueError: it is none that this double knows.
    """
    text = arguments.get("ConditionExpression")
    if text is None:
        return True
    return any(all(_term(item or {}, each, arguments) for each in part.split(" AND ")) for part in text.split(" OR "))


def _term(item: Item, text: str, arguments: Mapping[str, Any]) -> bool:
    found = TERM.fullmatch(text)
    if not found:
        raise ValueError(f"unknown condition {text!r}")
    names, values = arguments.get("ExpressionAttributeNames", {}), arguments.get("ExpressionAttributeValues", {})
    if found["function"]:
        name, *rest = (part.strip() for part in found["args"].split(","))
        value = item.get(names.get(name, name))
        if found["function"] == "attribute_not_exists":
            result = value is None
        elif found["function"] == "attribute_type":
            result = value is not None and list(value) == [values[rest[0]]["S"]]
        else:
            raise ValueError(f"unknown function {text!r}")
    else:
        left, right = item.get(names.get(found["left"], found["left"]), {}), values[found["right"]]
        result = left.keys() == right.keys() and SIGNS[found["sign"]](*map(_plain, (left, right)))
    return result != bool(found["no"])


def _plain(value: Mapping[str, str]) -> Any:
    ((kind, text),) = value.items()
    return Decimal(text) if kind == "N" else text


def refusal(code: str, operation: str = "PutItem", **more: Any) -> ClientError:
    """Return an error as botocore raises it."""
    response: Any = {"Error": {"Code": code, "Message": ""}, **more}
    return ClientError(response, operation)


class Region:
    """One region's table, as a client of DynamoDB has it."""

    def __init__(self, tables: "Tables", place: str) -> None:
        self._tables, self.place = tables, place
        self.items: dict[str, Item] = {}
        self.written_at: dict[str, int] = {}
        self.pending: list[tuple[int, Item]] = []  # what the other region has not got yet
        self.busy: set[str] = set()
        self.away = False
        self.troubles: list[ClientError] = []  # of the next writes, one each
        self.lost_answers = 0  # writes that are made and not answered
        self.before: Callable[[str], None] = lambda _operation: None
        self.left_over = 0  # keys of the next batch that are not looked at

    def _called(self, operation: str) -> None:
        self.before(operation)
        if self.away:
            raise EndpointConnectionError(endpoint_url=f"https://dynamodb.{self.place}.test")

    def get_item(self, *, TableName: str, Key: Item, ConsistentRead: bool) -> dict[str, Any]:
        self._called("get_item")
        assert (TableName, ConsistentRead) == (self._tables.name, True)
        found = self.items.get(Key["pk"]["S"])
        return {"Item": dict(found)} if found else {}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:
        self._called("batch_get_item")
        ((table, wanted),) = RequestItems.items()
        assert (table, wanted["ConsistentRead"]) == (self._tables.name, True)
        assert 0 < len(wanted["Keys"]) <= 100
        cut = len(wanted["Keys"]) - self.left_over
        self.left_over = 0
        keys, left = wanted["Keys"][:cut], wanted["Keys"][cut:]
        found = [dict(self.items[key["pk"]["S"]]) for key in keys if key["pk"]["S"] in self.items]
        return {"Responses": {table: found}, "UnprocessedKeys": {table: {"Keys": left}} if left else {}}

    def put_item(self, *, TableName: str, Item: Item, **condition: Any) -> None:
        self._called("put_item")
        assert TableName == self._tables.name
        name = Item["pk"]["S"]
        if self.troubles:
            raise self.troubles.pop(0)
        if name in self.busy:
            raise refusal("TransactionConflictException")
        if not holds(self.items.get(name), condition):
            raise refusal("ConditionalCheckFailedException")
        self.store(Item)
        if self.lost_answers:
            self.lost_answers -= 1
            raise EndpointConnectionError(endpoint_url="https://dynamodb.test")

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]], ClientRequestToken: str) -> None:
        assert ClientRequestToken
        self._called("transact_write_items")
        parts = [next(iter(part.items())) for part in TransactItems]
        reasons = [self._reason(arguments) for _, arguments in parts]
        if any(reason["Code"] != "None" for reason in reasons):
            raise refusal("TransactionCanceledException", "TransactWriteItems", CancellationReasons=reasons)
        for kind, arguments in parts:
            if kind == "Put":
                self.store(arguments["Item"])

    def _reason(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        name = (arguments.get("Key") or arguments["Item"])["pk"]["S"]
        if name in self.busy:
            return {"Code": "TransactionConflict"}
        found = self.items.get(name)
        if holds(found, arguments):
            return {"Code": "None"}
        return {"Code": "ConditionalCheckFailed", **({"Item": dict(found)} if found else {})}

    def store(self, item: Item) -> None:
        """Write an item, now, and let the other region have it some time."""
        at = next(self._tables.clock)
        self._take(at, dict(item))
        self.pending.append((at, dict(item)))

    def _take(self, at: int, item: Item) -> None:
        name = item["pk"]["S"]
        self.items[name], self.written_at[name] = item, at
        self._tables.noted(self.place, item)

    def receive(self, at: int, item: Item) -> None:
        """Take what the other region wrote, unless what is here was written later."""
        if at > self.written_at.get(item["pk"]["S"], -1):
            self._take(at, item)


class Tables:
    """Both regions, which are cut off from each other until something is carried."""

    def __init__(self, name: str) -> None:
        self.name, self.clock = name, itertools.count()
        self.regions = {place: Region(self, place) for place in (HOME, PEER)}
        self.noted: Callable[[str, Item], None] = lambda _place, _item: None

    def __call__(self, service: str, place: str) -> Any:
        """Be a maker of clients."""
        assert service == "dynamodb"
        return self.regions[place]

    def carry(self, source: str, number: int = 0) -> None:
        """Carry one item to the other region: the one of this number of those that wait, in any order."""
        waiting = self.regions[source].pending
        if waiting:
            self.regions[PEER if source == HOME else HOME].receive(*waiting.pop(number % len(waiting)))

    def settle(self) -> None:
        """Carry everything, the latest first."""
        for place, region in self.regions.items():
            while region.pending:
                self.carry(place, -1)

"""Payments: one item each, written where the region may write, once for each idempotency key.

A payment is one transaction in the function's own region: the writer item of its key must be as this function knows it
(its region, its epoch), and there must be no payment under the key. So, in one region:

* What is answered with 201 is stored, in this region, under the epoch that its answer names.
* Once the writer item of a key names another region in this region, no payment of that key is stored here, not even by
  a function that had begun before: the transaction sees the change, whatever the function believes. A change of the
  writer is acknowledged when all writer items have it.
* One key is one payment: the same request again gets the same answer, another one is refused.

Between the regions there is replication, later and item by item, and the latest write of an item wins:

* A region that is cut off does not learn that another one writes. As long as callers reach it, it accepts payments.
  They are not lost unless the region is: they appear in the other one when the regions see each other again.
* What the lost region had accepted and not yet replicated is missing after a failover, for good if the region never
  returns. Replication lag is how much that can be.
* Hence one request can be accepted in both regions. It is one payment all the same: its id follows from key and body,
  and of the two equal items under one key one remains. Only where two different bodies came under one key does one
  of two payments disappear; its id then shows nothing, and never another amount.
* A planned switchover avoids even that by a pause: a writer item that names no region (such as ``nobody``), and the
  new region only when everything has been replicated.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import problems
import writer
from json_types import JsonObject
from keyed_hash import KeyedHash
from payment_request import PaymentRequest
from problem_types import OUTCOME_UNKNOWN, REGION_PASSIVE, TABLE_BUSY, TABLE_UNAVAILABLE, WRITER_MALFORMED
from problems import Problem
from table import FAILED, TRY_SECONDS, Cancelled, NoAnswer, Table
from writer import WriterMalformed, Writing
from writer_fence import Fence, absent

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef
    from writer import Item

SHOWN = ("payment_id", "amount", "currency", "region", "epoch", "created_at", "drill")
CHANGES = 4  # of the writer during one request, or what is learned of it
# Until control#writer is read again. A hand that changes it alone, and not the items that payments check, stops them.
KNOWN_SECONDS = 5.0
LOOK_AGAIN_SECONDS = 0.2  # until a new payment is in the index, as a rule


class StoredPayment(NamedTuple):
    """A payment as it is stored, its values without DynamoDB's types; ``again`` if it had been stored before."""

    payment: Mapping[str, str]
    again: bool = False

    @property
    def shown(self) -> JsonObject:
        """What the API says of it; the token is nobody's business."""
        shown: JsonObject = {name: self.payment[name] for name in SHOWN if name in self.payment}
        return shown | {"epoch": int(shown["epoch"])}


def unavailable(error: NoAnswer) -> Problem:
    """Return the refusal of a request whose table does not answer, with nothing written."""
    kind = TABLE_BUSY if error.busy else TABLE_UNAVAILABLE
    return Problem(kind, "Send the same request with the same key again.", log={"cause": error.cause})


def _plain(item: "Item") -> dict[str, str]:
    return {name: str(next(iter(value.values()))) for name, value in item.items()}


def _key(request: PaymentRequest) -> "dict[str, AttributeValueTypeDef]":
    return {"pk": {"S": f"hashed-key#{request.digest}"}}


def _former_key(request: PaymentRequest) -> "dict[str, AttributeValueTypeDef]":
    """Return where the payment of a key was before keys were hashed."""
    return {"pk": {"S": f"key#{request.key}"}}


@dataclass
class Payments:
    """The payments of one region."""

    table: Table
    hashes: KeyedHash
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    _known: Writing | None = None  # spares a read: it is checked where it counts, in the transaction
    _looked: float = 0.0  # when, by the monotonic clock
    _fence: Fence = field(default_factory=Fence)

    @property
    def region(self) -> str:
        """The function's own region."""
        return self.environ["AWS_REGION"]

    @property
    def _former_keys(self) -> bool:
        return self.environ.get("FORMER_KEYS") == "true"

    @property
    def _name(self) -> str:
        return self.environ["TABLE_NAME"]

    def writing(self, until: float) -> Writing:
        """Return which region may write, as this region has it now.

        Raises:
            NoAnswer: the table cannot be read.
            WriterMalformed: the item does not say it.
        """
        item = self.table.get(self._name, writer.KEY, until)
        self._known, self._looked = writer.read(item, self.environ["HOME_REGION"]), time.monotonic()
        return self._known

    def make(self, request: PaymentRequest, until: float) -> StoredPayment:
        """Make a payment, or find the one that was made by the same request.

        Args:
            request: what is asked for.
            until: the monotonic clock's moment at which the answer is due.

        Raises:
            Problem: the key was used for something else, another region writes, or the table does not answer.
        """
        try:
            writing = self._known
            old = time.monotonic() - self._looked > KNOWN_SECONDS
            if writing is None or writing.region != self.region or old:
                writing = self.writing(until)
            for _ in range(CHANGES):
                if writing.region != self.region:
                    break
                result = self._write(request, writing, until)
                if isinstance(result, StoredPayment):
                    return result
                # Nothing new: an item is missing, which a change under way will write, or somebody has taken away.
                self._known = writing = self.writing(until) if result == writing else result
            known = self.table.get(self._name, _key(request), until)
            if known is None and self._former_keys:
                known = self.table.get(self._name, _former_key(request), until)
        except NoAnswer as error:
            raise unavailable(error) from error
        except WriterMalformed as error:
            self._known = None
            advice = f"The writer item has to be corrected before payments are taken: {error}."
            raise Problem(WRITER_MALFORMED, advice) from error
        if known:
            return self._replay(known, request)
        raise self._not_now(writing)

    def show(self, payment_id: str, until: float) -> StoredPayment:
        """Return a payment by its id, as this region has it.

        The index that leads to it follows the table by some milliseconds, and the other region's table by about a
        second: what is not found is looked for once more, and may be found a little later.

        Raises:
            Problem: there is none here, or the table does not answer.
        """
        try:
            for pause in (LOOK_AGAIN_SECONDS, 0.0):
                key = self.table.key_of(self._name, payment_id, until)
                if key is not None:
                    break
                time.sleep(pause)
            item = self.table.get(self._name, key, until) if key else None
        except NoAnswer as error:
            raise unavailable(error) from error
        # By its key an item is what it is now: another payment may have taken its place from the other region.
        if item is None or item["payment_id"]["S"] != payment_id:
            advice = "A payment of the last seconds may not have arrived here: ask again."
            raise Problem(problems.PAYMENT_NOT_FOUND, advice)
        return StoredPayment(_plain(item))

    def _write(self, request: PaymentRequest, writing: Writing, until: float) -> StoredPayment | Writing:
        """Write a payment under what is known of the writer; return that instead when it has changed."""
        item = self._item(request, writing)
        fences = self._fence.checks(self._name, writing, request.digest)
        try:
            former = [absent(self._name, _former_key(request))] if self._former_keys else []
            self.table.transact([*fences, self._put(item), *former], until - TRY_SECONDS)
        except Cancelled as error:
            for put in error.reasons[len(fences) :]:
                if put["Code"] == FAILED:
                    return self._replay(put["Item"], request)
            home = self.environ["HOME_REGION"]
            return self._fence.seen(error.reasons[: len(fences)], writing, request.digest, home)
        except NoAnswer as error:
            if error.unclear:
                return self._read_back(item, request, until, error.cause)
            raise
        return StoredPayment(_plain(item))

    def _not_now(self, writing: Writing) -> Problem:
        if writing.region == self.region:
            return unavailable(NoAnswer("WriterChanges", busy=True, unclear=False))
        advice = f"Only {writing.region} writes: send the same request with the same key there."
        members = {"region": self.region, "writer": writing.region, "epoch": writing.epoch}
        return Problem(REGION_PASSIVE, advice, members=members)

    def _read_back(self, item: "Item", request: PaymentRequest, until: float, cause: str) -> StoredPayment:
        """Return what is stored after a write whose answer did not come.

        That nothing is there settles nothing: the write may still be on its way. Another request with the key does.
        """
        try:
            stored = self.table.get(self._name, _key(request), until)
        except NoAnswer:
            stored = None
        if stored is None:
            raise Problem(OUTCOME_UNKNOWN, "Send the same request with the same key again.", log={"cause": cause})
        return StoredPayment(_plain(item)) if stored == item else self._replay(stored, request)

    def _put(self, item: "Item") -> "TransactWriteItemTypeDef":
        return {
            "Put": {
                "TableName": self._name,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(pk)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        }

    def _item(self, request: PaymentRequest, writing: Writing) -> "Item":
        texts = {
            **request.body,
            "payment_id": request.payment_id,
            "body_hash": request.body_hash,
            "region": self.region,
            "created_at": datetime.now(UTC).isoformat(timespec="microseconds"),
        }
        return (
            _key(request) | {name: {"S": text} for name, text in texts.items()} | {"epoch": {"N": str(writing.epoch)}}
        )

    @staticmethod
    def _replay(item: "Item", request: PaymentRequest) -> StoredPayment:
        """Return the payment that has the key, if it was asked for by the same request."""
        if item["body_hash"]["S"] != request.body_hash:
            raise Problem(problems.IDEMPOTENCY_CONFLICT, "Send a new key with a new payment.")
        return StoredPayment(_plain(item), again=True)

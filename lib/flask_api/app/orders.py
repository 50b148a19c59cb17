"""Orders: placed once for each key, listed, read, cancelled."""

import hashlib
import json

from flask import Response

from . import currencies, ids, web
from .database import Database
from .key_hashes import KeyHashes
from .models import Item, NewOrder, PageQuery
from .problems import Refusal, invalid, pointer
from .rows import Rows

PAGE = "SELECT o.id::text, order_answer(o) FROM orders o WHERE o.id < $1::uuid ORDER BY o.id DESC LIMIT $2"
SELECT = "SELECT order_answer(o) FROM orders o WHERE o.id = $1::uuid"
# The key itself is sent for orders of before, whose hash is not there yet; it is not stored.
PLACE = "SELECT outcome, answer FROM order_once($1::uuid, $2, $3, $4, $5::uuid[], $6::integer[], $7::jsonb)"
CANCEL = "SELECT cancel_order($1::uuid)"
CANCELLED = ("cancelled orders",)


def fingerprint(items: list[Item]) -> bytes:
    """Return what tells two orders apart; the order of the items, and how the JSON is written, do not."""
    return hashlib.sha256("\n".join(sorted(f"{item.product_id} {item.quantity}" for item in items)).encode()).digest()


def refused(answer: str, items: list[Item]) -> Refusal:
    """Return the refusal of an order for what is not there, or not as much of it."""
    errors, kind, status = [], "out-of-stock", 409
    for wrong in json.loads(answer):
        index, stock = wrong["place"], wrong["stock"]
        if stock is None:
            kind, status = "unknown-product", 422
            errors.append({"detail": "there is no such product", "pointer": pointer("items", index, "product_id")})
        else:
            words = f"{items[index].quantity} ordered, {stock} in stock"
            errors.append({"detail": words, "pointer": pointer("items", index, "quantity")})
    return Refusal(status, "Nothing was ordered: see 'errors'.", kind, errors)


def unsold(answer: str) -> Refusal:
    """Return the refusal of an order for products whose price is older than the check of prices, and would fail it."""
    words = "its price has more decimals than its currency: change the price first"
    errors = [{"detail": words, "pointer": pointer("items", place, "product_id")} for place in json.loads(answer)]
    return Refusal(409, "Nothing was ordered: see 'errors'.", "price", errors)


class Orders:
    """What is done for each request about orders."""

    def __init__(self, database: Database, locks: Rows, hashes: KeyHashes) -> None:
        self._rows, self._locks, self._hashes = database.rows, locks, hashes

    def page(self) -> Response:
        """Return some orders, the newest first."""
        query, start = web.page(PageQuery)
        return web.listing(self._rows(PAGE, (start, query.limit + 1)), query.limit)

    def create(self) -> Response:
        """Place an order, or answer again what was answered to the same key and the same items."""
        key = web.idempotency_key()
        items = web.body(NewOrder).items
        product_ids = [item.product_id for item in items]
        if len(set(product_ids)) < len(product_ids):
            twice = next(index for index, each in enumerate(product_ids) if each in product_ids[:index])
            raise invalid([{"detail": "name each product once", "pointer": pointer("items", twice, "product_id")}])
        # The checked ids and numbers have no character that an array's text would need to quote.
        arrays = f"{{{','.join(product_ids)}}}", f"{{{','.join(str(item.quantity) for item in items)}}}"
        new_id, key_hash = ids.new(), self._hashes.digest(key)
        with self._locks.held(product_ids):
            ((outcome, text),) = self._rows(
                PLACE, (new_id, key, key_hash, fingerprint(items), *arrays, currencies.AS_JSON)
            )
        if outcome in ("placed", "repeated"):
            placed = new_id if outcome == "placed" else json.loads(text)["id"]
            return web.answer(text, 201, f"/orders/{placed}")
        if outcome == "refused":
            raise refused(text, items)
        if outcome == "prices":
            raise unsold(text)
        if outcome == "currencies":
            raise Refusal(422, "The products have different currencies: place one order for each.", "mixed-currencies")
        raise Refusal(409, f"This {web.KEY} came with other items before: take a new one.", "key-reused")

    def read(self, order_id: str) -> Response:
        """Return one order."""
        rows = self._rows(SELECT, (web.identity(order_id, "order"),))
        return web.answer(web.found(rows, "order", order_id))

    def cancel(self, order_id: str) -> Response:
        """Cancel an order and give back its stock; a second time changes nothing."""
        web.identity(order_id, "order")
        with self._locks.held(CANCELLED):  # which products it locks is not known before
            rows = self._rows(CANCEL, (order_id,))
        return web.answer(web.found(rows, "order", order_id))

"""Customers who order without pause, and the verdict on what is left of their orders.

A customer takes a new key for each order, and sends it again with the same key until it is placed: the answer may get
lost while the order was placed. The verdict looks only at what was acknowledged and at what the database holds.
"""

import http.client
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import psycopg

from lib.flask_api.app.key_hashes import KeyHashes
from tests.support import flask_api
from tests.support.flask_api import Client

STOCK = 1_000_000
DROPPED = 0  # the status of a request whose connection broke


@dataclass
class Load:
    """Customers at one address; use it in a ``with`` statement, which ends when everybody has his order."""

    port: int
    customers: int = 4
    products: list[str] = field(default_factory=list)
    placed: dict[str, tuple[str, list[tuple[str, int]]]] = field(default_factory=dict)  # by key: id, items
    answers: list[tuple[float, int]] = field(default_factory=list)  # time.monotonic(), status
    wrong: list[str] = field(default_factory=list)
    deadline: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def stock_up(self, count: int = 5) -> "Load":
        """Make products."""
        with Client(self.port) as client:
            for number in range(count):
                body = flask_api.product(name=f"Product {number}", stock=STOCK, price=f"{number + 1}.99")
                self.products.append(client("POST", "/products", body)[2]["id"])
        return self

    def __enter__(self) -> "Load":
        self.deadline = time.monotonic() + 30
        self._threads = [threading.Thread(target=self._shop, args=(number,)) for number in range(self.customers)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _shop(self, number: int) -> None:
        chance = random.Random(number)
        with Client(self.port) as client:
            while not self._stop.is_set() and time.monotonic() < self.deadline:
                wanted = chance.sample(self.products, chance.randint(1, 3))
                self._order(client, flask_api.key(), [(product, chance.randint(1, 3)) for product in wanted])

    def _order(self, client: Client, key: str, items: list[tuple[str, int]]) -> None:
        while time.monotonic() < self.deadline:
            status, body = self._send(client, key, items)
            self.answers.append((time.monotonic(), status))
            if status == 201:
                self.placed[key] = (body["id"], items)
                return
            if status not in (DROPPED, 503):
                self.wrong.append(f"{status}: {body}")
                return
            time.sleep(0.02)
        self.wrong.append(f"an order was not placed in time, the last answer was {status}")

    def _send(self, client: Client, key: str, items: list[tuple[str, int]]) -> tuple[int, Any]:
        try:
            status, _, body = client("POST", "/orders", flask_api.order(*items), Idempotency_Key=key)
        except (OSError, http.client.HTTPException, ValueError):
            return DROPPED, None
        return status, body

    def more(self, count: int) -> None:
        """Wait until that many more orders were placed."""
        wanted = len(self.placed) + count
        flask_api.until(lambda: len(self.placed) >= wanted or bool(self.wrong), 20)

    def statuses(self, since: float = 0.0, before: float = float("inf")) -> Counter[int]:
        """Return how often which status was answered in a span of time."""
        return Counter(status for moment, status in self.answers if since <= moment < before)

    def verdict(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Return what is wrong with the orders in the database; nothing when they are as acknowledged."""
        hashes = {KeyHashes("").digest(key): key for key in self.placed}
        found = connection.execute("SELECT key_hash, id::text FROM orders").fetchall()
        stored = {hashes.get(digest, digest.hex()): order_id for digest, order_id in found}
        lines = Counter[str]()
        for product, quantity in connection.execute("SELECT product_id::text, quantity FROM order_lines").fetchall():
            lines[product] += quantity
        sold = Counter[str]()
        for _, items in self.placed.values():
            sold.update(dict(items))
        left = dict(connection.execute("SELECT id::text, stock FROM products").fetchall())
        wrong = [f"lost: {key}" for key in self.placed.keys() - stored.keys()]
        wrong += [f"never acknowledged: {key}" for key in stored.keys() - self.placed.keys()]
        wrong += [f"another id: {key}" for key, (order, _) in self.placed.items() if stored.get(key, order) != order]
        wrong += [f"lines of {p}: {lines[p]} instead of {sold[p]}" for p in self.products if lines[p] != sold[p]]
        wrong += [f"stock of {p}: {left[p]}, {sold[p]} sold" for p in self.products if left[p] != STOCK - sold[p]]
        return self.wrong + sorted(wrong)

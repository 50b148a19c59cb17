"""Shops at a deployed API, with repeated and bad requests among good ones, and checks that its books balance."""

import random
import statistics
import uuid
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from lib.common.errors import ExerciseError
from lib.flask_api.exercise_calls import Body, Caller, Report, wait

STOCK, SCARCE = 100_000, 3
REPEAT_EVERY, REUSE_EVERY, SCARCE_EVERY, CANCEL_EVERY, BAD_EVERY, REPORT_EVERY = 10, 20, 20, 8, 10, 25


@dataclass(frozen=True)
class Mix:
    """What was asked and what came of it; times in milliseconds, refused tries included in the requests."""

    requests: Mapping[int, int]  # by status
    p50: float
    p95: float
    p99: float
    products: int
    orders: int
    cancelled: int
    repeated: int  # keys that were sent again and recognised
    refused: int  # bad requests
    revenue: str


class Order(NamedTuple):
    """An order as it was placed: the answer, what it asked for, and what was done to it afterwards."""

    answer: Body
    items: list[Body]
    repeated: bool
    cancelled: bool


def bad(number: int, product: str) -> tuple[int, str, str, object, dict[str, str]]:
    """Return the n-th bad request: the status it deserves, then method, path, body and headers."""
    key = {"Idempotency_Key": f"bad-{uuid.uuid4().hex}"}
    item = {"product_id": product, "quantity": 1}
    cases: list[tuple[int, str, str, object, dict[str, str]]] = [
        (400, "POST", "/orders", '{"items": [', key),
        (400, "POST", "/orders", {"items": [item]}, {}),
        (422, "POST", "/orders", {"items": [item], "discount": "100"}, key),
        (422, "POST", "/orders", {"items": [item | {"quantity": "1"}]}, key),
        (422, "POST", "/orders", {"items": [item | {"product_id": str(uuid.uuid4())}]}, key),
        (422, "POST", "/products", {"name": "x", "price": 0.1, "currency": "EUR", "stock": 1}, {}),
        (415, "POST", "/products", "name=x", {"Content_Type": "text/plain"}),
        (404, "GET", f"/orders/{uuid.uuid4()}", None, {}),
        (405, "DELETE", "/orders", None, {}),
        (422, "GET", "/orders?limit=0", None, {}),
    ]
    return cases[number % len(cases)]


def stocked(call: Caller, count: int, work: ThreadPoolExecutor) -> dict[str, Body]:
    """Make products, the last one scarce, and return them by id."""

    def make(number: int) -> Body:
        scarce = number == count - 1
        return call.expect(
            201,
            "POST",
            "/products",
            {
                "name": f"Exercise product {number}",
                "price": f"{number + 1}.{number * 7 % 100:02}",
                "currency": "EUR",
                "stock": SCARCE if scarce else STOCK,
            },
        )

    return {product["id"]: product for product in work.map(make, range(count))}


def items(run: str, number: int, ids: list[str]) -> list[Body]:
    """Return what the n-th order asks for: some of the products, and now and then the scarce one, the last."""
    chance = random.Random(f"{run} {number}")  # noqa: S311 - a shopping list
    *plenty, scarce = ids
    chosen = chance.sample(plenty, min(len(plenty), chance.randint(1, 3)))
    chosen += [scarce] if number % SCARCE_EVERY == 0 or not chosen else []
    return [{"product_id": product, "quantity": chance.randint(1, 3)} for product in chosen]


def shop(call: Caller, run: str, number: int, ids: list[str]) -> Order | None:
    """Place the n-th order, some of them twice, and ask for what cannot be; return nothing if too little was left.

    Raises:
        ExerciseError: an answer is not what it should be.
    """
    key, order_items = f"{run}-{number}", items(run, number, ids)
    if number % BAD_EVERY == 0:
        deserved, method, path, body, headers = bad(number // BAD_EVERY, ids[0])
        call.expect(deserved, method, path, body, **headers)
    status, answer = call("POST", "/orders", {"items": order_items}, Idempotency_Key=key)
    if status == 409 and order_items[-1]["product_id"] == ids[-1] and answer["type"].endswith("out-of-stock"):
        return None
    if status != 201:
        raise ExerciseError(f"An order is answered {status} instead of 201: {answer.get('detail', answer)}")
    if number % REPEAT_EVERY == 0:
        again = call.expect(201, "POST", "/orders", {"items": order_items[::-1]}, Idempotency_Key=key)
        if again != answer:
            raise ExerciseError(f"A repeated order is answered differently: {again} instead of {answer}.")
    if number % REUSE_EVERY == 1:
        other = [order_items[0] | {"quantity": order_items[0]["quantity"] + 1}]
        call.expect(409, "POST", "/orders", {"items": other}, Idempotency_Key=key)
    cancelled = number % CANCEL_EVERY == 0
    for _ in range(2 if cancelled else 0):  # a second time changes nothing
        call.expect(200, "POST", f"/orders/{answer['id']}/cancel")
    return Order(answer, order_items, number % REPEAT_EVERY == 0, cancelled)


def listed(call: Caller, since: str) -> list[Body]:
    """Return all orders from an id on, from the API's own list."""
    collected: list[Body] = []
    cursor: str | None = ""
    while cursor is not None and (not collected or collected[-1]["id"] >= since):
        page = call.expect(200, "GET", f"/orders?limit=100&cursor={cursor}")
        collected += page["items"]
        cursor = page["next"]
    return collected


def audit(call: Caller, products: Mapping[str, Body], placed: list[Order], work: ThreadPoolExecutor) -> None:
    """Compare what the API has with what it was told.

    Raises:
        ExerciseError: an order is lost, doubled or invented, a sum or a stock is wrong.
    """
    mine = {order.answer["id"]: order for order in placed}
    wrong = ["the same id for several orders"] if len(mine) != len(placed) else []
    times = Counter(
        order["id"] for order in listed(call, min(mine, default="g")) if order["items"][0]["product_id"] in products
    )
    wrong += [f"lost order {each}" for each in mine.keys() - times.keys()]
    wrong += [f"invented order {each}" for each in times.keys() - mine.keys()]
    wrong += [f"order {each} is listed {count} times" for each, count in times.items() if count > 1]
    stored = work.map(lambda each: call.expect(200, "GET", f"/orders/{each}"), mine)
    sold: Counter[str] = Counter()
    for order, row in zip(mine.values(), stored, strict=True):
        total = sum(Decimal(products[item["product_id"]]["price"]) * item["quantity"] for item in order.items)
        status = "cancelled" if order.cancelled else "placed"
        if (Decimal(row["total"]), row["status"]) != (total, status):
            wrong.append(f"order {row['id']}: {row['status']} {row['total']} instead of {status} {total}")
        if not order.cancelled:
            sold.update({item["product_id"]: item["quantity"] for item in order.items})
    left = work.map(lambda each: call.expect(200, "GET", f"/products/{each}")["stock"], products)
    for (product, product_made), stock in zip(products.items(), left, strict=True):
        if stock != product_made["stock"] - sold[product]:
            wrong.append(f"stock of {product}: {stock} instead of {product_made['stock']} - {sold[product]}")
    if wrong:
        raise ExerciseError(f"The books do not balance, {len(wrong)} times: {'; '.join(sorted(wrong)[:5])}.")


def exercise(
    url: str,
    host: str | None,
    report: Report,
    *,
    products: int = 20,
    orders: int = 200,
    clients: int = 8,
) -> Mix:
    """Make products, place orders among repeated and bad requests, cancel some, and check the books.

    Args:
        url: where the load balancer is reached.
        host: sent as the ``Host`` header when it differs from the URL's.
        report: is told how far it is.
        products: how many to make; one of them is scarce.
        orders: how many to try; some ask for more of the scarce product than is left.
        clients: how many requests at the same time.

    Raises:
        ExerciseError: the API is not ready, refuses what it should take, takes what it should refuse, or loses count.
    """
    call, run = Caller(url, host, clients), f"exercise-{uuid.uuid4().hex}"
    try:
        wait(call, report)
        with ThreadPoolExecutor(clients) as work:
            stock = stocked(call, products, work)
            report(f"made {len(stock)} products")
            placed: list[Order] = []
            for number, order in enumerate(work.map(lambda n: shop(call, run, n, list(stock)), range(orders)), start=1):
                placed += [order] if order else []
                if number % REPORT_EVERY == 0:
                    report(f"shopped {number} of {orders} times")
            report("checking the books")
            audit(call, stock, placed, work)
    finally:
        call.close()
    return mix(call, len(stock), placed, len(range(0, orders, BAD_EVERY)))


def mix(call: Caller, products: int, placed: list[Order], refused: int) -> Mix:
    """Return the figures."""
    cuts = statistics.quantiles(call.times, n=100, method="inclusive")
    return Mix(
        requests=dict(sorted(call.statuses.items())),
        p50=cuts[49],
        p95=cuts[94],
        p99=cuts[98],
        products=products,
        orders=len(placed),
        cancelled=sum(order.cancelled for order in placed),
        repeated=sum(order.repeated for order in placed),
        refused=refused,
        revenue=str(sum((Decimal(order.answer["total"]) for order in placed if not order.cancelled), Decimal("0.00"))),
    )

"""An order is placed once, sells what is there and no more, and its sum is exact."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.flask_api.app import ids, models
from lib.flask_api.app.key_hashes import KeyHashes
from lib.flask_api.app.orders import fingerprint
from tests.support import flask_api

# pylint: disable=redefined-outer-name

PROPERTY = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def test_an_order_takes_its_stock_and_copies_its_prices(api: Any) -> None:
    """The answer has every line, in the order in which they came."""
    cup, mug = api.product(price="2.50", stock=5), api.product(price="0.99", stock=1000)
    answer = api.order((mug, 100), (cup, 2))
    assert answer.status_code == 201
    placed = models.Order.model_validate(answer.json)
    assert (placed.status, placed.currency, placed.total) == ("placed", "EUR", "104.00")
    assert [(line.product_id, line.quantity, line.unit_price, line.amount) for line in placed.items] == [
        (mug, 100, "0.99", "99.00"),
        (cup, 2, "2.50", "5.00"),
    ]
    assert (api.stock(cup), api.stock(mug)) == (3, 900)
    assert answer.headers["Location"] == f"/orders/{placed.id}"
    assert api("GET", answer.headers["Location"]).json == answer.json


def test_a_later_price_changes_no_order(api: Any) -> None:
    """What was agreed stays."""
    cup = api.product(price="2.50")
    placed = api.order((cup, 2))
    api("PATCH", f"/products/{cup}", {"price": "9.99"})
    assert api("GET", placed.headers["Location"]).data == placed.data


@PROPERTY
@given(st.lists(st.tuples(st.integers(0, 9_999_999_999), st.integers(1, 1000)), min_size=1, max_size=12))
def test_sums_are_exact(api: Any, lines: list[tuple[int, int]]) -> None:
    """To the cent, also where a float has no cents left."""
    prices = [Decimal(cents) / 100 for cents, _ in lines]
    made = [api.product(price=f"{price:.2f}", stock=1000) for price in prices]
    body = api.order(*((product_id, quantity) for product_id, (_, quantity) in zip(made, lines, strict=True))).json
    assert Decimal(body["total"]) == sum(price * quantity for price, (_, quantity) in zip(prices, lines, strict=True))
    assert body["total"] == f"{sum(Decimal(item['amount']) for item in body['items']):.2f}"


def test_the_same_key_and_items_get_the_stored_answer(api: Any) -> None:
    """Byte for byte, also when the order has been cancelled since; and no second order."""
    cup = api.product()
    first = api.order((cup, 1), key="once")
    api("POST", f"{first.headers['Location']}/cancel")
    again = api.order((cup, 1), key="once")
    assert (again.status_code, again.data, again.headers["Location"]) == (
        201,
        first.data,
        first.headers["Location"],
    )
    assert len(api("GET", "/orders").json["items"]) == 1


def test_how_the_items_are_written_makes_no_other_order(api: Any) -> None:
    """Their order and the case of the ids do not matter."""
    cup, mug = api.product(), api.product()
    first = api.order((cup, 1), (mug, 2), key="once")
    assert api.order((mug.upper(), 2), (cup, 1), key="once").data == first.data


def test_the_same_key_with_other_items_is_refused(api: Any) -> None:
    """It would be an order that nobody gets."""
    cup, mug = api.product(), api.product()
    api.order((cup, 1), key="once")
    for items in ([(cup, 2)], [(mug, 1)], [(cup, 1), (mug, 1)]):
        answer = api.order(*items, key="once")
        assert answer.status_code == 409
        assert answer.json["type"].endswith(":key-reused")
    assert (api.stock(cup), api.stock(mug)) == (9, 10)


def test_a_refused_order_leaves_its_key_free(api: Any) -> None:
    """When there is stock again, the same request succeeds."""
    cup = api.product(stock=0)
    assert api.order((cup, 1), key="again").status_code == 409
    api("PATCH", f"/products/{cup}", {"stock": 1})
    assert api.order((cup, 1), key="again").status_code == 201


def test_what_is_not_there_in_that_number_is_not_sold(api: Any) -> None:
    """The whole order is refused, and says which line and how many there are."""
    cup, mug = api.product(stock=10), api.product(stock=2)
    answer = api.order((cup, 1), (mug, 3))
    assert answer.status_code == 409
    assert answer.json["type"].endswith(":out-of-stock")
    assert answer.json["errors"] == [{"detail": "3 ordered, 2 in stock", "pointer": "/items/1/quantity"}]
    assert (api.stock(cup), api.stock(mug)) == (10, 2)
    assert api("GET", "/orders").json["items"] == []


def test_a_product_that_does_not_exist_is_not_sold(api: Any) -> None:
    """422, for it will not exist later either; a line that is short of stock is told besides."""
    cup = api.product(stock=1)
    answer = api.order((cup, 2), (ids.new(), 1))
    assert answer.status_code == 422
    assert answer.json["type"].endswith(":unknown-product")
    assert [error["pointer"] for error in answer.json["errors"]] == ["/items/0/quantity", "/items/1/product_id"]


def test_one_order_has_one_currency(api: Any) -> None:
    """A sum of euros and francs is no amount."""
    answer = api.order((api.product(currency="EUR"), 1), (api.product(currency="CHF"), 1))
    assert answer.status_code == 422
    assert answer.json["type"].endswith(":mixed-currencies")


def test_a_product_is_named_once(api: Any) -> None:
    """Whoever writes it twice may mean the sum or not."""
    cup, mug = api.product(), api.product()
    answer = api.order((cup, 1), (mug, 1), (cup.upper(), 1))
    assert answer.status_code == 422
    assert answer.json["errors"] == [{"detail": "name each product once", "pointer": "/items/2/product_id"}]


def test_cancelling_gives_the_stock_back_once(api: Any) -> None:
    """Each further time answers the same."""
    cup, mug = api.product(), api.product()
    path = api.order((cup, 3), (mug, 4)).headers["Location"]
    first = api("POST", f"{path}/cancel")
    again = api("POST", f"{path}/cancel")
    assert (first.status_code, first.json["status"]) == (200, "cancelled")
    assert first.json["cancelled_at"] >= first.json["created_at"]
    assert again.data == first.data == api("GET", path).data
    assert (api.stock(cup), api.stock(mug)) == (10, 10)


def test_an_order_that_is_not_there(api: Any) -> None:
    """404, to read and to cancel."""
    for method, path in (("GET", f"/orders/{ids.new()}"), ("POST", f"/orders/{ids.new()}/cancel")):
        answer = api(method, path)
        assert answer.status_code == 404
        assert answer.json["detail"].startswith("There is no order ")


def test_orders_come_page_by_page(api: Any) -> None:
    """The newest first, with their lines."""
    cup = api.product(stock=100)
    made = [api.order((cup, number)).json for number in range(1, 4)]
    first = api("GET", "/orders?limit=2").json
    second = api("GET", f"/orders?limit=2&cursor={first['next']}").json
    assert second["next"] is None
    assert sorted(first["items"] + second["items"], key=lambda order: order["id"]) == sorted(
        made, key=lambda order: order["id"]
    )


def together(count: int, call: Any) -> list[Any]:
    """Call something from several threads at the same time."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


def test_the_last_one_is_sold_once(api: Any) -> None:
    """However many want it at the same moment."""
    for _ in range(10):
        cup = api.product(stock=1)
        statuses = [answer.status_code for answer in together(4, lambda _, cup=cup: api.order((cup, 1)))]
        assert sorted(statuses) == [201, 409, 409, 409]
        assert api.stock(cup) == 0


def test_one_key_at_the_same_moment_is_one_order(api: Any) -> None:
    """Of the last one, too: who comes second gets the answer of the first, not a refusal."""
    for number in range(10):
        cup = api.product(stock=1)
        answers = together(4, lambda _, cup=cup, key=f"key-{number}": api.order((cup, 1), key=key))
        assert [answer.status_code for answer in answers] == [201] * 4
        assert len({answer.data for answer in answers}) == 1


def test_one_key_at_the_same_moment_for_different_products_is_one_order(api: Any) -> None:
    """No lock on a product keeps these apart; the key does."""
    for number in range(10):
        made = [api.product(stock=1) for _ in range(4)]
        answers = together(4, lambda place, made=made, key=f"key-{number}": api.order((made[place], 1), key=key))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
        assert sum(api.stock(product_id) for product_id in made) == 3


def test_orders_for_the_same_products_in_any_order_never_block_each_other(
    api: Any, sql: Any, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody locks by id: no deadlock, which PostgreSQL would end as an error after a second."""
    monkeypatch.setattr(app.extensions["shop"].database, "_judge", None)  # any error would be a failure
    made = sorted(api.product(stock=1_000_000) for _ in range(6))
    before = sql.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()

    def work(place: int) -> list[int]:
        items = made if place % 2 else made[::-1]
        statuses = []
        for _ in range(15):
            answer = api.order(*((product_id, 1) for product_id in items))
            statuses.append(answer.status_code)
            statuses.append(api("POST", f"{answer.headers['Location']}/cancel").status_code)
        return statuses

    assert {status for statuses in together(4, work) for status in statuses} == {200, 201}
    after = sql.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
    assert after == before
    assert [api.stock(product_id) for product_id in made] == [1_000_000] * 6


def test_cancelling_at_the_same_moment_gives_back_once(api: Any) -> None:
    """The first finds the order placed, the others find it cancelled."""
    for _ in range(5):
        cup = api.product(stock=3)
        path = api.order((cup, 3)).headers["Location"]
        assert {answer.status_code for answer in together(4, lambda _, path=path: api("POST", f"{path}/cancel"))} == {
            200
        }
        assert api.stock(cup) == 3


ITEMS = st.lists(
    st.builds(lambda i, q: models.Item(product_id=str(i), quantity=q), st.uuids(), st.integers(1, 1000)), max_size=5
)


@given(ITEMS, ITEMS)
def test_a_fingerprint_tells_orders_apart(one: list[models.Item], other: list[models.Item]) -> None:
    """Two orders have the same one when they order the same."""
    same = sorted(map(repr, one)) == sorted(map(repr, other))
    assert (fingerprint(one) == fingerprint(other)) is same
    assert fingerprint(one) == fingerprint(one[::-1])


def test_a_key_is_kept_with_its_order(api: Any, sql: Any) -> None:
    """So it is recognised as long as the order is."""
    api.order((api.product(), 1), key="k" * 255)
    assert sql.execute("SELECT idempotency_key, key_hash FROM orders").fetchall() == [
        (None, KeyHashes("").digest("k" * 255))
    ]
    assert flask_api.key() != flask_api.key()

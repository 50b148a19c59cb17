"""Products are made, found page by page, and changed."""

from datetime import datetime
from typing import Any

import pytest

from lib.flask_api.app import ids, models, products
from tests.support import flask_api


def pages(api: Any, path: str) -> list[list[dict[str, Any]]]:
    """Return the items of every page of a list."""
    found, cursor = [], ""
    while cursor is not None:
        body = api("GET", f"{path}&cursor={cursor}").json
        found.append(body["items"])
        cursor = body["next"]
    return found


def test_a_new_product_is_answered_as_it_is_stored(api: Any) -> None:
    """With its id and the time; and where to find it."""
    answer = api("POST", "/products", flask_api.product(name="Kaffeetasse ☕", price="0.10", stock=0))
    assert answer.status_code == 201
    made = models.Product.model_validate(answer.json)
    assert (made.name, made.price, made.currency, made.stock) == ("Kaffeetasse ☕", "0.10", "EUR", 0)
    assert made.created_at.tzinfo is not None
    assert answer.headers["Location"] == f"/products/{made.id}"
    assert api("GET", answer.headers["Location"]).json == answer.json


def test_a_product_that_is_sent_twice_to_the_database_is_there_once(api: Any, app: Any) -> None:
    """As it happens when the first answer is lost on the way."""
    values = (ids.new(), "Cup", "1.00", "EUR", 1)
    rows = app.extensions["shop"].database.rows
    assert rows(products.INSERT, values) == rows(products.INSERT, values)
    assert len(api("GET", "/products").json["items"]) == 1


def test_the_newest_come_first(api: Any) -> None:
    """Ids grow with time."""
    made = [api.product(name=f"Product {number}") for number in range(3)]
    names = [item["name"] for item in api("GET", "/products").json["items"]]
    assert sorted(made) == [item["id"] for item in reversed(api("GET", "/products").json["items"])]
    assert set(names) == {"Product 0", "Product 1", "Product 2"}


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (2, [2]), (3, [3]), (4, [3, 1]), (7, [3, 3, 1])])
def test_pages_have_every_product_once(api: Any, count: int, sizes: list[int]) -> None:
    """The last one says that nothing follows."""
    made = {api.product() for _ in range(count)}
    found = pages(api, "/products?limit=3")
    assert [len(page) for page in found] == sizes
    assert {item["id"] for page in found for item in page} == made


def test_what_is_new_meanwhile_moves_no_page(api: Any) -> None:
    """With offsets a product would be seen twice."""
    old = {api.product() for _ in range(4)}
    first = api("GET", "/products?limit=2").json
    api.product()
    second = api("GET", f"/products?limit=2&cursor={first['next']}").json
    assert {item["id"] for item in first["items"] + second["items"]} == old


def test_products_are_found_by_how_their_name_begins(api: Any) -> None:
    """In any case of letters, with characters that mean something in a pattern, page by page."""
    for name in ("Cup, large", "cup, small", "Saucer", "100% cup", "Cupboard", "\U0010fffe cup"):
        api.product(name=name)

    def names(text: str) -> set[str]:
        items = api.app.test_client().get("/products", query_string={"name": text}).json["items"]
        return {item["name"] for item in items}

    assert names("cUP") == {"Cup, large", "cup, small", "Cupboard"}
    assert names("100%") == {"100% cup"}
    assert names("%") == set()
    assert names("\U0010fffe") == {"\U0010fffe cup"}
    assert [len(page) for page in pages(api, "/products?name=cup&limit=2")] == [2, 1]


@pytest.mark.parametrize(
    "change", [{"name": "Mug"}, {"price": "0.99"}, {"stock": 0}, {"name": "Mug", "price": "3.00", "stock": 1_000_000}]
)
def test_what_is_given_is_changed_and_nothing_else(api: Any, change: dict[str, Any]) -> None:
    """Including a stock of nothing."""
    product_id = api.product()
    before = api("GET", f"/products/{product_id}").json
    answer = api("PATCH", f"/products/{product_id}", change)
    assert answer.status_code == 200
    assert answer.json == before | change == api("GET", f"/products/{product_id}").json


def test_a_product_that_is_not_there(api: Any) -> None:
    """404, to read and to change."""
    for method, body in (("GET", None), ("PATCH", {"stock": 1})):
        answer = api(method, f"/products/{ids.new()}", body)
        assert answer.status_code == 404
        assert answer.json["detail"].startswith("There is no product ")


def test_an_id_in_capitals_is_the_same_id(api: Any) -> None:
    """PostgreSQL does not mind, so neither does the API."""
    product_id = api.product()
    assert api("GET", f"/products/{product_id.upper()}").json["id"] == product_id


def test_times_are_what_every_client_can_read(api: Any) -> None:
    """RFC 3339, with the zone."""
    text = api("GET", f"/products/{api.product()}").json["created_at"]
    assert datetime.fromisoformat(text).utcoffset() is not None

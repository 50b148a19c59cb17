"""A connection that was made when the tables were small is as quick when they are big: no request reads them all."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from psycopg import Connection

from lib.flask_api.app import create_app
from lib.flask_api.app.connection import PlannedEachTime
from lib.flask_api.app.products import PAGE_BY_NAME
from lib.flask_api.app.settings import Settings
from tests.support import flask_api
from tests.support.plans import rows_read

# pylint: disable=redefined-outer-name

ORDERS = 8  # PostgreSQL keeps a plan after five uses
Client = tuple[FlaskClient, Callable[..., dict[str, int]]]


@pytest.fixture
def client(settings: Settings, api: Any) -> Iterator[Client]:
    """A client of an application that has one connection, and what it counts of the rows that it reads."""
    del api  # the tables are empty
    app = create_app(replace(settings, db_pool_size=1))
    database = app.extensions["shop"].database
    database.open()
    yield app.test_client(), lambda *how: rows_read(database.rows, *how)
    database.close()


def _orders(client: FlaskClient, product_id: str) -> None:
    for _ in range(ORDERS):
        headers = {"Idempotency-Key": flask_api.key()}
        for _twice in range(2):
            placed = client.post("/orders", json=flask_api.order((product_id, 1)), headers=headers)
            assert placed.status_code == 201
        place = placed.headers["Location"]
        for path in (place, f"/products/{product_id}", "/orders?limit=1", "/products?limit=1"):
            assert client.get(path).status_code == 200
        assert client.post(f"{place}/cancel").status_code == 200


def test_no_request_reads_a_table_from_end_to_end(client: Client, sql: Connection[Any]) -> None:
    """What it needs is found by an index, however small the table was when PostgreSQL made the plan."""
    web, read = client
    product_id = web.post("/products", json=flask_api.product(stock=1000)).json["id"]  # type: ignore[index]
    _orders(web, product_id)
    sql.execute("ANALYZE orders, order_lines, products")
    before = read()
    _orders(web, product_id)
    assert {table: rows - before[table] for table, rows in read().items() if rows != before[table]} == {}


def test_products_are_found_by_name_or_in_the_order_of_the_page(client: Client, sql: Connection[Any]) -> None:
    """Whichever is less: one product of thousands by its name, and a page of products that all have the name."""
    web, read = client
    sql.execute(
        "INSERT INTO products (id, name, price, currency, stock) SELECT gen_random_uuid(), "
        "CASE n WHEN 1 THEN 'Rare' ELSE 'Product ' || n END, 1, 'EUR', 1 FROM generate_series(1, 5000) AS n"
    )
    sql.execute("ANALYZE products")
    before = read("idx_tup_fetch")
    for name, found in [("product", 50), ("rare", 1)] * ORDERS:
        answer = web.get(f"/products?limit=50&name={name}")
        assert len(answer.json["items"]) == found  # type: ignore[index]
    assert read("idx_tup_fetch")["products"] - before["products"] < 2 * ORDERS * 60


def test_the_search_by_name_is_planned_for_each_name() -> None:
    """With one plan for all names, a rare one can take a look at every product."""
    assert isinstance(PAGE_BY_NAME, PlannedEachTime)

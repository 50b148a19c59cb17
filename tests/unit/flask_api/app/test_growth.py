"""A connection that was made when the tables were small is as quick when they are big: no request reads them all."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from psycopg import Connection

from lib.flask_api.app import create_app
from lib.flask_api.app.settings import Settings
from tests.support import flask_api
from tests.support.plans import rows_read

# pylint: disable=redefined-outer-name

ORDERS = 8  # PostgreSQL keeps a plan after five uses
Client = tuple[FlaskClient, Callable[[], dict[str, int]]]


@pytest.fixture
def client(settings: Settings, api: Any) -> Iterator[Client]:
    """A client of an application that has one connection, and what it counts of the rows that it reads."""
    del api  # the tables are empty
    app = create_app(replace(settings, db_pool_size=1))
    database = app.extensions["shop"].database
    database.open()
    yield app.test_client(), lambda: rows_read(database.rows)
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

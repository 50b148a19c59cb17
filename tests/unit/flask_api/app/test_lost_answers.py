"""The database carries something out and its answer gets lost: it is sent again, and happens once."""

from collections.abc import Iterator
from typing import Any

import pytest

from lib.flask_api.app import create_app
from lib.flask_api.app.settings import Settings
from tests.support import flask_api
from tests.support.database import TestServer
from tests.support.flask_api import Api
from tests.support.tls_front import Front, trusted

# pylint: disable=redefined-outer-name


@pytest.fixture
def front(postgres: TestServer, settings: Settings) -> Iterator[Front]:
    """A way to the server that can swallow answers."""
    del settings
    with Front(postgres.server, trusted(postgres.server)) as made:
        yield made


@pytest.fixture
def shop(postgres: TestServer, front: Front, sql: Any) -> Iterator[Api]:
    """An application behind it, with one connection, and with each of its statements prepared."""
    del sql
    environ = flask_api.environ(postgres.server) | {"DB_PORT": str(front.port), "DB_POOL_SIZE": "1"}
    app = create_app(Settings.read(environ))
    app.extensions["shop"].database.open()
    api = Api(app)
    product = api.product(stock=100)
    api("PATCH", f"/products/{product}", {"stock": 100})
    api("POST", f"{api.order((product, 1)).headers['Location']}/cancel")
    yield api
    app.extensions["shop"].database.close()


def lose(front: Front, call: Any) -> Any:
    """Call something whose first answer from the server gets lost, with the connection."""
    front.swallow, before = 1, len(front.asked)
    answer = call()
    assert (front.swallow, len(front.asked)) == (0, before + 1)  # it was lost, and a new connection was made
    return answer


def test_an_order_is_placed_once(shop: Api, front: Front, sql: Any) -> None:
    """The second try finds the key."""
    product = shop.product(stock=10)
    answer = lose(front, lambda: shop.order((product, 3)))
    assert answer.status_code == 201
    assert shop.stock(product) == 7
    assert sql.execute("SELECT id::text FROM orders WHERE status = 'placed'").fetchall() == [(answer.json["id"],)]


def test_a_product_is_made_once(shop: Api, front: Front, sql: Any) -> None:
    """The second try finds the id."""
    answer = lose(front, lambda: shop("POST", "/products", flask_api.product(name="Once")))
    assert answer.status_code == 201
    assert sql.execute("SELECT id::text FROM products WHERE name = 'Once'").fetchall() == [(answer.json["id"],)]


def test_an_order_is_cancelled_once(shop: Api, front: Front) -> None:
    """The second try finds it cancelled."""
    product = shop.product(stock=10)
    path = shop.order((product, 3)).headers["Location"]
    answer = lose(front, lambda: shop("POST", f"{path}/cancel"))
    assert (answer.status_code, answer.json["status"]) == (200, "cancelled")
    assert shop.stock(product) == 10


def test_a_change_is_made(shop: Api, front: Front) -> None:
    """Twice, which is the same."""
    product = shop.product(stock=10)
    answer = lose(front, lambda: shop("PATCH", f"/products/{product}", {"stock": 3}))
    assert (answer.status_code, answer.json["stock"]) == (200, 3)

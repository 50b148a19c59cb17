"""A price has as many decimals as its currency, and so has every sum of prices; what is older is not lost."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lib.flask_api.app import currencies, ids
from tests.support import flask_api
from tests.support.database import TestServer

MIGRATIONS = Path(__file__).resolve().parents[4] / "lambda" / "flask_api" / "database" / "migrations"
WRITTEN = {0: "12", 2: "12.34", 3: "12.345"}
PAIRS = [(currency, count) for currency in sorted(currencies.DECIMALS) for count in WRITTEN]


@pytest.mark.parametrize(("currency", "count"), PAIRS)
def test_a_new_price_has_its_currency_s_decimals(api: Any, currency: str, count: int) -> None:
    """JPY 12.34 cannot be paid, and KWD 12.34 may be meant as another amount than 12.340."""
    answer = api("POST", "/products", flask_api.product(currency=currency, price=WRITTEN[count]))
    if count == currencies.DECIMALS[currency]:
        assert (answer.status_code, answer.json["price"]) == (201, WRITTEN[count])
    else:
        assert answer.status_code == 422
        (error,) = answer.json["errors"]
        assert error["pointer"] == "/price"
        assert currency in error["detail"]
        assert api("GET", "/products").json["items"] == []


@pytest.mark.parametrize(("currency", "count"), PAIRS)
def test_a_changed_price_has_them_too(api: Any, currency: str, count: int) -> None:
    """The change does not say the currency: the product does. Nothing of a wrong change is made."""
    right = WRITTEN[currencies.DECIMALS[currency]]
    before = api("POST", "/products", flask_api.product(currency=currency, price=right)).json
    path = f"/products/{before['id']}"
    answer = api("PATCH", path, {"price": WRITTEN[count], "name": "other", "stock": 3})
    if count == currencies.DECIMALS[currency]:
        assert (answer.status_code, answer.json["price"]) == (200, WRITTEN[count])
    else:
        assert answer.status_code == 422
        assert answer.json["errors"] == [{"detail": currencies.wrong(WRITTEN[count], currency), "pointer": "/price"}]
        assert api("GET", path).json == before


def test_what_to_write_instead() -> None:
    """An example, in the currency."""
    assert currencies.wrong("12.34", "JPY") == "write an amount in JPY with no decimals, such as '12'"
    assert currencies.wrong("12.34", "KWD") == "write an amount in KWD with 3 decimals, such as '12.500'"
    assert currencies.wrong("12", "EUR") == "write an amount in EUR with 2 decimals, such as '12.50'"
    assert currencies.wrong("12.34", "EUR") == ""


def test_a_currency_that_is_not_in_the_list(api: Any) -> None:
    """How many decimals it has is not known; which ones are, the answer says."""
    answer = api("POST", "/products", flask_api.product(currency="XYZ"))
    assert answer.status_code == 422
    (error,) = answer.json["errors"]
    assert error["pointer"] == "/currency"
    assert "JPY" in error["detail"]


@pytest.mark.parametrize(
    ("currency", "prices", "total"),
    [("JPY", ("120", "3"), "486"), ("EUR", ("0.10", "0.03"), "0.46"), ("KWD", ("1.000", "0.001"), "4.002")],
)
def test_sums_have_the_currency_s_decimals(api: Any, currency: str, prices: tuple[str, str], total: str) -> None:
    """And each line."""
    one, other = (api.product(currency=currency, price=price) for price in prices)
    body = api.order((one, 4), (other, 2)).json
    assert body["total"] == total
    assert [line["unit_price"] for line in body["items"]] == list(prices)
    assert sum(Decimal(line["amount"]) for line in body["items"]) == Decimal(total)
    assert all(currencies.decimals(line["amount"]) == currencies.DECIMALS[currency] for line in body["items"])


def insert(sql: psycopg.Connection[Any], currency: str, price: str) -> str:
    """Make a product as versions of before did."""
    product_id = ids.new()
    statement = "INSERT INTO products (id, name, price, currency, stock) VALUES (%s, 'old', %s::numeric(10, 2), %s, 9)"
    sql.execute(statement, (product_id, price, currency))
    return product_id


def test_an_older_price_that_cannot_be_paid_is_not_sold(api: Any, sql: psycopg.Connection[Any]) -> None:
    """The order is refused and says which product; a right price makes it good."""
    old, good = insert(sql, "JPY", "12.34"), api.product(currency="JPY", price="5")
    answer = api.order((good, 1), (old, 1))
    assert (answer.status_code, answer.json["type"].rpartition(":")[2]) == (409, "price")
    assert [error["pointer"] for error in answer.json["errors"]] == ["/items/1/product_id"]
    assert api.stock(good) == 10
    assert api("PATCH", f"/products/{old}", {"price": "12"}).status_code == 200
    assert api.order((good, 1), (old, 1)).json["total"] == "17"


@pytest.mark.parametrize(
    ("currency", "price", "total"), [("JPY", "12.00", "24"), ("KWD", "1.20", "2.400"), ("EUR", "1.20", "2.40")]
)
def test_an_older_price_that_is_exact_is_sold(
    api: Any, sql: psycopg.Connection[Any], currency: str, price: str, total: str
) -> None:
    """As the same amount, with the currency's decimals."""
    body = api.order((insert(sql, currency, price), 2)).json
    assert (body["total"], body["items"][0]["amount"]) == (total, total)


def test_an_older_currency_that_is_not_in_the_list_goes_on(api: Any, sql: psycopg.Connection[Any]) -> None:
    """As before, with two decimals."""
    old = insert(sql, "BRL", "1.20")
    assert api.order((old, 2)).json["total"] == "2.40"
    assert api("PATCH", f"/products/{old}", {"price": "1.50"}).json["price"] == "1.50"


def test_the_migration_changes_no_row_and_leaves_the_code_of_before_its_function(postgres: TestServer) -> None:
    """While a deployment replaces the tasks, those of before place orders; and all of them can be taken back."""
    first, second = sorted(MIGRATIONS.glob("000[12]_*.sql"))
    place = "SELECT outcome FROM place_order(%s, %s, ''::bytea, %s::uuid[], '{2}')"
    rows = "SELECT p.price::text, o.total::text, l.unit_price::text FROM products p, orders o, order_lines l"
    with flask_api.connect(postgres.server) as sql:
        sql.execute("CREATE SCHEMA before; SET search_path = before")
        try:
            sql.execute(first.read_text(encoding="utf-8").encode())
            old = insert(sql, "EUR", "1.20")
            sql.execute(place, (ids.new(), "key", [old]))
            stored = sql.execute(rows).fetchall()
            file = "SELECT relfilenode FROM pg_class WHERE oid = 'orders'::regclass"
            written = sql.execute(file).fetchall()
            sql.execute(second.read_text(encoding="utf-8").encode())
            assert sql.execute(rows).fetchall() == stored == [("1.20", "2.40", "1.20")]
            assert sql.execute(file).fetchall() == written  # a table that is rewritten gets another file
            for key, outcome in (("key", "repeated"), ("other", "placed")):
                assert sql.execute(place, (ids.new(), key, [old])).fetchall() == [(outcome,)]
        finally:
            sql.execute("DROP SCHEMA before CASCADE")

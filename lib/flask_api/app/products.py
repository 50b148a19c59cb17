"""Products: listed, made, read, changed. PostgreSQL writes the JSON of the answers."""

from flask import Response

from . import currencies, ids, web
from .connection import PlannedEachTime
from .database import Database
from .models import NewProduct, ProductChange, ProductQuery
from .problems import invalid
from .rows import Rows

PAGE = "SELECT p.id::text, product_answer(p) FROM products p WHERE p.id < $1::uuid ORDER BY p.id DESC LIMIT $2"
# The last character of Unicode ends the range of the names that begin so. Unlike LIKE, a range needs no escaping. Few
# products are found by their name, many in the order of the page: which is fewer, PostgreSQL knows by the name only.
PAGE_BY_NAME = PlannedEachTime("""
SELECT p.id::text, product_answer(p) FROM products p
WHERE p.id < $1::uuid
  AND lower(p.name) COLLATE "C" >= lower($3) AND lower(p.name) COLLATE "C" < lower($3) || chr(1114111)
ORDER BY p.id DESC LIMIT $2
""")
# Sent a second time, it finds its own id, which nobody else can have.
INSERT = """
INSERT INTO products AS p (id, name, price, currency, stock)
VALUES ($1::uuid, $2, $3::numeric, $4, $5) ON CONFLICT (id) DO UPDATE SET id = p.id RETURNING product_answer(p)
"""
SELECT = "SELECT product_answer(p) FROM products p WHERE p.id = $1::uuid"
# The product's currency is given back too: a price with other decimals than it has changes nothing.
UPDATE = """
WITH changed AS (
    UPDATE products p SET name = COALESCE($2::text, p.name), price = COALESCE($3::numeric, p.price),
        stock = COALESCE($4::bigint, p.stock)
    WHERE p.id = $1::uuid AND ($3::numeric IS NULL OR p.currency <> ALL ($5::text[]))
    RETURNING product_answer(p) AS answer
)
SELECT p.currency, (SELECT c.answer FROM changed c) FROM products p WHERE p.id = $1::uuid
"""


class Products:
    """What is done for each request about products."""

    def __init__(self, database: Database, locks: Rows) -> None:
        self._rows, self._locks = database.rows, locks

    def page(self) -> Response:
        """Return some products, the newest first."""
        query, start = web.page(ProductQuery)
        values = (start, query.limit + 1)
        rows = self._rows(PAGE_BY_NAME, (*values, query.name)) if query.name else self._rows(PAGE, values)
        return web.listing(rows, query.limit)

    def create(self) -> Response:
        """Make a product."""
        new, new_id = web.body(NewProduct), ids.new()
        rows = self._rows(INSERT, (new_id, new.name, new.price, new.currency, new.stock))
        return web.answer(rows[0][0], 201, f"/products/{new_id}")

    def read(self, product_id: str) -> Response:
        """Return one product."""
        rows = self._rows(SELECT, (web.identity(product_id, "product"),))
        return web.answer(web.found(rows, "product", product_id))

    def change(self, product_id: str) -> Response:
        """Change what is given of a product."""
        web.identity(product_id, "product")
        change = web.body(ProductChange)
        if not change.model_fields_set:
            raise invalid([{"detail": "give at least one of name, price and stock", "pointer": ""}])
        with self._locks.held([product_id.lower()]):
            unlike = currencies.unlike(change.price or "")
            rows = self._rows(UPDATE, (product_id, change.name, change.price, change.stock, unlike))
        currency = web.found(rows, "product", product_id)
        answer = rows[0][1]
        if answer is None:
            raise invalid([{"detail": currencies.wrong(change.price, currency), "pointer": "/price"}])
        return web.answer(answer)

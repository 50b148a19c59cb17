"""The Flask application: its operations, what becomes of an error, and a log line for each request."""

import logging
import time
import traceback
from functools import cached_property
from http import HTTPStatus
from typing import Any, cast

import flask
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from . import models, openapi, problems, request_log, web
from .credentials import Credentials
from .database import Database, DatabaseUnavailable
from .health import Health
from .key_hashes import KeyHashes, Rehash
from .limits import BODY_BYTES
from .openapi import Operation
from .orders import Orders
from .problems import RETRY_AFTER, Refusal
from .products import Products
from .rows import Rows
from .settings import Settings

logger = logging.getLogger("shop.request")
WORDS = {
    404: "There is nothing at this path: GET /openapi.json lists what there is.",
    405: "This path does not take this method: the header Allow lists what it takes.",
    413: f"The body is longer than {BODY_BYTES} bytes.",
}


class Request(flask.Request):
    """A request that knows when it began and what it is called."""

    max_content_length = BODY_BYTES

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.began = time.perf_counter()

    @cached_property
    def id(self) -> str:
        """The load balancer's id of the request, the caller's, or a new one."""
        given = self.environ.get
        return request_log.request_id(given("HTTP_X_AMZN_TRACE_ID", ""), given("HTTP_X_REQUEST_ID", ""))


def current() -> Request:
    """Return the request that this thread serves."""
    return cast(Request, flask.request)


def refuse(refusal: Refusal) -> Response:
    """Answer a request that is not carried out."""
    response = Response(refusal.body(current().id), refusal.status, mimetype=problems.MEDIA_TYPE)
    response.headers.update(refusal.headers)
    return response


def on_http(error: HTTPException) -> Response:
    """Answer what Flask itself refuses."""
    status = error.code or 500
    headers = {name: value for name, value in error.get_headers() if name == "Allow"}
    return refuse(Refusal(status, WORDS.get(status, HTTPStatus(status).description), headers=headers))


def on_away(error: DatabaseUnavailable) -> Response:
    """Answer while the database is away."""
    return refuse(Refusal(503, f"Try again in a moment: {error}.", "database-away", headers=RETRY_AFTER))


def on_defect(error: Exception) -> Response:
    """Answer what nobody expected: the log has the place, and the caller the id under which it is there.

    The error's own words are left out of both: they may quote what a customer sent.
    """
    fields = {
        "request_id": current().id,
        "type": type(error).__name__,
        "sqlstate": getattr(error, "sqlstate", None),
        "stack": traceback.format_tb(error.__traceback__),
    }
    logger.error("defect", extra={"fields": fields})
    return refuse(Refusal(500, "This is a defect of the server; its log tells more under the request_id."))


class Shop:
    """The parts behind one application, for whoever starts and stops it."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings, Credentials())
        self.health = Health(self.database)
        self._locks, self.hashes = Rows(settings.threads), KeyHashes(settings.hash_key_arn)
        self.rehash = Rehash(self.database, self.hashes)
        self.operations = self._operations()
        self._paths = {each.name: each.path for each in self.operations}
        self._document = openapi.document(self.operations)

    def _operations(self) -> tuple[Operation, ...]:
        products, health = Products(self.database, self._locks), self.health
        orders = Orders(self.database, self._locks, self.hashes)
        # fmt: off
        return (
            Operation("listProducts", "GET", "/products", products.page, "List products, the newest first",
                      models.ProductPage, query=models.ProductQuery),
            Operation("createProduct", "POST", "/products", products.create, "Make a product",
                      models.Product, 201, body=models.NewProduct),
            Operation("readProduct", "GET", "/products/{product_id}", products.read, "Read a product",
                      models.Product),
            Operation("changeProduct", "PATCH", "/products/{product_id}", products.change,
                      "Change name, price or stock", models.Product, body=models.ProductChange),
            Operation("listOrders", "GET", "/orders", orders.page, "List orders, the newest first",
                      models.OrderPage, query=models.PageQuery),
            Operation("placeOrder", "POST", "/orders", orders.create, "Place an order, and take its stock",
                      models.Order, 201, body=models.NewOrder, key=True, refusals=(409, 503)),
            Operation("readOrder", "GET", "/orders/{order_id}", orders.read, "Read an order", models.Order),
            Operation("cancelOrder", "POST", "/orders/{order_id}/cancel", orders.cancel,
                      "Cancel an order, and give back its stock", models.Order),
            Operation("health", "GET", "/health", health.both, "Both of the following", models.Health),
            Operation("healthLive", "GET", "/health/live", health.live, "Does the process live?",
                      models.Live),
            Operation("healthReady", "GET", "/health/ready", health.ready, "Does the database answer?", models.Ready),
            Operation("openapi", "GET", "/openapi.json", self.describe, "This document", None, refusals=()),
        )
        # fmt: on

    def describe(self) -> Response:
        """Return the OpenAPI document."""
        return web.answer(self._document)

    def finish(self, response: Response) -> Response:
        """Give an answer the request's id, and write the request's line."""
        request = current()
        response.headers[request_log.ID_HEADER] = request.id
        route = self._paths.get(request.endpoint or "")
        request_log.write(request.method, route, response.status_code, request.began, request.id)
        return response


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application; ``extensions["shop"]`` is its :class:`Shop`, whose database is not open yet.

    Args:
        settings: by default those of the environment.

    Raises:
        SettingError: the environment is wrong.
    """
    shop = Shop(settings or Settings.read())
    app = Flask(__name__, static_folder=None)
    app.request_class = Request
    app.url_map.merge_slashes = False  # an unknown path is unknown, and not redirected
    app.extensions["shop"] = shop
    for each in shop.operations:
        app.add_url_rule(each.rule, each.name, each.view, methods=[each.method], provide_automatic_options=False)
    app.register_error_handler(Refusal, refuse)
    app.register_error_handler(DatabaseUnavailable, on_away)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(Exception, on_defect)
    app.after_request(shop.finish)
    return app

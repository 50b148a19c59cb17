"""The exercise passes at the real API, and finds out an API that has one defect."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import psycopg
import pytest
import urllib3
from flask import Flask, Response, request
from werkzeug.serving import WSGIRequestHandler, make_server

from lib.flask_api import exercise, exercise_calls
from lib.flask_api.app import create_app
from lib.local_cloud.names import HOST
from tests.support import flask_api
from tests.support.database import TestServer

# pylint: disable=redefined-outer-name

BASE = "shop_exercise"


class Quiet(WSGIRequestHandler):
    """Writes no log; keeps connections."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Be silent."""


@pytest.fixture(scope="module")
def database(postgres: TestServer) -> Iterator[Any]:
    """A database of this file's own, and a connection of the test's own."""
    settings = replace(flask_api.provide(postgres.server, BASE), db_pool_size=8)
    with flask_api.connect(postgres.server, BASE) as connection:
        yield settings, connection


@pytest.fixture
def app(database: Any) -> Iterator[Flask]:
    """The real application, with empty tables."""
    settings, connection = database
    flask_api.empty(connection)
    made = create_app(settings)
    made.extensions["shop"].database.open()
    yield made
    made.extensions["shop"].database.close()


@pytest.fixture
def sql(database: Any) -> psycopg.Connection[Any]:
    """A connection of the test's own."""
    return database[1]


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    """Where the application is served."""
    server = make_server(HOST, 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://{HOST}:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exercise_calls, "WAIT_SECONDS", 1.0)
    monkeypatch.setattr(exercise_calls, "PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(exercise_calls, "PAUSE_SECONDS", 0.01)


def run(url: str, report: Callable[[str], None] = lambda text: None, host: str | None = None) -> exercise.Mix:
    """Exercise a little."""
    return exercise.exercise(url, host, report, products=5, orders=60, clients=4)


def test_a_working_api_s_books_balance(url: str, sql: psycopg.Connection[Any]) -> None:
    """And the figures are those of the database."""
    mix = run(url)
    found = sql.execute(
        "SELECT count(*), sum(total) FILTER (WHERE status = 'placed'), count(*) FILTER (WHERE status = 'cancelled') "
        "FROM orders"
    ).fetchone()
    assert (mix.orders, Decimal(mix.revenue), mix.cancelled) == found
    assert (mix.products, mix.refused) == (5, 6)
    assert 55 <= mix.orders <= 60
    assert mix.repeated >= 3
    assert mix.cancelled >= 6
    assert 0 < mix.p50 <= mix.p95 <= mix.p99


def test_every_request_is_counted_by_its_status(url: str) -> None:
    """Good, repeated and bad ones."""
    mix = run(url)
    assert mix.requests.keys() >= {200, 201, 400, 409, 422}
    assert mix.requests[201] == mix.products + mix.orders + mix.repeated
    assert not [status for status in mix.requests if status >= 500]


def test_it_can_be_done_again(url: str) -> None:
    """What is there from before is left alone, and not counted."""
    first, second = run(url), run(url)
    assert first.orders == pytest.approx(second.orders, abs=3)


def test_progress_is_told(url: str) -> None:
    """While it happens."""
    heard: list[str] = []
    run(url, heard.append)
    assert heard == ["made 5 products", "shopped 25 of 60 times", "shopped 50 of 60 times", "checking the books"]


def test_the_host_is_sent_when_it_is_given(app: Flask, url: str) -> None:
    """A load balancer on loopback tells its listeners apart by it."""
    seen = set()
    app.before_request(lambda: seen.add(request.headers["Host"]))
    run(url, host="shop.example")
    assert seen == {"shop.example"}


def test_an_api_that_is_not_ready_is_waited_for(app: Flask, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a deployment."""
    states = iter([True, True])
    monkeypatch.setattr(app.extensions["shop"].health, "draining", lambda: next(states, False))
    heard: list[str] = []
    run(url, heard.append)
    assert sum(text.startswith(f"waiting for {url} (503 The server stops") for text in heard) == 2


def test_waiting_for_readiness_ends(app: Flask, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the last answer."""
    monkeypatch.setattr(app.extensions["shop"].health, "draining", lambda: True)
    with pytest.raises(exercise.ExerciseError, match=r"health/ready is not ready after 1 s \(last: 503 The server st"):
        run(url)


def test_nobody_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong URL, for example."""
    monkeypatch.setattr(exercise_calls, "WAIT_SECONDS", 0.0)
    with pytest.raises(exercise.ExerciseError, match=r"not ready after 0 s \(last: NewConnectionError\)"):
        run("http://127.0.0.1:1")


def tamper(app: Flask, rule: Callable[[Response], Any]) -> None:
    """Change answers on their way out."""

    def change(response: Response) -> Response:
        rule(response)
        return response

    app.after_request(change)


def test_an_outage_is_survived(app: Flask, url: str, sql: psycopg.Connection[Any]) -> None:
    """503 and pages of the load balancer are tried again, with the same key: nothing is ordered twice."""
    counter = iter(range(10**6))

    def away(response: Response) -> None:
        if request.method == "POST" and next(counter) % 7 == 0:
            response.status_code, response.data = 503, b"<html>try later</html>"

    tamper(app, away)
    mix = run(url)
    assert mix.requests[503] > 5
    assert sql.execute("SELECT count(*) FROM orders").fetchone() == (mix.orders,)


def test_an_outage_that_does_not_end_is_told(app: Flask, url: str) -> None:
    """With what was asked, and the last answer."""

    def away(response: Response) -> None:
        if request.path == "/orders":
            response.status_code = 503

    tamper(app, away)
    with pytest.raises(exercise.ExerciseError, match=r"^POST /orders is not answered within 1 s \(last: 503"):
        run(url)


def test_a_broken_connection_is_tried_again(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether or not the request arrived."""
    real, failures = urllib3.PoolManager.request, iter([True] * 3)

    def broken(self: Any, method: str, address: str, **others: Any) -> Any:
        answer = real(self, method, address, **others)
        if method == "POST" and next(failures, False):
            raise urllib3.exceptions.ProtocolError("cut")
        return answer

    monkeypatch.setattr(urllib3.PoolManager, "request", broken)
    assert run(url).orders >= 55


def when(path: str, method: str, change: Callable[[Any], Any]) -> Callable[[Response], None]:
    """Return a rule that changes the JSON of good answers to one kind of request."""

    def rule(response: Response) -> None:
        if request.path.startswith(path) and request.method == method and response.status_code < 300:
            body = json.loads(response.data)
            changed = change(body)
            response.data = json.dumps(changed if changed is not None else body)

    return rule


def status(path: str, method: str, old: int, new: int) -> Callable[[Response], None]:
    """Return a rule that changes a status."""

    def rule(response: Response) -> None:
        if request.path.startswith(path) and request.method == method and response.status_code == old:
            response.status_code = new

    return rule


NEW_IDS = iter(f"{number:08}-0000-7000-8000-000000000000" for number in range(10**6))
DEFECTS: dict[str, tuple[Callable[[Response], None], str]] = {
    "takes bad requests": (status("/orders", "POST", 422, 201), "answers 201 instead of 422"),
    "refuses good orders": (status("/orders", "POST", 201, 500), "An order is answered 500 instead of 201"),
    "refuses products": (status("/products", "POST", 201, 400), "POST /products answers 400 instead of 201"),
    "forgets keys": (
        when("/orders", "POST", lambda body: body.update(id=next(NEW_IDS))),
        "A repeated order is answered differently",
    ),
    "takes a key for another order": (status("/orders", "POST", 409, 201), "answers 201 instead of 409"),
    "gives everybody one order": (
        when("/orders", "POST", lambda body: body.update(id="0" * 8 + "-0000-7000-8000-000000000000")),
        "instead of 200",
    ),
    "lists too few": (when("/orders", "GET", lambda body: {**body, "items": body.get("items", [])[1:]}), "lost order"),
    "lists twice": (
        when("/orders", "GET", lambda body: {**body, "items": body["items"] * 2} if "next" in body else None),
        "is listed 2 times",
    ),
    "adds up wrongly": (
        when("/orders/", "GET", lambda body: body.update(total="0.01")),
        "placed 0.01 instead of placed",
    ),
    "does not cancel": (when("/orders/", "GET", lambda body: body.update(status="placed")), "instead of cancelled"),
    "loses stock": (when("/products/", "GET", lambda body: body.update(stock=body["stock"] - 1)), "stock of "),
}


@pytest.mark.parametrize("defect", list(DEFECTS))
def test_a_defect_is_found_out(app: Flask, url: str, defect: str) -> None:
    """Each by its own words."""
    rule, words = DEFECTS[defect]
    tamper(app, rule)
    with pytest.raises(exercise.ExerciseError, match=words):
        run(url)


def test_an_invented_order_is_found_out(app: Flask, url: str) -> None:
    """One that nobody placed, of a product that is ours."""
    ghost = iter([True])

    def rule(response: Response) -> None:
        if request.path == "/orders" and request.method == "GET" and next(ghost, False):
            body = json.loads(response.data)
            body["items"].append({**body["items"][0], "id": "ffffffff-0000-7000-8000-000000000000"})
            response.data = json.dumps(body)

    tamper(app, rule)
    with pytest.raises(exercise.ExerciseError, match="invented order ffffffff"):
        run(url)


def test_orders_that_share_an_id_are_found_out() -> None:
    """The API says that it placed two, and there is one."""
    order = exercise.Order({"id": "a", "total": "1.00"}, [], repeated=False, cancelled=False)

    class Call:
        def expect(self, *_: Any) -> dict[str, Any]:
            return {"id": "a", "items": [], "next": None, "total": "0", "status": "placed"}

    class Work:
        map = staticmethod(map)

    with pytest.raises(exercise.ExerciseError, match="the same id for several orders"):
        exercise.audit(Call(), {}, [order, order], Work())  # type: ignore[arg-type]


def test_bad_requests_are_of_many_kinds() -> None:
    """Each with the status that it deserves."""
    cases = [exercise.bad(number, "product") for number in range(10)]
    assert {case[0] for case in cases} == {400, 404, 405, 415, 422}
    assert exercise.bad(10, "product")[:3] == cases[0][:3]

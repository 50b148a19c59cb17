"""Whatever is wrong with a request, the answer is a problem in JSON that says so, and never a 5xx."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from lib.flask_api.app import api as module
from lib.flask_api.app import ids, models, problems
from tests.support import flask_api

# pylint: disable=redefined-outer-name

ID = "01936a5e-7c00-7000-8000-000000000000"


def send(api: Any, method: str, path: str, data: bytes, content_type: str = "application/json", **headers: str) -> Any:
    """Send raw bytes."""
    return api.app.test_client().open(path, method=method, data=data, content_type=content_type, headers=headers)


def problem(answer: Any, status: int) -> dict[str, Any]:
    """Return the problem, which has to be a whole one."""
    assert answer.status_code == status, answer.data
    assert answer.mimetype == problems.MEDIA_TYPE
    found = models.Problem.model_validate(answer.json)
    assert found.status == status
    assert found.request_id == answer.headers["X-Request-Id"]
    return dict(answer.json)


def pointed(answer: Any) -> dict[str, str]:
    """Return the errors of a 422 by where they are."""
    return {e.get("pointer", e.get("parameter")): e["detail"] for e in problem(answer, 422)["errors"]}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"name": }',
        b"\xff\xfe",
        b'"\xc3("',
        b'{"name": "\\ud800"}',
        b"[" * 20_000,
        b'{"stock": ' + b"9" * 10_000 + b"}",
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_no_json(api: Any, data: bytes) -> None:
    """400, and where it ends to be JSON."""
    assert "The body is not JSON: " in problem(send(api, "POST", "/products", data), 400)["detail"]


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_another_content_type(api: Any, content_type: str) -> None:
    """415, and which one would be right."""
    answer = send(api, "POST", "/products", b"{}", content_type)
    assert "application/json" in problem(answer, 415)["detail"]
    assert answer.headers["Accept"] == "application/json"


def test_a_content_type_may_have_parameters(api: Any) -> None:
    """Many clients write the charset."""
    data = json.dumps(flask_api.product()).encode()
    assert send(api, "POST", "/products", data, "Application/JSON; charset=utf-8").status_code == 201


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_long(api: Any, chunked: bool) -> None:
    """413, whether or not it says in advance how long it is."""
    data = b" " * (module.BODY_BYTES + 1)
    others: dict[str, Any] = {"environ_overrides": {"wsgi.input_terminated": True}} if chunked else {}
    answer = api.app.test_client().post("/products", data=data, content_type="application/json", **others)
    assert "longer than 32768 bytes" in problem(answer, 413)["detail"]


def test_a_body_of_just_the_length_is_read(api: Any) -> None:
    """The limit itself is allowed."""
    data = json.dumps(flask_api.product()).encode().ljust(module.BODY_BYTES)
    assert send(api, "POST", "/products", data).status_code == 201


@pytest.mark.parametrize("body", [[], "text", 1, None, True])
def test_a_body_that_is_no_object(api: Any, body: Any) -> None:
    """422, at the root."""
    assert pointed(send(api, "POST", "/products", json.dumps(body).encode())).keys() == {""}


@pytest.mark.parametrize("member", ["name", "price", "currency", "stock"])
def test_a_missing_member(api: Any, member: str) -> None:
    """It is named."""
    body = {name: value for name, value in flask_api.product().items() if name != member}
    assert pointed(api("POST", "/products", body)) == {f"/{member}": "Field required"}


def test_an_unknown_member(api: Any) -> None:
    """A misspelt name is an error, and not ignored."""
    assert pointed(api("POST", "/products", flask_api.product(prize="1.00"))).keys() == {"/prize"}
    assert pointed(api("PATCH", f"/products/{ID}", {"currency": "CHF"})).keys() == {"/currency"}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", ""),
        ("name", " cup"),
        ("name", "cup "),
        ("name", "c\x00up"),
        ("name", "c\nup"),
        ("name", "x" * 201),
        ("name", 1),
        ("name", None),
        ("name", ["cup"]),
        ("price", 12.5),
        ("price", 12),
        ("price", "12.5"),
        ("price", "12.5000"),
        ("price", "-1.00"),
        ("price", "01.00"),
        ("price", "100000000.00"),
        ("price", "1e2"),
        ("price", "NaN"),
        ("price", " 1.00"),
        ("price", "1.00\n"),
        ("price", "\u0661.00"),
        ("price", None),
        ("currency", "eur"),
        ("currency", "EURO"),
        ("currency", ""),
        ("currency", 978),
        ("stock", -1),
        ("stock", 1_000_001),
        ("stock", 1.5),
        ("stock", "1"),
        ("stock", True),
        ("stock", 10**100),
        ("stock", None),
    ],
)
def test_a_wrong_value_is_pointed_at(api: Any, member: str, value: Any) -> None:
    """In a new product and in a change, where it may be left out but not be null."""
    assert pointed(api("POST", "/products", flask_api.product(**{member: value}))).keys() == {f"/{member}"}
    if member != "currency":
        assert pointed(api("PATCH", f"/products/{ID}", {member: value})).keys() == {f"/{member}"}


@pytest.mark.parametrize("number", ["9" * 4000, "1e400", "-1e-400", "NaN", "Infinity"])
def test_a_strange_number(api: Any, number: str) -> None:
    """Some of these are no JSON by the book; they are refused by their place as well."""
    body = f'{{"name": "x", "price": "1.00", "currency": "EUR", "stock": {number}}}'
    assert pointed(send(api, "POST", "/products", body.encode())).keys() == {"/stock"}


def test_a_change_of_nothing(api: Any) -> None:
    """Most likely a mistake."""
    assert pointed(api("PATCH", f"/products/{ID}", {})) == {"": "give at least one of name, price and stock"}


@pytest.mark.parametrize(
    ("items", "pointer"),
    [
        ([], "/items"),
        ([{"product_id": ID, "quantity": 1}] * 101, "/items"),
        ({}, "/items"),
        ([ID], "/items/0"),
        ([{"product_id": ID}], "/items/0/quantity"),
        ([{"product_id": ID, "quantity": 0}], "/items/0/quantity"),
        ([{"product_id": ID, "quantity": 1001}], "/items/0/quantity"),
        ([{"product_id": ID, "quantity": 10**30}], "/items/0/quantity"),
        ([{"product_id": ID, "quantity": "1"}], "/items/0/quantity"),
        ([{"product_id": 7, "quantity": 1}], "/items/0/product_id"),
        ([{"product_id": f"urn:uuid:{ID}", "quantity": 1}], "/items/0/product_id"),
        ([{"product_id": "},{", "quantity": 1}], "/items/0/product_id"),
        ([{"product_id": ID, "quantity": 1, "price": "0.01"}], "/items/0/price"),
    ],
)
def test_a_wrong_order_is_pointed_at(api: Any, items: Any, pointer: str) -> None:
    """Down to the member."""
    answer = api("POST", "/orders", {"items": items}, Idempotency_Key="key")
    assert pointed(answer).keys() == {pointer}


@pytest.mark.parametrize("key", [None, "", " ", "a b", "k" * 256, "k\tk", "schlüssel"])
def test_a_missing_or_wrong_key(api: Any, key: str | None) -> None:
    """An order without one could not be sent again safely."""
    headers = {} if key is None else {"Idempotency_Key": key}
    found = problem(api("POST", "/orders", flask_api.order((ID, 1)), **headers), 400)
    assert found["errors"][0]["parameter"] == "Idempotency-Key"


@pytest.mark.parametrize("path", ["/products", "/orders"])
@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("limit=", "limit"),
        ("limit=1.5", "limit"),
        (f"limit={'9' * 5000}", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=%ff", "cursor"),
        ("cursor=AAAAAAAAAAAAAAAAAAAAAA%0A", "cursor"),
        (f"cursor={ID}", "cursor"),
        ("page=2", "page"),
        ("%00=", "\x00"),
    ],
)
def test_a_wrong_query(api: Any, path: str, query: str, parameter: str) -> None:
    """The parameter is named."""
    assert pointed(api("GET", f"{path}?{query}")).keys() == {parameter}


@pytest.mark.parametrize("name", ["\x00", "a\nb", "x" * 201])
def test_a_wrong_name_to_look_for(api: Any, name: str) -> None:
    """PostgreSQL takes no NUL."""
    assert pointed(api("GET", f"/products?name={quote(name)}")).keys() == {"name"}


@pytest.mark.parametrize(
    "text", ["1", "x", "%00", "%F0%9F%98%80", "%ff", f"{ID}%0A", f"{{{ID}}}", "0" * 36, "..", "'; DROP TABLE products"]
)
def test_what_is_no_id(api: Any, text: str) -> None:
    """404, and it is not repeated."""
    for method, path, body in (
        ("GET", f"/products/{text}", None),
        ("PATCH", f"/products/{text}", {"stock": 1}),
        ("GET", f"/orders/{text}", None),
        ("POST", f"/orders/{text}/cancel", None),
    ):
        assert problem(api(method, path, body), 404)["detail"].startswith(("This is no id", "There is nothing"))


@pytest.mark.parametrize(
    "path", ["/", "/product", "/products/", "//products", "/products/a/b", "/%2e%2e/", "/static/x"]
)
def test_an_unknown_path(api: Any, path: str) -> None:
    """404, and no redirection."""
    problem(api("GET", path), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/products", {"GET", "HEAD", "POST"}),
        ("POST", f"/products/{ID}", {"GET", "HEAD", "PATCH"}),
        ("OPTIONS", "/orders", {"GET", "HEAD", "POST"}),
        ("GET", f"/orders/{ID}/cancel", {"POST"}),
        ("BREW", "/health", {"GET", "HEAD"}),
    ],
)
def test_another_method(api: Any, method: str, path: str, allowed: set[str]) -> None:
    """405, and which ones would be right."""
    answer = api(method, path)
    problem(answer, 405)
    assert set(answer.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize("host", ["a b", "x:y", "[", "é", "x" * 300, ""])
def test_a_strange_host(api: Any, host: str) -> None:
    """The load balancer passes on what the client wrote."""
    answer = api.app.test_client().get("/health/live", headers={"Host": host})
    assert answer.status_code in (200, 400, 404)
    assert answer.is_json


def test_a_defect_is_told_to_the_log_and_not_to_the_caller(
    api: Any, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under one id; neither quotes what a customer sent."""

    def broken(text: str) -> None:
        raise ValueError(text)

    monkeypatch.setattr(ids, "valid", broken)
    answer = api("GET", "/products/hunter2", X_Request_Id="f47ac10b-58cc-4372-a567-0e02b2c3d479")
    found = problem(answer, 500)
    defect = next(line for line in lines() if line["message"] == "defect")
    assert (defect["type"], defect["request_id"], defect["sqlstate"]) == ("ValueError", found["request_id"], None)
    assert "in broken" in defect["stack"][-1]
    assert "hunter2" not in str(defect) + str(found)

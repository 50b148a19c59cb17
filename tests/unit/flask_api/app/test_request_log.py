"""One line for each request, with its id and without its content."""

from typing import Any

import pytest

from tests.support import flask_api


def requests(lines: Any) -> list[dict[str, Any]]:
    """Return the lines of requests."""
    return [line for line in lines() if line["logger"] == "shop.request" and line["message"] == "request"]


def test_a_request_has_one_line(api: Any, lines: Any) -> None:
    """What was asked by which route, what came of it, and how long it took."""
    product_id = api.product()
    api("GET", f"/products/{product_id}?")
    found = requests(lines)[-1]
    assert len(requests(lines)) == 2
    assert (found["method"], found["route"], found["status"]) == ("GET", "/products/{product_id}", 200)
    assert 0 < found["ms"] < 5000
    assert found["level"] == "info"


def test_a_refused_request_has_one_too(api: Any, lines: Any) -> None:
    """Unknown paths are not written: anybody can write anything into one."""
    api("GET", "/password=hunter2")
    (found,) = requests(lines)
    assert (found["route"], found["status"]) == (None, 404)
    assert "hunter2" not in str(found)


def test_no_content_is_logged(api: Any, lines: Any) -> None:
    """Neither bodies nor keys nor queries."""
    api("POST", "/products", flask_api.product(name="hunter2"))
    api("GET", "/products?name=hunter2")
    api("POST", "/orders", {"hunter2": 1}, Idempotency_Key="hunter2")
    assert len(requests(lines)) == 3
    assert "hunter2" not in str(lines())


def test_health_is_logged_for_debugging_only(api: Any, lines: Any) -> None:
    """The load balancer asks all the time."""
    for path in ("/health", "/health/live", "/health/ready"):
        api("GET", path)
    assert [line["level"] for line in requests(lines)] == ["debug"] * 3


TRACE = "Root=1-67891233-abcdef012345678912345678;Self=1-67891234-12456789abcdef012345678"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X_Amzn_Trace_Id": TRACE, "X_Request_Id": "the-caller-s-own"}, TRACE),
        ({"X_Request_Id": "the-caller-s-own"}, "the-caller-s-own"),
        ({"X_Amzn_Trace_Id": "bad id", "X_Request_Id": "the-caller-s-own"}, "the-caller-s-own"),
    ],
)
def test_a_given_id_is_kept(api: Any, lines: Any, headers: dict[str, str], expected: str) -> None:
    """The load balancer's before the caller's."""
    assert api("GET", "/products", **headers).headers["X-Request-Id"] == expected
    assert requests(lines)[-1]["request_id"] == expected


@pytest.mark.parametrize("given", ["", "short", "x" * 129, 'quote"injected', "line\tbreak", "<script>", "ümlaut-id"])
def test_a_strange_id_is_replaced(api: Any, given: str) -> None:
    """What goes into logs and answers is of bounded length and of harmless characters."""
    answer = api("GET", "/products", X_Request_Id=given).headers["X-Request-Id"]
    assert answer != given
    assert len(answer) == 32


def test_every_answer_has_its_own_id(api: Any) -> None:
    """Good ones and others."""
    found = [api("GET", path).headers["X-Request-Id"] for path in ("/products", "/products", "/nowhere")]
    assert len(set(found)) == 3

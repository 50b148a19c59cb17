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


UUID = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
CARD = "4111111111111111"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X_Amzn_Trace_Id": TRACE, "X_Request_Id": UUID}, TRACE),
        (
            {"X_Amzn_Trace_Id": f"{TRACE};Parent=53995c3f42cd8ad8;Sampled=1"},
            f"{TRACE};Parent=53995c3f42cd8ad8;Sampled=1",
        ),
        ({"X_Request_Id": UUID}, UUID),
        ({"X_Request_Id": UUID.upper()}, UUID.upper()),
        ({"X_Request_Id": UUID.replace("-", "")}, UUID.replace("-", "")),
        ({"X_Amzn_Trace_Id": "bad id", "X_Request_Id": UUID}, UUID),
        ({"X_Amzn_Trace_Id": "Sampled=1", "X_Request_Id": UUID}, UUID),
    ],
)
def test_a_given_id_is_kept(api: Any, lines: Any, headers: dict[str, str], expected: str) -> None:
    """The load balancer's before the caller's."""
    assert api("GET", "/products", **headers).headers["X-Request-Id"] == expected
    assert requests(lines)[-1]["request_id"] == expected


@pytest.mark.parametrize("field", ["CalledFrom=app", f"Card={CARD}", "Sampled=9", "Root=1", ""])
def test_of_a_trace_that_is_kept_which_the_load_balancer_writes(api: Any, lines: Any, field: str) -> None:
    """It passes on what a caller puts between: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/."""
    answer = api("GET", "/products", X_Amzn_Trace_Id=f"{TRACE};{field}")
    assert answer.headers["X-Request-Id"] == requests(lines)[-1]["request_id"] == TRACE


@pytest.mark.parametrize("given", ["", "short", "x" * 129, 'quote"injected', "line\tbreak", "<script>", "ümlaut-id"])
def test_a_strange_id_is_replaced(api: Any, given: str) -> None:
    """What goes into logs and answers is of bounded length and of harmless characters."""
    answer = api("GET", "/products", X_Request_Id=given).headers["X-Request-Id"]
    assert answer != given
    assert len(answer) == 32


@pytest.mark.parametrize(
    "text",
    [
        CARD,
        "4111-1111-1111-1111",
        f"order:{CARD}",
        CARD.rjust(32, "0"),
        f"{CARD.ljust(32, '7')}",
        f"00000000-{CARD[:4]}-{CARD[4:8]}-{CARD[8:12]}-{CARD[12:].ljust(12, '0')}",
        f"Root=1-67891233-{CARD.ljust(24, '0')}",
        f"Root=1-67891233-{CARD.ljust(24, '0')};Self=1-67891233-{CARD.ljust(24, '1')};Parent={CARD}",
    ],
)
@pytest.mark.parametrize("name", ["X_Request_Id", "X_Amzn_Trace_Id"])
def test_a_card_number_is_no_id(api: Any, lines: Any, name: str, text: str) -> None:
    """Whoever writes it there does so by mistake, and it would stay in the log and in the answer."""
    answer = api("GET", "/products", **{name: text}).headers["X-Request-Id"]
    assert len(answer) == 32
    kept = "".join(sign for sign in answer + str(lines()) if sign != "-")
    assert CARD not in kept
    assert text not in kept


def test_a_method_that_a_caller_has_made_up_is_not_logged(api: Any, lines: Any) -> None:
    """Any name may be one by the grammar of HTTP, digits too; those of the standard are told apart."""
    api(CARD, "/products")
    api("DELETE", "/products")
    assert [line["method"] for line in requests(lines)] == ["other", "DELETE"]
    assert CARD not in str(lines())


@pytest.mark.parametrize("header", ["User-Agent", "Referer", "Cookie", "Authorization", "X-Forwarded-For", "Host"])
def test_no_other_header_is_logged(api: Any, lines: Any, header: str) -> None:
    """Nor the query, nor the path."""
    api("GET", f"/products/{CARD}?name={CARD}", **{header.replace("-", "_"): CARD})
    assert len(requests(lines)) == 1
    assert CARD not in str(lines())


def test_every_answer_has_its_own_id(api: Any) -> None:
    """Good ones and others."""
    found = [api("GET", path).headers["X-Request-Id"] for path in ("/products", "/products", "/nowhere")]
    assert len(set(found)) == 3

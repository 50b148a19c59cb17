"""API Gateway and a load balancer reach the same code, and each gets the answer in its own shape."""

import base64
import json

import pytest

from tests.support import functions
from tests.support import payment as support
from tests.support.payment import payment


@pytest.fixture
def invoke(api):
    """Invokes the handler and returns its answer as it is."""
    return lambda event: api.modules.handler.handler(event, functions.Context())


def test_api_gateway_gets_what_its_proxy_takes(invoke):
    answer = invoke(support.event("POST", "/payments", payment(), key="key"))
    assert answer.keys() == {"statusCode", "headers", "body", "isBase64Encoded"}
    assert answer["statusCode"] == 201
    assert answer["isBase64Encoded"] is False
    assert all(isinstance(value, str) for value in [answer["body"], *answer["headers"].values()])
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert answer["headers"]["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("path", "text"), [("/health", "200 OK"), ("/nowhere", "404 Not Found")])
@pytest.mark.parametrize("lists", [True, False])
def test_a_load_balancer_gets_what_it_takes(invoke, path, text, lists):
    """A description of the status, and lists of values only when it sends lists."""
    answer = invoke(support.balancer_event("GET", path, lists=lists))
    headers = "multiValueHeaders" if lists else "headers"
    assert answer.keys() == {"statusCode", "statusDescription", headers, "body", "isBase64Encoded"}
    assert answer["statusDescription"] == text
    kind = answer[headers]["Content-Type"]
    assert (kind[0] if lists else kind).startswith("application/")


@pytest.mark.parametrize("lists", [True, False])
def test_a_payment_through_a_load_balancer_is_the_same_payment(api, sql, lists):
    event = support.balancer_event("POST", "/payments", payment(), key="key", lists=lists)
    first = api.send(event)
    assert first.status == 201
    assert api.send(event).text == first.text
    assert sql.run("SELECT count(*) FROM payments") == [[1]]


def test_a_body_in_base64_is_the_same_body(api):
    event = support.balancer_event("POST", "/payments", payment(), key="key")
    coded = {**event, "body": base64.b64encode(json.dumps(payment()).encode()).decode(), "isBase64Encoded": True}
    assert api.send(coded).text == api.send(event).text


@pytest.mark.parametrize("name", ["Idempotency-Key", "idempotency-key", "IDEMPOTENCY-KEY"])
def test_a_header_s_name_is_written_in_any_case(api, name):
    event = support.event("POST", "/payments", payment(), headers={name: "key"})
    assert api.send(event).status == 201


@pytest.mark.parametrize(
    "absent",
    [{"headers": None, "multiValueHeaders": None}, {"requestContext": None}, {"body": None}, {"headers": {"x": None}}],
)
def test_what_may_be_absent_may_be_absent(api, absent):
    """API Gateway's own test console sends nulls."""
    assert api.send({**support.event("GET", "/health"), **absent}).status == 200


@pytest.mark.parametrize("empty", ["headers", "multiValueHeaders"])
def test_a_header_in_one_of_two_shapes_is_enough(api, empty):
    """Whichever a test console or a client of the function fills in."""
    assert api.send({**support.event("POST", "/payments", payment(), key="key"), empty: {}}).status == 201


def test_an_event_of_somebody_else_is_an_error(invoke):
    """It is no request, so there is nobody to answer."""
    with pytest.raises(KeyError, match="path"):
        invoke({"action": "report"})

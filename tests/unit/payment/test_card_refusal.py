"""A card number anywhere in a request is refused, never echoed, stored or logged."""

import base64
import json
import re

import pytest

from tests.support import payment as support
from tests.support.payment import VISA, payment

SPACED, DASHED = "4111 1111 1111 1111", "4111-1111-1111-1111"
ESCAPED = "".join(f"\\u00{ord(sign):02x}" for sign in VISA)


def body(**members):
    """Return the text of a payment's body."""
    return json.dumps(payment(**members))


REQUESTS = {
    "token": ("POST", "/payments", {"body": body(payment_method=f"tok_{VISA}"), "key": "key"}),
    "reference": ("POST", "/payments", {"body": body(reference=SPACED), "key": "key"}),
    "amount": ("POST", "/payments", {"body": body(amount=VISA), "key": "key"}),
    "a name": ("POST", "/payments", {"body": body(**{DASHED: "x"}), "key": "key"}),
    "a nested name": ("POST", "/payments", {"body": body(reference={"a": [{VISA: 1}]}), "key": "key"}),
    "a number": ("POST", "/payments", {"body": body(card=int(VISA)), "key": "key"}),
    "a float": ("POST", "/payments", {"body": body(card=float(VISA)), "key": "key"}),
    "an exponent": ("POST", "/payments", {"body": '{"card": 4.222222222222E12}', "key": "key"}),
    "a small exponent": ("POST", "/payments", {"body": '{"card": 4000001E9}', "key": "key"}),
    "escapes": ("POST", "/payments", {"body": '{"card": "' + ESCAPED + '"}', "key": "key"}),
    "an escaped name": ("POST", "/payments", {"body": '{"' + ESCAPED + '": 1}', "key": "key"}),
    "an expiry date behind it": ("POST", "/payments", {"body": body(reference=f"{VISA} 12 27"), "key": "key"}),
    "no JSON": ("POST", "/payments", {"body": f"card={DASHED}", "key": "key"}),
    "a body of GET": ("GET", "/health", {"body": VISA}),
    "the key": ("POST", "/payments", {"body": body(), "key": f"order_{VISA}"}),
    "the key of a refund": ("POST", "/payments/x/refunds", {"body": "{}", "key": SPACED}),
    "the path": ("GET", f"/payments/{VISA}", {}),
    "an unknown path": ("GET", f"/cards/{DASHED}/x", {}),
    "an escaped path": ("GET", "/payments/" + "".join(f"%{ord(sign):x}" for sign in VISA), {}),
    "a path escaped five times": ("GET", f"/payments/%25252525{VISA}", {}),
    "a path escaped more often than is looked": ("GET", f"/payments/{VISA}%{'25' * 20}41", {}),
    "a path escaped twice": ("GET", "/payments/" + "".join(f"%25{ord(sign):x}" for sign in VISA), {}),
    "a value of the query": ("GET", "/health", {"query": {"card": VISA}}),
    "a name of the query": ("GET", "/health", {"query": {DASHED: ""}}),
    "an escaped query": ("GET", "/health", {"query": {"card": SPACED.replace(" ", "+")}}),
    "the method": (VISA, "/health", {}),
}


def secret(text):
    """Tell whether a text holds the digits of a card number of this file, whatever stands between them."""
    digits = re.sub(r"[^0-9a-zA-Z:]", "", text)
    return (
        VISA in digits
        or "4222222222222" in digits
        or "4000001000000000" in digits
        or ESCAPED in text.replace("\\\\", "\\")
    )


def test_a_trace_would_be_seen():
    assert all(map(secret, (VISA, SPACED, DASHED, f"x{VISA}x", json.dumps({"a": ESCAPED}), f'"{ESCAPED}"')))
    assert not secret("4111 1111 1111")


@pytest.mark.parametrize("where", REQUESTS)
def test_it_is_refused_and_leaves_no_trace(api, sql, lines, metrics, bucket, where):
    method, path, options = REQUESTS[where]
    answer = api(method, path, **options)
    assert (answer.status, answer.body["code"]) == (422, "card_number")
    assert metrics() == {"Refused": 1, "CardNumbersRefused": 1}
    (line,) = lines()
    assert (line["level"], line["code"]) == ("WARNING", "card_number")
    assert line["where"] in ("body", "key", "path", "query", "header", "method")
    assert not secret(json.dumps(line) + answer.text + json.dumps(answer.headers))
    assert support.everything(sql).count("[]") == len(support.TABLES)
    assert bucket.calls == []


@pytest.mark.parametrize("text", [VISA, SPACED, DASHED])
@pytest.mark.parametrize("lists", [True, False])
def test_a_load_balancer_brings_none_either(api, text, lists):
    """Its query is escaped, its body may be in Base64."""
    balanced = support.balancer_event
    encoded = balanced("POST", "/payments", "", lists=lists, key="key", isBase64Encoded=True)
    encoded["body"] = base64.b64encode(body(reference=text).encode()).decode()
    for event in (
        encoded,
        balanced("GET", "/health", lists=lists, query={"card": text.replace(" ", "%20")}),
        balanced("GET", "/health", lists=lists, headers={"User-Agent": f"shop {text}"}),
        balanced("GET", "/health", lists=lists, headers={"X-Amzn-Trace-Id": f"Root=1-67891233-a;card={text}"}),
        balanced("POST", "/payments", payment(), lists=lists, key=text),
    ):
        assert api.send(event).body["code"] == "card_number"


def test_only_one_of_several_values_has_it(api):
    event = support.event("GET", "/health", headers={"Idempotency-Key": "1"}, query={"a": "1"})
    for shape in ("multiValueHeaders", "multiValueQueryStringParameters"):
        changed = {**event, shape: {"Idempotency-Key": ["1", VISA, "2"]}}
        assert api.send(changed).body["code"] == "card_number"
    assert api.send(event).status == 200


def test_where_it_stood_is_logged(api, lines):
    for where in ("token", "the key", "the path", "a name of the query", "the method"):
        method, path, options = REQUESTS[where]
        api(method, path, **options)
    assert [line["where"] for line in lines()] == ["body", "key", "path", "query", "method"]


INSTRUMENTED = {
    "x-datadog-trace-id": "7277407061855694839",
    "x-datadog-parent-id": "4111111111111111",
    "X-Cloud-Trace-Context": "105445aa7843bc8bf206b12000100000/4111111111111111;o=1",
    "newrelic": "4111111111111111",
    "X-Request-Start": "t=4111111111111111",
    "X-Amzn-Trace-Id": "Root=1-67891233-41111111111111111a345678;Self=1-67891234-1234567890123452abcdef01",
    "traceparent": "00-4111111111111111aaaaaaaaaaaaaaaa-b7ad6b7169203331-01",
    "Via": "2.0 4111111111111111a.cloudfront.net",
    "Authorization": "AWS4-HMAC-SHA256 Signature=" + "4111111111111111" * 3 + "abcdef0123456789",
    "User-Agent": "Mozilla/5.0 (X11) Chrome/131.0.6778.139 Safari/537.36",
}


def test_callers_that_trace_their_requests_can_pay(api):
    key = "14111111-1111-4111-8111-11111111111a"
    assert api("POST", "/payments", payment(reference=key), key=key, headers=INSTRUMENTED).status == 201


@pytest.mark.parametrize("name", sorted(INSTRUMENTED))
def test_a_load_balancer_s_callers_can_pay_too(api, name):
    event = support.balancer_event("POST", "/payments", payment(), headers={name: INSTRUMENTED[name]}, key="key")
    assert api.send(event).status == 201


def test_an_unexpected_error_does_not_quote_what_was_sent(api, lines, monkeypatch):
    """Its message is neither answered nor logged: it is made of values more often than not."""

    def broken(*_arguments, **_options):
        raise ValueError(f"bad value: {VISA}")

    monkeypatch.setattr(api.modules.handler.payments, "capture", broken)
    answer = api.pay("key")
    assert (answer.status, answer.body["code"], answer.body["request_id"]) == (500, "internal", "test")
    (line,) = lines()
    assert line["level"] == "ERROR"
    assert line["cause"] == "ValueError"
    assert any(place.startswith(__file__) for place in line["places"])
    assert not secret(json.dumps(line["cause"]) + answer.text)
    assert VISA not in json.dumps(line)

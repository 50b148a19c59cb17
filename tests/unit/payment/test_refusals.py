"""Each failure has its own status and code, a problem body, one line in the log, and stores nothing."""

import base64
import json

import pytest

from tests.support import payment as support
from tests.support.payment import payment

MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}
LEAKS = "Zq7leak"


def refused(api, sql, lines, status, code, *sent, **options):
    """Send a request and return the answer, which has to be this refusal."""
    answer = api(*sent, **options)
    assert (answer.status, answer.body["status"], answer.body["code"]) == (status, status, code)
    assert MEMBERS <= answer.body.keys() <= MEMBERS | {"errors"}
    assert answer.body["type"] == f"urn:tap:payment:{code}"
    assert answer.headers["content-type"] == "application/problem+json"
    (line,) = lines()
    assert (line["message"], line["code"], line["status"]) == ("refused", code, status)
    assert line["level"] == ("WARNING" if status < 500 else "ERROR")
    assert LEAKS not in json.dumps(line) + answer.text
    assert support.everything(sql).count("[]") == len(support.TABLES)
    return answer


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[1, 2",
        '{"amount": NaN}',
        '{"amount": "1.00", "amount": "2.00"}',
        "\ud800",
        '{"a": 1} x',
        "[" * 10_000,
        '{"x": {"y": 1, "y": 2}}',
        "\ufeff{}",
    ],
)
def test_what_is_no_json_is_refused(api, sql, lines, body):
    """A name that occurs twice too: who reads the first one sees another payment than who reads the last one."""
    refused(api, sql, lines, 400, "invalid_json", "POST", "/payments", body, key="key")


def test_a_body_that_is_no_utf_8_is_refused(api, lines):
    body = json.dumps(payment()).encode("utf-16")
    event = support.event("POST", "/payments", "", key="key", isBase64Encoded=True)
    event["body"] = base64.b64encode(body).decode()
    answer = api.send(event)
    assert (answer.status, answer.body["code"]) == (400, "invalid_json")
    event["body"] = "no base64!"
    assert api.send(event).body["code"] == "invalid_json"
    assert len(lines()) == 2


@pytest.mark.parametrize("missing", ["amount", "currency", "payment_method"])
def test_a_missing_field_is_named(api, sql, lines, missing):
    body = payment()
    del body[missing]
    answer = refused(api, sql, lines, 422, "invalid_request", "POST", "/payments", body, key="key")
    assert answer.body["errors"] == [{"pointer": "#", "detail": f"{missing} is missing."}]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", 12.5),
        ("amount", 12),
        ("amount", None),
        ("amount", ["1.00"]),
        ("amount", "-1.00"),
        ("amount", "1e3"),
        ("amount", "1,00"),
        ("amount", "007.00"),
        ("amount", "1.00\n"),
        ("amount", LEAKS),
        ("amount", True),
        ("currency", "eur"),
        ("currency", "EURO"),
        ("currency", 978),
        ("currency", LEAKS),
        ("payment_method", "visa"),
        ("payment_method", "tok_1"),
        ("payment_method", "tok_" + LEAKS + "-"),
        ("payment_method", {"card": LEAKS}),
        ("payment_method", "tok_" + "x" * 65),
        ("reference", ""),
        ("reference", "x" * 65),
        ("reference", LEAKS + "<"),
        ("reference", None),
        ("reference", 7),
    ],
)
def test_a_wrong_field_is_named_with_what_it_should_be(api, sql, lines, name, value):
    body = payment(**{name: value})
    answer = refused(api, sql, lines, 422, "invalid_request", "POST", "/payments", body, key="key")
    ((error),) = answer.body["errors"]
    schema = api.modules.request_validation.SCHEMAS["payment"]["properties"][name]
    assert error == {"pointer": f"#/{name}", "detail": schema["description"]}


def test_an_unknown_field_is_refused_and_not_repeated(api, sql, lines):
    body = payment(**{LEAKS: LEAKS})
    answer = refused(api, sql, lines, 422, "invalid_request", "POST", "/payments", body, key="key")
    assert answer.body["errors"] == [
        {"pointer": "#", "detail": "Only these are known: amount, currency, payment_method, reference."}
    ]


@pytest.mark.parametrize("body", ["[]", "null", '"x"', "1", "1e99999999999999999999", "true", "-0.0"])
def test_what_is_no_object_is_refused(api, sql, lines, body):
    answer = refused(api, sql, lines, 422, "invalid_request", "POST", "/payments", body, key="key")
    assert answer.body["errors"] == [
        {"pointer": "#", "detail": "Send an object with amount, currency, payment_method."}
    ]


def test_a_refund_has_a_schema_of_its_own(api):
    payment_id = api.pay("key").body["id"]
    path = f"/payments/{payment_id}/refunds"
    for body, pointer in ((payment(), "#"), ({"amount": "1.00"}, "#"), ({"amount": 1, "currency": "EUR"}, "#/amount")):
        answer = api("POST", path, body, key="refund")
        assert (answer.body["code"], answer.body["errors"][0]["pointer"]) == ("invalid_request", pointer)
    answer = api.refund(payment_id, "refund", "1.00", reason="because")
    assert answer.body["errors"][0]["detail"] == "Why. One of: duplicate, fraudulent, requested_by_customer."


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"currency": "XXX"}, "unknown_currency"),
        ({"amount": "1.005"}, "amount_precision"),
        ({"amount": "1.5", "currency": "JPY"}, "amount_precision"),
        ({"amount": "0.00"}, "amount_out_of_range"),
        ({"amount": "20000000000.00"}, "amount_out_of_range"),
    ],
)
def test_money_that_cannot_be_is_refused(api, sql, lines, change, code):
    answer = refused(api, sql, lines, 422, code, "POST", "/payments", payment(**change), key="key")
    assert answer.body["detail"]


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_key_nothing_is_paid(api, sql, lines, key):
    refused(api, sql, lines, 400, "idempotency_key_missing", "POST", "/payments", payment(), key=key)


@pytest.mark.parametrize("key", ["x" * 256, "two words", "schlüssel", "tab\t", "\x7f"])
def test_a_key_that_is_none_is_refused(api, sql, lines, key):
    refused(api, sql, lines, 400, "idempotency_key_invalid", "POST", "/payments", payment(), key=key)


def test_two_keys_are_none(api):
    event = support.event("POST", "/payments", payment(), key="one")
    event["multiValueHeaders"]["Idempotency-Key"] = ["one", "two"]
    assert api.send(event).body["code"] == "idempotency_key_invalid"
    event["multiValueHeaders"]["Idempotency-Key"] = ["one", "one"]
    assert api.send(event).status == 201


@pytest.mark.parametrize("key", ["x" * 255, "!~", '"550e8400-e29b-41d4-a716-446655440000"'])
def test_every_other_key_is_taken(api, key):
    assert api.pay(key).status == 201


@pytest.mark.parametrize("path", ["/", "", "/payment", "/payments/x/refund", "/payments/x/refunds/y", f"/{LEAKS}"])
def test_an_unknown_path_is_told_which_there_are(api, sql, lines, path):
    answer = refused(api, sql, lines, 404, "not_found", "GET", path)
    assert answer.body["detail"] == "There are: /payments, /payments/{id}, /payments/{id}/refunds, /health."


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/payments", "POST"),
        ("DELETE", "/payments/x", "GET"),
        ("GET", "/payments/x/refunds", "POST"),
        ("POST", "/health", "GET"),
        ("OPTIONS", "/payments", "POST"),
        (LEAKS, "/payments", "POST"),
    ],
)
def test_a_wrong_method_is_told_the_right_one(api, sql, lines, method, path, allowed):
    answer = refused(api, sql, lines, 405, "method_not_allowed", method, path)
    assert answer.headers["allow"] == allowed


def test_a_large_body_is_not_read(api, sql, lines):
    body = json.dumps(payment(reference="x" * 17_000))
    refused(api, sql, lines, 413, "body_too_large", "POST", "/payments", body, key="key")
    small = json.dumps(payment()).ljust(16 * 1024)
    assert api("POST", "/payments", small, key="key").status == 201


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x"])
def test_another_media_type_is_refused(api, sql, lines, media_type):
    headers = {"Content-Type": media_type}
    refused(api, sql, lines, 415, "unsupported_media_type", "POST", "/payments", payment(), key="key", headers=headers)


@pytest.mark.parametrize("media_type", ["application/json", "Application/JSON; charset=utf-8", ""])
def test_json_by_any_name_is_taken(api, media_type):
    answer = api("POST", "/payments", payment(), key="key", headers={"Content-Type": media_type})
    assert answer.status == 201


def test_refusals_are_counted_by_code(api, capsys):
    """Once for the service and once for the code, in one line."""
    api("GET", "/nowhere")
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["service"], ["service", "code"]]
    assert (line["service"], line["code"], line["Refused"]) == ("payment-api", "not_found", [1.0])
    api.pay("key")
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]


def test_the_codes_are_documented_once(api):
    """Each has a status that fits, and a title that nothing else has."""
    codes = api.modules.problem_types.CODES
    assert {kind.status for kind in codes.values()} == {400, 404, 405, 409, 413, 415, 422, 500, 503}
    assert len({kind.title for kind in codes.values()}) == len(codes)

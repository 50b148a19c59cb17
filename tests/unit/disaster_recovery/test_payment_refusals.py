"""What is no payment is refused with its own code, stores nothing, and is repeated nowhere."""

import base64
import json

import pytest

from tests.support.disaster_recovery import two_regions as world
from tests.support.disaster_recovery.two_regions import VISA, payment

LEAK = "Zq7leak"


def refused(api, status, code, *sent, **options):
    """Send a request and return its answer, which has to be this refusal."""
    answer = api(*sent, **options)
    assert (answer.status, answer.body["status"], answer.body["code"]) == (status, status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.body["type"] == f"urn:tap:disaster-recovery:{code}"
    assert {"title", "detail", "request_id"} < answer.body.keys()
    (line,) = api.lines()
    assert (line["message"], line["level"], line["code"]) == ("refused", "WARNING", code)
    for text in (LEAK, VISA):
        assert text not in answer.text + json.dumps(line)
    assert api.stored() == {}
    return answer


@pytest.mark.parametrize(
    "body", [None, "", "{", "[1, 2", '{"a": 1} x', "[" * 4000, "\ufeff{}", "\ud800"], ids=lambda body: str(body)[:9]
)
def test_what_is_no_json_is_refused(payment_home, body):
    refused(payment_home, 400, "invalid_json", "POST", "/payments", body, key="key")


def test_a_body_in_base64_is_read(payment_home):
    body = base64.b64encode(json.dumps(payment()).encode()).decode()
    assert payment_home("POST", "/payments", body, key="key", isBase64Encoded=True).status == 201
    for wrong in ("no base64!", base64.b64encode("{}".encode("utf-16")).decode()):
        answer = payment_home("POST", "/payments", wrong, key="key", isBase64Encoded=True)
        assert answer.body["code"] == "invalid_json"


@pytest.mark.parametrize("name", ["amount", "currency", "token"])
def test_what_is_missing_is_named(payment_home, name):
    body = payment()
    del body[name]
    answer = refused(payment_home, 422, "invalid_request", "POST", "/payments", body, key="key")
    assert answer.body["errors"] == [{"pointer": "#", "detail": f"{name} is missing."}]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", 12.5),
        ("amount", None),
        ("amount", "-1"),
        ("amount", "1e3"),
        ("amount", "007"),
        ("amount", "1\n"),
        ("amount", "NaN"),
        ("amount", "1000000000000"),
        ("amount", LEAK),
        ("currency", "eur"),
        ("currency", 978),
        ("currency", LEAK),
        ("token", "visa"),
        ("token", "tok_" + "x" * 65),
        ("token", f"tok_{LEAK}-"),
        ("token", {"card": LEAK}),
        ("drill", ""),
        ("drill", "a b"),
        ("drill", "x" * 41),
        ("drill", None),
        ("drill", LEAK + "/"),
    ],
)
def test_a_wrong_value_is_named_and_not_repeated(payment_home, name, value):
    answer = refused(payment_home, 422, "invalid_request", "POST", "/payments", payment(**{name: value}), key="key")
    schema = payment_home.modules.payment_request.BODY.schema["properties"][name]
    assert answer.body["errors"] == [{"pointer": f"#/{name}", "detail": schema["description"]}]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"currency": "XXX"}, "unknown_currency"),
        ({"amount": "1.005"}, "amount_precision"),
        ({"amount": "0"}, "amount_out_of_range"),
        ({"amount": "0.00"}, "amount_out_of_range"),
        ({"amount": "99999999999"}, "amount_out_of_range"),
    ],
)
def test_money_that_cannot_be_is_refused(payment_home, change, code):
    assert refused(payment_home, 422, code, "POST", "/payments", payment(**change), key="key").body["detail"]


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml"])
def test_another_media_type_is_refused(payment_home, media_type):
    headers = {"Idempotency-Key": ["key"], "Content-Type": [media_type]}
    sent = ("POST", "/payments", payment())
    refused(payment_home, 415, "unsupported_media_type", *sent, multiValueHeaders=headers)


@pytest.mark.parametrize("body", [[], "text", 7, None, payment(pan=LEAK)])
def test_another_shape_is_refused(payment_home, body):
    sent = json.dumps(body)
    answer = refused(payment_home, 422, "invalid_request", "POST", "/payments", sent, key="key")
    assert "amount, currency, token" in answer.body["errors"][0]["detail"]


def test_a_name_that_occurs_twice_is_refused(payment_home):
    body = json.dumps(payment())[:-1] + ', "amount": "1.00"}'
    refused(payment_home, 400, "invalid_json", "POST", "/payments", body, key="key")


@pytest.mark.parametrize(
    ("amount", "currency", "exact"),
    [("1", "JPY", "1"), ("1", "KWD", "1.000"), ("0.001", "KWD", "0.001"), ("9999999999.99", "EUR", "9999999999.99")],
)
def test_an_amount_has_the_decimals_of_its_currency(payment_home, amount, currency, exact):
    assert payment_home.pay("key", amount=amount, currency=currency).body["amount"] == exact


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        ("1.0", "JPY", "amount_precision"),
        ("1.00", "ISK", "amount_precision"),
        ("999999999999", "KWD", "amount_out_of_range"),
    ],
)
def test_an_amount_that_its_currency_has_not_is_refused(payment_home, amount, currency, code):
    refused(payment_home, 422, code, "POST", "/payments", payment(amount=amount, currency=currency), key="key")


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_key_nothing_is_paid(payment_home, key):
    refused(payment_home, 400, "idempotency_key_missing", "POST", "/payments", payment(), key=key)


@pytest.mark.parametrize("key", [" ", "a b", "ä", "x" * 256, "a\n"])
def test_what_is_no_key_is_refused(payment_home, key):
    refused(payment_home, 400, "idempotency_key_invalid", "POST", "/payments", payment(), key=key)


@pytest.mark.parametrize(
    ("values", "code"), [(["a", "b"], "invalid"), ([], "missing"), (None, "missing"), ([None], "missing")]
)
def test_the_header_counts_once(payment_home, values, code):
    headers = {"idempotency-KEY": values}
    code = f"idempotency_key_{code}"
    refused(payment_home, 400, code, "POST", "/payments", payment(), multiValueHeaders=headers)


def test_headers_without_lists_are_read_too(payment_home):
    sent = world.event("POST", "/payments", payment(), key="key")
    assert payment_home.send({**sent, "multiValueHeaders": None}).status == 201
    assert (
        payment_home.send({**sent, "multiValueHeaders": None, "headers": None}).body["code"]
        == "idempotency_key_missing"
    )


def test_a_large_body_is_refused(payment_home):
    refused(payment_home, 413, "body_too_large", "POST", "/payments", " " * 4097, key="key")


@pytest.mark.parametrize(
    "sent",
    [
        payment(token="tok_" + VISA),
        payment(token=f"tok_x{VISA}1225"),
        payment(drill=VISA),
        {VISA: 1},
        int(VISA),
        f"card {VISA[:4]} {VISA[4:8]}-{VISA[8:12]}\u00a0{VISA[12:]}",
        json.dumps(payment(token=VISA)),
        '{"amount": "1", "currency": "EUR", "token": "tok_' + "".join(f"\\u{ord(sign):04x}" for sign in VISA) + '"}',
        "4" + "1" * 15,
        "4222222222222",
        "6205500000000000004",
        payment(drill="378282-246310005"),
    ],
    ids=str,
)
def test_a_card_number_is_refused(payment_home, sent, capsys):
    refused(payment_home, 422, "card_number", "POST", "/payments", sent, key="key")
    assert "CardNumbersRefused" in capsys.readouterr().out


@pytest.mark.parametrize("key", [VISA, f"order-{VISA}", "4111-1111-1111-1111"])
def test_a_card_number_for_a_key_is_refused(payment_home, key):
    refused(payment_home, 422, "card_number", "POST", "/payments", payment(), key=key)


@pytest.mark.parametrize("key", ["1" * 19, "0" * 12, "2026-11-23-0000", "411111111111-x-1111", "order-5500"])
def test_other_digits_are_no_card_number(payment_home, key):
    assert payment_home.pay(key).status == 201


def test_a_uuid_is_a_key_whatever_its_digits(payment_home):
    """A letter shows what it is, though its first digits are a card number."""
    found_in = payment_home.modules.cards.found_in
    assert payment_home.pay("41111111-1111-1111-2222-22222222222a").status == 201
    assert found_in(f"{VISA} 1111-4111-8111-11111111111a")


@pytest.mark.parametrize("path", [f"/{VISA}", f"/payments/{VISA}", f"/health/%34{VISA[1:]}"])
def test_a_card_number_in_a_path_is_refused(payment_home, path):
    """Wherever it stands: access logs and traces keep paths."""
    refused(payment_home, 422, "card_number", "GET", path)


@pytest.mark.parametrize("path", ["/", "", "/payment", "/payments/", "/payments/a/b", "/health/", f"/{LEAK}"])
def test_there_is_nothing_elsewhere(payment_home, path):
    code = "payment_not_found" if path == "/payments/" else "not_found"
    refused(payment_home, 404, code, "GET", path)


@pytest.mark.parametrize("payment_id", [LEAK, "pay_", "pay_" + "b" * 31, "pay_" + "a" * 32, "pay_" + "b" * 32 + "\n"])
def test_what_is_no_id_is_not_looked_for(payment_home, payment_id):
    calls = world.fail(payment_home.client, "Query", RuntimeError())
    refused(payment_home, 404, "payment_not_found", "GET", f"/payments/{payment_id}")
    assert calls == []


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/payments", "POST"),
        ("post", "/payments", "POST"),
        ("DELETE", "/payments/x", "GET"),
        ("HEAD", "/health", "GET"),
        ("POST", "/health/ready", "GET"),
    ],
)
def test_a_method_that_a_path_does_not_take_is_refused(payment_home, method, path, allowed):
    assert refused(payment_home, 405, "method_not_allowed", method, path).headers["allow"] == allowed

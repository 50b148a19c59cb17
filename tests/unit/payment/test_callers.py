"""A caller's keys and payments are its own: nobody else's request gets, reads or refunds what it paid."""

import hashlib
from unittest import mock

import pytest
from pg8000.native import literal

from tests.support import payment as support
from tests.support.payment import payment, tamper

CALLERS = {
    "an API key": {"identity": {"apiKeyId": "a1b2c3d4e5"}},
    "another API key": {"identity": {"apiKeyId": "f6g7h8i9j0"}},
    "a principal": {"authorizer": {"principalId": "ada"}, "identity": {"apiKeyId": "a1b2c3d4e5"}},
    "a user of a pool": {"authorizer": {"claims": {"sub": "grace"}}},
    "a role": {"identity": {"userArn": "arn:aws:sts::123456789012:assumed-role/shop/session-1"}},
    "a user": {"identity": {"userArn": "arn:aws:iam::123456789012:user/ada"}},
    "a load balancer": {"elb": {"targetGroupArn": "arn"}},
    "nobody": {},
}
NAMES = [
    *("api-key:a1b2c3d4e5", "api-key:f6g7h8i9j0", "principal:ada", "principal:grace"),
    *("iam:arn:aws:sts::123456789012:assumed-role/shop", "iam:arn:aws:iam::123456789012:user/ada"),
    *("load-balancer", ""),
]


@pytest.fixture
def ask(api):
    """Sends a request of a caller."""

    def send(caller, method, path, body=None, key=None):
        event = support.event(method, path, body, key=key)
        return api.send({**event, "requestContext": CALLERS[caller]})

    return send


@pytest.mark.parametrize(("caller", "name"), list(zip(CALLERS, NAMES, strict=True)))
def test_the_row_says_who_paid(ask, sql, caller, name):
    assert ask(caller, "POST", "/payments", payment(), "key").status == 201
    assert sql.run("SELECT caller FROM payments") == [[name]]


def test_the_same_key_of_two_callers_is_two_payments(ask, sql):
    paid = {ask(caller, "POST", "/payments", payment(), "key").body["id"] for caller in CALLERS}
    assert sql.run("SELECT count(*) FROM payments") == [[len(CALLERS)]] == [[len(paid)]]


def test_a_payment_of_another_caller_is_not_shown(ask):
    paid = ask("an API key", "POST", "/payments", payment(), "key").body["id"]
    shown = {caller: ask(caller, "GET", f"/payments/{paid}").status for caller in CALLERS}
    assert shown == dict.fromkeys(CALLERS, 404) | {"an API key": 200}


def test_a_payment_of_another_caller_is_not_refunded(ask, sql):
    paid = ask("an API key", "POST", "/payments", payment(), "key").body["id"]
    body = {"amount": "1.00", "currency": "EUR"}
    refused = {caller: ask(caller, "POST", f"/payments/{paid}/refunds", body, "r").status for caller in CALLERS}
    assert refused == dict.fromkeys(CALLERS, 404) | {"an API key": 201}
    assert sql.run("SELECT count(*) FROM refunds") == [[1]]


def test_sessions_of_a_role_are_one_caller(ask, api):
    paid = ask("a role", "POST", "/payments", payment(), "key").body["id"]
    other = {"identity": {"userArn": "arn:aws:sts::123456789012:assumed-role/shop/session-2"}}
    event = support.event("GET", f"/payments/{paid}", requestContext=other)
    assert api.send(event).status == 200


def test_a_rotated_key_keeps_its_caller_s_payments(ask, monkeypatch):
    paid = ask("an API key", "POST", "/payments", payment(), "key").text
    monkeypatch.setenv("ROTATED_API_KEYS", "other00000=another000,f6g7h8i9j0=a1b2c3d4e5")
    assert ask("another API key", "POST", "/payments", payment(), "key").text == paid
    assert ask("an API key", "POST", "/payments", payment(), "key").text == paid


def test_the_record_says_who_refunded(ask, bucket):
    paid = ask("a principal", "POST", "/payments", payment(), "key").body["id"]
    ask("a principal", "POST", f"/payments/{paid}/refunds", {"amount": "1.00", "currency": "EUR"}, "refund")
    assert [b'"caller":"principal:ada"' in body for body in bucket.objects.values()] == [True, True]


def test_a_payment_of_the_time_without_owners_is_every_caller_s(ask, sql):
    paid = ask("an API key", "POST", "/payments", payment(), "key").body["id"]
    tamper(sql, "UPDATE payments SET caller = NULL")
    assert ask("a principal", "GET", f"/payments/{paid}").status == 200


def _stored_before(sql, key):
    """Store the only key as it was stored before keys had an owner."""
    tamper(sql, f"UPDATE idempotency_keys SET key = sha256({literal(key)}::bytea)")


def test_a_key_of_the_time_without_owners_pays_no_second_time(ask, sql):
    paid = ask("an API key", "POST", "/payments", payment(), "key").text
    _stored_before(sql, "key")
    assert ask("an API key", "POST", "/payments", payment(), "key").text == paid
    assert sql.run("SELECT count(*) FROM payments") == [[1]]


def test_a_refund_s_key_of_the_time_without_owners_refunds_no_second_time(ask, sql):
    paid = ask("an API key", "POST", "/payments", payment(), "key").body["id"]
    tamper(sql, "DELETE FROM idempotency_keys")
    refund = ("POST", f"/payments/{paid}/refunds", {"amount": "1.00", "currency": "EUR"}, "refund")
    first = ask("an API key", *refund).text
    _stored_before(sql, "refund")
    assert ask("an API key", *refund).text == first
    assert sql.run("SELECT count(*) FROM refunds") == [[1]]


def test_what_is_stored_of_a_key_is_a_keyed_hash(ask, sql, modules):
    ask("an API key", "POST", "/payments", payment(), "key")
    ((stored,),) = sql.run("SELECT key FROM idempotency_keys")
    assert stored == modules.handler.payments.hashes.digest("api-key:a1b2c3d4e5", "key")
    plain = [hashlib.sha256(text.encode()).digest() for text in ("key", "api-key:a1b2c3d4e5key")]
    assert stored not in plain


def test_another_key_of_kms_gives_other_hashes(modules):
    hashes = [modules.keyed_hash.KeyedHash(support.Mac, {"HASH_KEY_ARN": name}) for name in ("one", "two", "one")]
    one, two, again = (each.digest("caller", "key") for each in hashes)
    assert one == again != two
    assert one != hashes[0].digest("callerk", "ey")


def test_kms_is_asked_once(modules):
    client = mock.Mock(wraps=support.Mac())
    hashes = modules.keyed_hash.KeyedHash(lambda: client, {"HASH_KEY_ARN": "one"})
    assert len({hashes.digest("a", str(number)) for number in range(5)}) == 5
    client.generate_mac.assert_called_once()


def test_without_kms_nothing_is_done_and_the_caller_comes_again(ask, api, sql, modules, monkeypatch):
    def away():
        raise ConnectionError("no answer from KMS")

    hashes = modules.keyed_hash.KeyedHash(away, {"HASH_KEY_ARN": "one"})
    monkeypatch.setattr(api.modules.handler.payments, "hashes", hashes)
    answer = ask("an API key", "POST", "/payments", payment(), "key")
    assert (answer.status, answer.body["code"], answer.headers["retry-after"]) == (503, "key_service_unavailable", "2")
    assert sql.run("SELECT count(*) FROM payments") == [[0]]


@pytest.mark.parametrize("base", ["/pay", "/eu/v2"])
def test_the_base_path_of_a_custom_domain_is_no_part_of_the_route(api, base):
    paid = api.pay("key").body["id"]
    event = support.event("GET", f"{base}/payments/{paid}", resource="/payments/{id}", pathParameters={"id": paid})
    assert api.send(event).body["id"] == paid


def test_a_card_number_in_a_base_path_is_refused(api):
    event = support.event("GET", f"/{support.VISA}/health", resource="/health", pathParameters=None)
    assert api.send(event).body["code"] == "card_number"


def test_a_resource_without_its_parameters_is_not_taken(api):
    event = support.event("GET", "/health", resource="/{proxy+}", pathParameters=None)
    assert api.send(event).status == 200

"""What a caller writes into an idempotency key is stored nowhere, and known again in either region."""

import json

import pytest

from tests.support.disaster_recovery import two_regions as world

SECRET = "order of Ada Lovelace, 12 St James's Square".replace(" ", "_")


def kms_away():
    raise ConnectionError("no answer from KMS")


def former(api, key, **members):
    """Store a payment as it was stored before keys were hashed; return it."""
    item = api.stored()[world.stored_under(key)] | {"pk": {"S": f"key#{key}"}}
    api.client.delete_item(TableName=api.table, Key={"pk": {"S": world.stored_under(key)}})
    api.client.put_item(TableName=api.table, Item=item | {name: {"S": value} for name, value in members.items()})


@pytest.fixture
def looks_back(payment_home, monkeypatch):
    monkeypatch.setitem(payment_home.modules.handler.payments.environ, "FORMER_KEYS", "true")
    return payment_home


def test_a_key_is_stored_as_its_keyed_hash_only(payment_home):
    paid = payment_home.pay(SECRET)
    assert paid.status == 201
    written = json.dumps(payment_home.stored()) + payment_home.log.getvalue() + paid.text
    assert SECRET not in written
    assert list(payment_home.stored()) == [world.stored_under(SECRET)]


def test_a_key_is_known_again_in_the_other_region(payment_home, payment_peer):
    paid = payment_home.pay(SECRET)
    world.flip(payment_home.client, payment_home.table, world.PEER, 1)
    assert payment_peer.pay(SECRET).body == paid.body


def test_the_id_of_a_payment_does_not_tell_its_key_to_who_tries(payment_home):
    """It follows from the keyed hash: with another key of KMS it is another id."""
    module = payment_home.modules.payment_request
    ids = {module.PaymentRequest("key", digest, {}, "hash").payment_id for digest in ("a", "b")}
    assert len(ids) == 2


def test_without_kms_nothing_is_stored_and_the_caller_may_come_again(payment_home, monkeypatch):
    payments = payment_home.modules.handler.payments
    with monkeypatch.context() as patch:
        patch.setattr(payments, "hashes", world.hashes(payment_home.modules, kms_away))
        refused = payment_home.pay("key-1")
    assert (refused.status, refused.body["code"], refused.headers["retry-after"]) == (503, "keys_unavailable", "1")
    assert payment_home.stored() == {}
    assert payment_home.pay("key-1").status == 201


def test_a_payment_under_a_former_key_is_found_again(looks_back):
    paid = looks_back.pay("key-1")
    former(looks_back, "key-1")
    again = looks_back.pay("key-1")
    assert (again.body, again.headers["idempotent-replayed"]) == (paid.body, "true")
    assert set(looks_back.stored()) == {"key#key-1"}


def test_a_former_key_with_another_body_is_a_conflict(looks_back):
    looks_back.pay("key-1")
    former(looks_back, "key-1", body_hash="another")
    assert looks_back.pay("key-1").status == 409


def test_a_passive_region_finds_a_payment_under_a_former_key(looks_back):
    paid = looks_back.pay("key-1")
    former(looks_back, "key-1")
    world.flip(looks_back.client, looks_back.table, world.PEER, 1)
    assert looks_back.pay("key-1").body == paid.body
    assert looks_back.pay("key-2").body["code"] == "region_passive"


def test_without_the_setting_a_former_key_is_not_even_sent(payment_home):
    sent = []
    payment_home.client.meta.events.register(
        "provide-client-params.dynamodb.TransactWriteItems", lambda params, **_: sent.append(params["TransactItems"])
    )
    payment_home.pay("key-1")
    assert [len(parts) for parts in sent] == [2]
    assert "key#key-1" not in json.dumps(sent).replace("hashed-", "")

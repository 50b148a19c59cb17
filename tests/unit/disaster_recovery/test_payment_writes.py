"""A payment is made once for each key, exactly, and shown by its id in both regions."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.disaster_recovery import two_regions as world
from tests.support.disaster_recovery.two_regions import HOME


def test_a_payment_is_stored_as_it_is_answered(payment_home):
    answer = payment_home.pay("key-1", amount="12.5", drill="run-1")
    assert answer.status == 201
    assert answer.headers["location"] == f"/payments/{answer.body['payment_id']}"
    stored = payment_home.stored()[world.stored_under("key-1")]
    assert answer.body == {
        "payment_id": stored["payment_id"]["S"],
        "amount": "12.50",
        "currency": "EUR",
        "region": HOME,
        "epoch": 0,
        "created_at": stored["created_at"]["S"],
        "drill": "run-1",
    }
    assert set(stored) == {*answer.body, "pk", "body_hash", "token"}
    assert stored["token"] == {"S": "tok_visa_of_ada"}


def test_the_same_request_gets_the_same_answer(payment_home):
    first, again = payment_home.pay("key-1"), payment_home.pay("key-1")
    assert (again.status, again.text) == (first.status, first.text)
    assert again.headers == {**first.headers, "idempotent-replayed": "true"}
    assert len(payment_home.stored()) == 1


def test_the_same_payment_written_otherwise_is_the_same(payment_home):
    first = payment_home.pay("key-1")
    body = '{"token": "tok_visa_of_ada",  "currency": "EUR", "amount": "12.5"}'
    assert payment_home("POST", "/payments", body, key="key-1").text == first.text


@pytest.mark.parametrize(
    "other", [{"amount": "12.51"}, {"currency": "USD"}, {"token": "tok_visa_of_bob"}, {"drill": "r"}]
)
def test_another_payment_under_a_used_key_is_refused(payment_home, other):
    payment_home.pay("key-1")
    before = payment_home.stored()
    answer = payment_home.pay("key-1", **other)
    assert (answer.status, answer.body["code"]) == (409, "idempotency_conflict")
    assert payment_home.stored() == before


def test_other_keys_are_other_payments(payment_home):
    ids = {payment_home.pay(f"key-{number}").body["payment_id"] for number in range(5)}
    assert len(ids) == len(payment_home.stored()) == 5


def test_an_id_follows_from_key_and_body_in_every_environment(payment_home, payment_api):
    """So two regions that cannot see each other make one payment of one request."""
    modules = payment_api(HOME).modules
    paid = payment_home.pay("key-1").body["payment_id"]
    request = modules.web.read(world.event("POST", "/", world.payment(), key="key-1"))
    assert modules.payment_request.read(request, modules.handler.payments.hashes).payment_id == paid
    assert modules.payment_request.is_id(paid)


def test_many_at_once_with_one_key_pay_once(payment_home, payment_api):
    environments = [payment_home, *(payment_api(HOME) for _ in range(3))]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda number: environments[number % 4].pay("key-1"), range(24)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert len(payment_home.stored()) == 1


def test_a_payment_is_shown_in_both_regions(payment_home, payment_peer):
    paid = payment_home.pay("key-1")
    for api in (payment_home, payment_peer):
        shown = api("GET", f"/payments/{paid.body['payment_id']}")
        assert (shown.status, shown.body) == (200, paid.body)


def test_a_payment_that_is_not_there_is_not_found(payment_home):
    module = payment_home.modules.payment_request
    payment_id = module.PaymentRequest("key", "digest", {}, "hash").payment_id
    assert module.is_id(payment_id)
    answer = payment_home("GET", f"/payments/{payment_id}")
    assert (answer.status, answer.body["code"]) == (404, "payment_not_found")


def test_what_the_index_does_not_have_yet_is_looked_for_again(payment_home):
    """The index follows the table: the first look is too early here."""
    paid = payment_home.pay("key-1").body
    early = [True]

    def empty(parsed, **_):
        if early and early.pop():
            parsed["Items"] = []

    payment_home.client.meta.events.register("after-call.dynamodb.Query", empty)
    assert payment_home("GET", f"/payments/{paid['payment_id']}").body == paid
    assert not early


def test_an_id_never_shows_another_payment(payment_home):
    """The other region's payment under the key has won; the index does not know yet."""
    paid = payment_home.pay("key-1").body["payment_id"]

    def other(parsed, **_):
        parsed["Item"]["payment_id"] = {"S": "pay_of_the_other_region"}

    payment_home.client.meta.events.register("after-call.dynamodb.GetItem", other)
    answer = payment_home("GET", f"/payments/{paid}")
    assert (answer.status, answer.body["code"]) == (404, "payment_not_found")


def test_what_decides_is_read_consistently(payment_home, payment_peer):
    """The emulator knows no other reads; DynamoDB's usual ones may be a second old."""
    asked = []
    for api in (payment_home, payment_peer):
        api.client.meta.events.register(
            "provide-client-params.dynamodb.GetItem", lambda params, **_: asked.append(params["ConsistentRead"])
        )
    paid = payment_home.pay("key-1").headers["location"]
    payment_peer.pay("key-2")
    assert payment_home("GET", paid).status == 200
    assert len(asked) >= 4
    assert all(asked)


def test_what_happened_is_logged_and_counted(payment_home, capsys):
    paid = payment_home.pay("key-1")
    payment_home.pay("key-1")
    payment_home.pay("key-1", amount="1")
    first, again, refused = payment_home.lines()
    assert (first["message"], first["payment_id"], first["status"]) == ("created", paid.body["payment_id"], 201)
    assert (again["message"], again["route"]) == ("replayed", "/payments")
    assert (refused["message"], refused["level"], refused["code"]) == ("refused", "WARNING", "idempotency_conflict")
    counted = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    names = [line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"] for line in counted]
    assert names == ["PaymentsCreated", "PaymentsReplayed", "Refused"]
    assert {line["_aws"]["CloudWatchMetrics"][0]["Namespace"] for line in counted} == {world.NAMESPACE}

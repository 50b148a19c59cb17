"""When DynamoDB refuses, is away, or does not say what became of a write, the answer says so; nothing is paid twice."""

import itertools
import time

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from tests.support.disaster_recovery import two_regions as world
from tests.support.disaster_recovery.two_regions import fail

URL = "https://dynamodb.test"
UNSENT = [ConnectTimeoutError(endpoint_url=URL), EndpointConnectionError(endpoint_url=URL)]


def refusal(code, *reasons):
    response = {"Error": {"Code": code, "Message": "it quotes key-1"}}
    if reasons:
        response["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(response, "TransactWriteItems")


THROTTLED = [
    refusal("ThrottlingException"),
    refusal("ProvisionedThroughputExceededException"),
    refusal("RequestLimitExceeded"),
    refusal("TransactionInProgressException"),
    refusal("TransactionCanceledException", "TransactionConflict", "None"),
    refusal("TransactionCanceledException", "None", "ThrottlingError"),
    refusal("TransactionCanceledException", "TransactionConflict", "ProvisionedThroughputExceeded"),
]
UNCLEAR = [
    ReadTimeoutError(endpoint_url=URL),
    ConnectionClosedError(endpoint_url=URL),
    refusal("InternalServerError"),
    refusal("ServiceUnavailable"),
]


@pytest.fixture
def api(payment_home, monkeypatch):
    """The home region's function; its clock moves by its pauses alone."""
    clock = [time.monotonic()]
    fake = type("Clock", (), {"monotonic": lambda: clock[0], "sleep": lambda s: clock.__setitem__(0, clock[0] + s)})
    for module in ("table", "payments", "handler"):
        monkeypatch.setattr(getattr(payment_home.modules, module), "time", fake)
    payment_home.clock = clock
    return payment_home


def refused(api, answer, code, cause):
    """Check a refusal, in the answer and in the log, which quote nothing."""
    assert (answer.status, answer.body["code"]) == (503, code)
    assert int(answer.headers["retry-after"]) > 0
    line = api.lines()[-1]
    assert (line["level"], line["code"], line["cause"]) == ("ERROR", code, cause)
    assert "key-1" not in str(line) + answer.text


@pytest.mark.parametrize("error", THROTTLED, ids=str)
def test_a_busy_table_is_asked_again_and_then_given_up(api, error):
    calls = fail(api.client, "TransactWriteItems", error)
    answer = api.pay("key-1")
    assert (answer.status, answer.body["code"]) == (503, "table_busy")
    assert len(calls) == len(api.modules.table.PAUSES)
    assert api.stored() == {}


@pytest.mark.parametrize("error", [*THROTTLED, *UNSENT, *UNCLEAR], ids=str)
def test_a_passing_failure_is_passed_over(api, error):
    calls = fail(api.client, "TransactWriteItems", error, times=2)
    answer = api.pay("key-1")
    assert (answer.status, len(calls)) == (201, 2)
    assert "idempotent-replayed" not in answer.headers


@pytest.mark.parametrize("error", UNSENT, ids=str)
def test_a_write_that_was_never_sent_has_not_happened(api, error):
    fail(api.client, "TransactWriteItems", error)
    refused(api, api.pay("key-1"), "table_unavailable", type(error).__name__)


@pytest.mark.parametrize("error", UNCLEAR, ids=str)
def test_a_write_whose_answer_is_lost_is_found_by_reading_back(api, error):
    """It was carried out; every answer is lost, and the item is there."""
    fail(api.client, "TransactWriteItems", error, after=True)
    answer = api.pay("key-1")
    assert answer.status == 201
    assert answer.body["payment_id"] == api.stored()[world.stored_under("key-1")]["payment_id"]["S"]
    assert "idempotent-replayed" not in answer.headers


def test_a_repeated_write_is_carried_out_once(api):
    """The first try was carried out and its answer lost: the second one is known by its token, not by the key."""
    fail(api.client, "TransactWriteItems", UNCLEAR[0], after=True, times=1)
    answer = api.pay("key-1")
    assert (answer.status, "idempotent-replayed" in answer.headers) == (201, False)


def test_a_write_that_cannot_be_found_is_unknown(api):
    """It may still be on its way, so it is not said to have failed; the same request again settles it."""
    fail(api.client, "TransactWriteItems", UNCLEAR[0], times=len(api.modules.table.PAUSES))
    refused(api, api.pay("key-1"), "outcome_unknown", "ReadTimeoutError")
    assert api.pay("key-1").status == 201


def test_a_write_that_cannot_be_looked_for_is_unknown(api):
    api.pay("key-0")
    fail(api.client, "TransactWriteItems", UNCLEAR[0], after=True)
    fail(api.client, "GetItem", UNSENT[0])
    refused(api, api.pay("key-1"), "outcome_unknown", "ReadTimeoutError")


def test_reading_back_finds_another_payment_under_the_key(api, payment_api):
    """Somebody else used the key while the answers were lost."""
    other = payment_api(world.HOME)
    calls = fail(api.client, "TransactWriteItems", UNCLEAR[0])

    def first(**_):
        if len(calls) == len(api.modules.table.PAUSES):
            other.pay("key-1", amount="99")

    api.client.meta.events.register("before-call.dynamodb.GetItem", first)
    assert api.pay("key-1").body["code"] == "idempotency_conflict"


@pytest.mark.parametrize("error", [refusal("AccessDeniedException"), refusal("ResourceNotFoundException")], ids=str)
def test_what_will_not_pass_is_not_tried_again(api, error):
    calls = fail(api.client, "TransactWriteItems", error)
    refused(api, api.pay("key-1"), "table_unavailable", error.response["Error"]["Code"])
    assert len(calls) == 1


def test_a_refusal_after_an_unclear_try_does_not_hide_it(api):
    """The first try may have been carried out; that the second is refused says nothing of it."""
    errors = iter([UNCLEAR[0], refusal("AccessDeniedException")])

    def trouble(**_):
        raise next(errors)

    api.client.meta.events.register("before-call.dynamodb.TransactWriteItems", trouble)
    refused(api, api.pay("key-1"), "outcome_unknown", "AccessDeniedException")


def test_a_busy_table_after_an_unclear_try_does_not_hide_it(api):
    errors = itertools.chain([UNCLEAR[2]], itertools.repeat(THROTTLED[0]))

    def trouble(**_):
        raise next(errors)

    api.client.meta.events.register("before-call.dynamodb.TransactWriteItems", trouble)
    refused(api, api.pay("key-1"), "outcome_unknown", "ThrottlingException")


@pytest.mark.parametrize("place", [0, 1])
def test_a_condition_that_fails_outweighs_a_conflict(api, payment_api, place):
    """The parts of one transaction have reasons of their own; one of them settles it."""
    paid = payment_api(world.HOME).pay("key-1")
    error = refusal("TransactionCanceledException", "TransactionConflict", "TransactionConflict")
    passive = {"region": {"S": world.PEER}, "epoch": {"N": "4"}}
    item = (passive, api.stored()[world.stored_under("key-1")])[place]
    error.response["CancellationReasons"][place] = {"Code": "ConditionalCheckFailed", "Item": item}
    calls = fail(api.client, "TransactWriteItems", error)
    assert api.pay("key-1").text == paid.text
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("operation", "method", "path"),
    [
        ("GetItem", "POST", "/payments"),
        ("Query", "GET", ""),
        ("GetItem", "GET", ""),
    ],
)
def test_a_table_that_cannot_be_read_is_said_to_be_away(api, payment_api, operation, method, path):
    paid = payment_api(world.HOME).pay("key-0").headers["location"]
    fail(api.client, operation, UNCLEAR[0])
    refused(api, api(method, path or paid, world.payment(), key="key-1"), "table_unavailable", "ReadTimeoutError")


def test_no_credentials_are_a_failure_like_others(api):
    fail(api.client, "GetItem", NoCredentialsError())
    refused(api, api.pay("key-1"), "table_unavailable", "NoCredentialsError")


@pytest.mark.parametrize("lasting", [0.1, 1.0, 3.0])
def test_the_answer_comes_in_time_however_long_each_try_takes(api, lasting):
    """Every call takes as long as it may and fails; no try begins that could end too late."""
    began, called = api.clock[0], []

    def wait(model, **_):
        called.append(model.name)
        api.clock[0] += lasting
        raise UNCLEAR[0]

    api.pay("key-0")
    for operation in ("TransactWriteItems", "GetItem"):
        api.client.meta.events.register(f"before-call.dynamodb.{operation}", wait)
    refused(api, api.pay("key-1"), "outcome_unknown", "ReadTimeoutError")
    assert api.clock[0] - began <= api.modules.handler.PATIENCE_SECONDS
    assert (called[0], called[-1]) == ("TransactWriteItems", "GetItem")  # there is time left to look
    assert api.modules.table.TRY_SECONDS <= 3.0


def test_without_time_nothing_is_begun(api):
    calls = fail(api.client, "TransactWriteItems", UNCLEAR[0])
    api.pay("key-0", seconds=30)
    calls.clear()
    answer = api("POST", "/payments", world.payment(), key="key-1", seconds=3.0)
    assert (answer.status, answer.body["code"], calls) == (503, "table_unavailable", [])


def test_pauses_grow_and_differ(api):
    pauses = []
    fail(api.client, "TransactWriteItems", THROTTLED[0])
    sleep = api.modules.table.time.sleep
    api.modules.table.time.sleep = lambda seconds: (pauses.append(seconds), sleep(seconds))
    api.pay("key-1")
    limits = api.modules.table.PAUSES
    tries = pauses[-len(limits) :]
    assert all(limit / 2 <= pause <= limit for pause, limit in zip(tries, limits, strict=True))
    assert sorted(tries) == tries


def test_a_defect_is_told_without_quoting(api, monkeypatch):
    monkeypatch.setattr(api.modules.handler.payments, "make", lambda *_: {}["key-1"])
    answer = api.pay("key-1")
    assert (answer.status, answer.body["code"]) == (500, "internal")
    line = api.lines()[-1]
    assert line["cause"] == "KeyError"
    assert any("handler.py" in place for place in line["places"])
    assert "key-1" not in str(line) + answer.text


def test_the_client_gives_up_soon(payment_home):
    config = payment_home.client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (1.0, 2.0)
    assert config.retries["total_max_attempts"] == 1
    modules = payment_home.modules
    pauses = list(itertools.accumulate(modules.table.PAUSES))
    assert pauses[-1] < modules.table.TRY_SECONDS < modules.handler.PATIENCE_SECONDS / 2

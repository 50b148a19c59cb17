"""One region at a time writes: the transaction itself sees who may, whatever the function believes."""

import pytest

from lib.disaster_recovery import writer
from tests.support.disaster_recovery import two_regions as world
from tests.support.disaster_recovery.two_regions import HOME, PEER


def passive(api, answer, writer, epoch):
    """Tell whether an answer is the passive region's, and names the one that writes."""
    assert (answer.status, answer.body["code"]) == (503, "region_passive")
    assert int(answer.headers["retry-after"]) > 0
    assert writer in answer.body["detail"]
    assert api.lines()[-1]["level"] == "WARNING"
    region = api.modules.handler.payments.region
    return (answer.body["region"], answer.body["writer"], answer.body["epoch"]) == (region, writer, epoch)


def test_without_an_item_the_home_region_writes(payment_home, payment_peer):
    assert passive(payment_peer, payment_peer.pay("key-1"), HOME, 0)
    assert payment_home.pay("key-1").body["epoch"] == 0
    assert list(payment_home.stored()) == [world.stored_under("key-1")]


def test_the_region_that_the_item_names_writes(payment_home, payment_peer):
    world.flip(payment_home.client, payment_home.table, PEER, 1)
    assert passive(payment_home, payment_home.pay("key-1"), PEER, 1)
    answer = payment_peer.pay("key-1")
    assert (answer.status, answer.body["region"], answer.body["epoch"]) == (201, PEER, 1)


def test_an_environment_that_has_written_stops_after_a_change(payment_home, payment_peer):
    """It still believes that it may; the condition of the transaction knows better."""
    payment_home.pay("key-1")
    world.flip(payment_home.client, payment_home.table, PEER, 1)
    assert passive(payment_home, payment_home.pay("key-2"), PEER, 1)
    assert set(payment_home.stored()) == {"control#writer", world.stored_under("key-1")}
    assert payment_peer.pay("key-2").status == 201


def test_a_change_between_the_look_and_the_write_stops_it(payment_home):
    """The writer item changes after the function has read it and before it writes."""
    changed = []

    def change(**_):
        if not changed:
            changed.append(True)
            world.flip(payment_home.client, payment_home.table, PEER, 1)

    payment_home.client.meta.events.register("before-call.dynamodb.TransactWriteItems", change)
    assert passive(payment_home, payment_home.pay("key-1"), PEER, 1)
    assert list(payment_home.stored()) == ["control#writer"]


def test_a_region_writes_again_when_it_is_its_turn(payment_home, payment_peer):
    for epoch, to in enumerate((PEER, HOME, PEER), 1):
        world.flip(payment_home.client, payment_home.table, to, epoch)
        writer, other = (payment_home, payment_peer) if to == HOME else (payment_peer, payment_home)
        assert passive(other, other.pay(f"key-{epoch}"), to, epoch)
        assert writer.pay(f"key-{epoch}").body["epoch"] == epoch


def test_a_payment_names_the_epoch_that_it_was_written_in(payment_home):
    """The region stays the same while the epoch moves on: what the function knew is too old."""
    payment_home.pay("key-0")
    for epoch in (1, 2):
        world.flip(payment_home.client, payment_home.table, HOME, epoch)
        assert payment_home.pay(f"key-{epoch}").body["epoch"] == epoch


def test_when_the_item_is_taken_away_the_home_region_writes(payment_home):
    world.flip(payment_home.client, payment_home.table, HOME, 1)
    payment_home.pay("key-1")
    for name in (writer.NAME, *writer.ITEMS):
        payment_home.client.delete_item(TableName=payment_home.table, Key={"pk": {"S": name}})
    assert payment_home.pay("key-2").body["epoch"] == 0


def test_the_passive_region_answers_for_a_payment_that_has_arrived(payment_home, payment_peer):
    """Its answer was lost, perhaps, with the region that gave it; nothing is written for it."""
    paid = payment_home.pay("key-1")
    again = payment_peer.pay("key-1")
    assert (again.status, again.text, again.headers["idempotent-replayed"]) == (201, paid.text, "true")
    assert payment_peer.pay("key-1", amount="1").body["code"] == "idempotency_conflict"


def test_a_replay_is_answered_by_an_environment_that_did_not_see_the_change(payment_home):
    paid = payment_home.pay("key-1")
    world.flip(payment_home.client, payment_home.table, PEER, 1)
    assert payment_home.pay("key-1").text == paid.text


def test_a_writer_that_changes_all_the_time_is_given_up(payment_home):
    epochs = iter(range(1, 100))

    def change(**_):
        world.flip(payment_home.client, payment_home.table, HOME, next(epochs))

    payment_home.client.meta.events.register("before-call.dynamodb.TransactWriteItems", change)
    answer = payment_home.pay("key-1")
    assert (answer.status, answer.body["code"]) == (503, "table_busy")
    assert next(epochs) == payment_home.modules.payments.CHANGES + 1


@pytest.mark.parametrize("place", [HOME, PEER])
def test_a_foreign_writer_lets_nobody_write(payment_api, place):
    api = payment_api(place)
    world.flip(api.client, api.table, "elsewhere", 7)
    assert passive(api, api.pay("key-1"), "elsewhere", 7)


MALFORMED = [
    {"region": {"S": HOME}, "epoch": {"S": "1"}},
    {"region": {"S": HOME}, "epoch": {"N": "1.5"}},
    {"region": {"S": HOME}},
    {"epoch": {"N": "1"}},
]


def malform(api, item, *names):
    """Write writer items as somebody may by hand."""
    for name in names or (writer.NAME, world.item_of("key-1"), world.item_of("key-2")):
        api.client.put_item(TableName=api.table, Item={"pk": {"S": name}, **item})


@pytest.mark.parametrize("item", MALFORMED)
def test_while_the_item_says_nothing_payments_are_refused_with_a_sentence(payment_home, item):
    malform(payment_home, item)
    answer = payment_home.pay("key-1")
    assert (answer.status, answer.body["code"], answer.headers["retry-after"]) == (503, "writer_malformed", "5")
    assert "control#writer" in answer.body["detail"]
    assert list(payment_home.stored()) == ["control#writer"]


@pytest.mark.parametrize("item", MALFORMED)
def test_an_environment_that_has_written_refuses_as_well(payment_home, item):
    payment_home.pay("key-1")
    malform(payment_home, item)
    assert payment_home.pay("key-2").body["code"] == "writer_malformed"


def test_payments_are_shown_all_the_same(payment_home):
    paid = payment_home.pay("key-1").body["payment_id"]
    malform(payment_home, MALFORMED[0])
    assert payment_home("GET", f"/payments/{paid}").status == 200


def test_when_the_item_is_corrected_payments_are_taken(payment_home):
    malform(payment_home, MALFORMED[0])
    payment_home.pay("key-1")
    malform(payment_home, {"region": {"S": HOME}, "epoch": {"N": "1"}})
    assert payment_home.pay("key-1").body["epoch"] == 1

"""Two regions that replicate late, a writer that moves, a region cut off: what holds for payments, and what not.

Holds: in one region one key is one payment; a region whose table says that another one writes stores none; what is
acknowledged is stored where it was acknowledged; once the regions agree there is one payment for each key, the one
that every caller was told of. A planned switchover with a pause accepts each key in one region only.
Does not hold, for eventual consistency cannot give it: a region that is cut off stops by itself; what it accepted is
known elsewhere before it comes back, or at all if it does not; a key is accepted in one of two regions only.
"""

import uuid
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from lib.local_cloud.cloud import LocalCloud
from tests.support.disaster_recovery import traffic, two_regions
from tests.support.disaster_recovery.traffic import Load, Told
from tests.support.disaster_recovery.two_regions import HOME, PEER

# pylint: disable=redefined-outer-name

CALLERS = 4


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """An emulator of this file's own."""
    with two_regions.emulator(tmp_path_factory.mktemp("reliability")) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def environments(cloud: LocalCloud) -> traffic.Environments:
    """The function's modules, for each caller in both regions."""
    return traffic.environments(cloud, CALLERS)


@pytest.fixture
def load(cloud: LocalCloud, environments: traffic.Environments) -> Iterator[Callable[[int], Load]]:
    """Makes callers of two regions."""
    made: list[Load] = []

    def make(callers: int = CALLERS) -> Load:
        made.append(traffic.make(cloud, environments[:callers]))
        return made[-1]

    yield make
    for each in made:
        each.replication.connected.set()
        each.replication.stop()


def new(place: str, epoch: int) -> Callable[[Told], bool]:
    """Return what recognises a new payment of a region in an epoch."""
    return lambda told: (told.place, told.epoch, told.again) == (place, epoch, False)


def journey(load: Load) -> None:
    """Switch over and back as planned, then cut the home region off, fail over, and let it come back."""
    load.until(new(HOME, 0))
    # Planned: where writing ends, so that nobody writes until the other region has heard of it.
    load.flip(HOME, PEER, 1)
    load.until(new(PEER, 1))
    load.flip(PEER, HOME, 2)
    load.until(new(HOME, 2))
    load.replication.connected.clear()
    load.flip(PEER, PEER, 3)  # unplanned: where writing begins
    load.until(new(PEER, 3))
    load.until(new(HOME, 2))  # it is cut off and does not know
    load.replication.connected.set()
    load.until(new(PEER, 3), 50)


def test_payments_survive_switchovers_and_a_region_cut_off(load):
    """Callers with repeated keys in both regions all the while."""
    run = load()
    run.run(journey)
    assert run.verdict() == []
    twice = run.twice()
    apart = sum({told.epoch for told in several} == {2, 3} for several in twice.values())
    print(f"{len(run.told)} told, {len(twice)} keys accepted in both regions, {apart} of them while these were apart")
    assert sum(told.again for told in run.told) > 20
    # A region that has heard of a change, and not yet of a key's own item, is busy for that moment.
    assert {code for _, code in run.refused} - {"table_busy"} == {"region_passive"}
    # Nobody has to stop the region that has come back: replication brought the writer item.
    (refused,) = {run.callers[0][HOME].pay(f"late-{number}").body["code"] for number in range(5)}
    assert refused == "region_passive"
    assert run.callers[0][PEER].pay("late-0").status == 201


def test_a_pause_keeps_a_planned_switchover_from_accepting_anything_twice(load):
    """Nobody may write until the regions have told each other everything; then the other one may."""

    def pause(load: Load) -> None:
        load.until(new(HOME, 0))
        load.flip(HOME, "nobody", 1)
        load.replication.settle()
        load.flip(HOME, PEER, 2)
        load.until(new(PEER, 2))

    run = load()
    run.run(pause)
    assert (run.verdict(), run.twice()) == ([], {})


class TestLimits:
    """What eventual consistency cannot give, shown and not wished away."""

    @pytest.fixture
    def apart(self, load):
        """Two regions that both write, for the home region is cut off; it has one payment that the other has too."""
        run = load(1)
        home, peer = run.callers[0][HOME], run.callers[0][PEER]
        assert home.pay("key-0").status == 201
        run.replication.settle()
        run.replication.connected.clear()
        run.flip(PEER, PEER, 1)
        return run, home, peer

    def test_a_region_that_is_cut_off_goes_on_writing(self, apart):
        _, home, peer = apart
        assert (home.pay("key-1").status, peer.pay("key-2").status) == (201, 201)

    def test_what_the_lost_region_had_not_replicated_is_missing(self, apart):
        """If it never returns that is all there is to see; the same request again makes the same payment."""
        _, home, peer = apart
        lost = home.pay("key-1").body
        assert peer("GET", f"/payments/{lost['payment_id']}").status == 404
        assert two_regions.stored_under("key-0") in peer.stored()
        again = peer.pay("key-1")
        assert (again.status, again.body["payment_id"]) == (201, lost["payment_id"])
        assert "idempotent-replayed" not in again.headers

    def test_what_the_lost_region_had_not_replicated_comes_later(self, apart):
        run, home, peer = apart
        lost = home.pay("key-1").body
        run.replication.connected.set()
        run.replication.settle()
        assert peer("GET", f"/payments/{lost['payment_id']}").body == lost

    def test_a_request_accepted_in_both_regions_is_one_payment(self, apart):
        run, home, peer = apart
        first, second = home.pay("key-1").body, peer.pay("key-1").body
        assert (first["payment_id"], first["amount"]) == (second["payment_id"], second["amount"])
        run.replication.connected.set()
        run.replication.settle()
        assert home.stored() == peer.stored()
        for api in (home, peer):
            assert api("GET", f"/payments/{first['payment_id']}").body == second

    def test_of_two_payments_under_one_key_the_later_remains(self, apart):
        """A caller's mistake that one region alone would have refused; the other id shows nothing, never this one."""
        run, home, peer = apart
        first, second = home.pay("key-1", amount="1.00").body, peer.pay("key-1", amount="2.00").body
        run.replication.connected.set()
        run.replication.settle()
        for api in (home, peer):
            assert api("GET", f"/payments/{first['payment_id']}").status == 404
            assert api("GET", f"/payments/{second['payment_id']}").body == second


ANYTHING = "attribute_exists(nothing) OR attribute_not_exists(nothing)"


def unfenced(modules: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write whatever the writer items say."""

    def checks(_self: object, table: str, *_: object) -> list[dict[str, object]]:
        check = {"TableName": table, "Key": modules.writer.KEY, "ConditionExpression": ANYTHING}
        return [{"ConditionCheck": check}]

    monkeypatch.setattr(modules.writer_fence.Fence, "checks", checks)


def careless(modules: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a payment whether its key has one or not."""
    monkeypatch.setattr(
        modules.payments.Payments,
        "_put",
        lambda self, item: {"Put": {"TableName": self._name, "Item": item, "ConditionExpression": ANYTHING}},
    )


def random_ids(modules: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name a payment by chance, as most would."""
    monkeypatch.setattr(
        modules.payment_request.PaymentRequest, "payment_id", property(lambda _: f"pay_{uuid.uuid4().hex}")
    )


def leave(load: Load) -> None:
    """Take the right to write from the home region."""
    load.until(new(HOME, 0))
    load.flip(HOME, PEER, 1)
    load.until(new(PEER, 1))


def part(load: Load) -> None:
    """Let both regions write, for they are cut off from each other."""
    load.replication.connected.clear()
    load.flip(PEER, PEER, 1)
    load.until(new(PEER, 1))
    load.until(new(HOME, 0))
    load.replication.connected.set()


@pytest.mark.parametrize(
    ("change", "direct", "finding"),
    [
        (unfenced, leave, "unfenced"),
        (careless, leave, "made twice in one region"),
        (random_ids, part, "several payments"),
    ],
)
def test_a_broken_function_is_found_out(load, monkeypatch, change, direct, finding):
    """The same verdict, on functions with one defect each."""
    run = load(3)
    for apis in run.callers:
        for api in apis.values():
            change(api.modules, monkeypatch)
    run.run(direct)
    assert [line for line in run.verdict() if line.startswith(finding)]

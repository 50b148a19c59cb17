"""Each payment is fenced by its key's own writer item, whatever part of a change has been written or has arrived."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.common.errors import ExerciseError
from lib.disaster_recovery import settings as recovery
from lib.disaster_recovery.drill import writer_items, writer_store
from lib.disaster_recovery.drill.writer_items import WriterItems
from lib.disaster_recovery.writer import ITEMS, NAME, NOBODY
from tests.support.disaster_recovery.memory import Tables
from tests.support.disaster_recovery.payers import Payers
from tests.support.disaster_recovery.two_regions import HOME, PEER

FEW = ITEMS[:3]
OTHER = {HOME: PEER, PEER: HOME}


@pytest.fixture
def payers():
    return Payers(Tables("payments"))


def say(payers, name, region, epoch, place=HOME, **more):
    item = {"pk": {"S": name}, "region": {"S": region}, "epoch": {"N": str(epoch)}, **more}
    payers.tables.regions[place].store(item)


WITH_OTHERS = {"items": {"N": "256"}}


class TestOneItem:
    """What one payment does about the item of its key."""

    def test_a_payment_checks_the_item_of_its_key_and_no_other(self, payers):
        payers.tables.regions[HOME].busy = {NAME, *ITEMS} - {ITEMS[7]}
        assert payers.pay(HOME, next(payers.keys(ITEMS[7]))) == "paid"
        assert payers.pay(HOME, next(payers.keys(ITEMS[8]))) == "table_busy"

    def test_keys_are_spread_over_all_items(self, payers):
        modules = payers.environments[HOME][0]
        digests = (payers.request(modules, f"key-{number}").digest for number in range(4000))
        assert {payers.item_of(digest) for digest in digests} == set(ITEMS)

    def test_a_change_of_one_item_fences_its_keys_alone(self, payers):
        say(payers, ITEMS[7], PEER, 1)
        assert payers.pay(HOME, next(payers.keys(ITEMS[7]))) == "region_passive"
        assert payers.pay(HOME, next(payers.keys(ITEMS[8]))) == "paid"

    def test_an_item_that_arrives_before_the_first_one_lets_its_keys_be_paid(self, payers):
        say(payers, ITEMS[7], PEER, 1, PEER)
        assert payers.pay(PEER, next(payers.keys(ITEMS[7]))) == "region_passive"  # it has not been looked at yet
        payers.environments[PEER][0].made._known = payers.environments[PEER][0].writer.Writing(PEER, 1, stored=True)
        assert payers.pay(PEER, next(payers.keys(ITEMS[7]))) == "paid"

    def test_an_item_that_has_not_arrived_lets_nobody_pay(self, payers):
        """The other region may still take payments of these keys: its item may not have been written yet either."""
        say(payers, NAME, PEER, 1, PEER, **WITH_OTHERS)
        key = next(payers.keys(ITEMS[7]))
        assert payers.pay(PEER, key) == "table_busy"
        assert payers.stored == []
        say(payers, ITEMS[7], PEER, 1, PEER, **WITH_OTHERS)
        assert payers.pay(PEER, key) == "paid"

    def test_an_item_that_says_nothing_is_named(self, payers):
        payers.tables.regions[HOME].store({"pk": {"S": ITEMS[7]}, "region": {"S": HOME}})
        modules = payers.environments[HOME][0]
        with pytest.raises(modules.problems.Problem) as caught:
            modules.made.make(payers.request(modules, next(payers.keys(ITEMS[7]))), 1e12)
        assert caught.value.code == "writer_malformed"
        assert "control#writer#07: its epoch is not a whole number" in str(caught.value.detail)


class TestAStackOfBefore:
    """It has one item, or none; functions of both versions run while it is updated."""

    @pytest.fixture
    def old(self, payers):
        say(payers, NAME, HOME, 3)
        payers.tables.settle()
        return payers

    def test_its_one_item_stands_for_the_others(self, old):
        assert old.pay(HOME, next(old.keys(ITEMS[7]))) == "paid"
        assert old.pay(PEER, next(old.keys(ITEMS[8]))) == "region_passive"
        assert old.told == [(HOME, 3)]

    def test_a_change_of_its_one_item_by_the_tool_of_before_is_seen_at_once(self, old):
        assert old.pay(HOME, next(old.keys(ITEMS[7]))) == "paid"
        say(old, NAME, PEER, 4)
        assert old.pay(HOME, next(old.keys(ITEMS[7]))) == "region_passive"

    def test_its_next_change_begins_with_the_item_that_functions_of_before_check(self, old):
        """From then on no function, of either version, pays under the old one alone."""
        assert old.pay(HOME, next(old.keys(ITEMS[7]))) == "paid"
        say(old, NAME, HOME, 4, **WITH_OTHERS)
        assert old.pay(HOME, next(old.keys(ITEMS[7]))) == "table_busy"
        say(old, ITEMS[7], HOME, 4, **WITH_OTHERS)
        assert old.pay(HOME, next(old.keys(ITEMS[7]))) == "paid"

    def test_one_without_any_item_is_fenced_when_the_functions_look_again(self, payers):
        """The tool of before writes the first item alone: it stops payments within seconds, and not at once."""
        assert payers.pay(HOME, next(payers.keys(ITEMS[7]))) == "paid"
        say(payers, NAME, PEER, 1)
        assert payers.pay(HOME, next(payers.keys(ITEMS[7]))) == "paid"
        payers.forget()
        assert payers.pay(HOME, next(payers.keys(ITEMS[7]))) == "region_passive"
        assert 0 < payers.environments[HOME][0].payments.KNOWN_SECONDS <= 5

    def test_no_function_writes_a_writer_item(self, old):
        """In a region that is behind it would be the later write, and undo a change that has not arrived."""
        before = {name: item for name, item in old.tables.regions[HOME].items.items() if name.startswith(NAME)}
        for fence in ITEMS[:5]:
            old.pay(HOME, next(old.keys(fence)))
        after = {name: item for name, item in old.tables.regions[HOME].items.items() if name.startswith(NAME)}
        assert before == after


class TwoRegions:
    """Both regions, payments, and changes of the writer into which anything else falls."""

    def __init__(self, seed: int, connected: bool) -> None:
        self.chance = random.Random(seed)
        self.connected = connected
        self.tables = Tables(recovery.Settings.read({}).name("table"))
        self.payers = Payers(self.tables, FEW, each=2)
        self.tool = WriterItems(self.tables, recovery.Settings.read({}), lambda *_: None, "x", 0.0, 0.05)
        self.through: dict[int, list[str]] = {0: [HOME, PEER]}  # where each epoch was decided
        self.acknowledged = {HOME: 0, PEER: 0}  # the newest epoch, where it was written
        self.wrong: list[str] = []
        self.busy_in_change = True
        for region in self.tables.regions.values():
            region.before = self.meanwhile

    def meanwhile(self, operation: str) -> None:
        """Let other things happen before a step of a change."""
        if operation in ("put_item", "batch_get_item") and self.busy_in_change:
            self.busy_in_change = False
            for _ in range(self.chance.choice((0, 0, 1, 3))):
                self.one()
            self.busy_in_change = True

    def one(self) -> None:
        """Do one thing that needs nobody's decision."""
        place = self.chance.choice((HOME, PEER))
        what = self.chance.choice(("pay", "pay", "carry", "hold", "look"))
        region = self.tables.regions[place]
        if what == "carry" and self.connected:
            self.tables.carry(place, self.chance.randrange(1000))
        elif what == "hold":  # a transaction takes an item, or lets it go
            region.busy ^= {self.chance.choice((NAME, *FEW))}
        elif what == "look":
            self.payers.forget()
        else:
            before = len(self.payers.stored)
            self.payers.pay(place, f"key-{self.chance.randrange(10_000)}", self.chance.randrange(2))
            self.judge(before)

    def judge(self, before: int) -> None:
        for stored in self.payers.stored[before:]:
            mine = stored.said[stored.place]
            allowed = mine or (HOME, 0)
            if allowed != (stored.place, stored.epoch):
                self.wrong.append(f"not what its item says: {stored}")
            if stored.epoch < self.acknowledged[stored.place]:
                self.wrong.append(f"under an epoch before an acknowledged change: {stored}")
            there = stored.said[OTHER[stored.place]] or (HOME, 0)
            decided = self.through.get(stored.epoch, [])
            if stored.place not in decided and there == (OTHER[stored.place], there[1]) and there[1] < stored.epoch:
                self.wrong.append(f"both regions take payments of one item after a change in the old one: {stored}")

    def change(self) -> None:
        """Change the writer as somebody may who does not look."""
        through = self.chance.choice((HOME, PEER))
        to = self.chance.choice((HOME, PEER, NOBODY))
        lost = OTHER[through] if not self.connected and self.chance.random() < 0.5 else ""
        for region in self.tables.regions.values():
            region.busy.clear()
        settings_of = recovery.Settings.read({})
        where = next(each for each in settings_of.region_configs if each.region == through)
        seen = self.tool.read(where)
        self.through.setdefault(seen.newest + 1, []).append(through)
        try:
            epoch = self.tool.change(to, where, "x", lost)
        except ExerciseError:
            return
        self.acknowledged[through] = max(self.acknowledged[through], epoch)


@pytest.fixture(scope="module")
def few():
    with pytest.MonkeyPatch.context() as patched:
        for module in (writer_items, writer_store):
            patched.setattr(module, "ITEMS", FEW)
        patched.setattr(writer_store, "WRITERS", 1)
        patched.setattr(writer_store, "CONFLICT_SECONDS", 0.0)
        yield


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32), steps=st.lists(st.sampled_from(["one", "one", "one", "one", "change"]), max_size=60))
@pytest.mark.parametrize("connected", [True, False])
def test_whatever_happens_in_which_order_payments_are_fenced(few, connected, seed, steps):
    """Changes whose items are written and arrive one at a time, payments between them, conflicts, regions cut off."""
    where = TwoRegions(seed, connected)
    for step in steps:
        getattr(where, step)()
    assert where.wrong == []


def test_the_regions_come_to_the_same_and_one_change_makes_them_whole(few):
    for seed in range(20):
        where = TwoRegions(seed, connected=True)
        for _ in range(30):
            where.one()
            if where.chance.random() < 0.2:
                where.change()
        where.connected, where.busy_in_change = True, False
        for region in where.tables.regions.values():
            region.busy.clear()
        where.tables.settle()
        home = recovery.Settings.read({}).primary
        where.tool.change(HOME, home, "x")
        where.tables.settle()
        where.payers.forget()
        assert where.tool.read(home).apart == []
        assert where.payers.pay(HOME, f"new-{seed}") == "paid"
        assert where.payers.pay(PEER, f"newer-{seed}") == "region_passive"

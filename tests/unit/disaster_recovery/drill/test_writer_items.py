"""Which region writes is changed in one place: every item, in one region, and only where that can undo nothing."""

import shlex

import pytest

from lib.common.errors import ExerciseError
from lib.disaster_recovery.drill.writer_items import WriterItems
from lib.disaster_recovery.writer import ITEMS, NAME
from tests.support import functions
from tests.support.disaster_recovery.two_regions import HOME, PEER
from tests.support.disaster_recovery.writers import change, said, write


def test_it_knows_the_items_that_the_functions_check():
    writer = functions.load("disaster_recovery", "payment").writer
    assert (NAME, ITEMS) == (writer.NAME, writer.ITEMS)


def test_without_items_the_home_region_writes(items, peer):
    seen = items.read(peer)
    assert (seen.region, seen.epoch, seen.apart) == (HOME, 0, [])


def test_a_change_writes_every_item_in_one_region(items, tables, peer):
    assert change(items, PEER, peer) == 1
    assert said(tables, PEER) == ({(PEER, "1")}, 1 + len(ITEMS))
    assert said(tables, HOME) == (set(), 0)
    assert items.read(peer).apart == []


def test_the_items_say_by_whom_and_that_they_belong_together(items, tables, peer):
    change(items, PEER, peer)
    for item in tables.regions[PEER].items.values():
        assert item["by"] == {"S": "test"}
        assert item["items"] == {"N": str(len(ITEMS))}


def test_what_payments_check_is_written_after_the_item_that_decides(items, tables, peer):
    """So that two people who change the writer at once are told apart before anything else is written."""
    order = []
    tables.noted = lambda _, item: order.append(item["pk"]["S"])
    change(items, PEER, peer)
    assert order[0] == NAME


@pytest.mark.parametrize("to", ["", "eu-south-l", "us-east-1"])
def test_a_region_of_another_name_is_refused(items, tables, peer, to):
    with pytest.raises(ExerciseError, match=f"nothing was changed: name one of {HOME}, {PEER}, nobody"):
        change(items, to, peer)
    assert said(tables, PEER) == (set(), 0)


def test_the_command_that_does_the_same_is_shown(items, shown, peer):
    change(items, PEER, peer, lost=HOME)
    assert shlex.split(shown[0]) == ["scripts/drill", "writer", PEER, "--through", PEER, "--lost", HOME]


class TestTheOtherRegion:
    """Conditions hold in one region: the other one is asked before anything is written."""

    def test_one_that_does_not_answer_may_have_decided_otherwise(self, items, tables, peer):
        tables.regions[HOME].away = True
        with pytest.raises(ExerciseError, match=f"nothing was changed: .* say so: --lost {HOME}"):
            change(items, PEER, peer)
        assert said(tables, PEER) == (set(), 0)

    def test_one_that_does_not_answer_is_said_to_be_lost_by_its_name(self, items, tables, peer):
        tables.regions[HOME].away = True
        assert change(items, PEER, peer, lost=HOME) == 1

    def test_only_the_other_one_can_be_lost(self, items, tables, peer):
        with pytest.raises(ExerciseError, match=f"nothing was changed: the one that can be lost .* is {HOME}"):
            change(items, PEER, peer, lost=PEER)
        assert said(tables, PEER) == (set(), 0)

    def test_one_that_has_not_heard_yet_is_waited_for(self, items, tables, home, peer, settings):
        change(items, PEER, peer)
        patient = WriterItems(tables, settings, lambda *_: None, "test", agree_seconds=5.0)
        looks = []

        def arrive(operation):
            looks.append(operation)
            if len(looks) == 6:
                tables.settle()

        tables.regions[HOME].before = arrive
        assert change(patient, HOME, peer) == 2

    def test_one_that_has_not_heard_in_time_is_told(self, items, peer):
        change(items, PEER, peer)
        with pytest.raises(ExerciseError, match=f"wait until both have the same, or, if {HOME} is lost, say so"):
            change(items, HOME, peer)

    def test_one_that_has_not_heard_and_is_lost_does_not_count(self, items, tables, peer):
        change(items, PEER, peer)
        assert change(items, "nobody", peer, lost=HOME) == 2

    @pytest.mark.parametrize("lost", ["", PEER])
    def test_a_region_that_is_behind_is_never_written_to(self, items, tables, home, peer, lost):
        """Replication keeps the later write: it would undo the change that has not arrived."""
        change(items, PEER, peer)
        with pytest.raises(ExerciseError, match=f"{HOME} is behind, .* or change the writer in {PEER}"):
            change(items, "nobody", home, lost=lost)
        assert said(tables, HOME) == (set(), 0)

    def test_a_region_that_was_stopped_and_does_not_replicate_is_gone_beyond(self, items, tables, home, peer):
        """The new epoch is above that of the pause, which it replaces when the regions see each other again."""
        change(items, "nobody", home)
        assert change(items, PEER, peer, lost=HOME) == 2
        tables.settle()
        assert said(tables, HOME) == ({(PEER, "2")}, 1 + len(ITEMS))

    def test_a_region_that_was_stopped_in_part_is_not_gone_beyond(self, items, tables, home, peer):
        change(items, "nobody", home)
        write(tables, HOME, ITEMS[3], HOME, 0)
        with pytest.raises(ExerciseError, match=f"{PEER} is behind"):
            change(items, PEER, peer, lost=HOME)

    def test_one_item_that_has_not_arrived_is_enough_to_wait(self, items, tables, home, peer):
        change(items, PEER, peer)
        while len(tables.regions[PEER].pending) > 1:
            tables.carry(PEER)
        with pytest.raises(ExerciseError, match="wait until both have the same"):
            change(items, HOME, home)

    def test_two_people_in_two_regions_at_once_do_not_both_succeed(self, items, tables, home, peer, settings):
        """The second begins and ends between the look of the first one at both regions and its write."""
        second = WriterItems(tables, settings, lambda *_: None, "other", agree_seconds=0.0)

        def meanwhile(operation):
            if operation == "put_item":
                tables.regions[HOME].before = lambda _: None
                change(second, PEER, peer)

        tables.regions[HOME].before = meanwhile
        with pytest.raises(ExerciseError, match=f"The writer was changed in {PEER} at the same moment"):
            change(items, HOME, home)

    def test_a_change_that_has_arrived_already_is_not_taken_for_somebody_elses(self, items, tables, home, peer):
        tables.regions[HOME].before = lambda operation: tables.settle() if operation == "get_item" else None
        assert change(items, PEER, peer) == 1

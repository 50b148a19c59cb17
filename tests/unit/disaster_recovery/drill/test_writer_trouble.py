"""A change of the writer meets payments, other people, what is half done and what is not as it should be."""

import time

import pytest

from lib.common.errors import ExerciseError
from lib.disaster_recovery.drill.writer_items import WriterItems
from lib.disaster_recovery.writer import ITEMS, NAME
from tests.support.disaster_recovery.memory import refusal
from tests.support.disaster_recovery.two_regions import HOME, PEER
from tests.support.disaster_recovery.writers import change, said, write


class TestTrouble:
    """A write is tried until it comes through, and a change that did not end is made once more."""

    def test_an_item_that_a_payment_holds_is_tried_again(self, items, tables, peer):
        region, tries = tables.regions[PEER], []
        region.busy = {NAME, ITEMS[0], ITEMS[255]}

        def end(operation):
            tries.append(operation)
            if len(tries) > 20:
                region.busy = set()

        region.before = end
        assert change(items, PEER, peer) == 1
        assert said(tables, PEER) == ({(PEER, "1")}, 1 + len(ITEMS))

    def test_an_item_that_is_held_for_ever_is_given_up(self, tables, settings, peer):
        tables.regions[PEER].busy = {ITEMS[9]}
        items = WriterItems(tables, settings, lambda *_: None, "test", agree_seconds=0.0, try_seconds=0.1)
        began = time.monotonic()
        with pytest.raises(
            ExerciseError, match=r"control#writer#09 could not .*TransactionConflict.*do the same once more"
        ):
            change(items, PEER, peer)
        assert time.monotonic() - began < 5

    def test_a_change_that_did_not_end_is_ended_by_the_next(self, tables, settings, peer):
        tables.regions[PEER].busy = {ITEMS[9]}
        items = WriterItems(tables, settings, lambda *_: None, "test", agree_seconds=0.0, try_seconds=0.1)
        with pytest.raises(ExerciseError):
            change(items, PEER, peer)
        tables.regions[PEER].busy = set()
        tables.settle()
        assert items.read(peer).apart == [ITEMS[9]]
        assert change(items, PEER, peer) == 2
        assert said(tables, PEER) == ({(PEER, "2")}, 1 + len(ITEMS))

    def test_a_write_whose_answer_is_lost_is_not_taken_for_somebody_elses(self, items, tables, peer):
        tables.regions[PEER].lost_answers = 3
        assert change(items, PEER, peer) == 1

    def test_what_will_not_pass_is_not_tried_again(self, items, tables, peer):
        tables.regions[PEER].troubles = [refusal("AccessDeniedException")]
        with pytest.raises(type(refusal("")), match="AccessDenied"):
            change(items, PEER, peer)

    def test_a_change_by_somebody_else_is_not_overwritten(self, items, tables, peer):
        def meanwhile(operation):
            if operation == "put_item" and NAME not in tables.regions[PEER].items:
                write(tables, PEER, NAME, "nobody", 1)

        tables.regions[PEER].before = meanwhile
        with pytest.raises(ExerciseError, match="is not at epoch 0 any more: look who else"):
            change(items, PEER, peer)
        assert said(tables, PEER) == ({("nobody", "1")}, 1)

    def test_a_change_of_the_region_alone_is_one_by_somebody_else(self, items, tables, peer):
        write(tables, PEER, NAME, PEER, 3)
        tables.settle()

        def meanwhile(operation):
            if operation == "put_item":
                write(tables, PEER, NAME, HOME, 3)

        tables.regions[PEER].before = meanwhile
        with pytest.raises(ExerciseError, match="is not at epoch 3 any more"):
            change(items, PEER, peer)

    def test_an_item_with_a_later_epoch_stays(self, items, tables, peer):
        """Somebody else's change goes on while this one's items are written."""

        def meanwhile(operation):
            if operation == "put_item" and NAME in tables.regions[PEER].items:
                tables.regions[PEER].before = lambda _: None
                write(tables, PEER, ITEMS[255], HOME, 2)

        tables.regions[PEER].before = meanwhile
        with pytest.raises(ExerciseError, match=r"1 of 256 writer items in .* have a later epoch than 1"):
            change(items, PEER, peer)
        assert tables.regions[PEER].items[ITEMS[255]]["epoch"] == {"N": "2"}


class TestMixed:
    """What is stored may be half of a change, of a stack of before, or by hand."""

    def test_the_new_epoch_is_above_every_item(self, items, tables, peer):
        write(tables, PEER, NAME, HOME, 4)
        write(tables, PEER, ITEMS[3], HOME, 9)
        tables.settle()
        assert change(items, PEER, peer) == 10

    def test_a_stack_of_before_gets_the_others_by_its_next_change(self, items, tables, home):
        write(tables, HOME, NAME, HOME, 4)
        tables.settle()
        assert len(items.read(home).apart) == len(ITEMS)
        assert change(items, HOME, home) == 5
        assert items.read(home).apart == []

    def test_items_without_the_first_one_are_apart(self, items, tables, home):
        write(tables, HOME, ITEMS[3], HOME, 4)
        assert items.read(home).apart == [ITEMS[3]]

    @pytest.mark.parametrize("wrong", [{"epoch": {"S": "1"}}, {"region": {"S": PEER}}, {"epoch": {"N": "1.5"}}, {}])
    def test_one_that_says_nothing_is_written_by_the_next_change(self, items, tables, peer, wrong):
        change(items, PEER, peer)
        tables.regions[PEER].store({"pk": {"S": ITEMS[3]}, **wrong})
        tables.settle()
        assert change(items, PEER, peer) == 2
        assert items.read(peer).apart == []

    @pytest.mark.parametrize(
        "wrong", [{"region": {"S": "x"}, "epoch": {"S": "1"}}, {"epoch": {"N": "1"}}, {"region": {"S": "x"}}]
    )
    def test_a_first_one_that_says_nothing_is_an_error_that_says_what_to_do(self, items, tables, home, wrong):
        tables.regions[HOME].store({"pk": {"S": NAME}, **wrong})
        with pytest.raises(ExerciseError, match="payments are refused: write it again"):
            items.read(home)

    def test_what_a_batch_leaves_over_is_asked_for_again(self, items, tables, peer):
        change(items, PEER, peer)
        tables.regions[PEER].left_over = 7
        assert len(items.read(peer).items) == 1 + len(ITEMS)

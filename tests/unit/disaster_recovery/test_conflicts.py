"""What the number of writer items, the ceiling of payments and the way of a change rest on: the model of conflicts."""

import pytest

from lib.disaster_recovery import writer
from tests.support import functions
from tests.support.disaster_recovery import conflicts

LONGEST = 0.015  # seconds that a transaction holds an item, of those that the model tries


@pytest.fixture(scope="module")
def pauses():
    """Those of the function."""
    return functions.load("disaster_recovery", "payment").table.PAUSES


def test_a_transaction_over_an_item_that_is_free_comes_through():
    assert conflicts.payments(0.1, 1, 0.005, (0.0,), 100.0).conflicts == 0


@pytest.mark.parametrize("hold", [0.005, 0.015])
def test_without_another_try_the_share_that_is_refused_is_that_of_erlangs_formula(hold):
    """With arrivals at random and one place: offered / (1 + offered)."""
    offered = 20 * hold
    found = conflicts.payments(20, 1, hold, (0.0,), 2000.0)
    assert found.busy == pytest.approx(offered / (1 + offered), abs=0.01)


def test_the_same_seed_gives_the_same(pauses):
    assert conflicts.payments(50, 2, 0.01, pauses, 5.0) == conflicts.payments(50, 2, 0.01, pauses, 5.0)


def test_one_item_refuses_a_quarter_of_200_payments_a_second_or_more(pauses):
    assert conflicts.payments(200, 1, 0.005, pauses, 20.0).busy > 0.2
    assert conflicts.payments(200, 1, LONGEST, pauses, 20.0).busy > 0.5


@pytest.mark.parametrize("rate", [2000, writer.PAYMENTS_A_SECOND])
def test_the_items_take_what_is_said_of_them(pauses, rate):
    found = conflicts.payments(rate, len(writer.ITEMS), LONGEST, pauses, 10.0)
    assert found.busy < 0.001
    assert found.p99 < 0.3


def test_a_change_in_one_transaction_does_not_come_through_under_load(pauses):
    found = conflicts.changes(2000, 99, 0.01, pauses, whole=True, runs=2)
    assert found.done == 0


def test_a_change_item_by_item_comes_through(pauses):
    found = conflicts.changes(2000, len(writer.ITEMS), LONGEST, pauses, whole=False, runs=3)
    assert (found.done, found.p50 < 2) == (1, True)

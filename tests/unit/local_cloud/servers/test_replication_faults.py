"""What is done to replication is a file in the local cloud's folder: set by one process, seen by another."""

import pytest

from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers import replication_faults as faults
from lib.local_cloud.servers.replication_faults import AURORA, TABLE, Fault, Faults


def test_nothing_is_done_unless_somebody_says_so(tmp_path):
    assert faults.read(tmp_path) == Faults(Fault(0.0, False), Fault(0.0, False))


def test_each_store_has_its_own(tmp_path):
    faults.change(tmp_path, AURORA, seconds=2)
    assert faults.change(tmp_path, TABLE, cut=True) == faults.read(tmp_path) == Faults(Fault(2), Fault(cut=True))


def test_what_is_not_named_is_left(tmp_path):
    faults.change(tmp_path, AURORA, seconds=2)
    faults.change(tmp_path, AURORA, cut=True)
    assert faults.read(tmp_path).aurora == Fault(2, True)


def test_a_cut_way_has_no_length():
    assert (Fault(2).way, Fault(2, cut=True).way) == (2, None)


@pytest.mark.parametrize("seconds", [-1, 601, float("nan")])
def test_no_other_time_is_taken(tmp_path, seconds):
    with pytest.raises(LocalCloudError, match=r"A lag of .* seconds is none: use 0 to 600\."):
        faults.change(tmp_path, TABLE, seconds=seconds)


def test_a_fault_for_a_while_is_taken_back_whatever_happens(tmp_path):
    with pytest.raises(KeyError), faults.lagging(tmp_path, AURORA, seconds=1, cut=True):
        assert faults.read(tmp_path).aurora == Fault(1, True)
        raise KeyError
    assert faults.read(tmp_path).aurora == Fault()


def test_everything_is_taken_back(tmp_path):
    faults.change(tmp_path, TABLE, seconds=1)
    faults.clear(tmp_path)
    faults.clear(tmp_path)
    assert faults.read(tmp_path) == Faults()

"""scripts/replication sets how late changes are, shows it, and says what is to be run first."""

import pytest

from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.servers import replication_faults as faults
from lib.local_cloud.servers.global_database import GlobalDatabase
from lib.local_cloud.servers.replication_faults import Fault
from scripts import replication


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A local cloud's folder, with a global database."""
    monkeypatch.setenv("LOCAL_CLOUD_FOLDER", str(tmp_path))
    monkeypatch.setattr(GlobalDatabase, "whole", True)
    LocalCloud.read().global_database(5999, ("xx-home-1", "xx-peer-1"))._write("xx-home-1")
    return tmp_path


def test_what_is_set_is_shown(folder, capsys):
    assert replication.main([]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Aurora's replication: as it comes",
        "the table's replication: as it comes",
        "Aurora writes in xx-home-1; xx-peer-1 follows",
    ]


def test_a_store_is_slowed_down_and_let_go_again(folder, capsys):
    assert replication.main(["aurora", "--seconds", "2.5"]) == 0
    assert faults.read(folder).aurora == Fault(2.5)
    assert "Aurora's replication: 2.5 s later" in capsys.readouterr().out
    assert replication.main(["aurora", "--restore"]) == 0
    assert faults.read(folder).aurora == Fault()


def test_a_store_is_cut_off(folder, capsys, monkeypatch):
    monkeypatch.setattr(GlobalDatabase, "whole", False)
    assert replication.main(["table", "--cut"]) == 0
    assert faults.read(folder).table == Fault(cut=True)
    shown = capsys.readouterr().out
    assert "the table's replication: cut" in shown
    assert "xx-peer-1 is to be made again" in shown


@pytest.mark.parametrize("arguments", [["aurora"], ["--cut"], ["--seconds", "0"], ["table", "--cut", "--restore"]])
def test_half_a_sentence_is_refused(folder, arguments, capsys):
    with pytest.raises(SystemExit):
        replication.main(arguments)


def test_a_time_that_is_none_is_refused(folder, capsys):
    assert replication.main(["table", "--seconds", "-1"]) == 1
    assert "A lag of -1.0 seconds is none" in capsys.readouterr().err


def test_without_a_global_database_it_says_what_to_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LOCAL_CLOUD_FOLDER", str(tmp_path))
    assert replication.main([]) == 1
    assert "run scripts/up disaster-recovery first" in capsys.readouterr().err

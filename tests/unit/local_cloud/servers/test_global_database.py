"""Two servers change roles as an Aurora global database's clusters do; a failover loses what had not arrived."""

import os
import signal
import threading
import time

import pytest
from pg8000.exceptions import DatabaseError

from lib.local_cloud.errors import LocalCloudError
from lib.local_cloud.servers import global_database, replica
from lib.local_cloud.servers import replication_faults as faults
from lib.local_cloud.servers.global_database import GlobalDatabase, known, locked
from lib.local_cloud.servers.replica import Replica
from tests.support import replicas
from tests.support.replicas import HOME, PEER, awaited


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with replicas.pair(tmp_path_factory.mktemp("global")) as pair:
        yield pair


@pytest.fixture
def pair(made):
    """Both servers in their first roles, with the same data."""
    made.whole()
    return made


def folder(pair):
    return pair.database.folder


def test_what_is_written_in_one_region_is_seen_in_the_other(pair):
    number = pair.write()
    assert awaited(lambda: pair.has(PEER, number)) < 3


def test_the_secondary_region_refuses_a_write(pair):
    with pair[PEER].administrator() as admin, pytest.raises(DatabaseError, match="cannot execute INSERT in a read-"):
        admin.run("INSERT INTO numbers VALUES (0)")


def test_users_come_over_with_their_passwords(pair):
    pair[HOME].provide("keeper", "first-Password.1", "kept")

    def there():
        with pair[PEER].administrator() as admin:
            return bool(admin.run("SELECT 1 FROM pg_authid WHERE rolname = 'keeper' AND rolpassword LIKE 'SCRAM%'"))

    awaited(there)


def test_a_second_start_finds_everything_done(pair):
    assert pair.database.converge() is False


def test_a_switchover_loses_nothing_however_late_the_other_region_is(pair):
    with faults.lagging(folder(pair), faults.AURORA, seconds=1):
        time.sleep(0.2)
        number = pair.write()
        assert not pair.has(PEER, number)
        pair.database.switch_over(PEER)
    assert pair.database.writer == PEER
    assert pair.has(PEER, number)
    back = pair.write()
    awaited(lambda: pair.has(HOME, back))


def test_a_failover_loses_what_had_not_arrived_and_nothing_else(pair):
    with faults.lagging(folder(pair), faults.AURORA, seconds=2):
        arrived = pair.write()
        awaited(lambda: pair.has(PEER, arrived))
        lost = pair.write()
        began = time.monotonic()
        pair.database.fail_over(PEER)
        assert time.monotonic() - began < 2
        assert (pair.has(PEER, arrived), pair.has(PEER, lost)) == (True, False)
        assert pair.database.repair() is True
    after = pair.write()
    awaited(lambda: pair.has(HOME, after))
    assert not pair.has(HOME, lost)


def test_each_step_takes_less_than_three_seconds(pair):
    def took(work):
        began = time.monotonic()
        work()
        return time.monotonic() - began

    steps = [
        took(lambda: pair.database.switch_over(PEER)),
        took(lambda: pair.database.fail_over(HOME)),
        took(pair.database.repair),
    ]
    assert max(steps) < 3


def test_a_region_that_is_cut_off_is_made_again_once_it_is_back(pair):
    faults.change(folder(pair), faults.AURORA, cut=True)
    time.sleep(0.3)
    number = pair.write()
    pair.database.fail_over(PEER)
    assert pair.database.repair() is False
    assert pair.database.converge() is False
    assert pair.has(HOME, number)  # who is cut off does not know
    faults.clear(folder(pair))
    assert pair.database.repair() is True
    assert not pair.has(HOME, number)


def test_a_server_that_is_made_again_is_connected_once_it_shows_what_the_other_one_has(pair):
    pair.database.fail_over(PEER)
    number = pair.write()
    thread = threading.Thread(target=pair.database.repair)
    thread.start()
    awaited(pair.database.connected)
    assert pair.has(HOME, number)
    thread.join()


def test_who_is_cut_off_is_not_connected(pair):
    awaited(pair.database.connected)
    with faults.lagging(folder(pair), faults.AURORA, cut=True):
        awaited(lambda: not pair.database.connected())
    awaited(pair.database.connected)


def test_nobody_is_connected_to_a_lost_writer(pair):
    pair.database.kill(HOME)
    assert pair.database.connected() is False


def test_who_is_cut_off_does_not_become_the_writer_without_a_loss(pair):
    faults.change(folder(pair), faults.AURORA, cut=True)
    with pytest.raises(LocalCloudError, match=f"{PEER} is not connected to the one in {HOME}.*scripts/replication"):
        pair.database.switch_over(PEER)
    assert pair.database.writer == HOME


@pytest.mark.parametrize("change", [GlobalDatabase.fail_over, GlobalDatabase.switch_over])
def test_who_has_not_been_made_again_does_not_become_the_writer(pair, change):
    faults.change(folder(pair), faults.AURORA, cut=True)
    pair.database.fail_over(PEER)
    with pytest.raises(LocalCloudError, match=f"{HOME} has not been made again since the last failover"):
        change(pair.database, HOME)


def test_who_does_not_catch_up_leaves_everything_as_it_was(pair, monkeypatch):
    monkeypatch.setattr(Replica, "await_position", lambda *_: False)
    with pytest.raises(LocalCloudError, match="does not catch up: nothing has changed"):
        pair.database.switch_over(PEER)
    assert pair.database.writer == HOME
    pair.write()


@pytest.mark.parametrize("change", [GlobalDatabase.fail_over, GlobalDatabase.switch_over])
def test_who_writes_already_is_left_alone(pair, change):
    running = pair[HOME].process()
    change(pair.database, HOME)
    assert pair[HOME].process() == running


def test_killed_servers_come_back_in_their_roles(pair):
    pair.database.switch_over(PEER)
    number = pair.write()
    for region in (HOME, PEER):
        os.kill(pair[region].process().pid, signal.SIGKILL)
    awaited(lambda: not any(pair[region].process() or pair[region].front() for region in (HOME, PEER)))
    assert pair.database.converge() is True
    awaited(lambda: pair.has(HOME, number))
    assert (pair[HOME].follows, pair[PEER].follows) == (True, False)


def test_a_lost_writer_does_not_switch_over_and_fails_over(pair):
    pair.database.kill(HOME)
    with pytest.raises(LocalCloudError, match="is not connected"):
        pair.database.switch_over(PEER)
    pair.database.fail_over(PEER)
    pair.write()


def test_a_failover_that_was_interrupted_is_ended_by_the_next_start(pair, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Replica, "promote", lambda _self: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            pair.database.fail_over(PEER)
    assert pair.database.converge() is True
    assert (pair[HOME].follows, pair[PEER].follows) == (True, False)
    pair.write()


def test_a_copy_that_was_interrupted_is_made_again(pair):
    pair[PEER].stop()
    (pair[PEER].data / "tap-ready").unlink()
    assert pair.database.converge() is True
    number = pair.write()
    awaited(lambda: pair.has(PEER, number))


def test_a_standby_that_is_not_promoted_is_told(pair, monkeypatch):
    class Admin:
        answers = iter([[[True]], [[False]]])

        def __enter__(self):
            return self

        def __exit__(self, *_error):
            return None

        def run(self, _sql, **_values):
            return next(self.answers)

    monkeypatch.setattr(Replica, "administrator", lambda _self: Admin())
    with pytest.raises(LocalCloudError, match=r"on 127\.0\.0\.2:\d+ is a standby still"):
        pair[PEER].promote()


def test_whoever_writes_needs_no_promotion(pair):
    pair[HOME].promote()
    pair.write()


def test_a_server_that_was_not_shut_down_in_order_is_told(pair):
    pair.database.kill(HOME)
    with pytest.raises(LocalCloudError, match="was not shut down in order"):
        pair[HOME].end()


def test_a_standby_that_nobody_sends_anything_is_waited_for_in_vain(pair):
    assert pair[PEER].await_position(2**62, 0.1) is False
    pair[PEER].stop()
    assert pair[HOME].await_standby(0.1) is False


def test_who_follows_nobody_has_received_nothing(pair):
    with pair[HOME].administrator() as admin, pytest.raises(replica.NoStandby):
        replica.received(admin)


def test_what_goes_away_while_it_is_copied_is_not_missed(tmp_path):
    source = tmp_path / "source"
    (source / "base" / "pgsql_tmp").mkdir(parents=True)
    (source / "pg_wal").mkdir()
    for name in ("base/1", "pg_wal/0001", "postmaster.pid"):
        (source / name).touch()
    (source / "base" / "gone").symlink_to(source / "nowhere")
    replica._take(source, tmp_path / "target")
    found = {str(path.relative_to(tmp_path / "target")) for path in (tmp_path / "target").rglob("*")}
    assert found == {"base", "base/1", "pg_wal"}
    replica._take(source / "pg_wal", tmp_path / "target" / "pg_wal")
    assert (tmp_path / "target" / "pg_wal" / "0001").exists()


def test_an_ordinary_user_owns_the_copy_already(tmp_path, monkeypatch):
    monkeypatch.setattr(replica.unprivileged, "user", lambda: None)
    Replica(tmp_path / "data", 1)._own()


def test_nobody_makes_a_server_again_that_is_being_removed(pair):
    pair.database.fail_over(PEER)
    pair.database.forget()
    assert known(folder(pair)) is None
    assert pair.database.repair() is False
    pair.database._write(PEER)
    assert known(folder(pair)) == (pair[HOME].port, (HOME, PEER))


def test_only_one_at_a_time_changes_roles(pair):
    pair.database.fail_over(PEER)
    with locked(folder(pair)):
        assert pair.database.repair() is False


def test_the_home_region_writes_until_another_is_named(tmp_path):
    servers = {name: Replica(tmp_path / name, 1) for name in (HOME, PEER)}
    database = GlobalDatabase(tmp_path, servers)
    assert (database.writer, database.follower, database.whole) == (HOME, PEER, False)


def test_a_switchover_waits_for_a_standby_for_a_while(pair, monkeypatch):
    monkeypatch.setattr(global_database, "STREAM_SECONDS", 0.1)
    monkeypatch.setattr(Replica, "followed", lambda _self: False)
    with pytest.raises(LocalCloudError, match="is not connected"):
        pair.database.switch_over(PEER)

"""Global tables of the emulator: changes arrive when it is time, each alone, and the latest write wins."""

import threading
import time

import pytest

from lib.local_cloud.servers import ministack_tables
from lib.local_cloud.servers import replication_faults as faults
from lib.local_cloud.servers.ministack_tables import Replication

HOME, PEER, TABLE = "xx-home-1", "xx-peer-1", "payments"


class GlobalTables:
    """Two regions of the emulator's, in this process, whose time a test tells."""

    def __init__(self, folder):
        from ministack.core.responses import get_account_id
        from ministack.services import dynamodb

        self.folder, self.dynamodb, self.account = folder, dynamodb, get_account_id()
        self.now, self.later = 100.0, []
        self.replication = Replication(folder, lambda: self.now, lambda after, work: self.later.append((after, work)))
        self.replication.install()

    def call(self, region, action, **arguments):
        from ministack.core.responses import request_scope

        with request_scope(self.account, region):
            status, _headers, body = getattr(self.dynamodb, action)({"TableName": TABLE, **arguments})
        assert status == 200, body
        return body

    def put(self, region, key, value):
        self.call(region, "_put_item", Item={"pk": {"S": key}, "value": {"S": value}})

    def has(self, region):
        from ministack.core.responses import request_scope

        with request_scope(self.account, region):
            items = self.dynamodb._tables.get(TABLE)["items"]
            return {key: item["value"]["S"] for key, rows in items.items() for item in rows.values()}

    def passes(self, seconds):
        """Let time pass, and what was to be done later be done."""
        self.now += seconds
        work, self.later = self.later, []
        for _after, each in work:
            each()


@pytest.fixture
def world(tmp_path, monkeypatch):
    from ministack.services import dynamodb

    monkeypatch.setattr(dynamodb, "_replicate_write", dynamodb._replicate_write)  # put back afterwards
    made = GlobalTables(tmp_path)
    keys = {"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}
    attributes = {"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}]}
    made.call(HOME, "_create_table", BillingMode="PAY_PER_REQUEST", **keys, **attributes)
    made.call(HOME, "_update_table", ReplicaUpdates=[{"Create": {"RegionName": PEER}}])
    yield made
    for region in (HOME, PEER):
        made.call(region, "_delete_table")


def test_a_change_is_everywhere_at_once_where_nothing_is_set(world):
    world.put(HOME, "a", "1")
    assert world.has(PEER) == {"a": "1"}


def test_a_change_arrives_when_it_is_time(world):
    faults.change(world.folder, faults.TABLE, seconds=2)
    world.put(HOME, "a", "1")
    world.passes(1.9)
    assert world.has(PEER) == {}
    world.passes(0.2)
    assert world.has(PEER) == {"a": "1"}


def test_nothing_arrives_while_it_is_cut_and_everything_after(world):
    faults.change(world.folder, faults.TABLE, cut=True)
    world.put(HOME, "a", "1")
    world.put(PEER, "b", "2")
    world.passes(1000)
    assert (world.has(HOME), world.has(PEER)) == ({"a": "1"}, {"b": "2"})
    faults.clear(world.folder)
    world.passes(0.1)
    assert world.has(HOME) == world.has(PEER) == {"a": "1", "b": "2"}


@pytest.mark.parametrize("first", [HOME, PEER])
def test_the_latest_write_wins_in_both_regions(world, first):
    second = PEER if first == HOME else HOME
    faults.change(world.folder, faults.TABLE, seconds=2)
    world.put(first, "a", "earlier")
    world.passes(1)
    world.put(second, "a", "later")
    for _ in range(4):
        world.passes(1)
    assert world.has(HOME) == world.has(PEER) == {"a": "later"}


def test_a_deletion_is_a_write_too(world):
    world.put(HOME, "a", "1")
    faults.change(world.folder, faults.TABLE, seconds=2)
    world.call(PEER, "_delete_item", Key={"pk": {"S": "a"}})
    assert world.has(HOME) == {"a": "1"}
    world.passes(3)
    assert world.has(HOME) == {}


def test_writes_at_the_same_time_end_alike_in_both_regions(world):
    faults.change(world.folder, faults.TABLE, seconds=2)
    world.put(HOME, "a", "home")
    world.put(PEER, "a", "peer")
    world.passes(3)
    assert world.has(HOME) == world.has(PEER)


def test_a_table_of_one_region_is_left_alone(world):
    world.replication.write({"TableName": "alone", "_global_regions": []}, "INSERT", None, {"pk": {"S": "a"}})
    assert world.later == []


def test_a_sort_key_tells_items_apart(world):
    table = {"TableName": TABLE, "pk_name": "pk", "sk_name": "sk", "_global_regions": [HOME, PEER]}
    faults.change(world.folder, faults.TABLE, cut=True)
    for sort in ("1", "2"):
        world.replication.write(table, "INSERT", None, {"pk": {"S": "a"}, "sk": {"S": sort}})
    assert {change.key for change in world.replication._waiting} == {("a", "1"), ("a", "2")}


def test_the_sending_region_tells_how_long_changes_took(world):
    from ministack.core.responses import request_scope
    from ministack.services import cloudwatch

    faults.change(world.folder, faults.TABLE, seconds=2)
    world.put(HOME, "a", "1")
    world.passes(2.5)
    world.passes(2)
    with request_scope(world.account, HOME):
        found = [points for key, points in cloudwatch._metrics.items() if key[1] == "ReplicationLatency"]
    assert found[0][-1]["Dimensions"] == {"TableName": TABLE, "ReceivingRegion": PEER}
    assert found[0][-1]["_stat"] == {"SampleCount": 1, "Sum": 2500.0, "Minimum": 2500.0, "Maximum": 2500.0}


def test_what_is_to_be_done_later_is_done_in_the_emulators_thread():
    import asyncio

    async def work():
        done = asyncio.Event()
        ministack_tables.later(0.01, done.set)
        await asyncio.wait_for(done.wait(), 5)

    asyncio.run(work())


def test_what_is_to_be_done_later_is_done_without_that_thread_too():
    done = threading.Event()
    began = time.monotonic()
    ministack_tables.later(0.05, done.set)
    assert done.wait(5)
    assert time.monotonic() - began >= 0.05


def test_it_takes_the_place_of_the_emulators_own(world, monkeypatch):
    monkeypatch.setattr(world.dynamodb, "_replicate_write", None)
    ministack_tables.install(world.folder)
    assert world.dynamodb._replicate_write.__self__._folder == world.folder

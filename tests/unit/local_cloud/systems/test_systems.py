"""The local cloud runs every registered system, each with a port of its own for its database."""

import socket

import pytest

import tap
from lib.common.errors import SettingError
from lib.local_cloud import systems
from lib.local_cloud.cloud import LocalCloud
from lib.local_cloud.errors import LocalCloudError


def test_every_system_of_the_registry_can_be_run():
    assert sorted(systems.load()) == sorted(tap.SYSTEMS)


def test_the_quick_ones_come_first():
    minutes = [system.minutes for system in systems.load().values()]
    assert minutes == sorted(minutes)


def test_the_tool_is_called_as_its_makers_call_it():
    assert {name: system.iac_tool for name, system in systems.load().items()} == {
        name: tap.IAC_TOOLS[system.iac_tool] for name, system in tap.SYSTEMS.items()
    }


def test_each_database_has_the_port_after_the_one_before(monkeypatch):
    assert [systems.database_port(name, {}) for name in tap.SYSTEMS] == [5432 + n for n in range(len(tap.SYSTEMS))]
    monkeypatch.setitem(tap.SYSTEMS, "sixth", tap.System("cdk", "lib.sixth.stack"))
    assert systems.database_port("sixth", {"DATABASE_PORT": "6000"}) == 6000 + len(tap.SYSTEMS) - 1


def test_a_first_port_that_leaves_no_room_is_refused():
    last = 65536 - len(tap.SYSTEMS)
    assert systems.database_port(next(iter(tap.SYSTEMS)), {"DATABASE_PORT": str(last)}) == last
    with pytest.raises(SettingError, match=f"DATABASE_PORT='{last + 1}'"):
        systems.database_port(next(iter(tap.SYSTEMS)), {"DATABASE_PORT": str(last + 1)})


@pytest.mark.parametrize("name", tap.SYSTEMS)
def test_no_two_systems_share_a_variable_for_a_port(name):
    found = systems.load()
    others = {variable for other in found.values() if other.name != name for variable in other.ports}
    assert set(found[name].ports) & (others | {systems.DATABASE_PORT}) == set()


def test_a_port_that_another_program_has_is_refused(tmp_path):
    cloud = LocalCloud.read({"LOCAL_CLOUD_FOLDER": str(tmp_path)})
    sentence = "meant for PostgreSQL, is used by another program"
    with pytest.raises(LocalCloudError, match=sentence), socket.create_server(("127.0.0.1", 0)) as taken:
        systems.database(cloud, taken.getsockname()[1])


def test_a_port_of_a_server_that_runs_is_not_asked_for(tmp_path, monkeypatch):
    cloud = LocalCloud.read({"LOCAL_CLOUD_FOLDER": str(tmp_path)})
    monkeypatch.setattr(systems.Postgres, "process", lambda self: object())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert systems.database(cloud, port).port == port

"""A shell that knows no port finds the cloud that another one started on ports of its own."""

import pytest

from lib.local_cloud import cli, ports
from lib.local_cloud.cloud import LocalCloud

FOLDER, PORT, OTHER = "LOCAL_CLOUD_FOLDER", "LOCAL_CLOUD_PORT", "DATABASE_PORT"


@pytest.fixture
def environ(tmp_path):
    return {FOLDER: str(tmp_path)}


def started(environ, **chosen):
    there = {**environ, **chosen}
    ports.remember(LocalCloud.read(there), (PORT, OTHER), there)


def test_ports_that_were_chosen_are_known_to_another_shell(environ):
    started(environ, LOCAL_CLOUD_PORT="4866", DATABASE_PORT="55432")
    ports.recall((PORT, OTHER), environ)
    assert (environ[PORT], environ[OTHER]) == ("4866", "55432")
    assert LocalCloud.read(environ).port == 4866


def test_ports_that_were_not_chosen_stay_the_usual_ones(environ):
    started(environ)
    ports.recall((PORT, OTHER), environ)
    assert set(environ) == {FOLDER}


def test_ports_that_this_shell_names_come_first(environ):
    started(environ, LOCAL_CLOUD_PORT="4866")
    environ[PORT] = "4999"
    ports.recall((PORT,), environ)
    assert environ[PORT] == "4999"


@pytest.mark.parametrize("content", [None, "", "{"])
def test_without_a_cloud_or_with_half_a_file_nothing_is_known(environ, tmp_path, content):
    if content is not None:
        (tmp_path / ports.FILE).write_text(content)
    ports.recall((PORT,), environ)
    assert set(environ) == {FOLDER}


def test_what_stands_in_the_file_beside_ports_is_not_taken(environ, tmp_path):
    (tmp_path / ports.FILE).write_text('{"PATH": "/elsewhere", "LOCAL_CLOUD_PORT": 4866}')
    ports.recall((PORT,), environ)
    assert environ == {FOLDER: str(tmp_path), PORT: "4866"}


def test_every_port_that_can_be_chosen_is_known_to_the_commands():
    assert {PORT, OTHER, "LOCAL_CLOUD_MOTO_PORT", "FLASK_API_PORT"} <= set(cli.PORTS)


def test_down_ends_a_cloud_whose_ports_this_shell_does_not_name(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER, str(tmp_path))
    started({FOLDER: str(tmp_path)}, LOCAL_CLOUD_PORT="4866")
    monkeypatch.setenv(PORT, "")
    ended = list[LocalCloud]()
    monkeypatch.setattr(cli, "down", ended.append)
    assert cli.main(["down"]) == 0
    assert [cloud.port for cloud in ended] == [4866]

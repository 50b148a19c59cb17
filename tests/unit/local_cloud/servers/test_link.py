"""The way between two servers takes the time that it is told, keeps the order, and can be cut."""

import socket
import time
from contextlib import contextmanager

import pytest

from lib.local_cloud.servers.link import Link


class Way:
    """How long it is, for now."""

    seconds: float | None = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def way():
    return Way()


@contextmanager
def connected(folder, way):
    """Yield both ends of a connection through a link."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "server"))
        listener.listen()
        link = Link(folder / "link" / "socket", folder / "server", way)
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(folder / "link" / "socket"))
                server, _address = listener.accept()
                with server:
                    for end in (client, server):
                        end.settimeout(10)
                    yield client, server
        finally:
            link.close()


def test_both_directions_are_at_once_where_nothing_is_set(tmp_path, way):
    with connected(tmp_path, way) as (client, server):
        client.sendall(b"question")
        assert server.recv(100) == b"question"
        server.sendall(b"answer")
        assert client.recv(100) == b"answer"


def test_what_the_server_says_takes_its_time_and_the_answer_none(tmp_path, way):
    with connected(tmp_path, way) as (client, server):
        way.seconds = 0.5
        began = time.monotonic()
        server.sendall(b"change")
        client.sendall(b"known")
        assert server.recv(100) == b"known"
        assert time.monotonic() - began < 0.4
        assert client.recv(100) == b"change"
        assert time.monotonic() - began >= 0.5


def test_a_shorter_way_keeps_the_order(tmp_path, way):
    with connected(tmp_path, way) as (client, server):
        way.seconds = 60.0
        server.sendall(b"first ")
        time.sleep(0.3)
        way.seconds = 0.0
        server.sendall(b"second")
        received = b""
        while len(received) < 12:
            received += client.recv(100)
        assert received == b"first second"


def test_a_cut_ends_the_connection_and_loses_what_is_on_its_way(tmp_path, way):
    with connected(tmp_path, way) as (client, server):
        way.seconds = 60.0
        server.sendall(b"lost")
        time.sleep(0.3)
        way.seconds = None
        assert client.recv(100) == b""


def test_nothing_gets_through_in_the_moment_of_a_cut(tmp_path):
    answers = iter([0.0, 0.0])

    def way():
        return next(answers, None)

    with connected(tmp_path, way) as (client, server):
        server.sendall(b"lost")
        assert client.recv(100) == b""


def test_nobody_gets_through_a_link_that_is_cut(tmp_path, way):
    way.seconds = None
    link = Link(tmp_path / "link" / "socket", tmp_path / "server", way)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "link" / "socket"))
        client.settimeout(10)
        assert client.recv(100) == b""
    link.close()


def test_a_link_to_nowhere_ends_its_connections(tmp_path, way):
    link = Link(tmp_path / "link" / "socket", tmp_path / "server", way)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "link" / "socket"))
        client.settimeout(10)
        assert client.recv(100) == b""
    link.close()


def test_a_closed_link_is_gone_and_can_be_laid_again(tmp_path, way):
    for _ in range(2):
        with connected(tmp_path, way) as (client, _server):
            pass
        assert client.fileno() == -1
        assert not (tmp_path / "link" / "socket").exists()
        (tmp_path / "server").unlink()


def test_one_side_that_goes_takes_the_other_with_it(tmp_path, way):
    with connected(tmp_path, way) as (client, server):
        server.close()
        assert client.recv(100) == b""

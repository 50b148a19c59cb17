"""Both directions of a connection move on their own, whatever their sizes, until one side has gone."""

import os
import socket
import threading
from contextlib import contextmanager, suppress

import pytest

from lib.local_cloud.servers.relay import relay


@contextmanager
def relayed():
    """Yield a client and a server with a relay between them, and its thread."""
    client, outer = socket.socketpair()
    server, inner = socket.socketpair()

    def run():
        with outer, inner, suppress(OSError):
            relay(outer, inner)

    thread = threading.Thread(target=run)
    thread.start()
    with client, server:
        for each in (client, server):
            each.settimeout(20)
        yield client, server, thread
    thread.join(10)
    assert not thread.is_alive()


def everything(connection, size):
    """Receive so many bytes."""
    content = b""
    while len(content) < size:
        content += connection.recv(65536)
    return content


def test_a_question_and_its_answer_go_through():
    with relayed() as (client, server, _thread):
        client.sendall(b"question")
        assert server.recv(100) == b"question"
        server.sendall(b"answer")
        assert client.recv(100) == b"answer"


def test_two_who_send_before_they_read_do_not_stop_each_other():
    content = os.urandom(4_000_000)
    with relayed() as (client, server, _thread):
        sending = [threading.Thread(target=each.sendall, args=(content,)) for each in (client, server)]
        reading, received = [], {}
        for thread in sending:
            thread.start()
        for name, each in (("client", client), ("server", server)):
            reading.append(
                threading.Thread(target=lambda n=name, c=each: received.update({n: everything(c, len(content))}))
            )
            reading[-1].start()
        for thread in (*sending, *reading):
            thread.join(20)
    assert received == {"client": content, "server": content}


@pytest.mark.parametrize("gone", [0, 1])
def test_who_goes_ends_it_for_the_other(gone):
    with relayed() as found:
        found[gone].sendall(b"last words")
        found[gone].close()
        assert everything(found[1 - gone], 10) == b"last words"
        assert found[1 - gone].recv(1) == b""
        found[2].join(10)
        assert not found[2].is_alive()

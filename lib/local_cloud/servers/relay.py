"""Bytes from one connection to another and back, until one side has gone."""

import select
import socket
import ssl

CHUNK_BYTES = 65_536
NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class _Direction:
    """From a source to a target, one part at a time: nothing is read while the last part has not gone out."""

    def __init__(self, source: socket.socket, target: socket.socket) -> None:
        self.source, self.target = source, target
        self.waiting = memoryview(b"")

    def move(self) -> bool:
        """Move what can be moved without waiting; return whether the source is still there."""
        try:
            if not self.waiting:
                # At least as much as a TLS record holds, so that nothing stays decrypted where poll does not see it.
                part = self.source.recv(CHUNK_BYTES)
                if not part:
                    return False
                self.waiting = memoryview(part)
            self.waiting = self.waiting[self.target.send(self.waiting) :]
        except NOT_NOW:
            pass
        return True


def relay(client: socket.socket, server: socket.socket) -> None:
    """Move bytes both ways until one side has ended its connection.

    Neither direction waits for the other: a client that sends much before it reads would stop both.

    Raises:
        OSError: a connection broke.
    """
    there, back = _Direction(client, server), _Direction(server, client)
    for connection in (client, server):
        connection.setblocking(False)
    poll = select.poll()
    while True:
        for way, other in ((there, back), (back, there)):
            reads = 0 if way.waiting else select.POLLIN
            poll.register(way.source, reads | (select.POLLOUT if other.waiting else 0))
        ready = {number for number, _event in poll.poll()}
        for way in (there, back):
            concerned = way.target if way.waiting else way.source
            if concerned.fileno() in ready and not way.move():
                return

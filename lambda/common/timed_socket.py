"""Sockets whose operations all end at one moment.

A socket's own time-out is for one operation. A server that answers late, a packet at a time, needs many of them: with
three seconds for each, connecting and one statement were seen to take 37.
"""

import socket
import ssl
import time
from typing import Any

TOLERANCE = 0.02  # of what is left


class Deadline:  # pylint: disable=too-few-public-methods  # it is read and set
    """The moment by which the sockets of one connection have to be done, in ``time.monotonic()``."""

    def __init__(self, moment: float = 0.0) -> None:
        self.moment = moment

    def left(self) -> float:
        """Return the seconds that are left.

        Raises:
            TimeoutError: there are none.
        """
        seconds = self.moment - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


def _limit(sock: "TimedSocket | TimedTlsSocket") -> None:
    """Give a socket's next operation the time that is left; a time-out that is nearly right saves a system call.

    Raises:
        TimeoutError: there is none.
    """
    left = sock.deadline.left()
    if abs(left - (sock.gettimeout() or 0.0)) > left * TOLERANCE:
        sock.settimeout(left)


class TimedSocket(socket.socket):
    """A socket whose operations end at the deadline, and which asks for TLS; :func:`connect` makes it."""

    deadline: Deadline
    encrypted: "TimedTlsSocket | None" = None  # which has the connection since then

    def recv(self, *arguments: Any) -> bytes:
        """Receive some bytes."""
        _limit(self)
        return super().recv(*arguments)

    def close(self) -> None:
        """End the connection, whichever of both has it."""
        if self.encrypted is not None:
            self.encrypted.close()
        super().close()


class TimedTlsSocket(ssl.SSLSocket):  # pylint: disable=abstract-method  # those that TLS does not have
    """The same over TLS; :class:`TimedContext` makes it."""

    deadline: Deadline

    def close(self) -> None:
        """End the connection at once: files that were made of the socket do not keep it open, as they do otherwise."""
        descriptor = self.detach()
        if descriptor >= 0:
            socket.close(descriptor)

    def recv(self, *arguments: Any) -> bytes:
        """Receive some bytes.

        Before a handshake ``ssl`` does this where the connection has ended, and leaves the socket open if it fails.
        """
        try:
            return super().recv(*arguments)
        except OSError:
            self.close()
            raise

    def send(self, *arguments: Any) -> int:
        """Send what the network takes."""
        _limit(self)
        return super().send(*arguments)

    def recv_into(self, *arguments: Any) -> int:
        """Receive some bytes into a buffer."""
        _limit(self)
        return super().recv_into(*arguments)


class TimedContext(ssl.SSLContext):
    """A TLS context that passes a socket's deadline on."""

    sslsocket_class = TimedTlsSocket

    def wrap_socket(self, sock: socket.socket, *arguments: Any, **options: Any) -> ssl.SSLSocket:
        """Return a socket that speaks TLS over another one, which must be a :class:`TimedSocket`."""
        assert isinstance(sock, TimedSocket)  # noqa: S101  # no other is made here
        # For the handshake altogether: https://docs.python.org/3/library/ssl.html#notes-on-non-blocking-sockets
        sock.settimeout(sock.deadline.left())
        wrapped = super().wrap_socket(sock, *arguments, **options)
        assert isinstance(wrapped, TimedTlsSocket)  # noqa: S101  # see sslsocket_class
        wrapped.deadline = sock.deadline
        sock.encrypted = wrapped
        return wrapped


def connect(address: tuple[str, int], deadline: Deadline) -> TimedSocket:
    """Return a socket that is connected to a host and a port.

    Raises:
        OSError: nobody answers, or not in time.
    """
    plain = socket.create_connection(address, deadline.left())
    sock = TimedSocket(fileno=plain.detach())
    sock.deadline = deadline
    try:
        sock.settimeout(deadline.left())
    except TimeoutError:
        sock.close()
        raise
    return sock

"""A TCP proxy in front of a server: what comes to its port goes on to the server, until it is cut."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

LOOPBACK = "127.0.0.1"
CHUNK, LOOK_SECONDS = 65536, 0.2


class TcpProxy:
    """Passes connections on; while it is cut there are none, and nobody listens."""

    def __init__(self, port: int) -> None:
        self._target = (LOOPBACK, port)
        self._lock, self._open = threading.Lock(), set[socket.socket]()
        self._listener: socket.socket | None = None
        self._threads: list[threading.Thread] = []
        self.port = 0
        self.restore()

    def __enter__(self) -> "TcpProxy":
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    def restore(self) -> None:
        """Listen, on the same port as before."""
        if self._listener is not None:
            return
        listener = socket.create_server((LOOPBACK, self.port))
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._start(self._accept, listener)

    def cut(self) -> None:
        """Listen no more, and end every connection in the middle of whatever it does."""
        if self._listener is None:
            return
        listener, self._listener = self._listener, None
        _end(listener)
        self._threads.pop(0).join()  # who accepts: no connection is begun after that
        with self._lock:
            for connection in self._open:
                with suppress(OSError):  # its other side has ended it
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _start(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments, name="proxy", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                came, _address = listener.accept()
            except OSError:  # it was cut
                return
            self._pass(came)

    def _pass(self, came: socket.socket) -> None:
        try:
            onward = socket.create_connection(self._target)
        except OSError:
            came.close()
            return
        with self._lock:
            self._open |= {came, onward}
        self._start(self._both, came, onward)

    def _both(self, came: socket.socket, onward: socket.socket) -> None:
        back = threading.Thread(target=_copy, args=(onward, came), name="proxy-back", daemon=True)
        back.start()
        _copy(came, onward)
        back.join()
        with self._lock:
            self._open -= {came, onward}
            came.close()
            onward.close()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes until one side ends, and then end the other."""
    with suppress(OSError):
        while chunk := source.recv(CHUNK):
            target.sendall(chunk)
    for side in (source, target):
        with suppress(OSError):
            side.shutdown(socket.SHUT_RDWR)


def _end(listener: socket.socket) -> None:
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for a connection
    listener.close()

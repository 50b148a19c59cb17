"""The way from one server to another, which can be slow, or cut: a socket in between."""

import os
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from lib.local_cloud.servers.relay import CHUNK_BYTES

TICK_SECONDS, IDLE_SECONDS = 0.01, 0.1  # between two looks at what is on the way, and at whether there is a way


class Link:
    """Listens at a socket and leads to another, for as long as it is open.

    Args:
        path: where it listens.
        target: where it leads.
        seconds: returns what the way takes now; None while it is cut. What is on the way then is lost.
    """

    def __init__(self, path: Path, target: Path, seconds: Callable[[], float | None]) -> None:
        self._path, self._target, self._seconds = path, target, seconds
        self._closed = Event()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        path.parent.chmod(0o755)  # whoever gets this far may connect: the folder above is closed
        os.chmod(path, 0o777)  # noqa: S103 - as above
        self._listener.listen()
        self._listener.settimeout(IDLE_SECONDS)
        self._threads = [Thread(target=self._accept, name="link", daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        with self._listener:
            while not self._closed.is_set():
                with suppress(TimeoutError):
                    client, _address = self._listener.accept()
                    thread = Thread(target=self._serve, args=(client,), name="link", daemon=True)
                    self._threads = [each for each in self._threads if each.is_alive()] + [thread]
                    thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.socket(socket.AF_UNIX) as server:
            if self._seconds() is not None:
                server.connect(str(self._target))
                self._carry(client, server)

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        """Move what the client says at once, and what the server says after its time on the way."""
        waiting: deque[tuple[float, bytes]] = deque()
        while not self._closed.is_set():
            seconds = self._seconds()
            if seconds is None:
                return
            now = time.monotonic()
            while waiting and waiting[0][0] + seconds <= now:
                client.sendall(waiting.popleft()[1])
            readable, _writable, _failed = select.select(
                [client, server], [], [], TICK_SECONDS if waiting else IDLE_SECONDS
            )
            seconds = self._seconds()  # it may have been changed meanwhile
            for source in readable:
                part = source.recv(CHUNK_BYTES)
                if not part:
                    return
                if source is client:
                    server.sendall(part)
                elif seconds or waiting:
                    waiting.append((time.monotonic(), part))
                elif seconds is not None:
                    client.sendall(part)

    def close(self) -> None:
        """End it, and every connection through it."""
        self._closed.set()
        for thread in list(self._threads):
            thread.join()
        self._path.unlink(missing_ok=True)

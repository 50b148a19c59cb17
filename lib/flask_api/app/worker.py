"""A process of gunicorn that serves by waitress: gunicorn starts, watches and ends it, waitress speaks HTTP."""

import os
import time
from types import FrameType

from gunicorn.workers import base  # type: ignore[import-untyped]  # gunicorn has no types
from waitress import wasyncore  # type: ignore[import-untyped]  # waitress has no types

from .http_server import Server


class Worker(base.Worker):  # type: ignore[misc]  # gunicorn has no types
    """One process: a loop for all connections, threads for the application."""

    server: Server | None = None
    alive: bool

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, on SIGTERM."""
        first = self.alive
        super().handle_exit(sig, frame)
        if first and self.server is not None:
            self.server.pull_trigger()  # the loop may be waiting

    @property
    def stuck(self) -> bool:
        """Whether no request can be answered any more."""
        return self.server is not None and self.server.stuck

    def run(self) -> None:
        """Serve until told to stop; then finish what was accepted, within the graceful timeout."""
        sockets: dict[int, object] = {}
        self.server = server = Server(self.wsgi, self.sockets[0].sock, self.cfg.threads, sockets)
        while self.alive and self.ppid == os.getppid():
            self._turn(sockets)
        self.alive = False
        server.stop()
        deadline = time.monotonic() + self.cfg.graceful_timeout
        while server.active_channels and time.monotonic() < deadline:
            self._turn(sockets)
        server.task_dispatcher.shutdown(timeout=max(0.0, deadline - time.monotonic()))
        wasyncore.close_all(sockets)

    def _turn(self, sockets: dict[int, object]) -> None:
        self.notify()
        assert self.server is not None  # noqa: S101  # for the types: run has made it
        wasyncore.poll2(self.server.maintain(), sockets)

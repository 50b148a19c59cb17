"""A process of gunicorn serves by waitress, shows that it lives, and stops as it is told."""

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

from lib.flask_api.app import limits
from lib.flask_api.app.worker import Worker
from lib.local_cloud.names import HOST
from tests.support.flask_api import until

# pylint: disable=redefined-outer-name

REQUEST = b"GET / HTTP/1.1\r\n\r\n"


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """One that runs in a thread of the test's process, with a small application."""
    monkeypatch.setattr(limits, "STOP_SECONDS", 0.2)
    config = Config()
    config.set("graceful_timeout", 2)
    config.set("threads", 1)
    go = threading.Event()

    def application(environ: Any, start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/wait":
            go.wait(10)
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    with socket.create_server((HOST, 0)) as listener:
        made = Worker(1, os.getppid(), [SimpleNamespace(sock=listener)], None, 30, config, logging.getLogger("test"))
        made.wsgi, made.go, made.port = application, go, listener.getsockname()[1]
        made.thread = threading.Thread(target=made.run)
        made.thread.start()
        until(lambda: made.server is not None)
        yield made
        go.set()
        made.handle_exit(15, None)
        made.thread.join()
        made.tmp.close()


def connect(worker: Any, request: bytes = REQUEST) -> socket.socket:
    """Return a connection over which a request was sent."""
    link = socket.create_connection((HOST, worker.port), timeout=5)
    link.sendall(request)
    return link


def test_it_serves_and_shows_that_it_lives(worker: Any) -> None:
    """Gunicorn kills one that does not touch its file for half a minute."""
    before = worker.tmp.last_update()
    with connect(worker) as link:
        assert link.recv(100).startswith(b"HTTP/1.1 200 OK")
    until(lambda: worker.tmp.last_update() > before)
    assert not worker.stuck


def test_one_that_does_not_run_yet_stops_too() -> None:
    """The signal may come while it starts."""
    early = Worker(1, os.getppid(), [], None, 30, Config(), logging.getLogger("test"))
    early.handle_exit(15, None)
    assert (early.alive, early.stuck) == (False, False)
    early.tmp.close()


def test_it_finishes_what_it_has_accepted(worker: Any) -> None:
    """And ends at once afterwards, the kept connections after a moment."""
    with connect(worker) as kept, connect(worker, b"GET /wait HTTP/1.1\r\n\r\n") as waiting:
        assert kept.recv(100)
        until(lambda: bool(worker.server.working))
        began = time.monotonic()
        worker.handle_exit(15, None)
        worker.thread.join(0.5)
        assert worker.thread.is_alive()
        worker.go.set()
        assert waiting.recv(100).startswith(b"HTTP/1.1 200 OK")
        worker.thread.join(5)
        assert not worker.thread.is_alive()
    assert time.monotonic() - began < 2


def test_what_takes_too_long_is_left(worker: Any) -> None:
    """After the graceful timeout."""
    with connect(worker, b"GET /wait HTTP/1.1\r\n\r\n"):
        until(lambda: bool(worker.server.working))
        began = time.monotonic()
        worker.handle_exit(15, None)
        worker.thread.join(10)
    assert 1.5 < time.monotonic() - began < 5


def test_it_stops_when_gunicorn_is_gone(worker: Any) -> None:
    """Nobody else would ever end it."""
    worker.ppid = -1
    worker.thread.join(5)
    assert not worker.thread.is_alive()
    assert not worker.alive

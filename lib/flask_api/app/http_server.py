"""HTTP for all clients of a process in one thread, by waitress: one that is slow costs a connection, and no thread.

The thread reads requests, whole ones, with a deadline for each; it answers by itself what needs no other: whether the
process lives, what is no request, and what would wait too long. Everything else is the application's, in its threads.
It sends what they have answered, with a deadline as well.
"""

import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from waitress.adjustments import Adjustments  # type: ignore[import-untyped]  # waitress has no types
from waitress.channel import HTTPChannel  # type: ignore[import-untyped]  # waitress has no types
from waitress.server import TcpWSGIServer  # type: ignore[import-untyped]  # waitress has no types
from waitress.task import ThreadedTaskDispatcher  # type: ignore[import-untyped]  # waitress has no types

from . import limits
from .http_messages import CUT_OFF, OVERLOADED, TOO_SLOW, Answer, Parser, Problem
from .problems import Refusal

LIVE = "/health/live"
ACCEPTED = 32  # connections, before those that are open have their turn
SCAN_SECONDS = 0.5


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """One client's connection. All methods but :meth:`service` run in the thread of the server."""

    parser_class, task_class, error_task_class = Parser, Answer, Problem
    request: Parser | None  # the one that is not complete yet
    requests: list[Parser]
    close_when_flushed: bool
    began = 0.0  # the first byte of the request that is not complete yet; this and the next two of time.monotonic()
    unsent_since = 0.0  # 0 while nothing waits to be sent
    closes_at = 0.0  # 0 until the last answer is sent
    lingers = False

    def handle_read(self) -> None:
        """Read what has come."""
        try:
            data = self.socket.recv(self.adj.recv_bytes)
        except BlockingIOError:
            return
        except OSError:
            self.handle_close()
            return
        if self.closes_at:
            if not data:
                self.handle_close()
        elif data:
            self.last_activity = time.time()
            if self.request is None:
                self.began = time.monotonic()
            self.unsent_since = 0.0
            self.received(data)
            self._limit_pipelined()
            self.server.answer_directly()
        elif self.request is not None:
            self.refuse(self.request, CUT_OFF)
        else:
            self.handle_close()

    def _limit_pipelined(self) -> None:
        """Leave out what a client has sent before it had answers: it has to send that again, over another connection.

        https://www.rfc-editor.org/rfc/rfc9112#section-9.3.2
        """
        with self.requests_lock:
            if len(self.requests) > limits.PIPELINED:
                del self.requests[limits.PIPELINED :]
                self.requests[-1].last = True

    def readable(self) -> bool:
        """Tell whether more is wanted of the client; after the last answer, only its end."""
        return bool(self.closes_at or super().readable())

    def writable(self) -> bool:
        """Tell whether there is something to send, or to end."""
        return not self.closes_at and bool(super().writable())

    def handle_write(self) -> None:
        """Send; after the last answer end the connection, or this side of it where the client may still be sending."""
        lingers = self.lingers and self.close_when_flushed
        if lingers:
            self.close_when_flushed = False
        super().handle_write()
        if lingers and self.socket is not None:
            self.close_when_flushed = True
            if not self.total_outbufs_len:
                self.closes_at = time.monotonic() + limits.CLOSE_SECONDS
                with suppress(OSError):  # the client was quicker
                    self.socket.shutdown(socket.SHUT_WR)

    def refuse(self, request: Parser, refusal: Refusal) -> None:
        """Answer the request that is not complete, and take no other."""
        request.error, request.completed = refusal, True
        with self.requests_lock:
            self.requests.append(request)
            self.request = None
        self.service()

    def service(self) -> None:
        """Answer the first request."""
        working, thread = self.server.working, threading.get_ident()
        working[thread] = time.monotonic()
        try:
            super().service()
        finally:
            del working[thread]

    def enforce(self, now: float, idle_seconds: float) -> None:
        """End what takes too long: an answer that is not taken, a request that does not come, nothing at all."""
        if self.requests:
            return  # the application's
        if self.closes_at:
            overdue = now > self.closes_at
        elif self.total_outbufs_len:
            self.unsent_since = self.unsent_since or now
            overdue = now - self.unsent_since > limits.ANSWER_SECONDS
        elif self.request is not None:
            overdue = False
            longest = limits.REQUEST_SECONDS if self.request.headers_finished else limits.HEADER_SECONDS
            if now - self.began > longest:
                self.refuse(self.request, TOO_SLOW)
        else:
            overdue = time.time() - self.last_activity > idle_seconds
        if overdue:
            self.handle_close()

    @property
    def patience(self) -> tuple[bool, float]:
        """What is least of the connection that is closed for a new one: slow ones before idle ones, then by age."""
        idle = self.request is None and not self.total_outbufs_len and not self.closes_at
        return idle, self.last_activity if idle else self.began


class Server(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """All connections of a process, and what waits for a thread.

    Args:
        application: the WSGI application.
        listener: listens already.
        threads: how many requests the application answers at once.
        sockets: what the loop looks at, by file descriptor.
    """

    channel_class = Channel

    def __init__(
        self, application: Callable[..., object], listener: socket.socket, threads: int, sockets: dict[int, object]
    ) -> None:
        adjustments = Adjustments(
            threads=threads,
            ident=None,
            clear_untrusted_proxy_headers=False,  # the API reads none
            max_request_header_size=limits.HEADER_BYTES,
            max_request_body_size=limits.CHUNKED_BYTES,
            # In memory, for the container's file system is read-only.
            inbuf_overflow=2 * limits.CHUNKED_BYTES,
            outbuf_overflow=1 << 30,
        )
        self.working: dict[int, float] = {}
        self.stopping = False
        self._threads, self._next_scan = threads, 0.0
        self._directly: deque[Channel] = deque()
        self._thread = threading.get_ident()
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(threads)
        address = (listener.family, listener.type, listener.proto, listener.getsockname())
        super().__init__(
            application,
            sockets,
            _sock=listener,
            dispatcher=dispatcher,
            adj=adjustments,
            sockinfo=address,
            bind_socket=False,
        )

    @property
    def stuck(self) -> bool:
        """Whether every thread has had the same request for longer than any may take."""
        now, since = time.monotonic(), list(self.working.values())
        return len(since) >= self._threads and all(now - each > limits.STUCK_SECONDS for each in since)

    def readable(self) -> bool:
        """Tell whether new connections are taken."""
        return bool(self.accepting)

    def handle_accept(self) -> None:
        """Take new connections, each in the place of another one when there are too many."""
        for _ in range(ACCEPTED):
            try:
                accepted = self.accept()
            except OSError:  # no file descriptor is left, for example
                self._close_one()
                return
            if accepted is None:
                return
            if len(self.active_channels) >= limits.CONNECTIONS:
                self._close_one()
            connection, address = accepted
            self.set_socket_options(connection)
            self.channel_class(self, connection, address, self.adj, map=self._map)

    def _close_one(self) -> None:
        waiting = [each for each in self.active_channels.values() if not each.requests]
        if waiting:
            min(waiting, key=lambda each: each.patience).handle_close()

    def add_task(self, task: Channel) -> None:
        """Take a complete request: for a thread, or for this one when it needs no other."""
        request = task.requests[0]
        request.queued = time.monotonic()
        if threading.get_ident() != self._thread:  # the next one of a client that does not wait for answers
            self.task_dispatcher.add_task(task)
            return
        queue = self.task_dispatcher.queue
        if request.error is None and request.path != LIVE:
            if len(queue) < self._threads * limits.QUEUE_PER_THREAD:
                self.task_dispatcher.add_task(task)
                return
            request.error = OVERLOADED
        self._directly.append(task)

    def answer_directly(self) -> None:
        """Answer what needs no other thread."""
        while self._directly:
            self._directly.popleft().service()

    def maintain(self) -> float:
        """Refuse what has waited for too long, end what takes too long; return after how many seconds to call again."""
        now = time.monotonic()
        queue, late = self.task_dispatcher.queue, list[Channel]()
        with self.task_dispatcher.lock:
            while queue and now - queue[0].requests[0].queued > limits.QUEUE_SECONDS:
                late.append(queue.popleft())
        for channel in late:
            channel.requests[0].error = OVERLOADED
            channel.service()
        self.answer_directly()
        if now >= self._next_scan:
            self._next_scan = now + SCAN_SECONDS
            idle_seconds = limits.STOP_SECONDS if self.stopping else limits.IDLE_SECONDS
            for channel in list(self.active_channels.values()):
                channel.enforce(now, idle_seconds)
        return 0.1 if queue else SCAN_SECONDS

    def stop(self) -> None:
        """Take no new connection; answer what comes over the others, and close them."""
        self.stopping = True
        self.accepting = False
        self.del_channel()
        self.socket.close()

"""Over real sockets: a slow client costs no thread, everything ends in time, and every answer is the API's own."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from waitress import wasyncore

from lib.flask_api.app import http_server, limits, models, problems
from lib.flask_api.app.http_server import Server
from lib.local_cloud.names import HOST
from tests.support.flask_api import until

# pylint: disable=redefined-outer-name

THREADS = 2
ECHO = b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
WAIT = b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"
JSON = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@dataclass
class Served:
    """A server in a thread of its own, in front of a small application."""

    asked: list[tuple[str, bytes]] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)
    sockets: dict[int, Any] = field(default_factory=dict)
    server: Any = None
    port: int = 0
    _thread: Any = None
    _ends: threading.Event = field(default_factory=threading.Event)

    def application(self, environ: Any, start_response: Any) -> list[bytes]:
        """Answer what was sent; ``/wait`` waits, ``/long`` is more than the sockets hold, ``/defect`` is one."""
        body = environ["wsgi.input"].read()
        path = environ["PATH_INFO"]
        self.asked.append((path, body))
        if path == "/wait":
            self.go.wait(10)
        if path == "/defect":
            raise ValueError("4111111111111111")
        answer = b"x" * 8_000_000 if path == "/long" else path.encode() + b" " + body
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(answer)))])
        return [answer]

    def run(self, ready: threading.Event) -> None:
        """Serve until the end."""
        listener = socket.create_server((HOST, 0))
        self.port = listener.getsockname()[1]
        self.server = Server(self.application, listener, THREADS, self.sockets)
        ready.set()
        while not self._ends.is_set():
            wasyncore.poll2(min(0.05, self.server.maintain()), self.sockets)
        self.go.set()
        self.server.task_dispatcher.shutdown()
        wasyncore.close_all(self.sockets)

    def __enter__(self) -> "Served":
        ready = threading.Event()
        self._thread = threading.Thread(target=self.run, args=(ready,))
        self._thread.start()
        ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def connect(self, buffer: int = 65536) -> socket.socket:
        """Return a connection."""
        link = socket.socket()
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        link.settimeout(5)
        try:
            link.connect((HOST, self.port))
        except OSError:
            link.close()
            raise
        return link

    def send(self, data: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send bytes over a new connection and return the answer."""
        with self.connect() as link:
            link.sendall(data)
            return answer(link)


def answer(link: socket.socket, head: bool = False) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of the next answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = link.recv(1)
        assert more, data
        data += more
    first, *lines = data.decode().strip().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    body = b""
    while not head and len(body) < int(headers["Content-Length"]):
        body += link.recv(int(headers["Content-Length"]) - len(body))
    return int(first.split()[1]), headers, body


def ended(link: socket.socket, seconds: float = 3.0) -> bool:
    """Tell whether the server ends a connection, whatever it sends before."""
    link.settimeout(seconds)
    with suppress(ConnectionError):
        try:
            while link.recv(65536):
                pass
        except TimeoutError:
            return False
    return True


def problem(found: tuple[int, dict[str, str], bytes], status: int) -> models.Problem:
    """Return the problem that an answer holds."""
    code, headers, body = found
    assert (code, headers["Content-Type"]) == (status, problems.MEDIA_TYPE)
    told = models.Problem.model_validate(json.loads(body))
    assert (told.status, told.request_id) == (status, headers["X-Request-Id"])
    return told


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The server, which looks for what is late ten times as often."""
    monkeypatch.setattr(http_server, "SCAN_SECONDS", 0.05)
    with Served() as made:
        yield made


def chunks(*parts: bytes) -> bytes:
    """Return a request whose body comes in chunks."""
    framed = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return JSON + b"Transfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n"


def lengthy(size: int) -> bytes:
    """Return a request with a body of so many bytes."""
    return JSON + b"Content-Length: %d\r\n\r\n" % size + b" " * size


# ---- what is read


@pytest.mark.parametrize("request_bytes", [chunks(b"[1,", b"2]"), JSON + b"Content-Length: 5\r\n\r\n[1,2]"])
def test_a_body_is_the_same_however_it_is_sent(served: Served, request_bytes: bytes) -> None:
    """In chunks, or with its length before it."""
    assert served.send(request_bytes)[2] == b"/echo [1,2]"


@pytest.mark.parametrize(
    "request_bytes",
    [
        lengthy(limits.BODY_BYTES),
        chunks(b" " * limits.BODY_BYTES),
        chunks(*[b" "] * limits.BODY_BYTES),
    ],
)
def test_the_limit_itself_is_read(served: Served, request_bytes: bytes) -> None:
    """What is between the chunks does not count."""
    assert len(served.send(request_bytes)[2]) == limits.BODY_BYTES + len("/echo ")


@pytest.mark.parametrize(
    "request_bytes",
    [
        lengthy(limits.BODY_BYTES + 1),
        JSON + b"Content-Length: 99999999999\r\n\r\n",
        JSON + b"Content-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n",
        chunks(b" " * limits.BODY_BYTES, b"{]"),
        chunks(b" " * limits.BODY_BYTES + b"x"),
        chunks(*[b" "] * (limits.BODY_BYTES + 1)),
        JSON + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * limits.CHUNKED_BYTES,
    ],
)
def test_a_longer_body_is_refused(served: Served, request_bytes: bytes) -> None:
    """As soon as that is known, and the application never sees it: its beginning could be valid by itself."""
    with served.connect() as link:
        link.sendall(request_bytes)
        assert "longer than 32768 bytes" in problem(answer(link), 413).detail
        assert ended(link)
    assert not served.asked


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /" + b"x" * limits.HEADER_BYTES + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /" + b"x" * limits.HEADER_BYTES, 414),
        (b"GET / HTTP/1.1\r\nX-Long: " + b"x" * limits.HEADER_BYTES + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * limits.HEADER_BYTES, 431),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n folded: x\r\n\r\n", 400),
        (b"get / HTTP/1.1\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (JSON + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (JSON + b"Transfer-Encoding: gzip\r\n\r\n", 501),
    ],
)
def test_what_is_no_request_is_answered_like_everything_else(served: Served, request_bytes: bytes, status: int) -> None:
    """As a problem in JSON, and not in HTML or text; then the connection ends."""
    with served.connect() as link:
        with suppress(ConnectionError):  # the server has seen enough before the end
            link.sendall(request_bytes)
        problem(answer(link), status)
        assert ended(link)
    assert not served.asked


def test_an_answer_is_not_lost_when_more_is_coming(served: Served) -> None:
    """Closed at once, the connection would be reset, and the answer with it: RFC 9112, section 9.6."""
    with served.connect() as link:
        link.sendall(JSON + b"Content-Length: 1000000\r\n\r\n")
        for _ in range(20):
            link.sendall(b" " * 10_000)
            time.sleep(0.01)
        problem(answer(link), 413)
        link.shutdown(socket.SHUT_WR)
        assert ended(link)


def test_a_refusal_waits_for_the_answers_before_it(served: Served) -> None:
    """They are sent as the client takes them, and the connection ends after the last."""
    with served.connect(2048) as link:
        link.sendall(b"GET /long HTTP/1.1\r\n\r\nnonsense\r\n\r\n")
        until(lambda: len(served.asked) == 1)
        assert len(answer(link)[2]) == 8_000_000
        problem(answer(link), 400)
        assert ended(link)


def test_who_goes_on_sending_after_the_answer_is_cut_off(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while."""
    monkeypatch.setattr(limits, "CLOSE_SECONDS", 0.2)
    with served.connect() as link:
        link.sendall(JSON + b"Content-Length: 1000000\r\n\r\n")
        with pytest.raises(ConnectionError):
            for _ in range(200):
                link.sendall(b" ")
                time.sleep(0.02)


@pytest.mark.parametrize(
    "request_bytes",
    [JSON + b'Content-Length: 20\r\n\r\n{"stock": 1}', chunks(b"[]")[:-5], b"GET / HTTP/1.1\r\nHo", b"GET"],
)
def test_a_request_that_ends_too_early_is_refused(served: Served, request_bytes: bytes) -> None:
    """A truncated body may be valid by itself."""
    with served.connect() as link:
        link.sendall(request_bytes)
        link.shutdown(socket.SHUT_WR)
        assert "ends before it is complete" in problem(answer(link), 400).detail
        assert ended(link)
    assert not served.asked


def test_a_client_may_end_its_side_after_the_request(served: Served) -> None:
    """It still gets its answer."""
    with served.connect() as link:
        link.sendall(ECHO)
        link.shutdown(socket.SHUT_WR)
        assert answer(link)[0] == 200
        assert ended(link)


def test_clients_that_vanish_leave_nothing_behind(served: Served) -> None:
    """Before, in the middle of a request, or with an error of the network."""
    for data in (b"", b"GET", ECHO):
        with served.connect() as link:
            link.sendall(data)
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # closing resets
    with served.connect():
        pass
    until(lambda: not served.server.active_channels)


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(served: Served) -> None:
    """Expect: 100-continue; where there is no body, there is nothing to go on with."""
    with served.connect() as link:
        link.sendall(JSON + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert link.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        link.sendall(b"{}")
        assert answer(link)[2] == b"/echo {}"
        link.sendall(b"GET /echo HTTP/1.1\r\nExpect: 100-continue\r\n\r\n")
        assert answer(link)[0] == 200


def test_nothing_to_read_is_no_end(served: Served) -> None:
    """The system may say that there is something when there is not: see BUGS in select(2)."""
    with served.connect() as link:
        until(lambda: bool(served.server.active_channels))
        for channel in served.server.active_channels.values():
            channel.handle_read()
        link.sendall(ECHO)
        assert answer(link)[0] == 200


def test_a_defect_tells_nothing(served: Served) -> None:
    """The application answers its own; this is for what it does not."""
    assert "4111" not in str(problem(served.send(b"GET /defect HTTP/1.1\r\n\r\n"), 500))


def test_a_refused_request_is_logged_too(served: Served, lines: Callable[[], list[dict[str, Any]]]) -> None:
    """Under its id, without its path and its method as far as they are a caller's words."""
    given = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
    request_bytes = b"CARD4111 /4111111111111111 HTTP/1.1\r\nX-Request-Id: %b\r\nTransfer-Encoding: x\r\n\r\n"
    served.send(request_bytes % given.encode())
    until(lambda: bool(lines()))
    (line,) = lines()
    assert (line["request_id"], line["status"], line["method"], line["route"]) == (given, 501, "other", None)
    assert "4111" not in str(lines())


# ---- what takes too long


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines of tenths of seconds."""
    monkeypatch.setattr(limits, "HEADER_SECONDS", 0.3)
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 0.6)
    monkeypatch.setattr(limits, "ANSWER_SECONDS", 0.3)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("beginning", "drip", "least"),
    [
        (b"GET / HTTP/1.1\r\nX: ", b"x", 0.3),
        (b"\x16", b"\x03", 0.3),
        (JSON + b"Content-Length: 9999\r\n\r\n", b" ", 0.6),
        (JSON + b"Transfer-Encoding: chunked\r\n\r\nfff\r\n", b" ", 0.6),
    ],
)
def test_a_request_has_a_deadline_as_a_whole(served: Served, beginning: bytes, drip: bytes, least: float) -> None:
    """408 after that time, however regularly it gets longer; and the threads are free all the time."""
    with served.connect() as link, served.connect() as other:
        began = time.monotonic()
        link.sendall(beginning)
        link.settimeout(0.02)
        data = b""
        while not data and time.monotonic() < began + 3:
            with suppress(TimeoutError):
                data = link.recv(1)
            if not data:
                link.sendall(drip)
                other.sendall(ECHO)
                assert answer(other)[0] == 200
        took = time.monotonic() - began
        link.settimeout(5)
        rest = link.recv(65536)
        assert b"TTP/1.1 408 Request Timeout\r\n" in rest or b"TTP/1.0 408 Request Timeout\r\n" in rest
    assert least < took < least + 1


@pytest.mark.usefixtures("quick")
def test_an_answer_that_nobody_takes_ends_with_its_connection(served: Served) -> None:
    """And the thread that made it has been free since then."""
    with served.connect(2048) as link:
        link.sendall(b"GET /long HTTP/1.1\r\n\r\n")
        until(lambda: [each.total_outbufs_len for each in served.server.active_channels.values()] > [0])
        until(lambda: not served.server.working)
        until(lambda: not served.server.active_channels, 3)


@pytest.mark.usefixtures("quick")
def test_an_answer_that_is_taken_has_all_its_time(served: Served) -> None:
    """It is long, and is read in one go; the next one begins anew."""
    with served.connect() as link:
        for _ in range(2):
            link.sendall(b"GET /long HTTP/1.1\r\n\r\n")
            assert len(answer(link)[2]) == 8_000_000
            time.sleep(0.4)


def test_an_idle_connection_is_kept_and_then_closed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """For longer than the load balancer keeps it; what is asked over it meanwhile begins the time anew."""
    monkeypatch.setattr(limits, "IDLE_SECONDS", 0.5)
    with served.connect() as link, served.connect() as silent:
        began = time.monotonic()
        while time.monotonic() < began + 1:
            link.sendall(ECHO)
            assert answer(link)[0] == 200
            time.sleep(0.1)
        assert ended(silent, 0.1)
        assert ended(link)
    assert time.monotonic() - began > 1.4


def test_too_many_connections_close_the_slowest(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest request that is not complete, then the connection that has been idle for the longest; none at work."""
    monkeypatch.setattr(limits, "CONNECTIONS", 5)
    with ExitStack() as stack:
        busy, idle, used, slow, slower = (stack.enter_context(served.connect()) for _ in range(5))
        busy.sendall(WAIT)
        for link in (slower, slow):
            link.sendall(b"GET")
            time.sleep(0.05)
        used.sendall(ECHO)
        answer(used)
        until(lambda: served.asked[:1] == [("/wait", b"")])
        for victim in (slower, slow, idle, used):
            new = stack.enter_context(served.connect())
            new.sendall(WAIT)
            assert ended(victim), victim
        served.go.set()
        assert answer(busy)[0] == answer(new)[0] == 200


def test_many_clients_come_at_once(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are connected have their turn in between."""
    monkeypatch.setattr(http_server, "ACCEPTED", 1)
    with ExitStack() as stack:
        links = [stack.enter_context(served.connect()) for _ in range(9)]
        for link in links:
            link.sendall(ECHO)
        assert [answer(link)[0] for link in links] == [200] * 9


def test_when_all_connections_work_one_more_is_taken(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """There cannot be many more: what waits for a thread is counted as well."""
    monkeypatch.setattr(limits, "CONNECTIONS", 1)
    with ExitStack() as stack:
        busy = stack.enter_context(served.connect())
        busy.sendall(WAIT)
        until(lambda: bool(served.asked))
        other = stack.enter_context(served.connect())
        other.sendall(ECHO)
        assert answer(other)[0] == 200


def test_without_file_descriptors_one_connection_gives_way(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the loop would try again and again, and nothing would change."""
    accept, errors = served.server.accept, [OSError(24, "Too many open files")]

    def failing() -> Any:
        if errors:
            raise errors.pop()
        return accept()

    with served.connect() as idle:
        idle.sendall(ECHO)
        answer(idle)
        until(lambda: not served.server.working)
        monkeypatch.setattr(served.server, "accept", failing)
        assert served.send(ECHO)[0] == 200
        assert ended(idle)


# ---- what waits for a thread


@pytest.fixture
def busy(served: Served) -> Iterator[Served]:
    """The server, whose threads are all at work."""
    with ExitStack() as stack:
        for _ in range(THREADS):
            stack.enter_context(served.connect()).sendall(WAIT)
        until(lambda: len(served.asked) == THREADS)
        yield served
        served.go.set()


def test_life_is_answered_without_a_thread(busy: Served) -> None:
    """At once, and by the application itself."""
    began = time.monotonic()
    assert busy.send(LIVE)[2] == b"/health/live "
    assert time.monotonic() - began < 1


def test_what_waits_too_long_is_told_to_try_again(busy: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with Retry-After, and the connection can be used again."""
    monkeypatch.setattr(limits, "QUEUE_SECONDS", 0.2)
    with busy.connect() as link:
        link.sendall(ECHO)
        began = time.monotonic()
        found = answer(link)
        assert 0.1 < time.monotonic() - began < 2
        assert "more requests than it can answer" in problem(found, 503).detail
        assert found[1]["Retry-After"] == "1"
        busy.go.set()
        link.sendall(ECHO)
        assert answer(link)[0] == 200


def test_more_than_the_queue_holds_is_refused_at_once(busy: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting would be in vain. An answer to HEAD has no body."""
    monkeypatch.setattr(limits, "QUEUE_PER_THREAD", 1)
    with ExitStack() as stack:
        for _ in range(THREADS):
            stack.enter_context(busy.connect()).sendall(ECHO)
        until(lambda: len(busy.server.task_dispatcher.queue) == THREADS)
        link = stack.enter_context(busy.connect())
        link.sendall(ECHO)
        problem(answer(link), 503)
        link.sendall(b"HEAD /echo HTTP/1.1\r\n\r\n")
        status, headers, _ = answer(link, head=True)
        assert (status, int(headers["Content-Length"]) > 0) == (503, True)
        busy.go.set()
        time.sleep(0.2)
        link.sendall(ECHO)
        assert answer(link)[0] == 200


def test_a_process_is_stuck_when_all_threads_are_for_a_minute(busy: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is not, or not yet, is enough to live."""
    assert not busy.server.stuck
    monkeypatch.setattr(limits, "STUCK_SECONDS", -1)
    assert busy.server.stuck
    busy.go.set()
    until(lambda: not busy.server.stuck)


def test_requests_that_do_not_wait_for_answers_are_answered_in_order(served: Served) -> None:
    """As far as the limit; the connection ends then, and the client sends the rest again."""
    paths = [b"/%d" % number for number in range(limits.PIPELINED + 4)]
    with served.connect() as link:
        link.sendall(b"".join(b"GET %b HTTP/1.1\r\n\r\n" % path for path in paths))
        found = [answer(link) for _ in range(limits.PIPELINED)]
        assert [body.strip() for _, _, body in found] == paths[: limits.PIPELINED]
        assert found[-1][1]["Connection"] == "close"
        assert ended(link)
    assert len(served.asked) == limits.PIPELINED


def test_a_server_that_stops_ends_connections_with_their_next_answer(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And those that ask nothing soon after; nobody can connect."""
    monkeypatch.setattr(limits, "STOP_SECONDS", 0.5)
    with served.connect() as link, served.connect() as silent, served.connect() as late:
        for each in (link, silent, late):
            each.sendall(ECHO)
            assert "Connection" not in answer(each)[1]
        late.sendall(JSON)
        until(lambda: any(each.request for each in served.server.active_channels.values()))
        served.server.stop()
        link.sendall(ECHO)
        status, headers, _ = answer(link)
        assert (status, headers["Connection"]) == (200, "close")
        assert ended(silent)
        late.sendall(b"Content-Length: 2\r\n\r\n{}")
        assert answer(late)[1]["Connection"] == "close"
        with pytest.raises(ConnectionRefusedError):
            served.connect()

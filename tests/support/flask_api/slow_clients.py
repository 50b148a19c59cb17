"""Clients that hold on to a server without asking it much: five kinds, as many connections of each as a test likes."""

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress

from lib.local_cloud.names import HOST
from tests.support import flask_api
from tests.support.flask_api import Client

DRIP_SECONDS = 0.25  # between two bytes
LONG_NAMES = 100  # products with names as long as they may be: a page of them is 100 KB
PIPELINED = 60  # such pages that one client asks for: more than the buffers of its socket and of the server's hold
Sends = Iterator[bytes]


def headers() -> Sends:
    """Headers without end, byte by byte."""
    return (bytes([byte]) for byte in itertools.chain(b"GET /products HTTP/1.1\r\n", itertools.cycle(b"X-More: 1\r\n")))


def body() -> Sends:
    """A body that takes hours, byte by byte."""
    head = b"POST /products HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 30000\r\n\r\n"
    return itertools.chain([head], itertools.repeat(b" "))


def reader() -> Sends:
    """Requests for long answers, of which none is read; :func:`prepare` makes them long."""
    return iter([b"GET /products?limit=100 HTTP/1.1\r\nHost: x\r\n\r\n" * PIPELINED])


def idle() -> Sends:
    """Nothing at all."""
    return iter(())


def stranger() -> Sends:
    """Another protocol: the beginning of TLS's ClientHello, and then nothing."""
    return iter([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32)])


KINDS: Mapping[str, Callable[[], Sends]] = {
    "headers": headers,
    "body": body,
    "reader": reader,
    "idle": idle,
    "stranger": stranger,
}


def prepare(client: Client) -> None:
    """Make the products of which :func:`reader` asks for a page, 100 KB."""
    for _ in range(LONG_NAMES):
        assert client("POST", "/products", flask_api.product(name="\N{TEACUP WITHOUT HANDLE}" * 200))[0] == 201


class SlowClients:
    """A number of connections of one kind; each is made again when the server ends it. Use it in a ``with`` statement.

    ``ended`` counts what the server has ended.
    """

    def __init__(self, port: int, kind: str, count: int) -> None:
        self.ended = 0
        self._port, self._kind, self._count = port, KINDS[kind], count
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _connect(self) -> socket.socket:
        link = socket.socket()
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        link.settimeout(5)
        link.connect((HOST, self._port))
        link.setblocking(False)
        return link

    def _run(self) -> None:
        with ExitStack() as stack:
            open_links: dict[socket.socket, Sends] = {}
            while not self._stop.is_set():
                while len(open_links) < self._count and not self._stop.is_set():
                    with suppress(OSError):
                        open_links[stack.enter_context(self._connect())] = self._kind()
                for link, sends in list(open_links.items()):
                    try:
                        link.send(next(sends, b""))
                        if self._kind is not reader and not link.recv(4096):
                            raise ConnectionError
                    except BlockingIOError:
                        continue
                    except OSError:
                        self.ended += 1
                        link.close()
                        del open_links[link]
                self._stop.wait(DRIP_SECONDS)

    def __enter__(self) -> "SlowClients":
        self._thread.start()
        time.sleep(2 * DRIP_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

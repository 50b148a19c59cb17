"""A front for a PostgreSQL, with a certificate of a test's choice or none: it speaks TLS, pipes bytes, counts and cuts.

PostgreSQL's clients ask for TLS with a message of their own before the handshake:
https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
"""

import select
import socket
import socketserver
import ssl
import struct
import threading
from contextlib import suppress
from pathlib import Path

from lib.local_cloud.names import HOST
from lib.local_cloud.servers import certificates
from lib.local_cloud.servers.postgres import Postgres

# How each answer ends, but for the byte that tells the state of the transaction.
# https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-READYFORQUERY
READY = struct.pack("!ci", b"Z", 5)
SSL_REQUEST = struct.pack("!ii", 8, 80877103)


def _context(file: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def trusted(server: Postgres) -> ssl.SSLContext:
    """Return the TLS context of a running server: its clients trust a front that has it."""
    return _context(server.ca_file.with_name(certificates.SERVER))


class Authority:
    """A certificate authority: its certificate in a file, and servers' TLS contexts on demand."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = certificates.Authority("Test CA")
        self.file = folder / "ca.pem"
        self.file.write_bytes(self._authority.certificate)

    def serve(self, host: str) -> ssl.SSLContext:
        """Return the TLS context of a server with a certificate for a host name."""
        file = self._folder / f"{host}.pem"
        file.write_bytes(self._authority.issue([host]))
        return _context(file)


class _Connection(socketserver.BaseRequestHandler):
    server: "Front"

    def handle(self) -> None:
        """Speak TLS if the client asks for it, then pipe until one side is gone."""
        # What is suppressed: a handshake that the client broke off, or a side that is gone.
        with socket.socket(socket.AF_UNIX) as inner, suppress(OSError), self._outer() as outer:
            inner.connect(str(self.server.behind))
            self._pipe(outer, inner)

    def _outer(self) -> socket.socket:
        first = self.request.recv(len(SSL_REQUEST), socket.MSG_PEEK)
        self.server.asked.append(first == SSL_REQUEST)
        if first == SSL_REQUEST and self.server.context:
            self.request.recv(len(SSL_REQUEST))
            self.request.sendall(b"S")
            return self.server.context.wrap_socket(self.request, server_side=True)
        return self.request

    def _pipe(self, outer: socket.socket, inner: socket.socket) -> None:
        asking = False
        while not self.server.stopping.is_set():
            pending = isinstance(outer, ssl.SSLSocket) and outer.pending()
            for ready in [outer] if pending else select.select([outer, inner], [], [], 0.05)[0]:
                data = ready.recv(65536)
                if not data:
                    return
                if ready is outer and not asking:
                    self.server.turns += 1
                asking = ready is outer
                if not asking and self.server.swallow:
                    # It comes in pieces, as the client asks for each to be sent at once: lost is the one that ends it,
                    # after which the statement is carried out.
                    if data[-6:-1] == READY:
                        self.server.swallow -= 1
                        return
                    continue
                (inner if asking else outer).sendall(data)


class Front(socketserver.ThreadingTCPServer):
    """Listens on a loopback port in front of another one; use it in a ``with`` statement.

    Args:
        behind: the real server, to whose own socket everything goes.
        context: how to speak TLS; without it the SSLRequest goes to the real server, which speaks none there.

    ``turns`` counts round trips, ``asked`` tells for each connection whether it asked for TLS, and ``swallow``
    is how many of the server's next answers get lost, with the connection.
    """

    def __init__(self, behind: Postgres, context: ssl.SSLContext | None) -> None:
        super().__init__((HOST, 0), _Connection)
        self.behind, self.context = behind.socket, context
        self.turns = self.swallow = 0
        self.asked: list[bool] = []
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def server_close(self) -> None:
        """Stop listening and end every connection."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        super().server_close()

"""A way to PostgreSQL that a test can close, hang and open again, without touching the server."""

import select
import socket
import socketserver
import threading
import time
from contextlib import suppress

from lib.flask_api.app.credentials import Credentials
from lib.local_cloud.names import HOST

HUNG_SECONDS = 8.0  # a client without patience of its own would otherwise hang the tests


class _Connection(socketserver.BaseRequestHandler):
    server: "TcpProxy"

    def handle(self) -> None:
        """Pipe while the proxy is open; hold everything back while it hangs; end while it is closed."""
        self.server.live.append(self)
        with suppress(OSError), socket.create_connection((HOST, self.server.behind)) as inner:
            self._pipe(self.request, inner)
        self.server.live.remove(self)

    def _pipe(self, outer: socket.socket, inner: socket.socket) -> None:
        while self.server.state != "closed":
            for ready in select.select([outer, inner], [], [], 0.01)[0]:
                patience = time.monotonic() + HUNG_SECONDS
                while self.server.state == "hung" and time.monotonic() < patience:
                    time.sleep(0.01)
                if self.server.state != "open":
                    return
                data = ready.recv(65536)
                if not data:
                    return
                (inner if ready is outer else outer).sendall(data)


class Behind(Credentials):
    """Credentials for a database that is reached by another port than its own, for which alone its tokens are."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    def token(self, host: str, port: int, user: str) -> str:
        """Sign for the database's own port."""
        return super().token(host, self._port, user)


class TcpProxy(socketserver.ThreadingTCPServer):
    """Listens on loopback in front of a port; use it in a ``with`` statement and set its ``state``.

    ``open`` passes everything on; ``hung`` accepts and stays silent; ``closed`` ends what is there and what comes.
    ``live`` has an element for each connection.
    """

    def __init__(self, behind: int) -> None:
        super().__init__((HOST, 0), _Connection)
        self.behind, self.state = behind, "open"
        self.live: list[_Connection] = []
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()

    def cut(self) -> None:
        """End all connections, and let new ones pass."""
        self.state = "closed"
        while self.live:
            time.sleep(0.005)
        self.state = "open"

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def server_close(self) -> None:
        """Stop listening and end every connection."""
        self.state = "closed"
        self.shutdown()
        self._thread.join()
        super().server_close()

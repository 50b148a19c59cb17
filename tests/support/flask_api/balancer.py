"""A load balancer with a target group, as far as a rolling deployment needs it.

What it has of an Application Load Balancer: requests go to the registered targets in turn, over connections that are
kept and used again; a target that is deregistered gets no new request, and what it has is waited for; a target that
does not answer is a 502 for the client, and is not tried elsewhere.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
"""

import http.client
import http.server
import threading
from collections import Counter
from typing import Any

from lib.local_cloud.names import HOST
from tests.support import flask_api


class _Handler(http.server.BaseHTTPRequestHandler):
    server: "Balancer"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one piece

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, headers, content = self.server.forward(self.command, self.path, dict(self.headers.items()), body)
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("connection", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _serve


class Balancer(http.server.ThreadingHTTPServer):
    """Listens on loopback; use it in a ``with`` statement."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Handler)
        self._targets: list[int] = []
        self._idle: dict[int, list[http.client.HTTPConnection]] = {}
        self._busy: Counter[int] = Counter()
        self._turn = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def register(self, target: int) -> None:
        """Send requests to a port, too."""
        with self._lock:
            self._targets.append(target)
            self._idle[target] = []

    def deregister(self, target: int) -> None:
        """Send no further request to a port, and wait for those that it has: the deregistration delay."""
        with self._lock:
            self._targets.remove(target)
        flask_api.until(lambda: self._busy[target] == 0)

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Return a target's answer, or 502."""
        with self._lock:
            self._turn += 1
            target = self._targets[self._turn % len(self._targets)]
            self._busy[target] += 1
            idle = self._idle[target]
            connection = idle.pop() if idle else http.client.HTTPConnection(HOST, target, timeout=10)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            result = answer.status, dict(answer.getheaders()), answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return 502, {}, b"null"
        finally:
            with self._lock:
                self._busy[target] -= 1
        with self._lock:
            idle.append(connection)  # a connection that the target closes is made again by http.client
        return result

    def __enter__(self) -> Any:
        self._thread.start()
        return self

    def server_close(self) -> None:
        """Stop, and close all connections."""
        self.shutdown()
        self._thread.join()
        super().server_close()
        for connections in self._idle.values():
            for connection in connections:
                connection.close()

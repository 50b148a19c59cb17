"""The proxy passes connections on until it is cut, ends them then, and opens on the same port again."""

import http.server
import json
import socket
import threading

import pytest

from lib.disaster_recovery.drill.load import HttpClient
from lib.disaster_recovery.drill.tcp_proxy import TcpProxy


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers what the path says: a JSON object, a list, or no JSON."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def do_GET(self):
        said = {"/list": b"[]", "/text": b"oops"}.get(self.path)
        said = said or json.dumps({"key": self.headers.get("Idempotency-Key")}).encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(said)))
        self.send_header("Idempotent-Replayed", "true")
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_arguments):
        """Say nothing."""


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.05,))
        thread.start()
        yield found.server_port
        found.shutdown()
        thread.join()


@pytest.fixture
def client():
    found = HttpClient()
    yield found
    found.close()


def test_requests_pass_and_their_answers_return(server, client):
    with TcpProxy(server) as proxy:
        answer = client.send("POST", f"http://127.0.0.1:{proxy.port}/payments", {"a": 1}, "k")
        assert (answer.status, answer.body, answer.replayed) == (201, {"key": "k"}, True)
        client.close()


def test_a_cut_proxy_ends_connections_and_refuses_new_ones(server, client):
    with TcpProxy(server) as proxy:
        url = f"http://127.0.0.1:{proxy.port}/"
        with socket.create_connection(("127.0.0.1", proxy.port)) as waiting:
            waiting.settimeout(5)
            assert client.send("GET", url).status == 201  # so the one before it has been accepted
            proxy.cut()
            assert waiting.recv(1) == b""
        answers = [client.send("GET", url) for _ in range(2)]
        assert [answer.status for answer in answers] == [0, 0]
        assert answers[1].body["code"] == "NewConnectionError"


def test_a_proxy_heals_on_its_port(server, client):
    with TcpProxy(server) as proxy:
        port = proxy.port
        proxy.cut()
        proxy.cut()  # a second time does nothing
        proxy.restore()
        proxy.restore()
        assert proxy.port == port
        assert client.send("GET", f"http://127.0.0.1:{port}/").status == 201
        client.close()


def test_a_server_that_is_not_there_is_a_connection_that_ends(client):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()[1]
    with TcpProxy(nobody) as proxy:
        assert client.send("GET", f"http://127.0.0.1:{proxy.port}/").status == 0


@pytest.mark.parametrize("path", ["list", "text"])
def test_an_answer_that_is_no_object_is_an_empty_one(server, client, path):
    assert client.send("GET", f"http://127.0.0.1:{server}/{path}").body == {}

"""The payments' API as a WSGI application, for tools that speak HTTP: API Gateway's part, in this process."""

import base64
import json
import threading
import wsgiref.simple_server
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qsl

from lib.local_cloud.names import HOST
from tests.support import payment
from tests.support.payment import Api, Reply

DESCRIPTION = "/openapi.json"  # served here only


def request(environ: dict[str, Any]) -> dict[str, Any]:
    """Return a WSGI request as the event that API Gateway would make of it."""
    headers = {
        name[5:].replace("_", "-").title(): value.encode("latin-1").decode("utf-8", "replace")
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        headers["Content-Type"] = environ["CONTENT_TYPE"]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    event = payment.event(environ["REQUEST_METHOD"], path, headers=headers, query=query)
    return {**event, "body": base64.b64encode(body).decode() or None, "isBase64Encoded": bool(body)}


def unchanged(_event: dict[str, Any], answer: Reply) -> Reply:
    """Pass an answer on."""
    return answer


def application(
    api: Api, change: Callable[[dict[str, Any], Reply], Reply] = unchanged
) -> Callable[..., Iterable[bytes]]:
    """Return an environment of the function as an application, its answers changed perhaps."""
    one = threading.Lock()  # an environment answers one request at a time

    def run(environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == DESCRIPTION:
            start("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(api.modules.openapi.description()).encode()]
        event = request(environ)
        with one:
            answer = change(event, api.send(event))
        start(f"{answer.status} {HTTPStatus(answer.status).phrase}", list(answer.headers.items()))
        return [answer.text.encode()]

    return run


class _Server(ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    request_queue_size = 64


class _Handler(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def served(app: Callable[..., Iterable[bytes]]) -> Iterator[str]:
    """Serve an application on loopback, and yield its URL."""
    with wsgiref.simple_server.make_server(HOST, 0, app, _Server, _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()

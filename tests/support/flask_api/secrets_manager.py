"""Secrets Manager over HTTP, for a program that cannot be given a stand-in."""

import http.server
import json
import threading

from lib.common import region
from lib.local_cloud.names import HOST
from tests.support.flask_api import PASSWORD, USER


class SecretsManager:
    """Answers GetSecretValue over HTTP with what ``password`` is at the moment, and counts; use it with ``with``."""

    def __init__(self, password: str = PASSWORD) -> None:
        self.password, self.asked, self.fails, self.content = password, 0, False, ""
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked += 1
                content = outer.content or json.dumps({"username": USER, "password": outer.password})
                status, body = 200, {"SecretString": content}
                if outer.fails:
                    status, body = 400, {"__type": "AccessDeniedException", "message": "no"}
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.HTTPServer((HOST, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def environ(self) -> dict[str, str]:
        """What leads boto3 here."""
        return {
            "DB_SECRET_ARN": "the-secret",
            "AWS_ENDPOINT_URL": f"http://{HOST}:{self._server.server_port}",
            "AWS_REGION": region.primary({}),
            "AWS_DEFAULT_REGION": region.primary({}),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "NO_PROXY": "*",
        }

    def __enter__(self) -> "SecretsManager":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

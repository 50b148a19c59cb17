"""The shop's API for tests: its database, its settings, the program as a container runs it."""

import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask

from lib.flask_api.app import COMMAND
from lib.flask_api.app.settings import Settings
from lib.flask_api.users import API_USER
from lib.local_cloud.names import HOST
from lib.local_cloud.servers.postgres import Postgres
from lib.local_cloud.servers.process import free_port
from tests.support import functions
from tests.support.database import Secrets

FOLDER = Path(__file__).resolve().parents[3] / "lib" / "flask_api"
USER, PASSWORD, DATABASE = "shop", "first-Password.1", "shop"
START_SECONDS = 20.0
Answer = tuple[int, dict[str, str], Any]


def environ(server: Postgres, database: str = DATABASE, **others: str) -> dict[str, str]:
    """Return a container's environment for a database on loopback."""
    return {
        "DB_HOST": HOST,
        "DB_PORT": str(server.port),
        "DB_NAME": database,
        "DB_USER": API_USER,
        "DB_CA_FILE": str(server.ca_file),
        **functions.OF_LAMBDA,  # ECS gives a task's credentials otherwise
        "HOST": HOST,
        **others,
    }


def provide(server: Postgres, database: str = DATABASE) -> Settings:
    """Make user, database and tables; return settings that lead there."""
    server.provide(USER, PASSWORD, database)
    settings = Settings.read(environ(server, database, DB_POOL_SIZE="4"))
    migrate(server, database)
    return settings


def migrate(server: Postgres, database: str = DATABASE) -> list[str]:
    """Migrate as a deployment does, and return the names applied."""
    modules = functions.load("flask_api", "database")
    given = environ(server, database) | {"DB_SECRET_ARN": "the-secret"}
    modules.handler.database = modules.postgres.Database(given, secrets=lambda: Secrets(USER, PASSWORD))
    applied: list[str] = modules.handler.handler({"action": "migrate"}, functions.Context())["applied"]
    return applied


def connect(server: Postgres, database: str = DATABASE, password: str = PASSWORD) -> psycopg.Connection[Any]:
    """Return a connection of the test's own."""
    return psycopg.connect(
        host=HOST,
        port=server.port,
        dbname=database,
        user=USER,
        password=password,
        sslmode="verify-full",
        sslrootcert=str(server.ca_file),
        autocommit=True,
    )


def empty(connection: psycopg.Connection[Any]) -> None:
    """Take all products and orders away."""
    connection.execute("TRUNCATE products, orders, order_lines")


def product(**members: Any) -> dict[str, Any]:
    """Return a product to make."""
    return {"name": "Espresso cup", "price": "12.50", "currency": "EUR", "stock": 10, **members}


def order(*items: tuple[str, int]) -> dict[str, Any]:
    """Return an order to place, of pairs of product and quantity."""
    return {"items": [{"product_id": product_id, "quantity": quantity} for product_id, quantity in items]}


class Api:
    """Calls the application in this process."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send one request, with a body as JSON, and return werkzeug's answer."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.app.test_client().open(path, method=method, json=body, headers=sent)

    def product(self, **members: Any) -> str:
        """Make a product and return its id."""
        return str(self("POST", "/products", product(**members)).json["id"])

    def order(self, *items: tuple[str, int], key: str = "") -> Any:
        """Place an order and return the answer."""
        return self("POST", "/orders", order(*items), Idempotency_Key=key or secrets.token_hex(12))

    def stock(self, product_id: str) -> int:
        """Return what is left of a product."""
        return int(self("GET", f"/products/{product_id}").json["stock"])


class Client:
    """One kept connection to an API, made again when it broke; use it in one thread and in a ``with`` statement."""

    def __init__(self, port: int, timeout: float = 15.0) -> None:
        self.connection = http.client.HTTPConnection(HOST, port, timeout=timeout)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send one request, JSON when there is a body; return status, headers and decoded JSON.

        Raises:
            OSError, http.client.HTTPException: there was no answer.
        """
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        data = None
        if body is not None:
            data, sent = json.dumps(body), {"Content-Type": "application/json", **sent}
        try:
            self.connection.request(method, path, data, sent)
            answer = self.connection.getresponse()
            content = answer.read()
        except BaseException:
            self.connection.close()
            raise
        return answer.status, dict(answer.getheaders()), json.loads(content) if content else None

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()


@dataclass
class Gunicorn:
    """The API as a container runs it: its own command and folder; use it in a ``with`` statement."""

    environ: Mapping[str, str]
    folder: Path = FOLDER
    command: tuple[str, ...] = COMMAND
    user: int | None = None
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    log: Path | None = None

    def start(self, log: Path, ready: str = "/health/ready") -> "Gunicorn":
        """Start it, and wait until it answers."""
        self.log = log
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        given = {**inherited, "PYTHONDONTWRITEBYTECODE": "1", **self.environ, "HOST": HOST, "PORT": str(self.port)}
        program, *arguments = self.command
        assert program == "python"
        with log.open("ab") as output:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                [sys.executable, *arguments], cwd=self.folder, env=given, stdout=output, stderr=output, user=self.user
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers(ready):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop(signal.SIGKILL)
                raise AssertionError(f"the API does not start: {log.read_text()[-2000:]}")
            time.sleep(0.02)
        return self

    def answers(self, path: str) -> bool:
        """Tell whether it answers 200."""
        with Client(self.port, 2) as client:
            try:
                return client("GET", path)[0] == 200
            except (OSError, http.client.HTTPException):
                return False

    def send(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send the master a signal, as ECS does."""
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self, seconds: float = 40) -> int:
        """Wait for its end; return the exit code."""
        assert self.process is not None
        return self.process.wait(seconds)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it unless it has ended; return the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.send(number)
        return self.wait()

    def lines(self) -> list[dict[str, Any]]:
        """Return what it logged."""
        assert self.log is not None
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


def key() -> str:
    """Return a new idempotency key."""
    return secrets.token_hex(12)


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for a condition.

    Raises:
        AssertionError: it does not come true.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what was waited for does not happen"
        time.sleep(0.01)

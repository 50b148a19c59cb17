"""A real PostgreSQL for tests, and what stands in for Secrets Manager."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pg8000.native import Connection

from lib.local_cloud.names import HOST
from lib.local_cloud.servers.postgres import Postgres
from lib.local_cloud.servers.process import free_port

USER, DATABASE = "pipeline_admin", "pipeline"


class Secrets:
    """Answers like Secrets Manager, and counts how often it was asked."""

    def __init__(self, user: str, password: str) -> None:
        self.user, self.password, self.asked = user, password, 0

    def get_secret_value(self, *, SecretId: str) -> Mapping[str, Any]:
        """Return the credentials as RDS keeps them."""
        assert SecretId == "the-secret"
        self.asked += 1
        return {"SecretString": json.dumps({"username": self.user, "password": self.password})}


def verified(server: Postgres) -> ssl.SSLContext:
    """Return how a client of a server's speaks TLS: it knows to whom."""
    return ssl.create_default_context(cafile=server.ca_file)


@dataclass
class TestServer:
    """A running server with a user and an empty database."""

    __test__ = False

    server: Postgres
    password: str = "first-Password.1"

    @property
    def environ(self) -> dict[str, str]:
        """The functions' environment."""
        return {
            "DB_HOST": HOST,
            "DB_PORT": str(self.server.port),
            "DB_NAME": DATABASE,
            "DB_SECRET_ARN": "the-secret",
            "DB_CA_FILE": str(self.server.ca_file),
        }

    def secrets(self) -> Secrets:
        """Return a stand-in that knows the password."""
        return Secrets(USER, self.password)

    def connect(self) -> Connection:
        """Return a connection of the test's own."""
        where = {"host": HOST, "port": self.server.port, "database": DATABASE, "ssl_context": verified(self.server)}
        return Connection(USER, password=self.password, **where)

    def rotate(self, password: str) -> None:
        """Give the user another password, in the database only."""
        self.server.provide(USER, password, DATABASE)
        self.password = password


def start(folder: Path) -> TestServer:
    """Start a server in a folder; whoever asks for it stops it."""
    found = TestServer(Postgres(folder / "postgres", free_port()))
    found.server.start()
    found.server.provide(USER, found.password, DATABASE)
    return found

"""One connection to PostgreSQL: to whom, how encrypted, and how long anything may take."""

import time
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.rows import TupleRow

from .credentials import Credentials
from .settings import Settings

CONNECT_SECONDS = 3
# The server's own limits, below what a request may take in all. Without them a client that gives up would leave its
# backend behind, waiting for the same lock, in one of the server's connections.
STATEMENT_SECONDS, LOCK_SECONDS = 2.5, 1.5
Result = TypeVar("Result")


def parameters(settings: Settings) -> dict[str, Any]:
    """Return what libpq takes, except the token.

    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
    """
    return {
        "host": settings.db_host,
        "port": settings.db_port,
        "dbname": settings.db_name,
        "user": settings.db_user,
        "application_name": "ecommerce-api",
        "sslmode": "verify-full",
        "sslrootcert": str(settings.db_ca_file),
        "connect_timeout": CONNECT_SECONDS,
        "gssencmode": "disable",
        # After a failover the old name may lead to the old primary for some seconds: it can only read then.
        "target_session_attrs": "read-write",
        # A server that vanished sends nothing, not even an end of the connection.
        "tcp_user_timeout": 4000,
        "keepalives_idle": 30,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }


def session() -> bytes:
    """Return the statements that a new connection begins with.

    They are no startup parameter ``options``, which RDS Proxy refuses. They pin the session to one of the proxy's
    connections, as the prepared statements do.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-pinning.html
    https://www.postgresql.org/docs/17/runtime-config-client.html#GUC-STATEMENT-TIMEOUT
    """
    limits = {
        "lock_timeout": LOCK_SECONDS,
        "statement_timeout": STATEMENT_SECONDS,
        "idle_in_transaction_session_timeout": STATEMENT_SECONDS,
    }
    statements = [f"SET {name} = {seconds * 1000:.0f}" for name, seconds in limits.items()]
    return "; ".join(["SET TimeZone = UTC", *statements]).encode()


class PlannedEachTime(str):
    """A statement whose best plan depends on its values: PostgreSQL plans it for those of each call.

    https://www.postgresql.org/docs/17/sql-prepare.html#SQL-PREPARE-NOTES
    """


class Connection(psycopg.Connection[TupleRow]):
    """A connection that gives up at :attr:`deadline`, and one cursor that it keeps.

    A server that hangs, or a network that swallows, is not ended by ``statement_timeout``: it is the server's.
    """

    deadline: float | None = None  # of time.monotonic()
    born = 0.0
    _kept: psycopg.RawCursor[TupleRow] | None = None

    @classmethod
    def connect(  # type: ignore[override]  # pylint: disable=arguments-differ  # the pool calls it with keywords only
        cls, conninfo: str = "", *, credentials: Credentials, **others: Any
    ) -> "Connection":
        """Connect with a token of its own: it is valid for 15 minutes, and a connection may live longer.

        libpq gives no SQLSTATE for a refused connection, only words in the server's language. It does tell whether
        the server asked for a password.
        """
        others |= {"autocommit": True, "prepare_threshold": 0, "cursor_factory": psycopg.RawCursor}
        token = credentials.token(others["host"], others["port"], others["user"])
        try:
            connection = super().connect(conninfo, password=token, **others)
        except psycopg.OperationalError as error:
            if error.pgconn is not None and error.pgconn.used_password:
                credentials.refused(others["user"])
            raise
        try:
            connection.execute(session(), prepare=False)  # it holds several statements
        except BaseException:
            connection.close()
            raise
        connection.born = time.monotonic()
        return connection

    def wait(self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None) -> Result:
        """Wait for the server, until the deadline at most."""
        if timeout is None and self.deadline is not None:
            timeout = max(0.0, self.deadline - time.monotonic())
        return super().wait(gen, interval, timeout)

    def rows(self, statement: str, values: tuple[object, ...], deadline: float) -> list[TupleRow]:
        """Run one statement, prepared when it is new to this connection, and return what it gives.

        A statement that is :class:`PlannedEachTime` is not prepared.
        """
        self.deadline = deadline
        if self._kept is None:
            self._kept = psycopg.RawCursor(self)
        prepare = False if isinstance(statement, PlannedEachTime) else None
        return self._kept.execute(statement, values, prepare=prepare).fetchall()

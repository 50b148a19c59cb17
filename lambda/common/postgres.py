"""The functions' way to PostgreSQL: short-lived credentials, a verified server, errors told apart."""

import json
import os
import socket
import ssl
import time
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from json_types import JsonMapping
from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection, PreparedStatement
from timed_socket import Deadline, TimedContext, connect

# https://www.postgresql.org/docs/17/errcodes-appendix.html
AUTHENTICATION = ("28000", "28P01")
UNAVAILABLE_CLASSES = ("08", "40", "53", "57", "58")  # connection, rollback, resources, operator, system
READ_ONLY = "25006"  # this was the primary before a failover
# A limit of the server or a conflict ended the statement: the connection is as good as before.
BUSY = ("40001", "40P01", "55P03", "57014")
UNAVAILABLE_CODES = (READ_ONLY, *BUSY)
# "cached plan must not change result type": a migration changed what a prepared statement of this connection returns.
# The server says so before it runs the statement, which is as good as any when it is prepared again.
STALE_PLAN = "0A000"
AT_ONCE = (STALE_PLAN, *AUTHENTICATION)  # the first time, a reason to try again without a pause
DATA_CLASSES = ("22", "23")  # data exception, integrity constraint violation
# Of every region that the stacks accept: lib/common/rds_ca.py refuses the others.
BUNDLED_CA = Path(__file__).with_name("rds-ca.pem")
# What an operator looks at, where a role that signs in by IAM is refused.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Troubleshooting.html
HINT = (
    "SQLSTATE {code}: the token is refused; look at whether the database has IAM authentication, the function's role "
    "has rds-db:connect for this database and user {user}, and the user is a member of rds_iam"
)
Row: TypeAlias = list[Any]  # the values of its columns: what PostgreSQL's types are in Python
PAUSE_FIRST, PAUSE_LONGEST = 0.1, 2.0  # seconds between two tries
ANSWER_SECONDS = 10.0
# Parts of the time for an answer. A client that gives up leaves its backend behind, waiting for the same lock in one of
# the server's connections, unless the server gives up before.
LOCK_PART, STATEMENT_PART = 0.6, 0.8


class DatabaseUnavailable(Exception):
    """The database cannot be reached or cannot take writes now; the same work may succeed later."""


class DataRejected(Exception):
    """The database refuses the data itself; the same data will be refused again.

    The SQLSTATE is kept, the server's message is not: it quotes values.
    """

    def __init__(self, code: str) -> None:
        super().__init__(f"SQLSTATE {code}")
        self.sqlstate = code


class SecretsClient(Protocol):
    """The one call of the Secrets Manager client that is used."""

    def get_secret_value(self, *, SecretId: str) -> JsonMapping:  # pylint: disable=invalid-name  # boto3's name
        """Return the secret's current value."""


def sqlstate(error: DatabaseError) -> str:
    """Return the five-character code of a server error, or '' when the driver raised it."""
    detail = error.args[0] if error.args else None
    return str(detail.get("C", "")) if isinstance(detail, dict) else ""


def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Return how to speak TLS: certificate and host name are verified; there is no other way to a database.

    Args:
        ca_file: the authorities to trust in the place of RDS's.
    """
    context = TimedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca_file or BUNDLED_CA)
    return context


def limits(answer_seconds: float) -> str:
    """Return the statement that makes the server give up before its client does.

    RDS Proxy refuses the startup parameter ``options``, so this is sent after connecting. It pins the session to one
    connection of the proxy, as the prepared statements do.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-pinning.html
    https://www.postgresql.org/docs/17/runtime-config-client.html#GUC-LOCK-TIMEOUT

    Args:
        answer_seconds: how long the client waits for one answer.
    """
    milliseconds = answer_seconds * 1000
    return (
        f"SET lock_timeout = {milliseconds * LOCK_PART:.0f};"
        f"SET statement_timeout = {milliseconds * STATEMENT_PART:.0f};"
        f"SET idle_in_transaction_session_timeout = {milliseconds:.0f}"
    )


class Database:
    """One connection, kept between invocations and made again when it breaks.

    It signs in as the application's role with a token of IAM; what migrates, as the master user with RDS's secret.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html

    Args:
        environ: ``DB_HOST``, ``DB_PORT``, ``DB_NAME``; ``DB_USER`` with ``token``, ``DB_SECRET_ARN`` with ``secrets``;
            ``DB_CA_FILE`` as :func:`tls_context` takes it.
        token: returns a token for a host, a port and a user; for each connection another, as it is soon out of date.
        secrets: makes a Secrets Manager client, on first use, where there is no ``token``.
        answer_seconds: how long the server may take to connect, or for one answer, before the connection counts as
            dead. The server itself gives up before: see :func:`limits`.
    """

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        *,
        token: Callable[[str, int, str], str] | None = None,
        secrets: Callable[[], SecretsClient] | None = None,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._environ = environ
        self._answer_seconds = answer_seconds
        self._token, self._secrets = token, secrets
        self._credentials: Mapping[str, str] | None = None
        self._connection: Connection | None = None
        self._prepared: dict[str, PreparedStatement] = {}
        self._until, self._patience = 0.0, answer_seconds  # when the statement has to be done; for each answer
        self._deadline = Deadline()  # when the next answer has to be there

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return tls_context(self._environ.get("DB_CA_FILE"))

    @cached_property
    def _client(self) -> SecretsClient:
        if self._secrets is None:
            raise TypeError("Database() takes a token or secrets: it has no way to sign in.")
        return self._secrets()

    def _sign_in(self, host: str, port: int) -> tuple[str, str]:
        """Return the user to connect as, and what it signs in with."""
        if self._token is not None:
            user = self._environ["DB_USER"]
            return user, self._token(host, port, user)
        if self._credentials is None:
            value = self._client.get_secret_value(SecretId=self._environ["DB_SECRET_ARN"])
            self._credentials = json.loads(value["SecretString"])
        return self._credentials["username"], self._credentials["password"]

    def _connect(self) -> Connection:
        address = (self._environ["DB_HOST"], int(self._environ["DB_PORT"]))
        user, password = self._sign_in(*address)
        self._expect_answer()
        sock = connect(address, self._deadline)
        try:
            # The driver writes a large statement in two parts. Without this the second part, a few bytes, waits for
            # the server's delayed acknowledgement of the first: 40 ms for each batch.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connection = Connection(
                user,
                password=password,
                host=address[0],  # whose certificate is expected
                sock=sock,
                database=self._environ["DB_NAME"],
                ssl_context=self._tls,
                application_name=self._environ.get("AWS_LAMBDA_FUNCTION_NAME", "tap"),
            )
            connection.run(limits(self._answer_seconds))
        except BaseException:
            sock.close()
            raise
        return connection

    def _expect_answer(self) -> None:
        self._deadline.moment = min(self._until, time.monotonic() + self._patience)

    def _once(self, sql: str, parameters: Mapping[str, object]) -> list[Row]:
        if self._connection is None:
            self._connection = self._connect()
        self._expect_answer()
        if not parameters:
            return self._connection.run(sql) or []
        # A prepared statement is one round trip; an unprepared one is two.
        if sql not in self._prepared:
            self._prepared[sql] = self._connection.prepare(sql)
        return self._prepared[sql].run(**parameters) or []

    def close(self) -> None:
        """Drop the connection; the next call makes another."""
        connection, self._connection, self._prepared = self._connection, None, {}
        if connection is not None:
            with suppress(OSError, InterfaceError):  # it was broken already
                connection.close()

    def run(self, sql: str, *, seconds: float, **parameters: object) -> list[Row]:
        """Run one statement, trying again while the database is unavailable.

        The statement may have been carried out although the answer was lost, so it has to be one
        that can be run twice.

        Args:
            sql: the statement, with ``:name`` for parameters.
            seconds: how long it may take altogether, however many tries and packets.
            parameters: the statement's values.

        Raises:
            DatabaseUnavailable: no answer after ``seconds``.
            DataRejected: the data was refused.
            DatabaseError: the statement itself is wrong (a missing table, a permission).
        """
        self._patience = self._answer_seconds
        self._until = deadline = time.monotonic() + seconds
        pause = PAUSE_FIRST
        cause, known = "no time left", set[str]()
        while (began := time.monotonic()) < deadline:
            lasts = 0.0  # what ends by a limit of the server would take as long again, and outlive the caller
            try:
                return self._once(sql, parameters)
            except DatabaseError as error:
                code = self._judge(error, known)
                if code[:2] not in known and code in AT_ONCE:
                    known.add(code[:2])
                    continue
                cause = self._cause(code)
                lasts = time.monotonic() - began if code in BUSY else 0.0
            except ssl.SSLCertVerificationError:
                raise  # a server that cannot prove its name is no outage
            except (OSError, InterfaceError) as error:
                self.close()
                cause = type(error.__cause__ or error).__name__
            if time.monotonic() + pause + lasts >= deadline:
                break
            time.sleep(pause)
            pause = min(pause * 2, PAUSE_LONGEST)
        raise DatabaseUnavailable(f"no answer from the database within {seconds:.0f} s ({cause})")

    def once(self, sql: str, *, seconds: float, **parameters: object) -> list[Row]:
        """Run one statement one time, however long it takes: what the session was told before holds for it.

        Args:
            sql: the statement, with ``:name`` for parameters.
            seconds: how long to wait for the answer.
            parameters: the statement's values.

        Raises:
            DatabaseUnavailable: it may be tried again. Unless a limit or a conflict ended it, the connection is lost,
                and with it the session.
            DataRejected: the data was refused.
            DatabaseError: the statement itself is wrong.
        """
        self._until, self._patience = time.monotonic() + seconds, seconds
        try:
            return self._once(sql, parameters)
        except DatabaseError as error:
            raise DatabaseUnavailable(self._cause(self._judge(error, (STALE_PLAN[:2],)))) from None
        except ssl.SSLCertVerificationError:
            raise
        except (OSError, InterfaceError) as error:
            self.close()
            raise DatabaseUnavailable(type(error.__cause__ or error).__name__) from None

    def _cause(self, code: str) -> str:
        if code in AUTHENTICATION and self._token is not None:
            return HINT.format(code=code, user=self._environ["DB_USER"])
        return f"SQLSTATE {code}"

    def _judge(self, error: DatabaseError, known: Container[str]) -> str:
        """Return the code of an error after which the statement may be sent again; raise otherwise.

        Args:
            error: the server's.
            known: classes of errors that were met before.
        """
        code = sqlstate(error)
        if code[:2] in DATA_CLASSES:
            raise DataRejected(code) from None  # nothing is wrong with the connection
        if code not in BUSY:
            self.close()
        if code in AUTHENTICATION:
            # The password was rotated: read it again, now and at each further refusal, which waits like an outage, for
            # RDS changes the database a moment before or after the secret. A token is new for each connection anyway.
            self._credentials = None
            return code
        if code in UNAVAILABLE_CODES or code[:2] in UNAVAILABLE_CLASSES or (code in AT_ONCE and code[:2] not in known):
            return code
        raise error

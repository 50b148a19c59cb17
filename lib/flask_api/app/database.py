"""The API's way to PostgreSQL: a pool, one more try where a connection was dead, and a quick no while it is away.

Every statement of this API can be run twice: it reads, it sets values, or it carries the id or the key by which a
second run is recognised. So a statement whose connection died is simply sent again. This is why connections are not
checked before they are given out: it would cost each request one more round trip, about as long as its statement, and
a connection can die after it as well.
"""

import logging
import threading
import time

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from .connection import STATEMENT_SECONDS, Connection, parameters
from .credentials import Credentials
from .settings import Settings

logger = logging.getLogger("shop.database")
REQUEST_SECONDS = 4.0  # what may pass for one request: both tries, and the wait for a connection
POOL_SECONDS = 1.5
PAUSE_SECONDS = 0.5  # how long nobody asks a database that was away a moment ago
# https://www.postgresql.org/docs/current/errcodes-appendix.html
READ_ONLY = "25006"  # this was the primary before a failover
# "cached plan must not change result type": a migration changed what a prepared statement returns. The server says so
# before it runs the statement, which is as good as any on a new connection.
STALE_PLAN = "0A000"
CONFLICT = ("40001", "40P01")  # a second try may succeed
TIMED_OUT = ("55P03", "57014")  # of lock_timeout, of statement_timeout: somebody, or the server, is too slow
BUSY = (*CONFLICT, *TIMED_OUT, "53000", "53100", "53200", "53400")  # the connection is as good as before


class DatabaseUnavailable(Exception):
    """The database cannot do it now; the same request may succeed a moment later.

    Args:
        reason: a part of a sentence.
        sqlstate: the server's code, if it gave one.
    """

    def __init__(self, reason: str, sqlstate: str = "") -> None:
        super().__init__(reason)
        self.sqlstate = sqlstate


class Database:
    """The pool of one process.

    :meth:`open` starts threads and makes connections, and neither survives a fork: it belongs into each worker.
    """

    def __init__(self, settings: Settings, credentials: Credentials) -> None:
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            connection_class=Connection,
            kwargs=parameters(settings) | {"credentials": credentials},
            min_size=settings.db_pool_size,
            open=False,
            # The pool by itself would try for minutes, at growing intervals. So it gives up at once, and a request
            # that may ask makes it try again: the database is found PAUSE_SECONDS after its return.
            reconnect_timeout=0.2,
            name="shop",
        )
        self._lock = threading.Lock()
        self._away_until = 0.0  # of time.monotonic(); 0 while all is well
        self._drained = 0.0
        # As many statements as there are connections have ended in a timeout, one after the other and without one that
        # succeeded: it is not a row that is locked, but the server that is slow.
        self._most_timeouts, self._timeouts = settings.db_pool_size, 0

    def open(self) -> None:
        """Begin to make the connections, in the background."""
        self._pool.open()

    def close(self) -> None:
        """Close the connections and end the pool's threads."""
        self._pool.close()

    def rows(self, statement: str, values: tuple[object, ...] = (), seconds: float = REQUEST_SECONDS) -> list[TupleRow]:
        """Run one statement, one that can be run twice, and return its rows.

        Args:
            statement: with ``$1`` for a value.
            values: what stands for ``$1`` and the others.
            seconds: how long it may take altogether.

        Raises:
            DatabaseUnavailable: there is no answer in time, or the database cannot take it now.
            psycopg.Error: the statement itself is wrong.
        """
        deadline = time.monotonic() + seconds
        if self._away_until:
            self._ask_for_all()
        tries = 2
        while True:
            tries -= 1
            connection, began = self._take(deadline), time.monotonic()
            try:
                result = connection.rows(statement, values, deadline)
            except psycopg.Error as error:
                self._judge(error, connection, began, may_try=tries > 0 and time.monotonic() < deadline)
            else:
                if self._away_until or self._timeouts:
                    self._back()
                return result
            finally:
                self._pool.putconn(connection)

    def _ask_for_all(self) -> None:
        """Let one request ask a database that was away, while the others are refused at once.

        Waiting, they would take all of the worker's threads, and nobody would answer whether the process lives.
        """
        with self._lock:
            now = time.monotonic()
            if now < self._away_until:
                raise DatabaseUnavailable("the database was away a moment ago")
            self._away_until = now + POOL_SECONDS + PAUSE_SECONDS

    def _take(self, deadline: float) -> Connection:
        try:
            return self._pool.getconn(min(POOL_SECONDS, deadline - time.monotonic()))
        except PoolTimeout:
            raise self._away("there is no connection to the database") from None
        except PoolClosed:
            raise DatabaseUnavailable("the server stops") from None

    def _judge(self, error: psycopg.Error, connection: Connection, began: float, may_try: bool) -> None:
        """Return when the statement may be sent again; raise otherwise."""
        code = error.sqlstate or ""
        if code == STALE_PLAN and may_try:
            self._renew(connection)
            return
        if not (isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) or code == READ_ONLY):
            raise error
        if code in BUSY:
            if may_try and code in CONFLICT:
                return
            raise self._busy(code) from None
        if may_try:
            self._renew(connection)
            return
        connection.close()
        now = time.monotonic()
        reason = f"the database does not answer (SQLSTATE {code})" if code else "the database does not answer"
        if code or now - began < STATEMENT_SECONDS:
            raise DatabaseUnavailable(reason) from None
        raise self._away(reason) from None  # the server would have given up by itself, so it hangs

    def _renew(self, connection: Connection) -> None:
        """Close a connection, and those that are as old, which are most likely as useless."""
        connection.close()
        with self._lock:
            if connection.born > self._drained:  # of several threads that notice, one does it
                self._drained = time.monotonic()
                self._pool.drain()

    def _busy(self, code: str) -> DatabaseUnavailable:
        reason = f"the database is busy (SQLSTATE {code})"
        if code in TIMED_OUT:
            with self._lock:
                self._timeouts += 1
            if self._timeouts >= self._most_timeouts:
                self._away(reason)
        return DatabaseUnavailable(reason, code)

    def _away(self, reason: str) -> DatabaseUnavailable:
        with self._lock:
            if not self._away_until:
                logger.warning("the database is away", extra={"fields": {"reason": reason}})
            self._away_until = time.monotonic() + PAUSE_SECONDS
        return DatabaseUnavailable(reason)

    def _back(self) -> None:
        with self._lock:
            if self._away_until:
                logger.warning("the database is back")
            self._away_until, self._timeouts = 0.0, 0

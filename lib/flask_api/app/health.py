"""Whether the process lives, and whether it can do its work: two questions, for two who ask."""

from collections.abc import Callable

import psycopg
from flask import Response

from . import web
from .database import Database, DatabaseUnavailable
from .problems import Refusal

ASK = "SELECT count(*) FROM (SELECT FROM products LIMIT 1) p"
ASK_SECONDS = 1.0
RETRY_AFTER = {"Retry-After": "1"}


class Health:
    """What is done for each request about health.

    The load balancer asks for life: were it to ask for readiness, ECS would replace every task during an outage of
    the database, which no new task could end.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.draining: Callable[[], bool] = lambda: False

    def _refuse_unless_ready(self) -> None:
        if self.draining():
            raise Refusal(503, "The server stops, and takes no new work.", headers=RETRY_AFTER)
        try:
            self._database.rows(ASK, seconds=ASK_SECONDS)
        except DatabaseUnavailable as error:
            raise Refusal(503, f"The process lives, but {error}.", "database-away", headers=RETRY_AFTER) from None
        except psycopg.Error as error:
            words = f"The process lives, but the database has no products (SQLSTATE {error.sqlstate})."
            raise Refusal(503, words, "database-away", headers=RETRY_AFTER) from None

    def live(self) -> Response:
        """Answer; whoever gets the answer knows. The database is not asked."""
        return web.answer('{"status":"alive"}')

    def ready(self) -> Response:
        """Answer whether a query succeeds within a second, and the server does not stop."""
        self._refuse_unless_ready()
        return web.answer('{"status":"ready"}')

    def both(self) -> Response:
        """Answer both."""
        self._refuse_unless_ready()
        return web.answer('{"live":"alive","ready":"ready"}')

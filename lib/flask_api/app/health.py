"""Whether the process lives, and whether it can do its work: two questions, for two who ask."""

from collections.abc import Callable

import psycopg
from flask import Response

from . import web
from .database import Database, DatabaseUnavailable
from .problems import RETRY_AFTER, Refusal

# The newest migration that this version needs. An older version runs with a newer schema, so that a deployment can be
# taken back; a newer version does not run with an older one.
NEEDED = "0005_plans.sql"
ASK = "SELECT count(*) FROM schema_migrations WHERE name = $1"
ASK_SECONDS = 1.0


class Health:
    """What is done for each request about health.

    The load balancer asks for life: were it to ask for readiness, ECS would replace every task during an outage of
    the database, which no new task could end.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.draining: Callable[[], bool] = lambda: False
        self.stuck: Callable[[], bool] = lambda: False

    def _refuse_unless_ready(self) -> None:
        if self.draining():
            raise Refusal(503, "The server stops, and takes no new work.", headers=RETRY_AFTER)
        try:
            ((applied,),) = self._database.rows(ASK, (NEEDED,), seconds=ASK_SECONDS)
        except DatabaseUnavailable as error:
            raise Refusal(503, f"The process lives, but {error}.", "database-away", headers=RETRY_AFTER) from None
        except psycopg.Error as error:
            words = f"The process lives, but the database was never migrated (SQLSTATE {error.sqlstate})."
            raise Refusal(503, words, "database-away", headers=RETRY_AFTER) from None
        if not applied:
            words = f"The process lives, but the database has an older schema: {NEEDED} is not applied."
            raise Refusal(503, words, "database-away", headers=RETRY_AFTER)

    def live(self) -> Response:
        """Answer; whoever gets the answer knows. The database is not asked.

        Raises:
            Refusal: it answers, but nothing else any more.
        """
        if self.stuck():
            raise Refusal(503, "No thread of the process has ended its request for a minute.", headers=RETRY_AFTER)
        return web.answer('{"status":"alive"}')

    def ready(self) -> Response:
        """Answer whether the database answers within a second and has the schema, and the server does not stop."""
        self._refuse_unless_ready()
        return web.answer('{"status":"ready"}')

    def both(self) -> Response:
        """Answer both."""
        self._refuse_unless_ready()
        return web.answer('{"live":"alive","ready":"ready"}')

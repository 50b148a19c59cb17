"""A dead connection costs nobody an answer, and an outage costs each request little time."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from lib.flask_api.app import connection as connections
from lib.flask_api.app import database as module
from lib.flask_api.app.database import Database, DatabaseUnavailable
from lib.flask_api.app.settings import Settings
from lib.flask_api.users import API_USER
from tests.support import flask_api
from tests.support.database import TestServer
from tests.support.flask_api.tcp_proxy import Behind, TcpProxy

# pylint: disable=redefined-outer-name

Lines = Callable[[], list[dict[str, Any]]]
POOL = 3


@pytest.fixture
def proxy(postgres: TestServer, settings: Settings) -> Iterator[TcpProxy]:
    """The way to the server."""
    del settings
    with TcpProxy(postgres.server.port) as made:
        yield made


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POOL_SECONDS", 0.3)
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(connections, "STATEMENT_SECONDS", 0.4)


@pytest.fixture
def database(postgres: TestServer, proxy: TcpProxy) -> Iterator[Database]:
    """A pool whose way leads through the proxy, full."""
    environ = flask_api.environ(postgres.server) | {"DB_PORT": str(proxy.port), "DB_POOL_SIZE": str(POOL)}
    made = Database(Settings.read(environ), Behind(postgres.server.port))
    made.open()
    made._pool.wait(5)
    yield made
    made.close()


def seconds(call: Callable[[], object]) -> float:
    """Return how long a call takes that ends in :class:`DatabaseUnavailable`."""
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        call()
    return time.monotonic() - began


def one(database: Database) -> Any:
    """Ask for a 1."""
    return database.rows("SELECT 1")


def count(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list that grows with each request for a connection."""
    asked, take = list[float](), database._take
    monkeypatch.setattr(database, "_take", lambda deadline: asked.append(deadline) or take(deadline))
    return asked


def test_rows_are_returned(database: Database) -> None:
    """With values where the statement has places for them."""
    assert database.rows("SELECT $1::int, $2::text", (1, "a")) == [(1, "a")]


def test_connections_that_died_while_idle_are_not_noticed(database: Database, proxy: TcpProxy) -> None:
    """After a failover every connection of the pool is dead; each thread still gets its answer."""
    proxy.cut()
    with ThreadPoolExecutor(POOL) as pool:
        assert list(pool.map(lambda _: one(database), range(POOL * 3))) == [[(1,)]] * (POOL * 3)


def test_one_dead_connection_replaces_them_all(database: Database, proxy: TcpProxy) -> None:
    """The second try takes no other old one, which would be as dead: it waits for a new one."""
    proxy.cut()
    one(database)
    flask_api.until(lambda: database._pool.get_stats()["pool_available"] == POOL)
    lost = database._pool.get_stats().get("returns_bad", 0)
    for _ in range(POOL):
        one(database)
    assert database._pool.get_stats().get("returns_bad", 0) == lost == 1


def test_an_outage_is_answered_in_time(database: Database, proxy: TcpProxy) -> None:
    """Neither by waiting for it to end, nor by an error of another kind."""
    proxy.state = "closed"
    assert seconds(lambda: one(database)) < module.REQUEST_SECONDS + 0.5


def test_during_an_outage_nobody_waits_but_one(
    database: Database, proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else all threads would wait, and the load balancer's question for life with them."""
    proxy.state = "closed"
    seconds(lambda: one(database))
    waited = count(database, monkeypatch)
    database._away_until = time.monotonic() + 60
    for _ in range(20):
        seconds(lambda: one(database))
    assert not waited
    database._away_until = time.monotonic()
    monkeypatch.setattr(module, "PAUSE_SECONDS", 60)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: seconds(lambda: one(database)), range(8)))
    assert len(waited) == 1


def test_the_end_of_an_outage_is_noticed(database: Database, proxy: TcpProxy, lines: Lines) -> None:
    """Without a request for each thread, and soon."""
    proxy.state = "closed"
    seconds(lambda: one(database))
    proxy.state = "open"
    began = time.monotonic()

    def back() -> bool:
        try:
            return one(database) == [(1,)]
        except DatabaseUnavailable:
            return False

    flask_api.until(back)
    assert time.monotonic() - began < 5
    assert [line["message"] for line in lines() if line["logger"] == "shop.database"] == [
        "the database is away",
        "the database is back",
    ]


def test_several_who_find_it_back_say_so_once(database: Database, lines: Lines) -> None:
    """And nothing is wrong with that."""
    database._away_until = 1.0
    database._back()
    database._back()
    assert [line["message"] for line in lines()] == ["the database is back"]


def test_a_server_that_hangs_is_given_up(database: Database, proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is alive and silent: nothing but the request's own deadline ends that, and the next ones do not wait."""
    monkeypatch.setattr(module, "STATEMENT_SECONDS", 0.3)
    proxy.state = "hung"
    took = seconds(lambda: database.rows("SELECT 1", seconds=0.5))
    assert 0.4 < took < 3.0
    waited = count(database, monkeypatch)
    database._away_until += 60
    seconds(lambda: one(database))
    assert not waited
    proxy.state = "open"


def test_a_short_question_that_is_not_answered_stops_nobody_else(database: Database, proxy: TcpProxy) -> None:
    """Readiness asks with less patience than a request has."""
    proxy.state = "hung"
    assert seconds(lambda: database.rows("SELECT 1", seconds=0.2)) < 3
    proxy.state = "open"
    assert one(database) == [(1,)]


def test_a_statement_that_takes_too_long_is_not_sent_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """That would take as long once more. The connection stays."""
    asked = count(database, monkeypatch)
    assert 0.3 < seconds(lambda: database.rows("SELECT pg_sleep(9)")) < 3
    assert len(asked) == 1
    assert database._pool.get_stats().get("returns_bad", 0) == 0


def raising(database: Database, *codes: str) -> list[tuple[Any, ...]]:
    """Run a statement that the server answers with these errors, one after the other, and then with a 1."""
    errors = iter(codes)
    real = database._take

    class Wrapped:
        def __init__(self, connection: Any) -> None:
            self._connection = connection

        def rows(self, *arguments: Any) -> Any:
            code = next(errors, "")
            if code:
                statement = f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$"
                return self._connection.rows(statement, *arguments[1:])
            return self._connection.rows(*arguments)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

    taken: list[Any] = []
    database._take = lambda deadline: taken.append(real(deadline)) or Wrapped(taken[-1])  # type: ignore[method-assign]
    put = database._pool.putconn
    database._pool.putconn = lambda _: put(taken.pop())  # type: ignore[method-assign]
    return one(database)


@pytest.mark.parametrize("code", ["40001", "40P01", "25006", "57P01", "08006", "53300"])
def test_what_may_succeed_the_second_time_is_tried_twice(database: Database, code: str) -> None:
    """A conflict, a server that is only a replica now or stops, a broken connection."""
    assert raising(database, code) == [(1,)]


@pytest.mark.parametrize("code", ["40P01", "25006", "57P01"])
def test_the_second_failure_is_an_outage(database: Database, code: str) -> None:
    """Nobody is kept waiting by a third."""
    with pytest.raises(DatabaseUnavailable, match=code):
        raising(database, code, code)


@pytest.mark.parametrize("code", ["57014", "55P03", "53200"])
def test_a_busy_server_is_not_asked_again(database: Database, code: str) -> None:
    """That would make it busier; the caller may try later."""
    with pytest.raises(DatabaseUnavailable, match=f"busy .SQLSTATE {code}"):
        raising(database, code)
    assert one(database) == [(1,)]


@pytest.mark.parametrize("code", ["57014", "55P03"])
def test_timeouts_one_after_the_other_are_an_outage(
    database: Database, monkeypatch: pytest.MonkeyPatch, lines: Lines, code: str
) -> None:
    """A slow server would have every thread wait: as many as there are connections are enough to know."""
    monkeypatch.setattr(module, "PAUSE_SECONDS", 60)
    for _ in range(POOL):
        with pytest.raises(DatabaseUnavailable, match=f"busy .SQLSTATE {code}") as raised:
            raising(database, code)
        assert raised.value.sqlstate == code
    assert [line["message"] for line in lines()] == ["the database is away"]
    asked = count(database, monkeypatch)
    assert seconds(lambda: one(database)) < 0.2
    assert not asked


def test_timeouts_among_others_are_none(database: Database, lines: Lines) -> None:
    """One row that is locked is not the server: what succeeds meanwhile says so."""
    for _ in range(3 * POOL):
        with pytest.raises(DatabaseUnavailable, match="busy"):
            raising(database, "55P03")
        assert one(database) == [(1,)]
    assert not lines()


def test_another_reason_to_try_later_is_no_timeout(database: Database) -> None:
    """Without memory, or at a conflict, the server is quick to say so."""
    for _ in range(2 * POOL):
        with pytest.raises(DatabaseUnavailable, match="busy"):
            raising(database, "53200")
    assert one(database) == [(1,)]


def test_a_warm_worker_survives_a_migration(database: Database, postgres: TestServer) -> None:
    """Every connection of its pool has a statement whose result has another type now, which the server refuses once."""
    with flask_api.connect(postgres.server) as admin:
        admin.execute(f"CREATE TABLE altered AS SELECT 1 AS n; GRANT SELECT ON altered TO {API_USER}")
        try:
            statement = "SELECT * FROM altered"
            connections = [database._take(time.monotonic() + 5) for _ in range(POOL)]
            for each in connections:
                assert each.rows(statement, (), time.monotonic() + 5) == [(1,)]
                database._pool.putconn(each)
            admin.execute("ALTER TABLE altered ALTER n TYPE text, ADD more int DEFAULT 2")
            assert [database.rows(statement) for _ in range(8)] == [[("1", 2)]] * 8
        finally:
            admin.execute("DROP TABLE altered")


def test_what_the_server_cannot_do_is_a_defect(database: Database) -> None:
    """After one more try: the code says the same of a statement that never works."""
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        raising(database, "0A000", "0A000")
    assert one(database) == [(1,)]


def test_a_locked_row_leaves_nobody_waiting(database: Database, postgres: TestServer) -> None:
    """Who waits for the lock is told before the request's time is over, and so is the backend; connections stay."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    update = "UPDATE locked SET n = n + 1"
    with flask_api.connect(postgres.server) as holder, flask_api.connect(postgres.server) as admin:
        holder.execute(f"CREATE TABLE locked AS SELECT 1 AS n; GRANT SELECT, UPDATE ON locked TO {API_USER}")
        holder.execute("BEGIN")
        holder.execute(update)
        try:
            with ThreadPoolExecutor(4) as pool:
                took = list(
                    pool.map(lambda _: seconds(lambda: database.rows(update)), range(4))
                )  # one more than the pool
            assert admin.execute(waiting).fetchall() == [(0,)]
            assert max(took) < module.REQUEST_SECONDS
        finally:
            holder.execute("ROLLBACK")
            holder.execute("DROP TABLE locked")
    assert database._pool.get_stats().get("returns_bad", 0) == 0


def test_a_wrong_statement_is_a_defect(database: Database) -> None:
    """And no outage."""
    with pytest.raises(psycopg.errors.UndefinedTable):
        database.rows("SELECT * FROM nowhere")
    assert one(database) == [(1,)]


def test_a_closed_pool_says_that_the_server_stops(database: Database) -> None:
    """A request that comes so late is answered too."""
    database.close()
    with pytest.raises(DatabaseUnavailable, match="the server stops"):
        one(database)


def test_of_two_that_notice_a_useless_pool_one_renews_it(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second's connection is older than the renewal: it is closed, and the new ones stay."""
    drained: list[bool] = []
    first, second = (database._take(time.monotonic() + 5) for _ in range(2))
    monkeypatch.setattr(database._pool, "drain", lambda: drained.append(True))
    for each in (first, second):
        database._renew(each)
        database._pool.putconn(each)
    assert (first.closed, second.closed, drained) == (True, True, [True])

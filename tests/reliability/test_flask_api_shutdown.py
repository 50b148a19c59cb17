"""A task that is told to stop answers what it has, and a rolling deployment costs nobody a request.

ECS takes a task out of the load balancer's target group and waits for the deregistration delay before it sends
SIGTERM: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from lib.local_cloud.servers.postgres import Postgres
from lib.local_cloud.servers.process import free_port
from tests.support import flask_api
from tests.support.flask_api import Client, Gunicorn
from tests.support.flask_api.balancer import Balancer
from tests.support.flask_api.traffic import Load

# pylint: disable=redefined-outer-name

Start = Callable[[], Gunicorn]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A server of this file's own."""
    with tempfile.TemporaryDirectory(prefix="tap-shop-") as folder:
        server = Postgres(Path(folder) / "postgres", free_port())
        try:
            server.start()
            flask_api.provide(server)
            yield server
        finally:
            server.remove()


@pytest.fixture
def sql(postgres: Postgres) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the test's own; the tables are empty."""
    with flask_api.connect(postgres) as connection:
        flask_api.empty(connection)
        yield connection


@pytest.fixture
def start(postgres: Postgres, tmp_path: Path) -> Iterator[Start]:
    """Starts one task after the other."""
    made: list[Gunicorn] = []

    def another() -> Gunicorn:
        made.append(Gunicorn(flask_api.environ(postgres, WEB_CONCURRENCY="1", WEB_THREADS="6")))
        return made[-1].start(tmp_path / f"log-{len(made)}")

    yield another
    for server in made:
        assert server.stop() == 0


def replace(balancer: Balancer, old: Gunicorn, start: Start, *, deregister_first: bool = True) -> Gunicorn:
    """Replace a task by a new one as ECS does, or with SIGTERM before the load balancer knows."""
    new = start()
    balancer.register(new.port)
    if deregister_first:
        balancer.deregister(old.port)
    old.send()
    assert old.wait() == 0
    if not deregister_first:
        balancer.deregister(old.port)
    return new


def roll(start: Start, count: int, *, deregister_first: bool) -> Load:
    """Replace that many of two tasks under load, and return the load."""
    with Balancer() as balancer:
        tasks = [start(), start()]
        for task in tasks:
            balancer.register(task.port)
        with Load(balancer.port).stock_up() as load:
            load.more(20)
            for task in tasks[:count]:
                replace(balancer, task, start, deregister_first=deregister_first)
                load.more(20)
    return load


def test_a_rolling_deployment_costs_nobody_a_request(start: Start, sql: psycopg.Connection[Any]) -> None:
    """Two tasks are replaced by two others: every request is answered 201, the first time that it is sent."""
    load = roll(start, 2, deregister_first=True)
    assert load.statuses().keys() == {201}
    assert load.verdict(sql) == []


def test_requests_that_get_lost_are_seen(start: Start, sql: psycopg.Connection[Any]) -> None:
    """The test above can fail: a load balancer that does not know of the end sends requests to nobody."""
    load = roll(start, 1, deregister_first=False)
    assert [text for text in load.wrong if text.startswith("502")]
    del sql


def waiting(sql: psycopg.Connection[Any]) -> int:
    """Return how many sessions wait for a lock; pg_stat_activity tells that of a user's own sessions only."""
    row = sql.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted").fetchone()
    assert row is not None
    return int(row[0])


def test_what_was_accepted_is_answered_completely(
    start: Start, sql: psycopg.Connection[Any], postgres: Postgres
) -> None:
    """Three orders are in the middle of their transaction when SIGTERM comes; more comes over kept connections."""
    task = start()
    with ExitStack() as stack:
        idle, *clients = [stack.enter_context(Client(task.port)) for _ in range(4)]
        product = idle("POST", "/products", flask_api.product(stock=10))[2]["id"]

        def order(client: Client) -> int:
            return client("POST", "/orders", flask_api.order((product, 1)), Idempotency_Key=flask_api.key())[0]

        pool = stack.enter_context(ThreadPoolExecutor(3))
        locker = stack.enter_context(flask_api.connect(postgres))
        locker.autocommit = False
        locker.execute("SELECT FROM products FOR UPDATE")
        running = [pool.submit(order, client) for client in clients]
        flask_api.until(lambda: waiting(sql) == 3)
        task.send()
        flask_api.until(lambda: any("Handling signal: term" in line["message"] for line in task.lines()))
        flask_api.until(lambda: idle("GET", "/health/ready")[0] == 503)
        locker.commit()
        assert [future.result() for future in running] == [201] * 3
        last = [client("GET", f"/products/{product}") for client in clients]
        assert [(status, body["stock"]) for status, _, body in last] == [(200, 7)] * 3
        assert {headers["Connection"] for _, headers, _ in last} == {"close"}
        assert task.wait() == 0


def test_after_its_end_nobody_listens(start: Start, sql: psycopg.Connection[Any], postgres: Postgres) -> None:
    """And its connections to the database are closed. They were the worker's: the master, which forks, has none."""
    task = start()
    before = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ecommerce-api'"
    flask_api.until(lambda: sql.execute(before).fetchone() == (6,))
    assert task.process
    master = psutil.Process(task.process.pid)
    links = [
        [each.raddr.port for each in process.net_connections() if each.raddr].count(postgres.port)
        for process in (master, *master.children())
    ]
    assert links == [0, 6]
    task.send()
    assert task.wait() == 0
    flask_api.until(lambda: sql.execute(before).fetchone() == (0,))
    with Client(task.port, 1) as client, pytest.raises(ConnectionRefusedError):
        client("GET", "/health/live")

"""What a request costs: the API as the container runs it, beside its floor and beside the bare statements.

Five ways, in turn and round after round, so that the machine's mood meets all of them:

- generator: the load generator with a server that only answers: nothing can be measured that is quicker.
- no database: GET /openapi.json, the same Flask and server with a route that asks nobody.
- read, order: GET /products/{id} and POST /orders (two products), one worker with as many threads as clients.
- bare read, bare order: the same statements by psycopg alone, prepared, in as many threads of one process.

The generator is a process of its own: one thread, kept connections, the next request as soon as an answer is there.
Figures are medians over the rounds; a ratio is the median of the rounds' ratios. No verdict: it prints a table.

Usage: python tests/benchmarks/flask_api.py [--seconds 2] [--rounds 5] [--clients 4]
"""

import argparse
import contextlib
import json
import os
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = str(Path(__file__).resolve().parent.parent.parent)
sys.path.insert(0, ROOT)

HOST = "127.0.0.1"
PRODUCTS = 50
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n" + b'{"status":"alive"}'
Result = dict[str, Any]


def figures(times: list[float], elapsed: float, statuses: dict[str, int]) -> Result:
    """Return requests a second, and the median and the 95th percentile in milliseconds."""
    times.sort()
    half, most = times[len(times) // 2], times[int(len(times) * 0.95)]
    return {"rate": len(times) / elapsed, "p50": half * 1000, "p95": most * 1000, "statuses": statuses}


def generate(job: dict[str, Any]) -> Result:
    """Send requests over kept connections for some seconds, as a process of its own.

    ``job`` has port, clients, seconds, requests (whole texts, used in turn) and first: a number for ``%020d``.
    """
    requests = [text.encode() for text in job["requests"]]
    times, statuses, sent = list[float](), Counter[str](), 0
    selector = selectors.DefaultSelector()

    def send(link: socket.socket) -> float:
        nonlocal sent
        sent += 1
        request = requests[sent % len(requests)]
        link.sendall(request % (job["first"] + sent) if b"%020d" in request else request)
        return time.perf_counter()

    began = time.perf_counter()
    for _ in range(job["clients"]):
        link = socket.create_connection((HOST, job["port"]))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(link, selectors.EVENT_READ, [b"", send(link)])
    while selector.get_map():
        for key, _ in selector.select():
            link, state = key.fileobj, key.data
            assert isinstance(link, socket.socket)
            state[0] += link.recv(65536)
            head, separator, body = state[0].partition(b"\r\n\r\n")
            if not separator or len(body) < int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]):
                continue
            now = time.perf_counter()
            times.append(now - state[1])
            statuses[head[9:12].decode()] += 1
            if now - began < job["seconds"]:
                state[:] = [b"", send(link)]
            else:
                selector.unregister(link)
                link.close()
    return figures(times, time.perf_counter() - began, dict(statuses))


def answer_only(listener: socket.socket) -> None:
    """Answer whatever comes with the same bytes: the quickest server that Python has."""
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is listener:
                    link, _ = listener.accept()
                    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    selector.register(link, selectors.EVENT_READ)
                    continue
                link = key.fileobj  # type: ignore[assignment]
                if link.recv(65536):
                    link.sendall(ANSWER)
                else:
                    selector.unregister(link)
                    link.close()


def generator(**job: Any) -> Result:
    """Run :func:`generate` in another process."""
    done = subprocess.run(
        [sys.executable, __file__, "--generate"], input=json.dumps(job), capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))


def bare(connect: Callable[[], Any], work: Callable[[Any, int], Any], clients: int, seconds: float) -> Result:
    """Run statements in threads, each with a connection of its own."""
    times: list[list[float]] = [[] for _ in range(clients)]
    began = time.perf_counter()

    def run(mine: list[float], number: int) -> None:
        with connect() as connection:
            while time.perf_counter() - began < seconds:
                start = time.perf_counter()
                assert work(connection, number + len(mine) * clients)
                mine.append(time.perf_counter() - start)

    threads = [threading.Thread(target=run, args=(mine, number)) for number, mine in enumerate(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return figures([each for mine in times for each in mine], time.perf_counter() - began, {})


@contextlib.contextmanager
def scene(folder: Path, threads: int) -> Iterator[tuple[Any, Any, int]]:
    """Yield a PostgreSQL, the API in front of it, and the port of the server that only answers."""
    from lib.local_cloud.servers.postgres import Postgres
    from lib.local_cloud.servers.process import free_port
    from tests.support import flask_api

    server = Postgres(folder / "postgres", free_port())
    with contextlib.ExitStack() as stack:
        stack.callback(server.remove)
        server.start()
        flask_api.provide(server)
        environ = flask_api.environ(server, WEB_CONCURRENCY="1", WEB_THREADS=str(threads))
        api = flask_api.Gunicorn(environ).start(folder / "log")
        stack.callback(api.stop)
        listener = socket.create_server((HOST, 0))
        port = listener.getsockname()[1]
        child = os.fork()
        if child == 0:
            answer_only(listener)
        stack.callback(os.waitpid, child, 0)
        stack.callback(os.kill, child, 9)
        listener.close()
        yield server, api, port


def ways(server: Any, api: Any, only: int, clients: int, seconds: float) -> dict[str, Callable[[], Result]]:
    """Return what is measured, by name."""
    from lib.flask_api.app import currencies, ids, orders, products
    from lib.flask_api.app.models import Item
    from tests.support import flask_api

    with flask_api.Client(api.port) as client:
        made = [client("POST", "/products", flask_api.product(stock=1_000_000))[2]["id"] for _ in range(PRODUCTS)]
    pairs = [(made[n], made[(n + 7) % PRODUCTS]) for n in range(PRODUCTS)]
    still = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    reads = [f"GET /products/{each} HTTP/1.1\r\nHost: x\r\n\r\n" for each in made]
    bodies = [json.dumps(flask_api.order((one, 1), (other, 2))) for one, other in pairs]
    writes = [
        f"POST /orders HTTP/1.1\r\nHost: x\r\nIdempotency-Key: %020d\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
        for body in bodies
    ]
    prints = [orders.fingerprint([Item(product_id=a, quantity=1), Item(product_id=b, quantity=2)]) for a, b in pairs]

    def http(port: int, requests: list[str]) -> Result:
        return generator(port=port, clients=clients, seconds=seconds, requests=requests, first=time.time_ns())

    def numbered(statement: str) -> str:
        for number in range(1, 8):
            statement = statement.replace(f"${number}", "%s")
        return statement

    select, place = numbered(products.SELECT), numbered(orders.PLACE)

    def read(connection: Any, n: int) -> Any:
        return connection.execute(select, (made[n % PRODUCTS],), prepare=True).fetchone()

    def order(connection: Any, n: int) -> Any:
        which = n % PRODUCTS
        values = (
            ids.new(),
            flask_api.key(),
            os.urandom(32),
            prints[which],
            f"{{{','.join(pairs[which])}}}",
            "{1,2}",
            currencies.AS_JSON,
        )
        return connection.execute(place, values, prepare=True).fetchone()[0] == "placed"

    def connect() -> Any:
        return flask_api.connect(server)

    return {
        "generator": lambda: http(only, [still]),
        "no database": lambda: http(api.port, [still]),
        "read": lambda: http(api.port, reads),
        "bare read": lambda: bare(connect, read, clients, seconds),
        "order": lambda: http(api.port, writes),
        "bare order": lambda: bare(connect, order, clients, seconds),
    }


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="The API beside its floor and the bare statements.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="for one way in one round")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--generate", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.generate:
        print(json.dumps(generate(json.load(sys.stdin))))
        return 0
    with (
        tempfile.TemporaryDirectory(prefix="tap-benchmark-") as folder,
        scene(Path(folder), chosen.clients) as (server, api, only),
    ):
        measured = ways(server, api, only, chosen.clients, chosen.seconds)
        rounds = [{name: way() for name, way in measured.items()} for _ in range(chosen.rounds + 1)][1:]
    print(f"{'':>12}  {'a second':>9}  {'p50 ms':>7}  {'p95 ms':>7}  {'of no database':>14}  {'of bare':>7}")
    for name in measured:
        rate, p50, p95 = (statistics.median(each[name][key] for each in rounds) for key in ("rate", "p50", "p95"))
        floor = statistics.median(each[name]["rate"] / each["no database"]["rate"] for each in rounds)
        twin = f"bare {name}"
        ratio = statistics.median(each[name]["rate"] / each[twin]["rate"] for each in rounds) if twin in measured else 0
        print(
            f"{name:>12}  {rate:>9,.0f}  {p50:>7.2f}  {p95:>7.2f}  {floor:>14.2f}  {f'{ratio:.2f}' if ratio else '':>7}"
        )
        statuses = {status for each in rounds for status in each[name]["statuses"]}
        assert statuses <= {"200", "201"}, statuses
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

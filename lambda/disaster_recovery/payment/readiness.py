"""Whether a region is whole: table, Aurora and the hashes' key answer. Whether it may write is another question."""

import socket
import struct
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from json_types import JsonObject
from payments import Payments
from table import NoAnswer
from writer import WriterMalformed

SECONDS = 1.5  # for all of it: Route 53 waits 2 s for an answer
DATABASE_SECONDS = 1.0
# The first message of a client that wants TLS: its length and a code. The server answers with one letter.
# https://www.postgresql.org/docs/current/protocol-message-formats.html
_SSL_REQUEST = struct.pack("!II", 8, 80877103)
_LETTERS = (b"S", b"N")
PAYMENTS = ("table", "keys")  # what a payment needs; Aurora is not asked for one
T = TypeVar("T")


def database_answers(host: str, port: int, seconds: float = DATABASE_SECONDS) -> bool:
    """Tell whether a PostgreSQL server listens. It needs no password; that the server can do its work is not shown.

    Args:
        host: an endpoint that answers in both roles of a cluster: the reader endpoint.
        port: its port.
        seconds: how long to wait for a connection, and again for the answer.
    """
    try:
        with socket.create_connection((host, port), timeout=seconds) as link:
            link.sendall(_SSL_REQUEST)
            return link.recv(1) in _LETTERS
    except OSError:
        return False


def _result(future: Future[T]) -> T | None:
    """Return what came of a question, or None when the answer is late, was an error, or says nothing."""
    if not future.done() or isinstance(future.exception(), NoAnswer | WriterMalformed | ConnectionError):
        return None
    return future.result()


def look(payments: Payments, until: float) -> JsonObject:
    """Return what answers in this region, and which region may write; all are asked at once.

    An environment that has the key of the hashes does not ask KMS again: it needs no more.

    Args:
        payments: this region's; its environment has DB_HOST, DB_PORT and PEER_REGION.
        until: the monotonic clock's moment after which the table is not asked again.
    """
    environ = payments.environ
    pool = ThreadPoolExecutor(3, "readiness")
    table = pool.submit(payments.writing, until)
    database = pool.submit(database_answers, environ["DB_HOST"], int(environ["DB_PORT"]))
    keys = pool.submit(payments.hashes.digest)
    asked: list[Future[Any]] = [table, database, keys]
    wait(asked, timeout=SECONDS)
    pool.shutdown(wait=False)
    writing, answers, hashed = _result(table), _result(database), _result(keys)
    # Without a writer that is known a region still shows payments: it is healthy, and nobody writes.
    malformed = table.exception() if table.done() and isinstance(table.exception(), WriterMalformed) else None
    checks = {
        "table": writing is not None or malformed is not None,
        "database": answers is True,
        "keys": hashed is not None,
    }
    said = {"writer_malformed": str(malformed)} if malformed else {}
    return {
        **said,
        "ready": all(checks.values()),
        "takes_payments": all(checks[name] for name in PAYMENTS),
        "region": payments.region,
        "peer": environ["PEER_REGION"],
        "writer": writing and writing.region,
        "epoch": writing and writing.epoch,
        "may_write": writing is not None and writing.region == payments.region,
        "checks": {name: "ok" if fine else "away" for name, fine in checks.items()},
    }

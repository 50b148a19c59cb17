"""Each payment is made once, the ledger balances and each change has its audit record, whatever breaks.

Real handlers, each in an environment of its own with its own connection, are asked by callers who repeat what was not
answered, beside each other and with the same keys. Meanwhile PostgreSQL is killed (-9) and ended (SIGQUIT), half of
the calls to S3 fail, connections break after the commit, functions die between the commit and the audit record, and
the drain runs on its schedule.

That the verdict can be unfavourable is shown too: services with one defect each are found out by it.
"""

import contextlib
import io
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
from pg8000.native import Connection

from lib.local_cloud.servers.postgres import Postgres
from lib.local_cloud.servers.process import free_port
from tests.support import functions, payment
from tests.support.functions import Context
from tests.support.payment import Bucket, traffic
from tests.support.payment.traffic import Environment, Trouble, Worker

# pylint: disable=redefined-outer-name

PAYMENTS, FEW, WORKERS = 5_000, 150, 4
OFTEN = Trouble(killed=0.2, connection=0.1)  # for few payments
DOWN_SECONDS = 1.5  # longer than a request waits, so that callers are told to come again
DRAIN_SECONDS = 0.5  # between two runs
Change = Callable[[Environment], object]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A PostgreSQL of this file's own, for it gets killed; not below pytest's folder, which is closed to others."""
    with tempfile.TemporaryDirectory(prefix="tap-reliability-") as folder:
        made = Postgres(Path(folder) / "postgres", free_port())
        try:
            made.start()
            with contextlib.redirect_stdout(io.StringIO()):
                payment.provide(made)
            yield made
        finally:
            made.remove()


@pytest.fixture
def sql(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Connection]]:
    """Makes connections of the test's own; the tables are empty, and the functions know their bucket."""
    for name, value in {**functions.OF_LAMBDA, "AUDIT_BUCKET": payment.BUCKET}.items():
        monkeypatch.setenv(name, value)
    made: list[Connection] = []

    def connect() -> Connection:
        made.append(payment.connect(server))
        return made[-1]

    payment.empty(connect())
    yield connect
    for connection in made:
        with contextlib.suppress(Exception):  # the server was killed meanwhile
            connection.close()


class Scene:
    """One run: what is asked, of whom, and what goes wrong."""

    def __init__(self, server: Postgres, count: int, trouble: Trouble) -> None:
        self.server, self.load, self.done = server, traffic.load(count, "reliability"), []
        self.bucket = Bucket(failing=trouble.s3)
        self.deadline = time.monotonic() + traffic.LONGEST_SECONDS
        with contextlib.redirect_stdout(io.StringIO()):
            self.environments = [Environment(server, self.bucket, trouble, f"{n}") for n in range(WORKERS)]
            self.drain = payment.load(server, "drain")
        self.drain.handler.trail = self.drain.trail.Trail(lambda: self.bucket)
        self.workers = [Worker(each, self.load, self.deadline) for each in self.environments]

    def wait(self, part: float) -> None:
        """Wait until that part of the orders is placed."""
        while len(self.done) < part * len(self.load.jobs) and time.monotonic() < self.deadline:
            time.sleep(0.005)

    def _drain(self, stop: threading.Event) -> None:
        """Run the drain as a schedule does, which does not mind an error."""
        while not stop.wait(DRAIN_SECONDS):
            with contextlib.suppress(self.drain.postgres.DatabaseUnavailable):
                self.drain.handler.handler({}, Context(self.drain.handler.MARGIN_SECONDS + 1))

    def run(self, change: Change, *disturb: Callable[["Scene"], object]) -> None:
        """Place all orders with environments, changed ones perhaps, disturb them meanwhile, and drain to the end."""
        stop = threading.Event()
        schedule = threading.Thread(target=self._drain, args=(stop,))
        with contextlib.redirect_stdout(io.StringIO()), contextlib.ExitStack() as stack:
            for each in self.environments:
                change(each)
                stack.callback(each.database.close)
            stack.callback(self.drain.handler.database.close)
            threads = traffic.work(self.workers, iter(self.load.jobs), self.done)
            schedule.start()
            try:
                for each in disturb:
                    each(self)
            finally:
                for thread in threads:
                    thread.join()
                stop.set()
                schedule.join()
            for _ in range(40):
                if not self.drain.handler.handler({}, Context(300))["pending"]:
                    break

    def verdict(self, connection: Connection) -> list[str]:
        """Return what is wrong."""
        return traffic.verdict(self.load, traffic.left(connection, self.bucket), self.drain.audit)


def kill(server: Postgres) -> None:
    """Kill PostgreSQL with all its processes (-9), and wait until they are gone."""
    postmaster = server.process()
    assert postmaster is not None
    postmaster.suspend()  # it starts no further process meanwhile
    family = [postmaster, *postmaster.children(recursive=True)]
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


def crash(part: float) -> Callable[[Scene], None]:
    """Return what kills the server in the middle of its work, and starts it again after a while."""

    def disturb(scene: Scene) -> None:
        scene.wait(part)
        kill(scene.server)
        time.sleep(DOWN_SECONDS)
        assert scene.server.start()

    return disturb


def end(part: float) -> Callable[[Scene], None]:
    """Return what ends the server at once, without writing anything to disk first, and starts it again."""

    def disturb(scene: Scene) -> None:
        scene.wait(part)
        assert scene.server.stop(signal.SIGQUIT)
        assert scene.server.start()

    return disturb


def unchanged(_environment: Environment) -> None:
    """Leave the service as it is."""


def test_every_payment_is_made_once_whatever_breaks(server: Postgres, sql: Callable[[], Connection]) -> None:
    """5,000 payments by four environments; nothing is lost, doubled, unbalanced or without its record."""
    scene = Scene(server, PAYMENTS, Trouble())
    assert scene.load.again > 0.1 * PAYMENTS
    began = time.monotonic()
    scene.run(unchanged, crash(0.3), end(0.65))
    spent = time.monotonic() - began
    wrong = scene.verdict(sql())
    assert not wrong
    tries = sum(worker.tries for worker in scene.workers)
    settled = sum(len(answers) for answers in scene.load.answers.values())
    print(f"{spent:.1f} s; {settled} requests settled by {tries} tries, {len(scene.bucket.calls)} calls of S3")
    assert tries > settled  # or nothing went wrong
    assert len(scene.bucket.objects) > PAYMENTS


def test_the_honest_service_passes_the_small_test(server: Postgres, sql: Callable[[], Connection]) -> None:
    """What the broken services below go through is survivable."""
    scene = Scene(server, FEW, OFTEN)
    scene.run(unchanged)
    wrong = scene.verdict(sql())
    assert not wrong


def replace(environment: Environment, statement: str, *pairs: tuple[str, str]) -> None:
    """Change a statement of the service."""
    text = getattr(environment.modules.sql, statement)
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    setattr(environment.modules.sql, statement, text)


def as_master(environment: Environment, change: Change) -> None:
    """Change a service that signs in as master user: the rights of its role refuse some defects before they show."""
    payment.as_master(environment.modules)
    change(environment)


def unlocked(environment: Environment, table: str, change: str) -> None:
    """Take away what the database itself would not let pass."""
    environment.database.run(f"ALTER TABLE {table} {change}", seconds=5)


def ignores_keys(environment: Environment) -> None:
    """Take every request for a new one."""
    replace(environment, "CAPTURE", ("CAST(:key AS bytea)", "decode(md5(random()::text || :key), 'hex')"))


def answers_anew(environment: Environment) -> None:
    """Answer a repeated request with a new moment."""
    payments = environment.modules.payments
    replay = payments._replay

    def broken(known, mark):
        outcome = replay(known, mark)
        text = outcome.response.body.replace("created_at", "created_at_first")
        return outcome._replace(response=outcome.response._replace(body=text))

    payments._replay = broken


def takes_no_answer_for_done(environment: Environment) -> None:
    """Answer as if the statement had been carried out, when the connection broke before or after it."""
    once = environment.database._once

    def broken(*arguments):
        try:
            return once(*arguments)
        except ConnectionResetError:
            return [[1]]

    environment.database._once = broken


def leaves_the_outbox_out(environment: Environment) -> None:
    """Rely on the first attempt."""
    replace(environment, "CAPTURE", ("FROM claimed\n)\nSELECT count", "FROM claimed WHERE false\n)\nSELECT count"))


def takes_a_failure_for_done(environment: Environment) -> None:
    """Remove the row whether or not the record was written."""
    outbox = environment.modules.handler.outbox
    keep = outbox.keep

    def broken(entry, seconds):
        try:
            keep(entry, seconds)
        finally:
            environment.database.run(environment.modules.sql.WRITTEN, seconds=5, object_key=entry.key)

    outbox.keep = broken


def writes_without_looking(environment: Environment) -> None:
    """Write unconditionally, hence a second version when the answer to the first was lost."""
    bucket = environment.modules.handler.outbox.trail._client
    put = bucket.put_object
    bucket.put_object = lambda **call: put(**{**call, "IfNoneMatch": ""})


def enters_one_side(environment: Environment) -> None:
    """Enter what comes in, and not where it comes from."""
    replace(environment, "CAPTURE", ("('sales', -1)", "('sales', -2)"))


def refunds_without_looking(environment: Environment) -> None:
    """Refund from the payment as it was when it was read."""
    unlocked(environment, "payments", "DROP CONSTRAINT IF EXISTS payments_check")
    replace(environment, "REFUND", ("AND audit_sequence = CAST(:sequence AS integer) - 1", ""))
    environment.modules.payments._checked = lambda before, asked: before


def chains_to_nothing(environment: Environment) -> None:
    """Begin a new chain with each change."""
    audit = environment.modules.audit
    entry = audit.entry
    audit.entry = lambda previous, **rest: entry(audit.Head(previous.sequence, audit.FIRST), **rest)


REPAIRS = (
    *(f"ALTER TABLE {name} ENABLE TRIGGER USER" for name in payment.TABLES),
    "ALTER TABLE payments DROP CONSTRAINT IF EXISTS payments_check",
    "ALTER TABLE payments ADD CONSTRAINT payments_check CHECK (refunded BETWEEN 0 AND amount)",
)


@pytest.mark.parametrize(
    ("change", "trouble", "finding"),
    [
        (ignores_keys, OFTEN, "not one payment for each key"),
        (answers_anew, OFTEN, "different answers"),
        (takes_no_answer_for_done, Trouble(connection=0.1), "told and not stored"),
        (leaves_the_outbox_out, OFTEN, "lost record"),
        (takes_a_failure_for_done, OFTEN, "lost record"),
        (writes_without_looking, Trouble(s3=0.4), "second version"),
        (enters_one_side, Trouble(), "ledger does not balance"),
        (refunds_without_looking, Trouble(), "refunded more than paid"),
        (chains_to_nothing, Trouble(), "broken chain"),
    ],
)
def test_a_broken_service_is_found_out(
    server: Postgres, sql: Callable[[], Connection], change: Change, trouble: Trouble, finding: str
) -> None:
    """The same verdict, on services with one defect each, whose tables refuse nothing by triggers."""
    scene = Scene(server, FEW, trouble)
    try:
        for name in payment.TABLES:
            sql().run(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        scene.run(partial(as_master, change=change))
        assert [line for line in scene.verdict(sql()) if line.startswith(finding)]
    finally:
        connection = sql()
        payment.empty(connection)
        for statement in REPAIRS:
            connection.run(statement)


def test_a_payment_without_an_answer_is_found_out(server: Postgres, sql: Callable[[], Connection]) -> None:
    """A caller who gave up, and a payment that nobody was told of."""
    scene = Scene(server, FEW, Trouble())
    scene.run(unchanged)
    forgotten = scene.load.orders[0].key
    del scene.load.answers[forgotten]
    found = [line.partition(":")[0] for line in scene.verdict(sql())]
    assert {"no answer", "stored and not told"} <= set(found)


def test_a_foreign_record_is_found_out(server: Postgres, sql: Callable[[], Connection]) -> None:
    """Nothing but the records of payments belongs into the bucket."""
    scene = Scene(server, FEW, Trouble())
    scene.run(unchanged)
    scene.bucket.objects["payments/2026/01/01/pay_x/000001.json"] = b"{}"
    assert scene.verdict(sql()) == ["record of nothing: 1, such as pay_x"]

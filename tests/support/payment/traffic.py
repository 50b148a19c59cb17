"""What the reliability tests ask of the payments' API, how its environments die, and the verdict.

The verdict knows what was sent and what was answered, and looks only at what is left at the end: the tables and the
bucket. How the service got there does not matter to it.
"""

import json
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from pg8000.native import Connection

from lib.local_cloud.servers.postgres import Postgres
from tests.support import payment
from tests.support.payment import Api, Bucket, Reply

CURRENCIES = {"EUR": 2, "JPY": 0, "KWD": 3}
SETTLED = (201, 409)  # an answer that stays; everything else is asked again, or is wrong
LONGEST_SECONDS = 120.0  # what has no answer by then never gets one


class Killed(BaseException):
    """Lambda ends the environment: not even the handler's own "except Exception" sees it."""


@dataclass(frozen=True)
class Trouble:
    """How often what goes wrong, 0 to 1."""

    s3: float = 0.5
    killed: float = 0.02  # between the commit and the audit record
    connection: float = 0.01  # the connection breaks, before the statement is carried out or after the commit
    no_time: float = 0.02  # the function is nearly out of time when it begins


@dataclass(frozen=True)
class Order:
    """One payment and its refunds, each with a key of its own."""

    key: str
    amount: str
    currency: str
    refunds: tuple[str, ...] = ()
    caller: str = "refund"  # two who want refunds of one payment each have keys of their own for them


@dataclass
class Load:
    """Orders to be placed, some of them more than once, and what was answered."""

    orders: list[Order]
    jobs: list[Order]
    answers: dict[str, list[Reply]] = field(default_factory=lambda: defaultdict(list))
    again: int = 0

    @property
    def keys(self) -> set[str]:
        """The keys of the payments."""
        return {order.key for order in self.orders}


def load(count: int, seed: str) -> Load:
    """Return that many orders; a tenth is placed again, some at once, and a fiftieth with another amount.

    A tenth is refunded in parts, some beyond what was paid, and every second one of these by two callers at once.
    """
    chance, orders, jobs = random.Random(seed), [], []
    for number in range(count):
        currency = chance.choice(list(CURRENCIES))
        minor = chance.randrange(300, 90_000)
        parts = [minor * 2 // 5] * chance.choice([1, 2, 3]) if chance.random() < 0.1 else []
        texts = [f"{Decimal(each).scaleb(-CURRENCIES[currency])}" for each in (minor, *parts)]
        orders.append(Order(f"{seed}-{number}", texts[0], currency, tuple(texts[1:])))
        jobs.append((float(number), orders[-1]))
        if parts and chance.random() < 0.5:
            jobs.append((number + 0.01, replace(orders[-1], caller="another")))
        how = chance.random()
        if how < 0.05:
            jobs.append((number + chance.random(), orders[-1]))  # beside the first, on another worker
        elif how < 0.10:
            jobs.append((number + chance.uniform(20, 500), orders[-1]))
        elif how < 0.12:
            other = Order(orders[-1].key, f"{Decimal(minor + 1).scaleb(-CURRENCIES[currency])}", currency)
            jobs.append((number + chance.choice([0.5, 200.0]), other))
    jobs.sort(key=lambda job: job[0])
    return Load(orders, [order for _, order in jobs], again=len(jobs) - count)


class Environment:
    """One execution environment of the API: the real modules, and what goes wrong around them."""

    def __init__(self, server: Postgres, bucket: Bucket, trouble: Trouble, name: str) -> None:
        self._trouble, self._chance = trouble, random.Random(name)
        self.modules = payment.load(server, "api")
        self.api = Api(self.modules)
        self.database = self.modules.handler.database
        self._once, self.database._once = self.database._once, self._then_break
        trail = self.modules.trail.Trail(lambda: bucket)
        self._write, trail.write = trail.write, self._die_or_write
        self.modules.handler.outbox.trail = trail
        self.modules.outbox.REST_SECONDS = 0.0  # else one failure would keep the next thousand from failing

    def _happens(self, how_often: float) -> bool:
        return self._chance.random() < how_often

    def _then_break(self, *arguments: Any) -> Any:
        breaks = self._happens(self._trouble.connection)
        if breaks and self._happens(0.5):
            raise ConnectionResetError
        rows = self._once(*arguments)
        if breaks:
            raise ConnectionResetError
        return rows

    def _die_or_write(self, key: str, body: str) -> None:
        if self._happens(self._trouble.killed):
            raise Killed
        self._write(key, body)

    def ask(self, path: str, body: Mapping[str, str], key: str) -> Reply | None:
        """Send one request; nothing comes back when the environment dies of it."""
        seconds = self.modules.handler.MARGIN_SECONDS
        seconds += 0.0 if self._happens(self._trouble.no_time) else self._chance.uniform(0.3, 1.0)
        try:
            return self.api("POST", path, dict(body), key=key, seconds=seconds)
        except Killed:
            self.database.close()  # Lambda goes on with a new process
            return None


@dataclass
class Worker:
    """A caller of one environment, who sends each request until it is settled."""

    environment: Environment
    made: Load
    deadline: float
    tries: int = 0

    def _settle(self, path: str, body: Mapping[str, str], key: str) -> Reply | None:
        while time.monotonic() < self.deadline:
            self.tries += 1
            answer = self.environment.ask(path, body, key)
            if answer is not None and answer.status != 503:
                self.made.answers[key].append(answer)
                return answer
        return None

    def place(self, order: Order) -> None:
        """Pay, and refund what is to be refunded."""
        body = payment.payment(amount=order.amount, currency=order.currency)
        paid = self._settle("/payments", body, order.key)
        for number, part in enumerate(order.refunds if paid is not None and paid.status == 201 else ()):
            refund = {"amount": part, "currency": order.currency}
            self._settle(f"/payments/{paid.body['id']}/refunds", refund, f"{order.key}-{order.caller}-{number}")


def work(workers: list[Worker], jobs: Iterator[Order], done: list[Order]) -> list[threading.Thread]:
    """Let the workers take the jobs in turn; return their threads, which have begun."""
    lock = threading.Lock()

    def run(worker: Worker) -> None:
        while time.monotonic() < worker.deadline:
            with lock:
                order = next(jobs, None)
            if order is None:
                return
            worker.place(order)
            done.append(order)

    threads = [threading.Thread(target=run, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    return threads


@dataclass
class Left:
    """What is left at the end."""

    payments: dict[str, list[Any]]
    refunds: list[list[Any]]
    ledger: list[list[Any]]
    pending: int
    objects: Mapping[str, bytes]
    versions: Counter[str]


def left(connection: Connection, bucket: Bucket) -> Left:
    """Return what the tables and the bucket hold."""
    return Left(
        payments={
            row[0]: row[1:]
            for row in connection.run("SELECT id, currency, amount, refunded, audit_sequence, audit_hash FROM payments")
        },
        refunds=connection.run("SELECT id, payment_id, amount FROM refunds"),
        ledger=connection.run(
            "SELECT currency, sum(amount), sum(amount) FILTER (WHERE account = 'processor') "
            "FROM ledger_entries GROUP BY 1"
        ),
        pending=connection.run("SELECT count(*) FROM audit_outbox")[0][0],
        objects=bucket.objects,
        versions=bucket.versions,
    )


def _answered(made: Load, found: Left) -> dict[str, set[str]]:
    """Hold what was answered against what is stored."""
    checks: dict[str, set[str]] = defaultdict(set)
    told: Counter[str] = Counter()
    for key, answers in made.answers.items():
        texts = {answer.text for answer in answers if answer.status == 201}
        checks["different answers"] |= {key} if len(texts) > 1 else set()
        checks["strange answer"] |= {f"{key}: {a.status}" for a in answers if a.status not in SETTLED}
        for text in texts:
            body = json.loads(text)
            told[body["id"]] += 1
            row = found.payments.get(body["id"])
            scaled = int(Decimal(body["amount"]).scaleb(CURRENCIES[body["currency"]]))
            if body["id"].startswith("pay_") and (row is None or row[:2] != [body["currency"], scaled]):
                checks["told and not stored"].add(key)
    checks["no answer"] = {key for key in made.keys if not any(a.status == 201 for a in made.answers[key])}
    stored = found.payments.keys() | {row[0] for row in found.refunds}
    checks["stored and not told"] = stored - told.keys()
    checks["one for two keys"] = {each for each, times in told.items() if times > 1}
    if len(found.payments) != len(made.keys):
        checks["not one payment for each key"] = {f"{len(found.payments)} for {len(made.keys)}"}
    return checks


def _booked(found: Left) -> dict[str, set[str]]:
    """Hold the tables against each other."""
    parts: Counter[str] = Counter()
    for _, payment_id, amount in found.refunds:
        parts[payment_id] += amount
    kept: Counter[str] = Counter()
    for currency, amount, refunded, *_ in found.payments.values():
        kept[currency] += amount - refunded
    return {
        "ledger does not balance": {currency for currency, balance, _ in found.ledger if balance},
        "ledger is not the payments": {c for c, _, processor in found.ledger if processor != kept[c]},
        "refunds are not the payment's": {i for i, row in found.payments.items() if row[2] != parts[i]},
        "refunded more than paid": {i for i, row in found.payments.items() if parts[i] > row[1]},
    }


def _recorded(found: Left, audit: Any) -> dict[str, set[str]]:
    """Hold the bucket against the payments."""
    chains: dict[str, list[bytes]] = defaultdict(list)
    for key, body in found.objects.items():
        chains[key.split("/")[4]].append(body)
    return {
        "lost record": {i for i, row in found.payments.items() if len(chains[i]) < row[3]},
        "broken chain": {
            i for i, row in found.payments.items() if audit.verify_chain(chains[i], audit.Head(row[3], row[4]))
        },
        "record of nothing": chains.keys() - found.payments.keys(),
        "second version": {key for key, times in found.versions.items() if times > 1},
        "outbox is not empty": {str(found.pending)} if found.pending else set(),
    }


def verdict(made: Load, found: Left, audit: Any) -> list[str]:
    """Return what is wrong at the end; nothing means that every payment was made once, with its records."""
    checks = {**_answered(made, found), **_booked(found), **_recorded(found, audit)}
    return [f"{what}: {len(which)}, such as {min(which)}" for what, which in checks.items() if which]

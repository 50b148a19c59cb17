"""Pays at a deployed API, repeats, refunds, sends what must be refused, and checks that the answers add up."""

import json
import math
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import urllib3

from lib.common.errors import ExerciseError
from lib.common.json_types import JsonObject

# Every how many payments something else happens.
REPEATED, CONFLICTING, REFUNDED, INVALID, TOLD = 4, 10, 5, 3, 25
PATIENCE_SECONDS, PAUSE_SECONDS, ANSWER_SECONDS = 60.0, 0.25, 30.0  # API Gateway itself waits 29 s
COME_AGAIN = frozenset((429, 502, 503, 504))
DECIMALS = {"EUR": 2, "JPY": 0, "KWD": 3}
CARD = "4111 1111 1111 1111"  # the networks' published test number
Report = Callable[[str], None]
Json = JsonObject


@dataclass(frozen=True)
class Mix:
    """What was sent and what came of it; times in milliseconds, of every answer."""

    statuses: Mapping[int, int]
    p50: float
    p95: float
    p99: float
    payments: int
    refunds: int
    replays: int
    conflicts: int
    refused: int  # bad requests and card numbers


class Answer(NamedTuple):
    """One answer."""

    status: int
    text: str
    replayed: bool

    @property
    def body(self) -> Json:
        """The answer's JSON object; none when something in between answered in its own words."""
        with suppress(TypeError, ValueError):
            return dict(json.loads(self.text))
        return {}

    def __str__(self) -> str:
        return f"{self.status} {self.body.get('code', '')}".strip()


class Paid(NamedTuple):
    """A payment that was made, what was refunded of it, and what else was done on the way."""

    payment_id: str
    amount: Decimal
    currency: str
    refunds: tuple[Decimal, ...]
    done: Counter[str]


class Client:
    """Sends requests of several threads, each until it is answered for good, and keeps count."""

    def __init__(self, url: str, headers: Mapping[str, str], connections: int) -> None:
        self._url, self._headers, self._lock = url.rstrip("/"), dict(headers), threading.Lock()
        self._http = urllib3.PoolManager(connections, maxsize=connections, timeout=ANSWER_SECONDS, retries=False)
        self.statuses: Counter[int] = Counter()
        self.milliseconds: list[float] = []

    def _once(self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]) -> Answer:
        start = time.perf_counter()
        response = self._http.request(method, self._url + path, body=data, headers=headers)
        spent = (time.perf_counter() - start) * 1000
        with self._lock:
            self.statuses[response.status] += 1
            self.milliseconds.append(spent)
        return Answer(
            response.status, response.data.decode("utf-8", "replace"), "Idempotent-Replayed" in response.headers
        )

    def send(self, method: str, path: str, body: object = None, key: str | None = None) -> Answer:
        """Send a request, again while the service asks for that: the key makes it safe.

        Raises:
            ExerciseError: there is no answer for too long.
        """
        headers = {**self._headers, **({} if key is None else {"Idempotency-Key": key})}
        headers |= {} if body is None else {"Content-Type": "application/json"}
        data = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = self._once(method, path, data, headers)
                if answer.status not in COME_AGAIN:
                    return answer
                reason = str(answer)
            except urllib3.exceptions.HTTPError as error:
                reason = type(error).__name__
            if time.monotonic() >= until:
                raise ExerciseError(
                    f"{method} {path}: no answer after {PATIENCE_SECONDS:.0f} s, the last try gave {reason}. "
                    "Look into the log of the API's function."
                )
            time.sleep(PAUSE_SECONDS)

    def demand(self, statuses: Iterable[int], what: str, *request: Any) -> Answer:
        """Send a request whose answer has one of these statuses.

        Raises:
            ExerciseError: it has another one.
        """
        allowed, answer = tuple(statuses), self.send(*request)
        if answer.status not in allowed:
            expected = " or ".join(map(str, allowed))
            raise ExerciseError(f"{what}: answered {answer} instead of {expected} (request {request[:2]}).")
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._http.clear()


def order(number: int) -> Json:
    """Return what the n-th payment is."""
    currency = list(DECIMALS)[number % len(DECIMALS)]
    amount = Decimal(1000 + number * 37 % 9000).scaleb(-DECIMALS[currency])
    return {
        "amount": f"{amount:f}",
        "currency": currency,
        "payment_method": "tok_exercise",
        "reference": f"order {number}",
    }


def invalid(number: int, run: str) -> tuple[str, tuple[int, ...], tuple[Any, ...]]:
    """Return the n-th request that must be refused: what it is, which statuses it may get, and the request.

    API Gateway refuses some of them itself, before the function sees them, and in part with another status.
    """
    good, key = order(number), f"{run}-invalid-{number}"
    cases: tuple[tuple[str, tuple[int, ...], tuple[Any, ...]], ...] = (
        ("A card number in the body", (422,), ("POST", "/payments", {**good, "reference": CARD}, key)),
        ("No JSON", (400, 422), ("POST", "/payments", '{"amount": ', key)),
        ("A card number as the key", (422,), ("POST", "/payments", good, CARD.replace(" ", "-"))),
        ("An amount as a number", (400, 422), ("POST", "/payments", {**good, "amount": 12.5}, key)),
        ("A missing field", (400, 422), ("POST", "/payments", {"amount": "1.00"}, key)),
        ("A missing key", (400,), ("POST", "/payments", good)),
        ("More decimals than the currency has", (422,), ("POST", "/payments", {**good, "amount": "1.0001"}, key)),
        ("An unknown currency", (422,), ("POST", "/payments", {**good, "currency": "XXX"}, key)),
        ("An unknown payment", (404,), ("GET", "/payments/pay_bcdfghjklmnpqrstvwxyzbcdfghj")),
        ("A wrong method", (403, 404, 405), ("DELETE", "/payments")),
    )
    return cases[number // INVALID % len(cases)]


def _refund(client: Client, key: str, payment_id: str, amount: Decimal, currency: str) -> tuple[Decimal, ...]:
    """Refund a payment in two parts, and show that nothing is left."""
    first = (amount * 2 / 5).quantize(Decimal(1).scaleb(-DECIMALS[currency]))
    path = f"/payments/{payment_id}/refunds"
    for number, part in enumerate((first, amount - first)):
        body = {"amount": f"{part:f}", "currency": currency, "reason": "requested_by_customer"}
        answer = client.demand((201,), "A refund", "POST", path, body, f"{key}-refund-{number}")
        again = client.demand((201,), "A repeated refund", "POST", path, body, f"{key}-refund-{number}")
        if again.text != answer.text:
            raise ExerciseError(f"A repeated refund of {payment_id} has another answer than the first one.")
    least = {"amount": f"{Decimal(1).scaleb(-DECIMALS[currency]):f}", "currency": currency}
    client.demand((409,), "A refund of more than is left", "POST", path, least, f"{key}-refund-more")
    return first, amount - first


def customer(client: Client, run: str, number: int) -> Paid:
    """Make the n-th payment, with whatever belongs to it.

    Raises:
        ExerciseError: an answer is not what it should be.
    """
    body, key, done = order(number), f"{run}-{number}", Counter[str]()
    answer = client.demand((201,), "A payment", "POST", "/payments", body, key)
    paid = answer.body
    if number % REPEATED == 0:
        again = client.demand((201,), "A repeated payment", "POST", "/payments", body, key)
        if again.text != answer.text or not again.replayed:
            raise ExerciseError(f"A repeated payment of key {key} has another answer than the first one.")
        done["replays"] += 1
    if number % CONFLICTING == 0:
        other = {**body, "reference": "another one"}
        client.demand((409,), "Another payment with a used key", "POST", "/payments", other, key)
        done["conflicts"] += 1
    amount, parts = Decimal(body["amount"]), tuple[Decimal, ...]()
    if number % REFUNDED == 0:
        parts = _refund(client, key, paid["id"], amount, body["currency"])
        done += Counter(refunds=2, replays=2, conflicts=1)
    if number % INVALID == 0:
        what, statuses, request = invalid(number, run)
        refusal = client.demand(statuses, what, *request)
        if any(each in refusal.text for each in (CARD, CARD.replace(" ", ""), CARD.replace(" ", "-"))):
            raise ExerciseError(f"{what}: the refusal repeats it.")
        done["refused"] += 1
    return Paid(paid["id"], amount, body["currency"], parts, done)


def _check(client: Client, paid: Paid) -> str:
    """Return what is wrong with a payment as it is shown, or nothing."""
    shown = client.demand((200,), "A payment that was made", "GET", f"/payments/{paid.payment_id}").body
    amount, refunded = (Decimal(shown[name]) for name in ("amount", "refunded"))
    parts = {Decimal(part["amount"]) for part in shown["refunds"]}
    status = "refunded" if paid.refunds else "captured"
    actual = (shown["status"], amount, shown["currency"], refunded, parts)
    expected = (status, paid.amount, paid.currency, sum(paid.refunds), set(paid.refunds))
    return "" if actual == expected else f"{paid.payment_id} is {actual[0]} with {refunded} of {amount} {actual[2]}"


def _percentile(values: list[float], part: float) -> float:
    return sorted(values)[max(0, math.ceil(len(values) * part) - 1)]


def exercise(
    url: str, report: Report, *, headers: Mapping[str, str] | None = None, payments: int = 200, clients: int = 8
) -> Mix:
    """Make payments among repeated, conflicting and invalid requests, refund some, and look at all of them.

    Args:
        url: of the API, with the stage's name where API Gateway has one.
        report: is told how far it is.
        headers: sent with every request, such as ``x-api-key``.
        payments: how many to make.
        clients: how many requests at the same time.

    Raises:
        ExerciseError: an answer is not what it should be, or the payments do not add up.
    """
    client, run = Client(url, headers or {}, clients), f"exercise-{uuid.uuid4().hex[:6]}"  # shorter than a card number
    try:
        client.demand((200,), "Health", "GET", "/health")
        captured: list[Paid] = []
        with ThreadPoolExecutor(clients) as threads:
            for paid in threads.map(lambda number: customer(client, run, number), range(payments)):
                captured.append(paid)
                if len(captured) % TOLD == 0 or len(captured) == payments:
                    report(f"paid {len(captured)} of {payments}")
            wrong = [each for each in threads.map(lambda paid: _check(client, paid), captured) if each]
    finally:
        client.close()
    distinct = len({paid.payment_id for paid in captured})
    if wrong or distinct != payments:
        raise ExerciseError(f"{distinct} payments for {payments} keys; {len(wrong)} wrong: {'; '.join(wrong[:5])}.")
    done = sum((paid.done for paid in captured), Counter[str]())
    p50, p95, p99 = (_percentile(client.milliseconds, part) for part in (0.5, 0.95, 0.99))
    counts = (done[name] for name in ("refunds", "replays", "conflicts", "refused"))
    return Mix(dict(sorted(client.statuses.items())), p50, p95, p99, len(captured), *counts)

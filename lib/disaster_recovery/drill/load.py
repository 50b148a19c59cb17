"""Payments at a steady rate, each sent with its key until it is acknowledged, wherever that is."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import urllib3

from lib.common.json_types import JsonMapping

ANSWER_SECONDS, PAUSE_SECONDS = 5.0, 0.1
Clock = Callable[[], float]


class Response(NamedTuple):
    """What a region answered: a status and a JSON object, or the status 0 and why there was no answer."""

    status: int
    body: JsonMapping
    replayed: bool = False


class Acknowledged(NamedTuple):
    """A payment that was answered with 201; times on the drill's clock, in seconds."""

    key: str
    payment_id: str
    region: str
    epoch: int
    begun: float
    at: float
    tries: int


class HttpClient:
    """Requests to the two regions' APIs, each once, with its own patience."""

    def __init__(self, connections: int = 16) -> None:
        self._http = urllib3.PoolManager(connections, maxsize=connections, timeout=ANSWER_SECONDS, retries=False)

    def send(self, method: str, url: str, body: JsonMapping | None = None, key: str = "") -> Response:
        """Return what is answered; a connection that is refused or cut is an answer too."""
        headers = {"Idempotency-Key": key} if key else {}
        data = None if body is None else json.dumps(body).encode()
        headers |= {} if data is None else {"Content-Type": "application/json"}
        try:
            response = self._http.request(method, url, body=data, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            return Response(0, {"code": type(error).__name__})
        try:
            content = json.loads(response.data)
        except ValueError:  # something in between, in its own words
            content = {}
        return Response(
            response.status, content if isinstance(content, dict) else {}, "Idempotent-Replayed" in response.headers
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.clear()


def payment(number: int, drill: str) -> dict[str, str]:
    """Return the n-th payment of a run."""
    return {
        "amount": f"{10 + number % 90}.{number % 100:02}",
        "currency": "EUR",
        "token": "tok_drill_0001",
        "drill": drill,
    }


def name_of(number: int, drill: str) -> str:
    """Return the idempotency key of the n-th payment of a run."""
    return f"{drill}-{number}"


@dataclass(frozen=True)
class LoadPlan:
    """What is sent: a run's name, payments a second, and by how many callers at once."""

    drill: str
    rate: float
    callers: int = 4


class LoadGenerator:
    """Callers that go on until they are told to finish, and then until everything begun is acknowledged."""

    def __init__(
        self, http: HttpClient, plan: LoadPlan, where: Callable[[], str], clock: Clock = time.monotonic
    ) -> None:
        self._http, self._plan, self._where, self._clock = http, plan, where, clock
        self._finish, self._abandon, self._lock = threading.Event(), threading.Event(), threading.Condition()
        self.acknowledged: list[Acknowledged] = []
        self.refused: dict[str, int] = {}
        self.unanswered: list[str] = []
        self._threads = [
            threading.Thread(target=self._caller, args=(number,), name=f"caller-{number}", daemon=True)
            for number in range(plan.callers)
        ]

    def __enter__(self) -> "LoadGenerator":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.finish(0.0)

    def finish(self, seconds: float) -> None:
        """Begin no more payments, and wait until those that were begun are acknowledged, as long as this."""
        self._finish.set()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._abandon.set()
        for thread in self._threads:
            thread.join()

    def _caller(self, first: int) -> None:
        number, due = first, self._clock() + (first + 1) / self._plan.rate
        while not self._finish.wait(max(0.0, due - self._clock())):
            # What an outage has kept back is not made up for: the rate stays the rate.
            due = max(due, self._clock()) + self._plan.callers / self._plan.rate
            self._until_acknowledged(number)
            number += self._plan.callers

    def _until_acknowledged(self, number: int) -> None:
        name, body = name_of(number, self._plan.drill), payment(number, self._plan.drill)
        begun, tries = self._clock(), 0
        while not self._abandon.is_set():
            tries += 1
            answer = self._http.send("POST", f"{self._where()}/payments", body, name)
            with self._lock:
                if answer.status == 201:
                    content = answer.body
                    self.acknowledged.append(
                        Acknowledged(
                            name,
                            str(content["payment_id"]),
                            str(content["region"]),
                            int(content["epoch"]),
                            begun,
                            self._clock(),
                            tries,
                        )
                    )
                    self._lock.notify_all()
                    return
                why = f"{answer.status or 'no answer'} {answer.body.get('code', '')}".strip()
                self.refused[why] = self.refused.get(why, 0) + 1
            self._abandon.wait(PAUSE_SECONDS)
        self.unanswered.append(name)

    def wait_for(self, condition: Callable[[Acknowledged], bool], seconds: float) -> Acknowledged | None:
        """Return the first acknowledgement that is as wanted, or None when none comes in time."""
        with self._lock:
            self._lock.wait_for(lambda: any(condition(entry) for entry in self.acknowledged), seconds)
            return next((entry for entry in self.acknowledged if condition(entry)), None)

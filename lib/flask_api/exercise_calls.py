"""The exercise's way to the API: requests from several threads, counted, timed and tried again."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import urllib3

from lib.common.errors import ExerciseError
from lib.common.json_types import JsonObject

WAIT_SECONDS = 120.0  # for readiness
PATIENCE_SECONDS = 20.0  # for an answer to one request, tried again while the server says that it will get better
PAUSE_SECONDS = 0.2
TRY_AGAIN = (502, 503, 504)
JSON = {"Content-Type": "application/json"}
Report = Callable[[str], None]
Body = JsonObject


@dataclass
class Caller:
    """Sends requests from several threads, and remembers how each was answered."""

    url: str
    host: str | None
    clients: int
    statuses: Counter[int] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._pool = urllib3.PoolManager(maxsize=self.clients, retries=False, timeout=urllib3.Timeout(10))

    def once(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Body]:
        """Send one request; return status and answer.

        Args:
            method: of HTTP.
            path: after the URL.
            body: sent as JSON, or as it is when it is text.
            headers: with underscores in the place of hyphens.

        Raises:
            urllib3.exceptions.HTTPError: there was no answer.
        """
        sent = (JSON if body is not None else {}) | {name.replace("_", "-"): v for name, v in headers.items()}
        sent |= {"Host": self.host} if self.host else {}
        data = body if isinstance(body, str | None) else json.dumps(body)
        began = time.monotonic()
        answer = self._pool.request(method, f"{self.url.rstrip('/')}{path}", body=data, headers=sent, redirect=False)
        took = (time.monotonic() - began) * 1000
        with self._lock:
            self.statuses[answer.status] += 1
            self.times.append(took)
        try:
            return answer.status, dict(json.loads(answer.data))
        except ValueError:  # a load balancer's own page
            return answer.status, {}

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Body]:
        """Send a request until it is answered for good; the same key makes that safe for orders.

        Raises:
            ExerciseError: the server is away for too long.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                status, answer = self.once(method, path, body, **headers)
                last = f"{status} {answer.get('detail', '')}".strip()
            except urllib3.exceptions.HTTPError as error:
                status, answer, last = TRY_AGAIN[0], {}, type(error).__name__
            if status not in TRY_AGAIN:
                return status, answer
            if time.monotonic() > deadline:
                raise ExerciseError(f"{method} {path} is not answered within {PATIENCE_SECONDS:.0f} s (last: {last}).")
            time.sleep(PAUSE_SECONDS)

    def expect(self, status: int, method: str, path: str, body: object = None, **headers: str) -> Body:
        """Send a request, and return the answer when it has the right status.

        Raises:
            ExerciseError: it has another one.
        """
        response, answer = self(method, path, body, **headers)
        if response != status:
            raise ExerciseError(
                f"{method} {path} answers {response} instead of {status}: {answer.get('detail', answer)}"
            )
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()


def wait(call: Caller, report: Report) -> None:
    """Wait until the API can do its work.

    Raises:
        ExerciseError: it still cannot after ``WAIT_SECONDS``.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            status, answer = call.once("GET", "/health/ready")
            last = f"{status} {answer.get('detail', '')}".strip()
        except urllib3.exceptions.HTTPError as error:
            status, last = 0, type(error).__name__
        if status == 200:
            return
        if time.monotonic() > deadline:
            raise ExerciseError(f"{call.url}/health/ready is not ready after {WAIT_SECONDS:.0f} s (last: {last}).")
        report(f"waiting for {call.url} ({last})")
        time.sleep(PAUSE_SECONDS)

"""One region of one account as collectors see it: calls that are counted, paged and can be interrupted."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from lib.analyse import errors
from lib.analyse.aws import Account, member
from lib.analyse.rate_limiter import RateLimiter
from lib.common.json_types import JsonMapping, JsonValue

_TOKENS = {"logs": "nextToken", "resourcegroupstaggingapi": "PaginationToken"}


def trim(client: JsonValue, operation: str, key: str, fields: Sequence[str]) -> None:
    """Make a client read no more than these fields of a list's rows: most of a run's work is reading answers.

    What one caller leaves out is gone for the others of the client: all that use an operation need the same fields.
    """
    name = client.meta.method_to_api_mapping[operation]
    members = client.meta.service_model.operation_model(name).output_shape.members[key].member.members
    for field_name in set(members) - set(fields):
        del members[field_name]


class RegionClient:
    """One region of one account as a collector sees it: pages of answers, counted, that stop when they should."""

    def __init__(
        self,
        account: Account,
        region: str,
        stop: threading.Event,
        remembered: JsonMapping | None = None,
        keep: Callable[[str, JsonValue], object] = lambda *_: None,
    ) -> None:
        self.account, self.region, self.stop = account, region, stop
        self.calls, self.notes = 0, list[str]()
        self.acceptable, self.open_notes = frozenset[str](), list[str]()
        self.unmatched: list[str] = []  # of what was asked for by name or glob
        self.remembered = dict(remembered or {})
        self.keep = keep
        self._lock = threading.Lock()

    def call(
        self, service: str, operation: str, limiter: RateLimiter | None = None, **parameters: JsonValue
    ) -> JsonValue:
        """Return the answer to one call.

        Raises:
            Stopped: the run was interrupted.
            BotoCoreError, ClientError: AWS's refusal, after the retries.
        """
        if limiter is not None:
            limiter.wait()
        if self.stop.is_set():
            raise errors.Stopped
        with self._lock:
            self.calls += 1
        return getattr(self.account.client(service, self.region), operation)(**parameters)

    def pages(
        self, service: str, operation: str, key: str, fields: Sequence[str], **parameters: JsonValue
    ) -> Iterator[Sequence[JsonValue]]:
        """Yield every page's list under ``key``, with these fields of each row; ``limiter`` holds for every page.

        Raises:
            UnusableAnswer: an answer has no such list; and what :meth:`call` raises.
        """
        token, limiter = _TOKENS.get(service, "NextToken"), parameters.pop("limiter", None)
        if fields:
            client = self.account.client(service, self.region)
            with self.account.lock:  # collectors share the client
                trim(client, operation, key, fields)
        while True:
            answer = self.call(service, operation, limiter, **parameters)
            yield member(answer, operation, key)
            if not answer.get(token):
                return
            parameters[token] = answer[token]

    @contextmanager
    def optional(self, missing: str, subject: str = "") -> Iterator[None]:
        """Turn the failure of calls that the rest can do without into a note; ``missing`` says what is then not known.

        An expired token is no such failure: every other call fails as well. The note is no gap where the ignore file
        accepts it for ``subject``.
        """
        try:
            yield
        except errors.refusals() as error:
            if errors.kind(error) == "expired":
                raise
            self.note(f"{missing}: {errors.sentence(error)}", accepted=subject in self.acceptable)

    def note(self, text: str, *, accepted: bool = False) -> None:
        """Say what could not be looked at although the rest could; ``open_notes`` are those that nobody accepted."""
        with self._lock:
            if text not in self.notes:  # each page of a list can have the same
                self.notes.append(text)
                self.open_notes += [] if accepted else [text]

    def learn(self, key: str, value: JsonValue) -> None:
        """Keep something expensive to find out, for a run that resumes this one."""
        with self._lock:
            self.keep(key, value)

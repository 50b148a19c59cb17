"""The answers that say no, as RFC 9457 has them: a status and a code that stay, and nothing of what was sent."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

TYPE = "application/problem+json"
RETRY_SECONDS, FAILOVER_SECONDS = 1, 5


class Kind(NamedTuple):
    """What a code stands for; ``retry`` is what Retry-After says, in seconds."""

    status: int
    title: str
    retry: int = 0


CODES: Mapping[str, Kind] = {
    "invalid-json": Kind(400, "The body is not JSON"),
    "idempotency-key": Kind(400, "The header Idempotency-Key is missing, or is not a key"),
    "not-found": Kind(404, "There is nothing under this path"),
    "payment-not-found": Kind(404, "There is no such payment here"),
    "method-not-allowed": Kind(405, "The path does not take this method"),
    "key-reused": Kind(409, "The key was used for another payment"),
    "body-too-large": Kind(413, "The body is too large"),
    "card-number": Kind(422, "The request holds what looks like a card number"),
    "invalid-payment": Kind(422, "The body is not a payment"),
    "internal": Kind(500, "Something went wrong in the service"),
    "region-passive": Kind(503, "Another region writes", FAILOVER_SECONDS),
    "table-busy": Kind(503, "The table refuses for the moment", RETRY_SECONDS),
    "table-unavailable": Kind(503, "The table does not answer", RETRY_SECONDS),
    "outcome-unknown": Kind(503, "It is not known whether the payment was made", RETRY_SECONDS),
}


class Problem(Exception):
    """A request that is refused.

    Args:
        code: one of :data:`CODES`.
        detail: what to do about it; nothing of the request.
        cause: for the log: an error's name or code, and never its text, which may quote what was sent.
        headers: further headers of the answer.
        members: further members of the body.
    """

    def __init__(
        self, code: str, detail: str, *, cause: str = "", headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(code)
        self.code, self.detail, self.cause, self.members = code, detail, cause, members
        self.status, self.title, retry = CODES[code]
        self.headers = {**({"Retry-After": str(retry)} if retry else {}), **(headers or {})}

    def body(self, request_id: str) -> str:
        """Return the answer's body; the request's id leads to the log line."""
        return json.dumps(
            {
                "type": f"urn:tap:disaster-recovery:{self.code}",
                "title": self.title,
                "status": self.status,
                "detail": self.detail,
                "code": self.code,
                "request_id": request_id,
                **self.members,
            }
        )

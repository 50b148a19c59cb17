"""The answers that say no: each failure has a status and a code that stay, and a body as RFC 9457 has it.

No text of a problem repeats anything of the request: what was refused may be what must not be kept.
"""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

TYPE = "application/problem+json"
RETRY_SECONDS = "2"


class Kind(NamedTuple):
    """What a code stands for."""

    status: int
    title: str


CODES: Mapping[str, Kind] = {
    "invalid_json": Kind(400, "The body is not JSON"),
    "idempotency_key_missing": Kind(400, "The header Idempotency-Key is missing"),
    "idempotency_key_invalid": Kind(400, "The header Idempotency-Key is not a key"),
    "not_found": Kind(404, "There is nothing under this path"),
    "payment_not_found": Kind(404, "There is no such payment"),
    "method_not_allowed": Kind(405, "The path does not take this method"),
    "idempotency_conflict": Kind(409, "The key was used for another request"),
    "refund_too_large": Kind(409, "The refund is more than is left of the payment"),
    "body_too_large": Kind(413, "The body is too large"),
    "unsupported_media_type": Kind(415, "The body is not sent as JSON"),
    "card_number": Kind(422, "The request holds what looks like a card number"),
    "invalid_request": Kind(422, "The body does not fit its schema"),
    "unknown_currency": Kind(422, "The currency is not supported"),
    "currency_mismatch": Kind(422, "The currency is not the payment's"),
    "amount_out_of_range": Kind(422, "The amount is out of range"),
    "amount_precision": Kind(422, "The amount has more decimals than its currency"),
    "internal": Kind(500, "Something went wrong in the service"),
    "database_unavailable": Kind(503, "The database cannot be reached"),
    "timeout": Kind(503, "The time for this request is used up"),
}


class Problem(Exception):
    """A request that is refused.

    Args:
        code: one of :data:`CODES`.
        detail: what to do about it; nothing of the request.
        errors: what is wrong with the body, each with a JSON pointer and a detail.
        headers: further headers of the answer.
        where: the part of the request that is meant, for the log.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        where: str = "",
    ) -> None:
        super().__init__(code)
        self.code, self.detail, self.errors, self.where = code, detail, list(errors), where
        self.headers = dict(headers or {})
        self.status = CODES[code].status

    def body(self, request_id: str) -> str:
        """Return the answer's body; the request's id leads to the log line."""
        kind = CODES[self.code]
        made: dict[str, object] = {
            "type": f"urn:tap:payment:{self.code}",
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
        }
        if self.errors:
            made["errors"] = self.errors
        return json.dumps(made)


def later(code: str, detail: str) -> Problem:
    """Return the refusal of a request that may succeed in a moment."""
    return Problem(code, detail, headers={"Retry-After": RETRY_SECONDS})

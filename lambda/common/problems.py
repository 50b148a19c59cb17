"""Errors of an HTTP API as RFC 9457 has them: each has a status and a code that stay.

No text of a problem repeats anything of the request: what was refused may be what must not be kept.
https://www.rfc-editor.org/rfc/rfc9457
"""

import json
import traceback
from collections.abc import Mapping
from typing import NamedTuple

from json_types import JsonMapping

MEDIA_TYPE = "application/problem+json"


class ProblemType(NamedTuple):
    """What a code stands for; ``retry_after`` is the header of that name, in seconds, and 0 is none."""

    code: str
    status: int
    title: str
    retry_after: int = 0


INVALID_JSON = ProblemType("invalid_json", 400, "The body is not JSON")
KEY_MISSING = ProblemType("idempotency_key_missing", 400, "The header Idempotency-Key is missing")
KEY_INVALID = ProblemType("idempotency_key_invalid", 400, "The header Idempotency-Key is not a key")
NOT_FOUND = ProblemType("not_found", 404, "There is nothing under this path")
PAYMENT_NOT_FOUND = ProblemType("payment_not_found", 404, "There is no such payment")
METHOD_NOT_ALLOWED = ProblemType("method_not_allowed", 405, "The path does not take this method")
IDEMPOTENCY_CONFLICT = ProblemType("idempotency_conflict", 409, "The key was used for another request")
BODY_TOO_LARGE = ProblemType("body_too_large", 413, "The body is too large")
UNSUPPORTED_MEDIA_TYPE = ProblemType("unsupported_media_type", 415, "The body is not sent as JSON")
CARD_NUMBER = ProblemType("card_number", 422, "The request holds what looks like a card number")
INVALID_REQUEST = ProblemType("invalid_request", 422, "The body does not fit its schema")
UNKNOWN_CURRENCY = ProblemType("unknown_currency", 422, "The currency is not supported")
AMOUNT_OUT_OF_RANGE = ProblemType("amount_out_of_range", 422, "The amount is out of range")
AMOUNT_PRECISION = ProblemType("amount_precision", 422, "The amount has more decimals than its currency")
INTERNAL = ProblemType("internal", 500, "Something went wrong in the service")

# What every API of payments may answer; each adds its own.
SHARED = (
    INVALID_JSON,
    KEY_MISSING,
    KEY_INVALID,
    NOT_FOUND,
    PAYMENT_NOT_FOUND,
    METHOD_NOT_ALLOWED,
    IDEMPOTENCY_CONFLICT,
    BODY_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    CARD_NUMBER,
    INVALID_REQUEST,
    UNKNOWN_CURRENCY,
    AMOUNT_OUT_OF_RANGE,
    AMOUNT_PRECISION,
    INTERNAL,
)


class Problem(Exception):
    """A request that is refused.

    Args:
        kind: what is wrong.
        detail: what to do about it; nothing of the request.
        headers: further headers of the response.
        members: further members of the body.
        log: fields for the log; nothing of the request either.
    """

    def __init__(
        self,
        kind: ProblemType,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        members: JsonMapping | None = None,
        log: JsonMapping | None = None,
    ) -> None:
        super().__init__(kind.code)
        self.kind, self.detail, self.members, self.log = kind, detail, members or {}, log or {}
        retry = {"Retry-After": str(kind.retry_after)} if kind.retry_after else {}
        self.headers = {**retry, **(headers or {})}

    @property
    def code(self) -> str:
        """The public code."""
        return self.kind.code

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.kind.status

    def body(self, api: str, request_id: str) -> str:
        """Return the response's body.

        Args:
            api: the API's name in the problem's ``type``.
            request_id: leads to the line in the log.
        """
        return json.dumps(
            {
                "type": f"urn:tap:{api}:{self.code}",
                "title": self.kind.title,
                "status": self.status,
                "detail": self.detail,
                "code": self.code,
                "request_id": request_id,
                **self.members,
            }
        )


def internal(error: Exception, cause: str = "") -> Problem:
    """Return the refusal of a request that a defect ended.

    The log gets the places in the code, and not the error's message, which may quote what was sent.

    Args:
        error: what was raised.
        cause: what to log instead of the error's name.
    """
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    log = {"cause": cause or type(error).__name__, "places": places}
    return Problem(INTERNAL, "Name the request_id to whoever runs the service.", log=log)

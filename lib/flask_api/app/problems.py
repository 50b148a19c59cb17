"""Why a request is not carried out, as ``application/problem+json`` (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from pydantic import ValidationError
from pydantic_core import to_json

from .models import WORDS

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 20
RETRY_AFTER = {"Retry-After": "1"}
# Callers decide by the type, so these are contracts. Everything else is about:blank, with the status as its meaning.
TYPES = {
    "validation": "The request is not valid",
    "key-reused": "The Idempotency-Key was used for another order",
    "out-of-stock": "There is not enough in stock",
    "unknown-product": "There is no such product",
    "mixed-currencies": "One order has one currency",
    "price": "A price is no amount of its currency",
    "database-away": "The database is away",
}


class Refusal(Exception):
    """A request that is not carried out.

    Args:
        status: the HTTP status.
        detail: a sentence for the caller.
        kind: one of :data:`TYPES`, or nothing where the status says it all.
        errors: members of :class:`models.Detail`, one for each thing that is wrong.
        headers: what the answer carries besides.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        kind: str = "",
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.kind = status, detail, kind
        self.errors, self.headers = errors, headers or {}

    def body(self, request_id: str) -> bytes:
        """Return the problem as JSON."""
        # The type is a name and no page: https://www.rfc-editor.org/rfc/rfc9457#section-3.1.1
        content: dict[str, object] = {
            "type": f"tag:ecommerce-api,2026:{self.kind}" if self.kind else "about:blank",
            "title": TYPES[self.kind] if self.kind else HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "request_id": request_id,
        }
        if self.errors:
            content["errors"] = self.errors
        return to_json(content)


def pointer(*steps: str | int) -> str:
    """Return a JSON pointer (RFC 6901) to a place in the body."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def invalid(errors: Sequence[Mapping[str, str]]) -> Refusal:
    """Return the refusal of a request that can be read and is wrong."""
    return Refusal(422, "What is wrong is listed in 'errors'.", "validation", errors)


def from_validation(error: ValidationError, in_query: bool = False) -> Refusal:
    """Return the refusal that tells what pydantic found, without quoting what was sent."""
    details = error.errors(include_url=False, include_input=False)
    if details[0]["type"] == "json_invalid":
        return Refusal(400, f"The body is not JSON: {details[0]['ctx']['error']}.")
    errors = []
    for each in details[:MOST_ERRORS]:
        words = WORDS.get(str(each.get("ctx", {}).get("pattern")), each["msg"])
        location = {"parameter": str(each["loc"][0])} if in_query else {"pointer": pointer(*each["loc"])}
        errors.append({"detail": words, **location})
    return invalid(errors)

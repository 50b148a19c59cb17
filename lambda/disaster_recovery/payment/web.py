"""Requests and answers of API Gateway's REST proxy.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

import base64
import binascii
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Answer(NamedTuple):
    """What is sent back; the body is JSON."""

    status: int
    body: str
    headers: Mapping[str, str] = MappingProxyType({})
    media_type: str = "application/json"


class Request(NamedTuple):
    """What of a request counts here."""

    method: str
    path: str
    query: Mapping[str, str]
    keys: tuple[str, ...]  # of the header Idempotency-Key
    body: bytes


def _keys(event: Mapping[str, Any]) -> tuple[str, ...]:
    """Return every value of the header, whose name may be written in any way."""
    lists = event.get("multiValueHeaders") or {name: [value] for name, value in (event.get("headers") or {}).items()}
    found = [values for name, values in lists.items() if name.lower() == "idempotency-key"]
    return tuple(value or "" for values in found for value in values or ())


def read(event: Mapping[str, Any]) -> Request:
    """Return the request in an event."""
    text = event.get("body") or ""
    body = text.encode("utf-8", "replace")
    if event.get("isBase64Encoded"):
        try:
            body = base64.b64decode(body, validate=True)
        except binascii.Error:
            body = b""  # which is no JSON either
    return Request(event["httpMethod"], event["path"], event.get("queryStringParameters") or {}, _keys(event), body)


def reply(answer: Answer) -> dict[str, Any]:
    """Return an answer as API Gateway takes it."""
    headers = {"Content-Type": answer.media_type, **_HEADERS, **answer.headers}
    return {"statusCode": answer.status, "headers": headers, "body": answer.body, "isBase64Encoded": False}

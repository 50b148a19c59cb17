"""Requests and responses, whether API Gateway's REST proxy or a load balancer carries them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import unquote_plus

import cards
import problems
from json_types import JsonMapping, JsonObject
from problems import Problem

KEY = "idempotency-key"
# What a load balancer's access log repeats of a request's headers; API Gateway's has none of them.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
LOGGED = ("host", "user-agent", "x-amzn-trace-id")
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
DECODED = 10  # times that a part of a URL may have been escaped
_PARAMETER = re.compile(r"\{(\w+)\+?\}")  # in a resource of API Gateway
_KEY = re.compile(r"[!-~]{1,255}")


class Response(NamedTuple):
    """What is sent back; the body is JSON."""

    status: int
    body: str
    headers: Mapping[str, str] = MappingProxyType({})
    media_type: str = "application/json"


class Request(NamedTuple):
    """What was sent, and how it came."""

    method: str
    path: str  # without the base path of a custom domain
    urls: tuple[str, ...]  # the path as it was sent, where that is another one
    query: Mapping[str, list[str]]
    headers: Mapping[str, list[str]]  # names in lower case
    body: bytes
    caller: str  # who sent it, as whoever carried it knows that; nobody is an empty text
    balancer: bool
    lists: bool  # the balancer sends and takes a list of values for each header

    def header(self, name: str) -> str:
        """Return a header's only value, or the first of several, or nothing."""
        return self.headers.get(name, [""])[0]


def _lists(event: JsonMapping, single: str, several: str) -> dict[str, list[str]]:
    """Return names and values, from the event's two shapes or whichever of them there is."""
    by_name = {name: [value or ""] for name, value in (event.get(single) or {}).items()}
    by_name |= {name: [value or "" for value in values or ()] for name, values in (event.get(several) or {}).items()}
    return by_name


def _path(event: JsonMapping) -> str:
    """Return the path of a request within its API.

    API Gateway's ``path`` begins with the base path of a custom domain; its resource and parameters do not.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-mappings.html
    """
    values, resource = event.get("pathParameters") or {}, event.get("resource")
    if not resource or any(name not in values for name in _PARAMETER.findall(resource)):
        return str(event["path"])
    return _PARAMETER.sub(lambda match: str(values[match[1]]), resource)


def _caller(context: JsonMapping) -> str:
    """Return who sent a request: a principal, a role, an API key's id, or whoever reaches the load balancer.

    Of a role's sessions each has a name of its own, which is left out.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
    """
    if "elb" in context:
        return "load-balancer"
    authorizer, identity = context.get("authorizer") or {}, context.get("identity") or {}
    principal = authorizer.get("principalId") or (authorizer.get("claims") or {}).get("sub")
    if principal:
        return f"principal:{principal}"
    if identity.get("userArn"):
        arn = str(identity["userArn"])
        return "iam:" + (arn.rpartition("/")[0] if ":assumed-role/" in arn else arn)
    return f"api-key:{identity['apiKeyId']}" if identity.get("apiKeyId") else ""


def read(event: JsonMapping) -> Request:
    """Return the request in an event.

    Raises:
        KeyError: the event is no request.
    """
    text = event.get("body") or ""
    try:
        body = base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode(errors="replace")
    except binascii.Error:
        body = text.encode(errors="replace")  # it is no JSON either
    headers: dict[str, list[str]] = {}
    for name, values in _lists(event, "headers", "multiValueHeaders").items():
        headers.setdefault(name.lower(), []).extend(values)
    context, path = event.get("requestContext") or {}, _path(event)
    return Request(
        method=event["httpMethod"],
        path=path,
        urls=() if event["path"] == path else (event["path"],),
        query=_lists(event, "queryStringParameters", "multiValueQueryStringParameters"),
        headers=headers,
        body=body,
        caller=_caller(context),
        balancer="elb" in context,
        lists="headers" not in event,
    )


def result(request: Request, response: Response) -> JsonObject:
    """Return what the function has to return to whoever sent the request."""
    headers = {"Content-Type": response.media_type, **HEADERS, **response.headers}
    answer: JsonObject = {"statusCode": response.status, "body": response.body, "isBase64Encoded": False}
    if request.balancer:
        answer["statusDescription"] = f"{response.status} {HTTPStatus(response.status).phrase}"
    if request.lists:
        answer["multiValueHeaders"] = {name: [value] for name, value in headers.items()}
    else:
        answer["headers"] = headers
    return answer


def refusal(problem: Problem, api: str, request_id: str) -> Response:
    """Return a problem as a response of an API; see :meth:`Problem.body`."""
    return Response(problem.status, problem.body(api, request_id), problem.headers, problems.MEDIA_TYPE)


def idempotency_key(request: Request) -> str:
    """Return the key that tells a repeated request from a new one.

    Raises:
        Problem: there is none, or more than one, or it is none.
    """
    keys = set(request.headers.get(KEY, ()))
    if keys in (set(), {""}):
        raise Problem(problems.KEY_MISSING, "Send a new one with each new request, such as a UUID.")
    if len(keys) > 1 or not _KEY.fullmatch(next(iter(keys))):
        raise Problem(problems.KEY_INVALID, "Send one key of 1 to 255 visible ASCII characters.")
    return keys.pop()


def refuse_large(request: Request, most: int) -> None:
    """Let no request pass whose body has more bytes than that.

    Raises:
        Problem: it has.
    """
    if len(request.body) > most:
        raise Problem(problems.BODY_TOO_LARGE, f"Send at most {most} bytes.")


def _decoded(text: str) -> Iterator[str]:
    """Yield a part of a URL as it is, and as it reads when what is escaped in it is not."""
    yield text
    for _ in range(DECODED):
        before, text = text, unquote_plus(text)
        if text == before:
            return
        yield text


def _parts(request: Request) -> Iterator[tuple[str, str]]:
    """Yield every text of a request that may be stored or logged by anyone, and where it stands."""
    yield "method", request.method
    for path in (request.path, *request.urls):
        for text in _decoded(path):
            yield "path", text
    for name, values in request.query.items():
        for value in (name, *values):
            for text in _decoded(value):
                yield "query", text
    for value in request.headers.get(KEY, ()):
        yield "key", value
    for name in LOGGED if request.balancer else ():
        for value in request.headers.get(name, ()):
            yield "header", value
    yield "body", request.body.decode("utf-8", "replace")


def refuse_cards(request: Request) -> None:
    """Let no request pass that holds a card number where it would be stored or logged.

    Other headers are not searched: nothing keeps them, and programs that trace requests fill them with random digits.

    Raises:
        Problem: there is one.
    """
    # One search over all of it settles nearly every request; a letter ends a number.
    if cards.found_in(" x ".join(text for _, text in _parts(request))):
        raise card_number(next(where for where, text in _parts(request) if cards.found_in(text)))


def card_number(where: str) -> Problem:
    """Return the refusal of a card number, which knows where it stood and not what it was."""
    advice = "Send a token of the payment method (tok_...), and no card number anywhere."
    return Problem(problems.CARD_NUMBER, advice, log={"where": where})

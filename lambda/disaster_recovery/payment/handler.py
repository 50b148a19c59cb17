"""The payments' API of one of two regions.

POST /payments         make a payment; header Idempotency-Key, body as in payment.schema.json
GET /payments/{id}     show one
GET /health            this function runs
GET /health/ready      this region is whole, passive or not; with ?writer=true: and it is the one that writes

payments.py says what is guaranteed, and what is not. Nothing that was sent is repeated in a refusal or in the log.
"""

import json
import os
import time
import traceback
from typing import Any, NamedTuple

import readiness
import web
import wishes
from payments import Payments
from problems import TYPE, Problem
from table import Table
from telemetry import logger, measure, publish
from web import Answer, Request

PATIENCE_SECONDS = 9.0  # a write that is tried again, and a look at what became of it
MARGIN_SECONDS = 0.5  # kept back from the function's time limit
METHODS = {"/payments": "POST", "/payments/{id}": "GET", "/health": "GET", "/health/ready": "GET"}

payments = Payments(Table())
if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    payments.table.connect()  # while the environment starts, when time costs less than in a request


class Outcome(NamedTuple):
    """What became of a request: the answer, the log's word for it, and its fields there."""

    answer: Answer
    event: str
    fields: dict[str, Any]


def _pay(request: Request, until: float) -> Outcome:
    found = payments.make(wishes.read(request), until)
    payment = found.shown
    measure("PaymentsReplayed" if found.again else "PaymentsCreated")
    headers = {"Location": f"/payments/{payment['payment_id']}"}
    headers |= {"Idempotent-Replayed": "true"} if found.again else {}
    fields = {name: payment[name] for name in ("payment_id", "epoch")}
    return Outcome(Answer(201, json.dumps(payment), headers), "replayed" if found.again else "created", fields)


def _show(payment_id: str, until: float) -> Outcome:
    if not wishes.is_id(payment_id):
        raise Problem("payment-not-found", "An id is what the answer to a payment calls payment_id.")
    payment = payments.show(payment_id, until).shown
    return Outcome(Answer(200, json.dumps(payment)), "shown", {"payment_id": payment_id})


def _ready(request: Request, until: float) -> Outcome:
    seen = readiness.look(payments, until)
    good = seen["ready"] and (seen["may_write"] or request.query.get("writer") != "true")
    return Outcome(Answer(200 if good else 503, json.dumps(seen)), "ready" if good else "not ready", seen)


def _route(path: str) -> tuple[str, str]:
    """Return the route that a path belongs to, or nothing, and the id in it."""
    match path.split("/"):
        case ["", "payments", payment_id]:
            return "/payments/{id}", payment_id
    return (path if path in METHODS else "", "")


def _serve(request: Request, until: float) -> Outcome:
    """Do what a request asks for.

    Raises:
        Problem: it is refused.
    """
    route, payment_id = _route(request.path)
    if not route:
        raise Problem("not-found", f"There are: {', '.join(METHODS)}.")
    if request.method != METHODS[route]:
        raise Problem("method-not-allowed", f"Use {METHODS[route]}.", headers={"Allow": METHODS[route]})
    if route == "/payments":
        return _pay(request, until)
    if route == "/payments/{id}":
        return _show(payment_id, until)
    if route == "/health/ready":
        return _ready(request, until)
    return Outcome(Answer(200, json.dumps({"status": "ok", "region": payments.region})), "health", {})


def _refused(problem: Problem, request_id: str, fields: dict[str, Any]) -> Outcome:
    names = {"card-number": "CardNumbersRefused", "region-passive": "RegionPassive"}
    measure(names.get(problem.code, "Refused" if problem.status < 500 else "Unavailable"))
    fields = {"code": problem.code, "cause": problem.cause, **problem.members, **fields}
    return Outcome(Answer(problem.status, problem.body(request_id), problem.headers, TYPE), "refused", fields)


def _served(request: Request, until: float, request_id: str) -> Outcome:
    """Return what became of a request, whatever happens."""
    try:
        return _serve(request, until)
    except Problem as problem:
        return _refused(problem, request_id, {})
    except Exception as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught
        # The places and not the message, which may quote what was sent.
        places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        internal = Problem("internal", "Name the request_id to whoever runs the service.", cause=type(error).__name__)
        return _refused(internal, request_id, {"places": places})


def _level(status: int, fields: dict[str, Any]) -> str:
    """Return how loudly a request is logged: a region that is passive is no error, and that all is well no news."""
    if status >= 500:
        return "warning" if fields.get("code") == "region-passive" else "error"
    if status >= 400:
        return "warning"
    return "debug" if fields["route"].startswith("/health") else "info"


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request of API Gateway's REST proxy.

    Args:
        event: the request.
        context: Lambda's own; the answer is given before its time is up.
    """
    began = time.monotonic()
    until = began + min(context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS, PATIENCE_SECONDS)
    request = web.read(event)
    answer, message, fields = _served(request, until, context.aws_request_id)
    fields |= {"route": _route(request.path)[0] or "unknown", "status": answer.status}
    fields |= {"request_id": context.aws_request_id, "ms": round((time.monotonic() - began) * 1000, 1)}
    getattr(logger, _level(answer.status, fields))(message, extra=fields)
    publish()
    return web.reply(answer)

"""The payments' API of one of two regions.

POST /payments         make a payment; header Idempotency-Key, body as in payment.schema.json
GET /payments/{id}     show one
GET /health            this function runs
GET /health/ready      this region is whole, Aurora too; with ?payments=true: what payments need answers here;
                       with ?writer=true: and this region is the one that writes

payments.py says what is guaranteed, and what is not. Nothing that was sent is repeated in a refusal or in the log.
"""

import json
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import aws
import payment_request
import problems
import readiness
import web
from json_types import JsonObject
from keyed_hash import KeyedHash
from payments import Payments
from problem_types import REGION_PASSIVE
from problems import Problem
from routing import Router
from table import Table
from telemetry import count, logger, publish
from web import Request, Response

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

API = "disaster-recovery"
PATIENCE_SECONDS = 9.0  # a write that is tried again, and a look at what became of it
MARGIN_SECONDS = 0.5  # kept back from the function's time limit
# Refusals have metrics of their own where an alarm or the drill tells them apart.
METRICS = {problems.CARD_NUMBER.code: "CardNumbersRefused", REGION_PASSIVE.code: "RegionPassive"}

payments = Payments(Table(), KeyedHash(aws.Kms))
if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    payments.table.connect()  # while the environment starts, when time costs less than in a request


class Outcome(NamedTuple):
    """What became of a request: the response, the log's word for it, and its fields there."""

    response: Response
    event: str
    fields: JsonObject


def _pay(request: Request, _id: str, until: float) -> Outcome:
    stored = payments.make(payment_request.read(request, payments.hashes), until)
    payment = stored.shown
    count("PaymentsReplayed" if stored.again else "PaymentsCreated")
    headers = {"Location": f"/payments/{payment['payment_id']}"}
    headers |= {"Idempotent-Replayed": "true"} if stored.again else {}
    fields = {name: payment[name] for name in ("payment_id", "epoch")}
    return Outcome(Response(201, json.dumps(payment), headers), "replayed" if stored.again else "created", fields)


def _show(_request: Request, payment_id: str, until: float) -> Outcome:
    if not payment_request.is_id(payment_id):
        advice = "An id is what the answer to a payment calls payment_id."
        raise Problem(problems.PAYMENT_NOT_FOUND, advice)
    payment = payments.show(payment_id, until).shown
    return Outcome(Response(200, json.dumps(payment)), "shown", {"payment_id": payment_id})


def _ready(request: Request, _id: str, until: float) -> Outcome:
    seen = readiness.look(payments, until)
    asked = {name for name in ("payments", "writer") if request.query.get(name, [])[-1:] == ["true"]}
    good = seen["takes_payments" if asked else "ready"] and (seen["may_write"] or "writer" not in asked)
    return Outcome(Response(200 if good else 503, json.dumps(seen)), "ready" if good else "not ready", seen)


def _health(_request: Request, _id: str, _until: float) -> Outcome:
    return Outcome(Response(200, json.dumps({"status": "ok", "region": payments.region})), "health", {})


router = Router[Callable[[Request, str, float], Outcome]](
    {
        "/payments": {"POST": _pay},
        "/payments/{id}": {"GET": _show},
        "/health": {"GET": _health},
        "/health/ready": {"GET": _ready},
    }
)


def _serve(request: Request, until: float) -> Outcome:
    """Do what a request asks for.

    Raises:
        Problem: it is refused.
    """
    web.refuse_large(request, payment_request.LARGEST)
    web.refuse_cards(request)
    operation, payment_id = router.operation(request)
    return operation(request, payment_id, until)


def _refused(problem: Problem, request_id: str) -> Outcome:
    count(METRICS.get(problem.code, "Refused" if problem.status < 500 else "Unavailable"))
    fields = {"code": problem.code, **problem.members, **problem.log}
    return Outcome(web.refusal(problem, API, request_id), "refused", fields)


def _served(request: Request, until: float, request_id: str) -> Outcome:
    """Return what became of a request, whatever happens."""
    try:
        return _serve(request, until)
    except Problem as problem:
        return _refused(problem, request_id)
    except Exception as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught  # a caller gets an answer
        return _refused(problems.internal(error), request_id)


def _level(status: int, fields: JsonObject) -> str:
    """Return how loudly a request is logged: a region that is passive is no error, and that all is well no news."""
    if status >= 500:
        return "warning" if fields.get("code") == REGION_PASSIVE.code else "error"
    if status >= 400:
        return "warning"
    return "debug" if fields["route"].startswith("/health") else "info"


def handler(event: JsonObject, context: "LambdaContext") -> JsonObject:
    """Answer one request of API Gateway's REST proxy.

    Args:
        event: the request.
        context: Lambda's own; the answer is given before its time is up.
    """
    began = time.monotonic()
    until = began + min(context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS, PATIENCE_SECONDS)
    request = web.read(event)
    response, message, fields = _served(request, until, context.aws_request_id)
    fields |= {"route": router.match(request.path)[0] or "unknown", "status": response.status}
    fields |= {"request_id": context.aws_request_id, "ms": round((time.monotonic() - began) * 1000, 1)}
    getattr(logger, _level(response.status, fields))(message, extra=fields)
    publish()
    return web.result(request, response)

"""The payments' API, behind API Gateway and behind a load balancer.

Each request has one line in the log. Neither the line nor a refusal repeats anything that was sent.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import aws
import callers
import ids
import problems
import request_validation
import web
from deadline import Deadline
from json_types import JsonObject
from keyed_hash import KeyedHash
from outbox import ANSWER_SECONDS, Outbox
from outbox import SECONDS as AUDIT_SECONDS
from payments import Outcome, Payments, no_payment
from pg8000.exceptions import DatabaseError
from postgres import Database, DatabaseUnavailable, DataRejected, sqlstate
from problem_types import DATABASE_UNAVAILABLE, KEY_SERVICE_UNAVAILABLE
from problems import Problem
from processor import LedgerOnlyProcessor
from routing import Router
from telemetry import count, count_by_code, logger, publish
from trail import Trail
from web import Request, Response

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

API = "payment"
# Kept back from the function's time limit: after the database's last answer the audit record is written.
MARGIN_SECONDS = AUDIT_SECONDS + 0.5
PATIENCE_SECONDS = 5.0  # a failover lasts longer than any caller waits: better to say so soon
COUNTED = {"captured": "PaymentsCreated", "refunded": "Refunds", "replayed": "PaymentsReplayed"}

database = Database(token=aws.auth_token, answer_seconds=ANSWER_SECONDS)
payments = Payments(database, LedgerOnlyProcessor(), KeyedHash(aws.Kms))
outbox = Outbox(database, Trail(lambda: aws.clients()("s3")))


def _identity(text: str) -> str:
    if not ids.valid(text, "pay"):
        raise no_payment()
    return text


def _once(request: Request) -> callers.Once:
    return payments.once(web.idempotency_key(request), callers.owner(request.caller))


def _capture(request: Request, _id: str, deadline: Deadline) -> Outcome:
    return payments.capture(request_validation.read(request, "payment"), _once(request), deadline)


def _refund(request: Request, payment_id: str, deadline: Deadline) -> Outcome:
    body, once = request_validation.read(request, "refund"), _once(request)
    return payments.refund(_identity(payment_id), body, once, deadline)


def _show(request: Request, payment_id: str, deadline: Deadline) -> Outcome:
    payment_id, after = _identity(payment_id), request.query.get("refunds_after", [""])[-1]
    if after and not ids.valid(after, "ref"):
        raise Problem(problems.INVALID_REQUEST, "refunds_after is not the id of a refund: follow the header Link.")
    return payments.show(payment_id, callers.owner(request.caller), after, deadline)


def _health(_request: Request, _id: str, _deadline: Deadline) -> Outcome:
    return Outcome(Response(200, '{"status": "ok"}'), "health", "")  # of the process: see docs/decisions/0006


router = Router[Callable[[Request, str, Deadline], Outcome]](
    {
        "/payments": {"POST": _capture},
        "/payments/{id}": {"GET": _show},
        "/payments/{id}/refunds": {"POST": _refund},
        "/health": {"GET": _health},
    }
)


def _serve(request: Request, deadline: Deadline) -> Outcome:
    """Do what a request asks for.

    Raises:
        Problem: it is refused.
    """
    web.refuse_large(request, request_validation.LARGEST)
    web.refuse_cards(request)
    operation, payment_id = router.operation(request)
    return operation(request, payment_id, deadline)


def _served(request: Request, deadline: Deadline) -> Outcome | Problem:
    """Return what became of a request, whatever happens."""
    try:
        return _serve(request, deadline)
    except Problem as problem:
        return problem
    except DatabaseUnavailable as error:
        advice = "Send the same request with the same key again."
        return Problem(DATABASE_UNAVAILABLE, advice, log={"cause": str(error)})
    except ConnectionError as error:
        advice = "Nothing was done. Send the same request with the same key again."
        return Problem(KEY_SERVICE_UNAVAILABLE, advice, log={"cause": str(error)})
    except Exception as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught  # a caller gets an answer
        return problems.internal(error, _cause(error))


def _cause(error: Exception) -> str:
    """Return the error's name, and the server's code for it if it is one of the database's."""
    code = error.sqlstate if isinstance(error, DataRejected) else ""
    code = sqlstate(error) if isinstance(error, DatabaseError) else code
    return f"{type(error).__name__} {code}".strip()


def _refuse(problem: Problem, request_id: str) -> Response:
    """Count a refusal and return it as a response."""
    count_by_code("Refused", problem.code)
    if problem.code == problems.CARD_NUMBER.code:
        count("CardNumbersRefused")
    return web.refusal(problem, API, request_id)


def handler(event: JsonObject, context: "LambdaContext") -> JsonObject:
    """Answer one request.

    Args:
        event: from API Gateway's REST proxy (version 1.0) or from a load balancer.
        context: Lambda's own; the request is answered before its time is up.
    """
    began = time.monotonic()
    seconds = context.get_remaining_time_in_millis() / 1000
    request = web.read(event)
    served = _served(request, Deadline(min(seconds - MARGIN_SECONDS, PATIENCE_SECONDS)))
    route = router.match(request.path)[0] or "unknown"
    fields: JsonObject = {"route": route, "request_id": context.aws_request_id}
    if isinstance(served, Outcome):
        response = served.response
        if served.event in COUNTED:
            count(COUNTED[served.event])
        if served.entry:
            outbox.keep(served.entry, seconds - (time.monotonic() - began))
        fields["payment_id"] = served.payment_id
        level, message = "debug" if served.event == "health" else "info", served.event
    else:
        response = _refuse(served, context.aws_request_id)
        fields |= {"code": served.code, **served.log}
        level, message = "warning" if response.status < 500 else "error", "refused"
    fields |= {"status": response.status, "ms": round((time.monotonic() - began) * 1000, 1)}
    getattr(logger, level)(message, extra=fields)
    publish()
    return web.result(request, response)

"""The payments' API, behind API Gateway and behind a load balancer.

Each request has one line in the log. Neither the line nor a refusal repeats anything that was sent.
"""

import re
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import aws
import bodies
import ids
import web
from outbox import ANSWER_SECONDS, Outbox
from outbox import SECONDS as AUDIT_SECONDS
from payments import Deadline, Outcome, Payments, no_payment
from pg8000.exceptions import DatabaseError
from postgres import Database, DatabaseAway, DataRejected, sqlstate
from problems import TYPE, Problem, later
from processor import InLedger
from telemetry import count, count_by_code, logger, publish
from trail import Trail
from web import Answer, Request

# Kept back from the function's time limit: the last try waits for its answer, then the audit record is written.
MARGIN_SECONDS = ANSWER_SECONDS + AUDIT_SECONDS + 0.5
PATIENCE_SECONDS = 5.0  # a failover lasts longer than any caller waits: better to say so soon
KEY = re.compile(r"[!-~]{1,255}")
COUNTED = {"captured": "PaymentsCreated", "refunded": "Refunds", "replayed": "PaymentsReplayed"}

database = Database(secrets=aws.Secrets, answer_seconds=ANSWER_SECONDS)
payments = Payments(database, InLedger())
outbox = Outbox(database, Trail(lambda: aws.client("s3")))


def _key(request: Request) -> str:
    """Return the key that tells a repeated request from a new one.

    Raises:
        Problem: there is none, or more than one, or it is none.
    """
    found = set(request.headers.get(web.KEY, ()))
    if found in (set(), {""}):
        raise Problem("idempotency_key_missing", "Send a new one with each new request, such as a UUID.")
    if len(found) > 1 or not KEY.fullmatch(next(iter(found))):
        raise Problem("idempotency_key_invalid", "Send one key of 1 to 255 visible ASCII characters.")
    return found.pop()


def _identity(text: str) -> str:
    if not ids.valid(text, "pay"):
        raise no_payment()
    return text


def _capture(request: Request, _id: str, deadline: Deadline) -> Outcome:
    return payments.capture(bodies.read(request, "payment"), _key(request), deadline)


def _refund(request: Request, payment_id: str, deadline: Deadline) -> Outcome:
    body, key = bodies.read(request, "refund"), _key(request)
    return payments.refund(_identity(payment_id), body, key, deadline)


def _show(_request: Request, payment_id: str, deadline: Deadline) -> Outcome:
    return payments.show(_identity(payment_id), deadline)


def _health(_request: Request, _id: str, _deadline: Deadline) -> Outcome:
    return Outcome(Answer(200, '{"status": "ok"}'), "health", "")  # of the process: see docs/decisions/0006


Operation = Callable[[Request, str, Deadline], Outcome]
ROUTES: dict[str, dict[str, Operation]] = {
    "/payments": {"POST": _capture},
    "/payments/{id}": {"GET": _show},
    "/payments/{id}/refunds": {"POST": _refund},
    "/health": {"GET": _health},
}


def _route(path: str) -> tuple[str, str]:
    """Return the route that a path belongs to, if any, and the id in it."""
    match path.split("/"):
        case ["", "payments", payment_id]:
            return "/payments/{id}", payment_id
        case ["", "payments", payment_id, "refunds"]:
            return "/payments/{id}/refunds", payment_id
    return (path, "") if path in ("/payments", "/health") else ("", "")


def _serve(request: Request, deadline: Deadline) -> Outcome:
    """Do what a request asks for.

    Raises:
        Problem: it is refused.
    """
    if len(request.body) > bodies.LARGEST:
        raise Problem("body_too_large", f"Send at most {bodies.LARGEST} bytes.")
    web.refuse_cards(request)
    route, payment_id = _route(request.path)
    if not route:
        raise Problem("not_found", f"There are: {', '.join(ROUTES)}.")
    operation = ROUTES[route].get(request.method)
    if operation is None:
        allowed = ", ".join(ROUTES[route])
        raise Problem("method_not_allowed", f"Use {allowed}.", headers={"Allow": allowed})
    return operation(request, payment_id, deadline)


class Refusal(NamedTuple):
    """A request that was refused, and what the log should say of it."""

    problem: Problem
    fields: Mapping[str, Any]


def _served(request: Request, deadline: Deadline) -> Outcome | Refusal:
    """Return what became of a request, whatever happens."""
    try:
        return _serve(request, deadline)
    except Problem as problem:
        return Refusal(problem, {"where": problem.where} if problem.where else {})
    except DatabaseAway as error:
        advice = "Send the same request with the same key again."
        return Refusal(later("database_unavailable", advice), {"cause": str(error)})
    except Exception as error:  # noqa: BLE001  # pylint: disable=broad-exception-caught
        # The places and not the message, which may quote what was sent.
        places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        internal = Problem("internal", "Name the request_id to whoever runs the service.")
        return Refusal(internal, {"cause": _cause(error), "places": places})


def _cause(error: Exception) -> str:
    """Return the error's name, and the server's code for it if it is one of the database's."""
    code = error.sqlstate if isinstance(error, DataRejected) else ""
    code = sqlstate(error) if isinstance(error, DatabaseError) else code
    return f"{type(error).__name__} {code}".strip()


def _refuse(problem: Problem, request_id: str) -> Answer:
    """Count a refusal and return it as an answer."""
    count_by_code("Refused", problem.code)
    if problem.code == "card_number":
        count("CardNumbersRefused")
    return Answer(problem.status, problem.body(request_id), problem.headers, TYPE)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request.

    Args:
        event: from API Gateway's REST proxy (version 1.0) or from a load balancer.
        context: Lambda's own; the request is answered before its time is up.
    """
    began = time.monotonic()
    seconds = context.get_remaining_time_in_millis() / 1000
    request = web.read(event)
    served = _served(request, Deadline(min(seconds - MARGIN_SECONDS, PATIENCE_SECONDS)))
    route = _route(request.path)[0] or "unknown"
    fields: dict[str, Any] = {"route": route, "request_id": context.aws_request_id}
    if isinstance(served, Outcome):
        answer = served.answer
        if served.event in COUNTED:
            count(COUNTED[served.event])
        if served.entry:
            outbox.keep(served.entry, seconds - (time.monotonic() - began))
        fields["payment_id"] = served.payment_id
        level, message = "debug" if served.event == "health" else "info", served.event
    else:
        answer = _refuse(served.problem, context.aws_request_id)
        fields |= {"code": served.problem.code, **served.fields}
        level, message = "warning" if answer.status < 500 else "error", "refused"
    fields |= {"status": answer.status, "ms": round((time.monotonic() - began) * 1000, 1)}
    getattr(logger, level)(message, extra=fields)
    publish()
    return web.reply(request, answer)

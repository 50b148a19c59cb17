"""What a request is called, and its line in the log: nothing of either is what a caller has written freely."""

import logging
import re
import time
import uuid

logger = logging.getLogger("shop.request")
TRACE_HEADER, ID_HEADER = "X-Amzn-Trace-Id", "X-Request-Id"
# A UUID with or without its hyphens, which is also the form of W3C's trace ids, with one of the letters at least: a
# card number, filled up with digits or not, is never an id.
_ID = re.compile(r"(?=[0-9-]*[a-f])(?:[0-9a-f]{32}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})", re.IGNORECASE)
# What the load balancer and AWS X-Ray write; the load balancer passes on whatever else a caller puts between.
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
# https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
_TRACE = re.compile(
    r"(?:Root|Self)=1-[0-9a-f]{8}-(?=[0-9]*[a-f])[0-9a-f]{23,24}|Parent=(?=[0-9]*[a-f])[0-9a-f]{16}|Sampled=[01]"
)
# https://www.rfc-editor.org/rfc/rfc9110#section-9 and RFC 5789: any other name is what a caller has made up.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})


def request_id(trace: str, given: str) -> str:
    """Return the load balancer's id of a request, the caller's, or a new one.

    Args:
        trace: the header X-Amzn-Trace-Id, or nothing.
        given: the header X-Request-Id, or nothing.
    """
    fields = [field for field in trace.split(";") if _TRACE.fullmatch(field)]
    if any("=1-" in field for field in fields):
        return ";".join(fields)
    return given if _ID.fullmatch(given) else uuid.uuid4().hex


def write(method: str, route: str | None, status: int, began: float, name: str) -> None:
    """Write the line of a request; those about health are for debugging, for the load balancer asks all the time.

    Args:
        method: as it was sent.
        route: the template of the path; the path itself holds whatever a caller puts there.
        status: what was answered.
        began: of :func:`time.perf_counter`.
        name: what :func:`request_id` has returned.
    """
    level = logging.DEBUG if route and route.startswith("/health") else logging.INFO
    if logger.isEnabledFor(level):
        fields = {
            "method": method if method in METHODS else "other",
            "route": route,
            "status": status,
            "ms": round((time.perf_counter() - began) * 1000, 2),
            "request_id": name,
        }
        logger.log(level, "request", extra={"fields": fields})

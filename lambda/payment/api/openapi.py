"""The API's description in OpenAPI, made of the schemas and the problems themselves; the handler does not need it."""

import ids
from money import EXPONENTS
from problem_types import CODES
from problems import MEDIA_TYPE
from request_validation import SCHEMAS

Json = dict[str, object]
VERSION = "1.0.0"
ALWAYS = ("card_number", "body_too_large", "internal")
STORED = ("database_unavailable", "timeout")
SENT = (
    "key_service_unavailable",
    "invalid_json",
    "idempotency_key_missing",
    "idempotency_key_invalid",
    "unsupported_media_type",
    "invalid_request",
    "unknown_currency",
    "amount_out_of_range",
    "amount_precision",
    "idempotency_conflict",
)
TEXT: Json = {"type": "string"}
MOMENT: Json = {"type": "string", "format": "date-time"}
AMOUNT: Json = {"type": "string", "pattern": "^[0-9]{1,12}([.][0-9]{1,3})?$"}
CURRENCY: Json = {"type": "string", "enum": list(EXPONENTS)}
REASON: Json = {"type": "string", "nullable": True}


def _id(kind: str) -> Json:
    return {"type": "string", "pattern": f"^{kind}_[{ids.ALPHABET}]{{{ids.MOMENT + ids.CHANCE}}}$"}


def _object(**members: Json) -> Json:
    return {"type": "object", "additionalProperties": False, "required": list(members), "properties": members}


def _schemas() -> Json:
    """Return the components: what is sent, from the schema files, and what is answered."""
    sent = {str(each["title"]): {k: v for k, v in each.items() if k != "$schema"} for each in SCHEMAS.values()}
    error = _object(pointer=TEXT, detail=TEXT)
    problem = _object(type=TEXT, title=TEXT, status={"type": "integer"}, detail=TEXT, code=TEXT, request_id=TEXT)
    problem["properties"] = {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "request_id": TEXT,
        "code": {"type": "string", "enum": list(CODES)},
        "errors": {"type": "array", "items": error},
    }
    part = _object(id=_id("ref"), amount=AMOUNT, reason=REASON, created_at=MOMENT)
    return {
        **sent,
        "Problem": problem,
        "Payment": _object(
            id=_id("pay"),
            status={"type": "string", "enum": ["captured", "partially_refunded", "refunded"]},
            amount=AMOUNT,
            currency=CURRENCY,
            refunded=AMOUNT,
            payment_method=TEXT,
            reference={"type": "string", "nullable": True},
            created_at=MOMENT,
            refunds={"type": "array", "items": part},
        ),
        "Refund": _object(
            id=_id("ref"),
            payment_id=_id("pay"),
            amount=AMOUNT,
            currency=CURRENCY,
            reason=REASON,
            refunded=AMOUNT,
            payment_status={"type": "string", "enum": ["partially_refunded", "refunded"]},
            created_at=MOMENT,
        ),
        "Health": _object(status={"type": "string", "enum": ["ok"]}),
    }


def _content(media_type: str, name: str) -> Json:
    return {media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _refusals(codes: tuple[str, ...]) -> Json:
    """Return the answers that say no, by status."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(CODES[code].status, []).append(code)
    return {
        str(status): {
            "description": "; ".join(f"{code}: {CODES[code].title}" for code in names),
            "content": _content(MEDIA_TYPE, "Problem"),
            **({"headers": {"Retry-After": {"schema": TEXT}}} if status == 503 else {}),
        }
        for status, names in sorted(by_status.items())
    }


def _operation(name: str, summary: str, done: Json, *codes: str, **others: object) -> Json:
    status = "201" if "requestBody" in others else "200"
    responses = {status: {"description": summary, **done}, **_refusals((*codes, *ALWAYS))}
    return {"operationId": name, "summary": summary, "responses": responses, **others}


def _sent(name: str) -> Json:
    return {"required": True, "content": _content("application/json", name)}


def description() -> Json:
    """Return the description: OpenAPI 3.0, which API Gateway can import too."""
    key: Json = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": "New for each new request; a request that is sent again has the key of the first time.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    }
    identity: Json = {"name": "id", "in": "path", "required": True, "schema": _id("pay")}
    after: Json = {
        "name": "refunds_after",
        "in": "query",
        "required": False,
        "description": "The last refund of the page before, as the header Link has it.",
        "schema": _id("ref"),
    }
    follow = {"parameters": {"id": "$response.body#/id"}}
    paid: Json = {
        "content": _content("application/json", "Payment"),
        "headers": {"Location": {"schema": TEXT}, "Idempotent-Replayed": {"schema": TEXT}},
        "links": {
            "show": {"operationId": "showPayment", **follow},
            "refund": {"operationId": "refundPayment", **follow},
        },
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Payments", "version": VERSION},
        "paths": {
            "/payments": {
                "post": _operation(
                    "makePayment",
                    "A payment is captured, once for each key.",
                    paid,
                    *SENT,
                    *STORED,
                    requestBody=_sent("PaymentRequest"),
                    parameters=[key],
                )
            },
            "/payments/{id}": {
                "get": _operation(
                    "showPayment",
                    "The payment as it is now; where it has more refunds than a page, Link leads to the next.",
                    {"content": _content("application/json", "Payment"), "headers": {"Link": {"schema": TEXT}}},
                    "payment_not_found",
                    "invalid_request",
                    *STORED,
                    parameters=[identity, after],
                )
            },
            "/payments/{id}/refunds": {
                "post": _operation(
                    "refundPayment",
                    "A part of a payment is given back, once for each key.",
                    {"content": _content("application/json", "Refund")},
                    *SENT,
                    "payment_not_found",
                    "currency_mismatch",
                    "refund_too_large",
                    *STORED,
                    requestBody=_sent("RefundRequest"),
                    parameters=[identity, key],
                )
            },
            "/health": {
                "get": _operation("health", "The process lives.", {"content": _content("application/json", "Health")})
            },
        },
        "components": {"schemas": _schemas()},
    }

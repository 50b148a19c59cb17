"""Every code that the API answers with; openapi.py describes each, docs/systems/payment.md what callers do about it."""

from problems import SHARED, ProblemType

RETRY_SECONDS = 2

REFUND_TOO_LARGE = ProblemType("refund_too_large", 409, "The refund is more than is left of the payment")
CURRENCY_MISMATCH = ProblemType("currency_mismatch", 422, "The currency is not the payment's")
DATABASE_UNAVAILABLE = ProblemType("database_unavailable", 503, "The database cannot be reached", RETRY_SECONDS)
KEY_SERVICE_UNAVAILABLE = ProblemType("key_service_unavailable", 503, "KMS cannot be reached", RETRY_SECONDS)
TIMEOUT = ProblemType("timeout", 503, "The time for this request is used up", RETRY_SECONDS)

_OWN = (REFUND_TOO_LARGE, CURRENCY_MISMATCH, DATABASE_UNAVAILABLE, KEY_SERVICE_UNAVAILABLE, TIMEOUT)
CODES = {each.code: each for each in (*SHARED, *_OWN)}

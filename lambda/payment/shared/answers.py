"""What a change of a payment is answered with, and what its request is recognised by.

Both are kept under the request's key: whoever verifies them makes them again, from the rows and the records.
"""

import hashlib
import json
from collections.abc import Mapping

from money import Money


def fingerprint(*parts: str) -> bytes:
    """Return what a request is recognised by: the same meaning, however its JSON is written."""
    return hashlib.sha256(json.dumps(parts).encode()).digest()


def capture_fingerprint(paid: Money, method: str, reference: str | None) -> bytes:
    """Return what the request for a payment is recognised by."""
    return fingerprint("capture", str(paid), paid.currency, method, reference or "")


def refund_fingerprint(payment_id: str, asked: Money, reason: str | None) -> bytes:
    """Return what the request for a refund is recognised by."""
    return fingerprint("refund", payment_id, str(asked), asked.currency, reason or "")


def capture_answer(payment_id: str, paid: Money, method: str, reference: str | None, at: str) -> str:
    """Return the answer to a payment, JSON.

    Args:
        payment_id: the payment's id.
        paid: what was paid.
        method: the token.
        reference: the caller's own, if it sent one.
        at: when it was made, ISO 8601 in UTC.
    """
    return json.dumps(
        {
            "id": payment_id,
            "status": "captured",
            "amount": str(paid),
            "currency": paid.currency,
            "refunded": str(Money(0, paid.currency)),
            "payment_method": method,
            "reference": reference,
            "created_at": at,
            "refunds": [],
        }
    )


def status(refunded: int, amount: int) -> str:
    """Return the status of a payment of which that much was given back, both in minor units."""
    if refunded == 0:
        return "captured"
    return "refunded" if refunded == amount else "partially_refunded"


def given_back(asked: Money, reason: str | None, refunded: int, amount: int) -> dict[str, str | None]:
    """Return what the answer to a refund and its audit record have in common.

    Args:
        asked: what is given back.
        reason: why, if the caller said so.
        refunded: what was given back of the payment altogether, in minor units.
        amount: what was paid, in minor units.
    """
    return {
        "amount": str(asked),
        "currency": asked.currency,
        "reason": reason,
        "refunded": str(Money(refunded, asked.currency)),
        "payment_status": status(refunded, amount),
    }


def refund_answer(refund_id: str, payment_id: str, data: Mapping[str, str | None], at: str) -> str:
    """Return the answer to a refund, JSON.

    Args:
        refund_id: the refund's id.
        payment_id: the payment's.
        data: see :func:`given_back`.
        at: when it was made, ISO 8601 in UTC.
    """
    return json.dumps({"id": refund_id, "payment_id": payment_id, **data, "created_at": at})

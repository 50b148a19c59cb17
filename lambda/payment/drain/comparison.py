"""A payment's audit records beside its rows: each says the same as the other, member by member.

Records of earlier versions have neither ``caller`` nor ``idempotency_key``; then the row has none either.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import answers
from findings import Finding, mismatch
from json_types import JsonObject
from money import EXPONENTS, Money

CAPTURED, REFUNDED = "payment_captured", "payment_refunded"
LATER = ("caller", "idempotency_key")  # members that older records lack
CREATED = 201


class Payment(NamedTuple):
    """A payment's row, with the number and sum of its refunds at the same moment; amounts in minor units."""

    id: str
    caller: str | None
    currency: str
    amount: int
    refunded: int
    status: str
    payment_method: str
    reference: str | None
    created: str
    sequence: int
    hash: str
    key: str | None
    refunds: int
    given_back: int


class Refund(NamedTuple):
    """A refund's row."""

    id: str
    payment_id: str
    amount: int
    reason: str | None
    created: str
    key: str | None


class Key(NamedTuple):
    """A row of an idempotency key; key and fingerprint in hexadecimal digits."""

    key: str
    fingerprint: str
    status: int
    body: str
    created: str


class Rows(NamedTuple):
    """The rows that the records name, by their ids, and by their keys."""

    refunds: Mapping[str, Refund]
    keys: Mapping[str, Key]


def shown(amount: int, currency: str) -> str:
    """Return an amount as a record has it, also in a currency that nobody knows."""
    return str(Money(amount, currency)) if currency in EXPONENTS else f"{amount} of {currency}"


def _members(subject: str, name: str, expected: JsonObject, data: JsonObject) -> Iterator[Finding]:
    """Yield where a record differs from what the rows say."""
    absent = {each for each in LATER if each not in data and expected.get(each) is None}
    for member in sorted((expected.keys() | data.keys()) - absent):
        if expected.get(member) != data.get(member) or (member in data) != (member in expected):
            yield mismatch(subject, f"{member} differs in {name}", expected.get(member), data.get(member))


def _answered(subject: str, name: str, record: JsonObject, rows: Rows, expected: Key) -> Iterator[Finding]:
    """Yield where the row of the key that a record names differs from what was answered."""
    if "idempotency_key" not in record["data"]:
        return
    key = rows.keys.get(record["data"]["idempotency_key"])
    if key is None:
        yield mismatch(subject, f"idempotency_keys lacks the key of {name}")
        return
    for member, row, value in zip(Key._fields, key, expected, strict=True):
        if row != value:
            yield mismatch(subject, f"{member} of the idempotency key differs in {name}", row, value)


def capture(payment: Payment, record: JsonObject, rows: Rows) -> Iterator[Finding]:
    """Yield what the first record says otherwise than the payment's row, and the row of its key."""
    expected = {
        "amount": shown(payment.amount, payment.currency),
        "currency": payment.currency,
        "payment_method": payment.payment_method,
        "reference": payment.reference,
        "caller": payment.caller,
        "idempotency_key": payment.key,
    }
    data = record["data"]
    yield from _members(payment.id, "record 1", expected, data)
    if record["at"] != payment.created:
        yield mismatch(payment.id, "created_at differs in record 1", payment.created, record["at"])
    money = Money(_minor(data["amount"]), data["currency"])
    answer = answers.capture_answer(payment.id, money, data["payment_method"], data["reference"], record["at"])
    mark = answers.capture_fingerprint(money, data["payment_method"], data["reference"]).hex()
    yield from _answered(
        payment.id, "record 1", record, rows, Key(data.get("idempotency_key", ""), mark, CREATED, answer, record["at"])
    )


def refund(payment: Payment, record: JsonObject, rows: Rows, refunded: int | None) -> Iterator[Finding]:
    """Yield what a later record says otherwise than the refund's row, the row of its key, and the record before.

    Args:
        payment: the payment.
        record: the record.
        rows: what it names.
        refunded: what was given back before, in minor units; None when the record before cannot be read.
    """
    name, data = f"record {record['sequence']}", record["data"]
    row = rows.refunds.get(data["refund_id"])
    if row is None:
        yield mismatch(payment.id, f"refunds lacks the one of {name}", None, data["refund_id"])
        return
    before = refunded if refunded is not None else _minor(data["refunded"]) - _minor(data["amount"])
    money, after = Money(row.amount, payment.currency), before + row.amount
    common = answers.given_back(money, row.reason, after, payment.amount) if payment.currency in EXPONENTS else {}
    expected = {"refund_id": row.id, "caller": data.get("caller"), "idempotency_key": row.key, **common}
    yield from _members(payment.id, name, expected, data)
    if row.payment_id != payment.id:
        yield mismatch(payment.id, f"the refund of {name} is of another payment", row.payment_id, payment.id)
    if record["at"] != row.created:
        yield mismatch(payment.id, f"created_at of the refund differs in {name}", row.created, record["at"])
    told = {member: data[member] for member in ("amount", "currency", "reason", "refunded", "payment_status")}
    answer = answers.refund_answer(row.id, payment.id, told, record["at"])
    mark = answers.refund_fingerprint(payment.id, Money(_minor(data["amount"]), data["currency"]), data["reason"]).hex()
    yield from _answered(
        payment.id, name, record, rows, Key(data.get("idempotency_key", ""), mark, CREATED, answer, record["at"])
    )


def end(payment: Payment, refunded: int | None) -> Iterator[Finding]:
    """Yield what is wrong with a payment's row after its last record.

    Args:
        payment: the payment.
        refunded: what was given back by its last record, in minor units; None when that cannot be read.
    """
    sides = {
        "audit_sequence is not the number of refunds and one": (payment.sequence, payment.refunds + 1),
        "refunded is not the sum of the refunds": (payment.refunded, payment.given_back),
        "status is not that of what was refunded": (payment.status, answers.status(payment.refunded, payment.amount)),
    }
    if refunded is not None:
        sides["refunded is not what the last record says"] = (payment.refunded, refunded)
    for what, (row, other) in sides.items():
        if row != other:
            yield mismatch(payment.id, what, row, other)


def compare(
    payment: Payment, records: Sequence[JsonObject], rows: Rows, refunded: int | None
) -> tuple[list[Finding], int | None]:
    """Return what records that follow each other say otherwise than the rows, and what is refunded after them.

    Args:
        payment: the payment.
        records: as :func:`audit.read` returns them.
        rows: what they name.
        refunded: what was given back before them, in minor units; None when that cannot be read.
    """
    found: list[Finding] = []
    for record in records:
        name = f"record {record['sequence']}"
        first = record["sequence"] == 1
        try:
            if record["version"] != 1 or record["event"] != (CAPTURED if first else REFUNDED):
                found.append(mismatch(payment.id, f"{name} is of no event that is known"))
            if record["payment_id"] != payment.id:
                found.append(mismatch(payment.id, f"{name} is of another payment", payment.id, record["payment_id"]))
            found += capture(payment, record, rows) if first else refund(payment, record, rows, refunded)
            refunded = 0 if first else _minor(record["data"]["refunded"])
        except (KeyError, TypeError, ValueError, AttributeError):
            found.append(mismatch(payment.id, f"{name} is not as a record of its event is"))
            refunded = None
    return found, refunded


def _minor(text: str) -> int:
    """Return an amount of a record in minor units.

    Raises:
        ValueError: it is none.
    """
    return int(text.replace(".", ""))

"""What no chain of a payment leads to: postings, keys, rows of the outbox and objects that belong to nothing."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import answers
from audit import object_key, prefix, read
from comparison import CREATED
from findings import Finding, mismatch
from json_types import JsonObject
from money import EXPONENTS, Money
from postgres import Database, Row
from trail import Trail

SECONDS = 5.0
ROWS = 500  # of one step
AFTER, AFTER_BYTES = "\x01", "00"  # with it, the least text that is greater; hexadecimal digits of bytes
_MOMENT = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
_NEXT = """
SELECT id FROM (
    (SELECT id FROM payments WHERE id >= CAST(:first AS text) ORDER BY id LIMIT CAST(:most AS integer)) UNION
    (SELECT id FROM refunds WHERE id >= CAST(:first AS text) ORDER BY id LIMIT CAST(:most AS integer)) UNION
    (SELECT posting FROM ledger_entries WHERE posting >= CAST(:first AS text)
     ORDER BY posting LIMIT CAST(:most AS integer))) AS every
ORDER BY id LIMIT CAST(:most AS integer)
"""
_OF = """
SELECT id FROM payments WHERE id = CAST(:payment_id AS text) UNION
SELECT id FROM refunds WHERE payment_id = CAST(:payment_id AS text)
"""
# What each payment and refund has to have in the ledger beside what is there, row by row in both directions, and what
# that comes to: all of one moment.
_LEDGER = """
WITH chosen AS MATERIALIZED ({}), expected AS (
    SELECT p.id AS posting, side.account, p.currency, side.sign * p.amount AS amount, p.created_at
    FROM chosen JOIN payments p USING (id), (VALUES ('processor', 1), ('sales', -1)) AS side (account, sign)
    UNION ALL
    SELECT r.id, side.account, p.currency, side.sign * r.amount, r.created_at
    FROM chosen JOIN refunds r USING (id) LEFT JOIN payments p ON p.id = r.payment_id,
         (VALUES ('refunds', 1), ('processor', -1)) AS side (account, sign)
), entered AS (
    SELECT e.* FROM chosen JOIN ledger_entries e ON e.posting = chosen.id
), different AS (
    SELECT COALESCE(x.posting, e.posting) AS posting, COALESCE(x.account, e.account) AS account,
           x.posting IS NULL AS invented, e.posting IS NULL AS missing,
           format('%s %s %s', x.amount, x.currency, x.created_at) AS wanted,
           format('%s %s %s', e.amount, e.currency, e.created_at) AS actual
    FROM expected x FULL JOIN entered e ON e.posting = x.posting AND e.account = x.account
    WHERE (x.posting, x.currency, x.amount, x.created_at)
          IS DISTINCT FROM (e.posting, e.currency, e.amount, e.created_at)
       OR x.currency IS NULL
), sums AS (
    SELECT COALESCE(x.currency, e.currency) AS currency, x.count AS wanted, e.count AS actual, x.sum, e.sum AS entered
    FROM (SELECT currency, count(*), sum(amount) FILTER (WHERE account = 'processor') FROM expected GROUP BY 1) x
    FULL JOIN (SELECT currency, count(*), sum(amount) FILTER (WHERE account = 'processor') FROM entered GROUP BY 1) e
    ON e.currency = x.currency
)
SELECT (SELECT max(id) FROM chosen),
       (SELECT json_agg(json_build_array(posting, account, invented, missing, wanted, actual)) FROM different),
       (SELECT json_agg(json_build_array(currency, wanted, actual, sum, entered)) FROM sums)
"""
LEDGER, LEDGER_OF = _LEDGER.format(_NEXT), _LEDGER.format(_OF)
KEYS = f"""
SELECT encode(key, 'hex'), encode(fingerprint, 'hex'), status, body, {_MOMENT.format("created_at")}
FROM idempotency_keys WHERE key >= decode(:first, 'hex') ORDER BY key LIMIT CAST(:most AS integer)
"""  # noqa: S608  # the parts are this module's constants
PAYMENTS = f"""
SELECT id, encode(idempotency_key, 'hex'), {_MOMENT.format("created_at")}, currency, amount, payment_method, reference
FROM payments WHERE id = ANY (CAST(:ids AS text[]))
"""  # noqa: S608  # as above
REFUNDS = f"""
SELECT r.id, encode(r.idempotency_key, 'hex'), {_MOMENT.format("r.created_at")}, p.currency, r.amount, r.payment_id,
       r.reason
FROM refunds r LEFT JOIN payments p ON p.id = r.payment_id WHERE r.id = ANY (CAST(:ids AS text[]))
"""  # noqa: S608  # as above
OUTBOX = f"""
SELECT object_key, body, {_MOMENT.format("created_at")} FROM audit_outbox
WHERE object_key >= CAST(:first AS text) ORDER BY object_key LIMIT CAST(:most AS integer)
"""  # noqa: S608  # as above
HEADS = f"""
SELECT id, COALESCE({_MOMENT.format("created_at")}, ''), audit_sequence FROM payments
WHERE id = ANY (CAST(:ids AS text[]))
"""  # noqa: S608  # as above


@dataclass
class Part:
    """What a step has found, and where the next one begins; nowhere when there is no more."""

    found: list[Finding] = field(default_factory=list)
    first: str | None = None


def _text(value: object) -> str:
    """Return a text that PostgreSQL takes; what it does not take is no id."""
    return value if isinstance(value, str) and value.isascii() and value.isprintable() else ""


def _body(text: str) -> JsonObject:
    """Return a JSON object; an empty one for anything else."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


@dataclass(frozen=True)
class Books:
    """Goes over what is not reached from a payment.

    Args:
        database: the tables.
        trail: the bucket.
    """

    database: Database
    trail: Trail

    def ledger(self, first: str) -> Part:
        """Hold some postings against the payments and refunds, from an id on."""
        rows = self.database.run(LEDGER, seconds=SECONDS, first=first, most=ROWS)
        (last, different, sums), *_ = rows
        return Part(_unbalanced(different or [], sums or []), None if last is None else last + AFTER)

    def ledger_of(self, payment_id: str) -> list[Finding]:
        """Return what is wrong with the postings of a payment and its refunds."""
        ((_last, different, sums),) = self.database.run(LEDGER_OF, seconds=SECONDS, payment_id=payment_id)
        return _unbalanced(different or [], sums or [])

    def keys(self, first: str) -> Part:
        """Hold some idempotency keys against the payments and refunds that they answer with, from a key on."""
        rows = self.database.run(KEYS, seconds=SECONDS, first=first, most=ROWS)
        bodies = [_body(row[3]) for row in rows]
        ids = [_text(body.get("id")) for body in bodies]
        payments = {row[0]: row for row in self.database.run(PAYMENTS, seconds=SECONDS, ids=ids)} if ids else {}
        refunds = {row[0]: row for row in self.database.run(REFUNDS, seconds=SECONDS, ids=ids)} if ids else {}
        found: list[Finding] = []
        for row, body, each in zip(rows, bodies, ids, strict=True):
            expected = _paid(payments[each]) if each in payments else {}
            expected = _given_back(refunds[each], body) if each in refunds else expected
            found += _answer(row, expected)
        return Part(found, rows[-1][0] + AFTER_BYTES if rows else None)

    def outbox(self, first: str) -> Part:
        """Look for rows of the outbox that are no record of a payment, from a key on."""
        rows = self.database.run(OUTBOX, seconds=SECONDS, first=first, most=ROWS)
        found = self._strange([row[0] for row in rows])
        for key, body, created in rows:
            record = read(body.encode())
            if record is None or record["at"] != created:
                found.append(mismatch(key, "created_at of the outbox is not the record's", created))
        return Part(found, rows[-1][0] + AFTER if rows else None)

    def objects(self, after: str) -> Part:
        """Look for objects that are no record of a payment, behind a key.

        Raises:
            TrailUnavailable: they cannot be listed now.
        """
        page = self.trail.keys(after=after)
        return Part(self._strange(page), page[-1] if page else None)

    def beyond(self, payment_id: str, created: str, left: Callable[[], float]) -> list[Finding]:
        """Return which objects a payment's prefix has beside the records of its chain.

        Raises:
            TrailUnavailable: they cannot be listed now.
        """
        first, after, found = prefix(payment_id, created), "", list[Finding]()
        while left() > 0 and (page := self.trail.keys(prefix=first, after=after)):
            found += self._strange(page)
            after = page[-1]
        return found

    def _strange(self, keys: Sequence[str]) -> list[Finding]:
        """Return which keys are of no record. A record comes after its payment, which has to be there when it is."""
        ids = {key: _text((key.split("/") + [""] * 5)[4]) for key in keys}
        rows = self.database.run(HEADS, seconds=SECONDS, ids=sorted(set(ids.values()))) if keys else []
        heads = {row[0]: row for row in rows}
        return [
            mismatch(key, "it is no record of a payment")
            for key in keys
            if ids[key] not in heads or not _is_record(key, *heads[ids[key]])
        ]


def _is_record(key: str, payment_id: str, created: str, sequence: int) -> bool:
    number = key.rpartition("/")[2].removesuffix(".json")
    sound = number.isascii() and number.isdigit() and len(number) < 20 and 1 <= int(number) <= sequence
    return sound and key == object_key(payment_id, created, int(number))


def _unbalanced(different: Iterable[Sequence[object]], sums: Iterable[Sequence[object]]) -> list[Finding]:
    """Return what the comparison of the ledger says."""
    found = []
    for posting, account, invented, missing, wanted, actual in different:
        what = "is invented" if invented else "is missing" if missing else "is another one"
        found.append(mismatch(str(posting), f"the posting to {account} {what}", actual, wanted))
    for currency, wanted, actual, total, entered in sums:
        if (wanted, total) != (actual, entered):
            what = f"entries in {currency} have another number or sum than the payments and refunds"
            found.append(mismatch("ledger", what, [actual, entered], [wanted, total]))
    return found


def _paid(row: Row) -> JsonObject:
    """Return what the key of a payment's row has to hold."""
    payment_id, key, created, currency, amount, method, reference = row
    if currency not in EXPONENTS:
        return {"created_at": created, "key": key}
    money = Money(amount, currency)
    return {
        "key": key,
        "fingerprint": answers.capture_fingerprint(money, method, reference).hex(),
        "status": CREATED,
        "body": answers.capture_answer(payment_id, money, method, reference, created),
        "created_at": created,
    }


def _given_back(row: Row, body: JsonObject) -> JsonObject:
    """Return what the key of a refund's row has to hold; what was refunded by then is in the audit record alone."""
    refund_id, key, created, currency, amount, payment_id, reason = row
    if currency not in EXPONENTS:
        return {"created_at": created, "key": key}
    money = Money(amount, currency)
    told = {"amount": str(money), "currency": currency, "reason": reason}
    told |= {name: body.get(name) for name in ("refunded", "payment_status")}
    return {
        "key": key,
        "fingerprint": answers.refund_fingerprint(payment_id, money, reason).hex(),
        "status": CREATED,
        "body": answers.refund_answer(refund_id, payment_id, told, created),
        "created_at": created,
    }


def _answer(row: Sequence[object], expected: JsonObject) -> list[Finding]:
    """Return how the row of a key differs from what it has to be."""
    subject = f"key {row[0]}"
    if not expected:
        return [mismatch(subject, "it is the key of no payment and no refund")]
    actual = dict(zip(("key", "fingerprint", "status", "body", "created_at"), row, strict=True))
    return [
        mismatch(subject, f"{name} is not that of what it answers with", actual[name], value)
        for name, value in expected.items()
        if actual[name] != value and (name, value) != ("key", None)  # rows of earlier versions have none
    ]

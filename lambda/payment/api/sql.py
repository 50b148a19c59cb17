"""The statements: each is one round trip and one transaction, so that no lock ever waits for the network."""

# What the statement writes hangs on `claimed`: whoever comes second under a key waits for the first, then writes
# nothing. https://www.postgresql.org/docs/17/queries-with.html#QUERIES-WITH-MODIFYING
CLAIM = "INSERT INTO idempotency_keys (key, fingerprint, status, body, created_at)"
VALUES = """CAST(:key AS bytea), CAST(:fingerprint AS bytea), CAST(:status AS smallint), CAST(:answer AS text),
           CAST(:at AS timestamptz)"""
OUTBOX = """INSERT INTO audit_outbox (object_key, body, created_at)
    SELECT CAST(:object_key AS text), CAST(:record AS text), created_at FROM claimed"""
LEDGER = """INSERT INTO ledger_entries (posting, account, currency, amount, created_at)
    SELECT CAST(:posting AS text), account, CAST(:currency AS text), sign * CAST(:amount AS bigint), created_at
    FROM claimed, (VALUES ({}), ({})) AS entry (account, sign)"""

CAPTURE = f"""
WITH claimed AS ({CLAIM}
    SELECT {VALUES} WHERE NOT EXISTS (SELECT FROM idempotency_keys WHERE key = CAST(:former AS bytea))
    ON CONFLICT (key) DO NOTHING RETURNING created_at
), payment AS (
    INSERT INTO payments (id, caller, currency, amount, payment_method, reference, created_at,
                          audit_sequence, audit_hash, idempotency_key)
    SELECT CAST(:posting AS text), CAST(:caller AS text), CAST(:currency AS text), CAST(:amount AS bigint),
           CAST(:payment_method AS text), CAST(:reference AS text), created_at,
           CAST(:sequence AS integer), CAST(:hash AS text), CAST(:key AS bytea) FROM claimed
), ledger AS ({LEDGER.format("'processor', 1", "'sales', -1")}
), outbox AS ({OUTBOX}
)
SELECT count(*) FROM claimed
"""  # noqa: S608 - the parts are this module's constants

# Only on the payment as it was when the record was made for it: of two refunds at once, the second looks again.
REFUND = f"""
WITH head AS (
    SELECT id FROM payments
    WHERE id = CAST(:payment_id AS text) AND audit_sequence = CAST(:sequence AS integer) - 1 FOR NO KEY UPDATE
), claimed AS ({CLAIM}
    SELECT {VALUES} FROM head ON CONFLICT (key) DO NOTHING RETURNING created_at
), refund AS (
    INSERT INTO refunds (id, payment_id, amount, reason, created_at, idempotency_key)
    SELECT CAST(:posting AS text), CAST(:payment_id AS text), CAST(:amount AS bigint), CAST(:reason AS text),
           created_at, CAST(:key AS bytea) FROM claimed
), changed AS (
    UPDATE payments SET refunded = refunded + CAST(:amount AS bigint),
                        audit_sequence = CAST(:sequence AS integer), audit_hash = CAST(:hash AS text)
    FROM claimed WHERE id = CAST(:payment_id AS text)
), ledger AS ({LEDGER.format("'refunds', 1", "'processor', -1")}
), outbox AS ({OUTBOX}
)
SELECT count(*) FROM claimed
"""  # noqa: S608  # as above

# Keys of the time before they had an owner are found as they were stored then: no payment is made a second time.
_KEYS = "(CAST(:key AS bytea), CAST(:former AS bytea))"
KNOWN = f"SELECT fingerprint, status, body FROM idempotency_keys WHERE key IN {_KEYS}"  # noqa: S608  # as above

# Payments of that time have no owner: every caller may read and refund them.
_OWN = "(p.caller IS NULL OR p.caller = CAST(:caller AS text))"

BEFORE_REFUND = f"""
SELECT k.fingerprint, k.status, k.body, p.currency, p.amount, p.refunded, p.audit_sequence, p.audit_hash,
       to_char(p.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')
FROM (VALUES (1)) AS one
LEFT JOIN idempotency_keys k ON k.key IN {_KEYS}
LEFT JOIN payments p ON p.id = CAST(:payment_id AS text) AND {_OWN}
"""  # noqa: S608  # as above

PAYMENT = f"""
SELECT p.status, p.currency, p.amount, p.refunded, p.payment_method, p.reference,
       to_char(p.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
       (SELECT json_agg(json_build_array(r.id, r.amount, r.reason,
                   to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) ORDER BY r.id)
        FROM (SELECT id, amount, reason, created_at FROM refunds WHERE payment_id = p.id AND id > CAST(:after AS text)
              ORDER BY id LIMIT CAST(:most AS integer)) AS r)
FROM payments p WHERE p.id = CAST(:payment_id AS text) AND {_OWN}
"""  # noqa: S608  # as above

# The record is in the bucket: should a crash bring the row back, the record is found there, and the row goes again.
# So this need not wait for the disk, nor for the standby.
WRITTEN = """
DELETE FROM audit_outbox
WHERE object_key = CAST(:object_key AS text) AND set_config('synchronous_commit', 'off', true) = 'off'
"""

"""Statements that fill a database with rows as an application leaves them, as many as there should be ({rows})."""

# The pipeline's table of before ends so long ago; then come the weeks.
WEEKS = "- interval '60 weeks'"
_WEEKS = """
DO $fill$
DECLARE
    monday timestamp;
BEGIN
    FOR monday IN SELECT date_trunc('week', now() AT TIME ZONE 'UTC') + n * interval '1 week'
                  FROM generate_series(-60, 4) AS n LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF stored_events (PRIMARY KEY (event_id)) '
                       'FOR VALUES FROM (%L) TO (%L)',
                       to_char(monday, '"events_"YYYY_MM_DD'), monday || ' UTC', monday + interval '1 week' || ' UTC');
    END LOOP;
END
$fill$
"""
KINESIS_PIPELINE = (
    _WEEKS,
    "ALTER TABLE stored_events DISABLE TRIGGER USER",
    """
    INSERT INTO stored_events (event_id, event_type, source, occurred_at, customer_id, amount, currency, attributes,
                               shard_id, sequence_number, arrived_at, stored_at)
    SELECT gen_random_uuid(), 'order_placed', 'shop-' || n % 500, at, 'customer-' || n % 100000, n % 90000 / 100.0,
           'EUR', '{{"channel": "web", "items": 3}}', 'shardId-000000000000',
           '49590338271490256608559692538361571095921575989136588' || n, at, at
    FROM generate_series(1, {rows}) AS n, LATERAL (SELECT now() - n * (interval '364 days' / {rows}) AS at) AS moment
    """,
    "INSERT INTO event_ids (event_id, stored_at) SELECT event_id, stored_at FROM stored_events",
    "ALTER TABLE stored_events ENABLE TRIGGER USER",
)
_ID = "'pay_' || lpad(to_hex(n), 12, '0') || '0123456789abcdef'"
_REFUND = "'ref_' || lpad(to_hex(n), 12, '0') || '0123456789abcdef'"
_AT = "now() - n * interval '1 second'"
PAYMENT = (
    "ALTER TABLE payments DISABLE TRIGGER USER",
    "ALTER TABLE refunds DISABLE TRIGGER USER",
    "ALTER TABLE ledger_entries DISABLE TRIGGER USER",
    "ALTER TABLE idempotency_keys DISABLE TRIGGER USER",
    "ALTER TABLE audit_outbox DISABLE TRIGGER USER",
    f"""
    INSERT INTO payments (id, caller, currency, amount, refunded, payment_method, reference, created_at, audit_sequence,
                          audit_hash, idempotency_key)
    SELECT {_ID}, 'firstkey00', 'EUR', 1250, CASE WHEN n % 10 = 0 THEN 250 ELSE 0 END, 'tok_visa_0001', 'order ' || n,
           {_AT}, 1, encode(sha256(n::text::bytea), 'hex'), sha256(('k' || n)::bytea)
    FROM generate_series(1, {{rows}}) AS n
    """,
    f"""
    INSERT INTO refunds (id, payment_id, amount, reason, created_at, idempotency_key)
    SELECT {_REFUND}, {_ID}, 250, 'returned', {_AT}, sha256(('r' || n)::bytea)
    FROM generate_series(10, {{rows}}, 10) AS n
    """,
    f"""
    INSERT INTO ledger_entries (posting, account, currency, amount, created_at)
    SELECT {_ID}, account, 'EUR', sign * 1250, {_AT}
    FROM generate_series(1, {{rows}}) AS n, (VALUES ('processor', 1), ('sales', -1)) AS side (account, sign)
    """,
    f"""
    INSERT INTO ledger_entries (posting, account, currency, amount, created_at)
    SELECT {_REFUND}, account, 'EUR', sign * 250, {_AT}
    FROM generate_series(10, {{rows}}, 10) AS n, (VALUES ('refunds', 1), ('processor', -1)) AS side (account, sign)
    """,
    f"""
    INSERT INTO idempotency_keys (key, fingerprint, status, body, created_at)
    SELECT sha256(('k' || n)::bytea), sha256(('f' || n)::bytea), 201,
           json_build_object('id', {_ID}, 'status', 'captured', 'amount', '12.50', 'currency', 'EUR',
                             'refunded', '0.00', 'payment_method', 'tok_visa_0001', 'reference', 'order ' || n,
                             'created_at', '2026-12-01T10:00:00.000000Z')::text, {_AT}
    FROM generate_series(1, {{rows}}) AS n
    """,
    f"""
    INSERT INTO audit_outbox (object_key, body, created_at)
    SELECT 'payments/2026/12/01/' || {_ID} || '/000001.json', repeat('x', 600), {_AT}
    FROM generate_series(1, {{rows}} / 10) AS n
    """,
)
# Ids of version 7: the time, then chance.
_UUID = "(lpad(to_hex(1760000000000 + n), 12, '0') || '7000' || '8' || substr(md5(n::text), 1, 15))::uuid"
_ORDERED = _UUID.replace("n)", "product)").replace("n::text", "product::text")
FLASK_API = (
    f"""
    INSERT INTO products (id, name, price, currency, stock)
    SELECT {_UUID}, 'Product ' || n, round(n % 90000 / 100.0, 2), 'EUR', 1000
    FROM generate_series(1, {{rows}} / 10 + 1) AS n
    """,
    f"""
    INSERT INTO orders (id, key_hash, fingerprint, currency, total, created_at)
    SELECT {_UUID}, sha256(('k' || n)::bytea), sha256(('f' || n)::bytea), 'EUR', 24.00, {_AT}
    FROM generate_series(1, {{rows}}) AS n
    """,
    f"""
    INSERT INTO order_lines (order_id, place, product_id, quantity, unit_price)
    SELECT {_UUID}, place, {_ORDERED}, 1, 12.00
    FROM generate_series(1, {{rows}}) AS n, generate_series(1, 2) AS place,
         LATERAL (SELECT 1 + n % ({{rows}} / 10) AS product) AS ordered
    """,
)

-- Amounts are in the currency's minor units (cents, yen, fils): whole numbers, which add up exactly.

CREATE TABLE payments (
    id             text COLLATE "C" PRIMARY KEY,
    currency       text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount         bigint NOT NULL CHECK (amount > 0),
    refunded       bigint NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND amount),
    status         text NOT NULL GENERATED ALWAYS AS (
        CASE refunded WHEN 0 THEN 'captured' WHEN amount THEN 'refunded' ELSE 'partially_refunded' END) STORED,
    payment_method text NOT NULL CHECK (payment_method ~ '^tok_[A-Za-z0-9_]{8,64}$'),
    reference      text CHECK (char_length(reference) <= 64),
    created_at     timestamptz NOT NULL,
    audit_sequence integer NOT NULL,  -- the end of the chain of audit records: how many there are,
    audit_hash     text NOT NULL      -- and the hash of the last one
) WITH (fillfactor = 90);             -- a refund finds room beside the old row, and touches no index

CREATE TABLE refunds (
    id         text COLLATE "C" PRIMARY KEY,
    payment_id text COLLATE "C" NOT NULL REFERENCES payments,
    amount     bigint NOT NULL CHECK (amount > 0),
    reason     text,
    created_at timestamptz NOT NULL
);
CREATE INDEX refunds_by_payment ON refunds (payment_id, id);

-- Double entry: what is above zero goes to an account, what is below comes from it. A posting is a payment or a refund.
CREATE TABLE ledger_entries (
    posting    text COLLATE "C" NOT NULL,
    account    text NOT NULL CHECK (account IN ('processor', 'sales', 'refunds')),
    currency   text NOT NULL,
    amount     bigint NOT NULL CHECK (amount <> 0),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (posting, account)
);

-- The same key twice is the same request twice: it gets the same answer. Kept forever, as a SHA-256: a payment is
-- never made a second time, and what a caller may have put into a key is not stored.
CREATE TABLE idempotency_keys (
    key         bytea PRIMARY KEY,
    fingerprint bytea NOT NULL,  -- SHA-256 of what was asked for
    status      smallint NOT NULL,
    body        text NOT NULL,
    created_at  timestamptz NOT NULL
);

-- Audit records that are not known to be in the bucket yet. Their keys are nearly in the order in which they were made.
CREATE TABLE audit_outbox (
    object_key text COLLATE "C" PRIMARY KEY,
    body       text NOT NULL,
    created_at timestamptz NOT NULL
);

-- Whatever is entered balances, posting by posting and currency by currency, in the statement that enters it. As nothing
-- is ever changed or taken away, the whole ledger balances at every moment.
CREATE FUNCTION ledger_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM entered GROUP BY posting, currency HAVING sum(amount) <> 0) THEN
        RAISE EXCEPTION 'ledger entries do not sum to zero' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER ledger_balances AFTER INSERT ON ledger_entries
    REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION ledger_balances();

CREATE FUNCTION only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER ledger_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION only_added_to();
CREATE TRIGGER refunds_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON refunds
    FOR EACH STATEMENT EXECUTE FUNCTION only_added_to();
CREATE TRIGGER idempotency_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON idempotency_keys
    FOR EACH STATEMENT EXECUTE FUNCTION only_added_to();

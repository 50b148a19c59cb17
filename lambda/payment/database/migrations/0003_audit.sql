-- What no code path does is refused: whatever changes a payment has its audit record, its postings and its key in the
-- same statement. A superuser can switch triggers off; the verification of the audit trail finds what is done then.
-- Triggers run after the statement, when all parts of it are done, as their owner: whoever writes needs no right to read
-- for them. They name the schema: what an owner's function reads is not chosen by who calls it. A setting of the function
-- for that (SET search_path) would cost each payment as much again.
-- https://www.postgresql.org/docs/17/trigger-datachanges.html
-- https://www.postgresql.org/docs/17/sql-createfunction.html#SQL-CREATEFUNCTION-SECURITY

-- The key that a change was made under, as in its audit record. Rows of the time before this have none.
ALTER TABLE payments ADD COLUMN idempotency_key bytea;
ALTER TABLE refunds ADD COLUMN idempotency_key bytea;

-- Where the bucket has a record: see prefix and entry in audit.py.
CREATE FUNCTION audit_object_key(payment_id text, created_at timestamptz, sequence integer) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT 'payments/' || to_char(created_at AT TIME ZONE 'UTC', 'YYYY/MM/DD') || '/' || payment_id || '/'
        || repeat('0', 6 - length(sequence::text)) || sequence || '.json'
$$;

CREATE FUNCTION payment_has_its_record() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER AS $$
DECLARE
    record json;
    complete boolean;
BEGIN
    SELECT body::json INTO record FROM public.audit_outbox
    WHERE object_key = public.audit_object_key(NEW.id, NEW.created_at, NEW.audit_sequence);
    complete := record ->> 'hash' IS NOT DISTINCT FROM NEW.audit_hash;
    IF complete AND TG_OP = 'INSERT' THEN
        complete := NEW.audit_sequence = 1 AND NEW.refunded = 0
            AND EXISTS (SELECT FROM public.ledger_entries WHERE posting = NEW.id)
            AND (NEW.idempotency_key IS NULL
                 OR EXISTS (SELECT FROM public.idempotency_keys WHERE key = NEW.idempotency_key));
    ELSIF complete THEN
        complete := NEW.audit_sequence = OLD.audit_sequence + 1
            AND (NEW.id, NEW.caller, NEW.currency, NEW.amount, NEW.payment_method, NEW.reference, NEW.created_at,
                 NEW.idempotency_key)
                IS NOT DISTINCT FROM
                (OLD.id, OLD.caller, OLD.currency, OLD.amount, OLD.payment_method, OLD.reference, OLD.created_at,
                 OLD.idempotency_key)
            AND EXISTS (SELECT FROM public.refunds WHERE id = record -> 'data' ->> 'refund_id'
                        AND payment_id = NEW.id AND amount = NEW.refunded - OLD.refunded);
    END IF;
    IF NOT complete THEN
        RAISE EXCEPTION 'a payment is made with its record, postings and key, and changed by a refund only'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER payments_have_records AFTER INSERT OR UPDATE ON payments
    FOR EACH ROW EXECUTE FUNCTION payment_has_its_record();
CREATE TRIGGER payments_stay BEFORE DELETE OR TRUNCATE ON payments
    FOR EACH STATEMENT EXECUTE FUNCTION only_added_to();

CREATE FUNCTION refund_has_its_record() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.payments p
        JOIN public.audit_outbox o ON o.object_key = public.audit_object_key(p.id, p.created_at, p.audit_sequence)
        WHERE p.id = NEW.payment_id AND o.body::json -> 'data' ->> 'refund_id' = NEW.id
    ) OR NOT EXISTS (SELECT FROM public.ledger_entries WHERE posting = NEW.id)
      OR NEW.idempotency_key IS NOT NULL
         AND NOT EXISTS (SELECT FROM public.idempotency_keys WHERE key = NEW.idempotency_key) THEN
        RAISE EXCEPTION 'a refund is made with its record, postings and key' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER refunds_have_records AFTER INSERT ON refunds
    FOR EACH ROW EXECUTE FUNCTION refund_has_its_record();

CREATE FUNCTION posting_belongs_to_a_change() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.payments WHERE id = NEW.posting AND currency = NEW.currency AND created_at = NEW.created_at
            AND NEW.amount = CASE NEW.account WHEN 'processor' THEN amount WHEN 'sales' THEN -amount END
    ) AND NOT EXISTS (
        SELECT FROM public.refunds r JOIN public.payments p ON p.id = r.payment_id
        WHERE r.id = NEW.posting AND p.currency = NEW.currency AND r.created_at = NEW.created_at
            AND NEW.amount = CASE NEW.account WHEN 'refunds' THEN r.amount WHEN 'processor' THEN -r.amount END
    ) THEN
        RAISE EXCEPTION 'a posting is that of a payment or a refund' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER ledger_belongs AFTER INSERT ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION posting_belongs_to_a_change();

CREATE FUNCTION key_has_its_answer() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER AS $$
DECLARE
    answered text := NEW.body::json ->> 'id';
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.payments WHERE id = answered AND created_at = NEW.created_at
            AND COALESCE(idempotency_key, NEW.key) = NEW.key
    ) AND NOT EXISTS (
        SELECT FROM public.refunds WHERE id = answered AND created_at = NEW.created_at
            AND COALESCE(idempotency_key, NEW.key) = NEW.key
    ) THEN
        RAISE EXCEPTION 'a key is that of a payment or a refund' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER idempotency_belongs AFTER INSERT ON idempotency_keys
    FOR EACH ROW EXECUTE FUNCTION key_has_its_answer();

-- A record that waits is that of the change that was made last; when it is in the bucket, its row goes.
CREATE FUNCTION record_has_its_payment() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.payments WHERE id = split_part(NEW.object_key, '/', 5)
            AND NEW.object_key = public.audit_object_key(id, created_at, audit_sequence)
            AND NEW.body::json ->> 'hash' = audit_hash
    ) THEN
        RAISE EXCEPTION 'an audit record is that of the last change of a payment' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER outbox_belongs AFTER INSERT ON audit_outbox
    FOR EACH ROW EXECUTE FUNCTION record_has_its_payment();
CREATE TRIGGER outbox_written_or_removed BEFORE UPDATE OR TRUNCATE ON audit_outbox
    FOR EACH STATEMENT EXECUTE FUNCTION only_added_to();

-- How far the verification has come: one row.
CREATE TABLE audit_progress (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    began_at    timestamptz NOT NULL DEFAULT now(),  -- the pass that is under way, or was the last
    finished_at timestamptz,                         -- the last pass that went over everything
    position    text NOT NULL DEFAULT '{}',          -- where the next run continues, JSON
    drained     text COLLATE "C" NOT NULL DEFAULT '' -- behind which key of the outbox the next run continues
);
INSERT INTO audit_progress DEFAULT VALUES;

-- What the verification has found; it stays until somebody acknowledges it.
CREATE TABLE audit_findings (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind            text NOT NULL CHECK (kind IN ('mismatch', 'unreadable')),
    subject         text NOT NULL,  -- an id, or a key of an object
    what            text NOT NULL,
    details         text NOT NULL,
    found_at        timestamptz NOT NULL DEFAULT now(),
    seen_at         timestamptz NOT NULL DEFAULT now(),
    acknowledged_at timestamptz,
    acknowledged_by text,
    reason          text,
    UNIQUE (kind, subject, what)
);

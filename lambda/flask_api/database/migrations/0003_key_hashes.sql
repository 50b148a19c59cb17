-- Idempotency keys are a caller's own text, and are stored as keyed hashes only: the application computes them, with a key
-- of KMS, and hashes the keys of before in portions. Until a day after this migration tasks of before may run, which know
-- the clear key only. For them there is a second hash, with a salt that is deleted when the day is over, and the hash is of
-- no use without it. A database that is made anew has no tasks of before, and no salt.
ALTER TABLE orders
    ALTER idempotency_key DROP NOT NULL,
    ADD key_hash bytea UNIQUE CHECK (octet_length(key_hash) = 32),
    ADD transition_hash bytea UNIQUE;

CREATE TABLE key_transition (
    salt bytea NOT NULL,
    ends timestamptz NOT NULL DEFAULT now() + interval '1 day'
);
INSERT INTO key_transition (salt)
SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
FROM schema_migrations m WHERE m.name = '0001_shop.sql' AND m.applied_at < now() - interval '10 minutes';

-- NULL without a key, and when nobody needs it any more.
CREATE FUNCTION transition_hash(clear_key text) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(t.salt || convert_to(clear_key, 'UTF8')) FROM key_transition t WHERE now() < t.ends
$$;

-- What the application has hashed; a key that has been hashed meanwhile is left as it is.
CREATE FUNCTION hash_keys(order_ids uuid[], hashes bytea[]) RETURNS void LANGUAGE sql AS $$
    UPDATE orders o SET key_hash = h.hash, transition_hash = transition_hash(o.idempotency_key), idempotency_key = NULL
    FROM unnest(order_ids, hashes) AS h (id, hash) WHERE o.id = h.id AND o.idempotency_key IS NOT NULL
$$;

-- The outcomes are those of place_order. Tasks of before have no hash, and keep the clear key until it is hashed for them.
CREATE FUNCTION order_once(
    new_id uuid, new_key text, new_hash bytea, new_fingerprint bytea, wanted_ids uuid[], wanted_quantities integer[],
    decimals jsonb,
    OUT outcome text, OUT answer text
) LANGUAGE plpgsql AS $$
DECLARE
    known       orders;
    transition  bytea := transition_hash(new_key);
    new_total   numeric;
    currencies  text[];
    refused     json;
    unsold      json;
BEGIN
    -- Everybody locks in the order of the ids, so nobody waits for someone who waits for him.
    PERFORM FROM products p WHERE p.id = ANY (wanted_ids) ORDER BY p.id FOR NO KEY UPDATE;
    SELECT o.* INTO known FROM orders o
    WHERE o.key_hash = new_hash OR o.transition_hash = transition OR o.idempotency_key = new_key;
    IF NOT FOUND THEN
        SELECT sum(w.quantity * p.price), array_agg(DISTINCT p.currency),
               json_agg(json_build_object('place', w.place - 1, 'stock', p.stock) ORDER BY w.place)
                   FILTER (WHERE p.id IS NULL OR p.stock < w.quantity),
               json_agg(w.place - 1 ORDER BY w.place)
                   FILTER (WHERE p.price <> round(p.price, (decimals ->> p.currency)::integer))
        INTO new_total, currencies, refused, unsold
        FROM unnest(wanted_ids, wanted_quantities) WITH ORDINALITY AS w (product_id, quantity, place)
        LEFT JOIN products p ON p.id = w.product_id;
        IF refused IS NOT NULL OR cardinality(currencies) > 1 THEN
            outcome := CASE WHEN refused IS NULL THEN 'currencies' ELSE 'refused' END;
            answer := refused;
            RETURN;
        END IF;
        IF unsold IS NOT NULL THEN
            outcome := 'prices';
            answer := unsold;
            RETURN;
        END IF;
        -- Older prices have two decimals whatever their currency; of one that is not in the list, nothing is known.
        new_total := COALESCE(round(new_total, (decimals ->> currencies[1])::integer), new_total);
        INSERT INTO orders (id, idempotency_key, key_hash, transition_hash, fingerprint, currency, total)
        VALUES (new_id, CASE WHEN new_hash IS NULL THEN new_key END, new_hash, transition, new_fingerprint,
                currencies[1], new_total)
        ON CONFLICT DO NOTHING RETURNING * INTO known;
        IF FOUND THEN
            INSERT INTO order_lines (order_id, place, product_id, quantity, unit_price)
            SELECT new_id, w.place, w.product_id, w.quantity,
                   COALESCE(round(p.price, (decimals ->> p.currency)::integer), p.price)
            FROM unnest(wanted_ids, wanted_quantities) WITH ORDINALITY AS w (product_id, quantity, place)
            JOIN products p ON p.id = w.product_id;
            UPDATE products p SET stock = p.stock - w.quantity
            FROM unnest(wanted_ids, wanted_quantities) AS w (product_id, quantity) WHERE p.id = w.product_id;
            outcome := 'placed';
            answer := order_answer(known);
            RETURN;
        END IF;
        -- The same key at the same moment for other products, which were not locked by the first one.
        SELECT o.* INTO STRICT known FROM orders o
        WHERE o.key_hash = new_hash OR o.transition_hash = transition OR o.idempotency_key = new_key;
    END IF;
    IF known.fingerprint = new_fingerprint THEN
        known.status := 'placed';
        known.cancelled_at := NULL;
        outcome := 'repeated';
        answer := order_answer(known);
    ELSE
        outcome := 'key reused';
    END IF;
END
$$;

-- For tasks of before, of both versions.
CREATE OR REPLACE FUNCTION place_order(
    new_id uuid, new_key text, new_fingerprint bytea, wanted_ids uuid[], wanted_quantities integer[],
    OUT outcome text, OUT answer text
) LANGUAGE sql AS $$
    SELECT * FROM order_once(new_id, new_key, NULL, new_fingerprint, wanted_ids, wanted_quantities, '{}')
$$;
CREATE OR REPLACE FUNCTION place_order(
    new_id uuid, new_key text, new_fingerprint bytea, wanted_ids uuid[], wanted_quantities integer[], decimals jsonb,
    OUT outcome text, OUT answer text
) LANGUAGE sql AS $$
    SELECT * FROM order_once(new_id, new_key, NULL, new_fingerprint, wanted_ids, wanted_quantities, decimals)
$$;

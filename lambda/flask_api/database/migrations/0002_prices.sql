-- An amount keeps the decimals that it was written with: as many as its currency has. Without a scale of their own the
-- columns need no rewriting: https://www.postgresql.org/docs/17/sql-altertable.html#SQL-ALTERTABLE-NOTES
ALTER TABLE products
    ALTER price TYPE numeric,
    DROP CONSTRAINT products_price_check,
    ADD CONSTRAINT products_price_check CHECK (price >= 0 AND price < 100000000 AND scale(price) <= 3);
ALTER TABLE orders ALTER total TYPE numeric;
ALTER TABLE order_lines ALTER unit_price TYPE numeric;

-- The API sends how many decimals each currency has, {"EUR": 2, "JPY": 0}; the code of before calls the function of before.
-- outcome: placed, or repeated with the answer of the first time; key reused; refused or currencies, with what is
-- wrong as a JSON list of {"place", "stock"} (no stock: no such product); prices, with a JSON list of places whose price
-- has more decimals than its currency: it is older than the check.
CREATE FUNCTION place_order(
    new_id uuid, new_key text, new_fingerprint bytea, wanted_ids uuid[], wanted_quantities integer[],
    decimals jsonb,
    OUT outcome text, OUT answer text
) LANGUAGE plpgsql AS $$
DECLARE
    known       orders;
    new_total   numeric;
    currencies  text[];
    refused     json;
    unsold      json;
BEGIN
    -- Everybody locks in the order of the ids, so nobody waits for someone who waits for him.
    PERFORM FROM products p WHERE p.id = ANY (wanted_ids) ORDER BY p.id FOR NO KEY UPDATE;
    SELECT o.* INTO known FROM orders o WHERE o.idempotency_key = new_key;
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
        INSERT INTO orders (id, idempotency_key, fingerprint, currency, total)
        VALUES (new_id, new_key, new_fingerprint, currencies[1], new_total)
        ON CONFLICT (idempotency_key) DO NOTHING RETURNING * INTO known;
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
        SELECT o.* INTO STRICT known FROM orders o WHERE o.idempotency_key = new_key;
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

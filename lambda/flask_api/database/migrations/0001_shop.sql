-- Ids are UUIDs of version 7, made by the application: a newer row has the greater id, so the primary key is also the
-- order of the pages. Amounts have two decimals and are exact. The functions write the JSON of the answers, and each
-- of them is one statement for the application: one round trip, one transaction, and locks that no network prolongs.

CREATE TABLE products (
    id         uuid PRIMARY KEY,
    name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    price      numeric(10, 2) NOT NULL CHECK (price BETWEEN 0 AND 99999999.99),
    currency   text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    stock      bigint NOT NULL CHECK (stock >= 0),
    created_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);  -- a changed stock finds room beside the old one, and touches no index
CREATE INDEX products_by_name ON products (lower(name) COLLATE "C");

CREATE TABLE orders (
    id              uuid PRIMARY KEY,
    idempotency_key text NOT NULL COLLATE "C" UNIQUE,
    fingerprint     bytea NOT NULL,  -- SHA-256 of what was ordered: the same key may not come with something else
    status          text NOT NULL DEFAULT 'placed' CHECK (status IN ('placed', 'cancelled')),
    currency        text NOT NULL,
    total           numeric(16, 2) NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    cancelled_at    timestamptz CHECK ((cancelled_at IS NOT NULL) = (status = 'cancelled'))
);

CREATE TABLE order_lines (
    order_id   uuid NOT NULL REFERENCES orders,
    place      smallint NOT NULL,
    product_id uuid NOT NULL REFERENCES products,
    quantity   integer NOT NULL CHECK (quantity > 0),
    unit_price numeric(10, 2) NOT NULL,  -- what it was when the order was placed
    PRIMARY KEY (order_id, place)
);

-- One expression, so the planner puts it in place of the call.
CREATE FUNCTION product_answer(p products) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'id', p.id, 'name', p.name, 'price', p.price::text, 'currency', p.currency, 'stock', p.stock,
        'created_at', p.created_at)::text
$$;

-- Not LANGUAGE sql: before PostgreSQL 18 such a function is planned again for each call.
CREATE FUNCTION order_answer(o orders) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN json_build_object(
        'id', o.id, 'status', o.status, 'currency', o.currency, 'total', o.total::text,
        'items', (
            SELECT json_agg(json_build_object(
                'product_id', l.product_id, 'quantity', l.quantity, 'unit_price', l.unit_price::text,
                'amount', (l.quantity * l.unit_price)::text) ORDER BY l.place)
            FROM order_lines l WHERE l.order_id = o.id),
        'created_at', o.created_at, 'cancelled_at', o.cancelled_at)::text;
END
$$;

-- outcome: placed, or repeated with the answer of the first time; key reused; refused or currencies, with what is
-- wrong as a JSON list of {"place", "stock"} (no stock: no such product).
CREATE FUNCTION place_order(
    new_id uuid, new_key text, new_fingerprint bytea, wanted_ids uuid[], wanted_quantities integer[],
    OUT outcome text, OUT answer text
) LANGUAGE plpgsql AS $$
DECLARE
    known       orders;
    new_total   numeric;
    currencies  text[];
    refused     json;
BEGIN
    -- Everybody locks in the order of the ids, so nobody waits for someone who waits for him.
    PERFORM FROM products p WHERE p.id = ANY (wanted_ids) ORDER BY p.id FOR NO KEY UPDATE;
    SELECT o.* INTO known FROM orders o WHERE o.idempotency_key = new_key;
    IF NOT FOUND THEN
        SELECT sum(w.quantity * p.price), array_agg(DISTINCT p.currency),
               json_agg(json_build_object('place', w.place - 1, 'stock', p.stock) ORDER BY w.place)
                   FILTER (WHERE p.id IS NULL OR p.stock < w.quantity)
        INTO new_total, currencies, refused
        FROM unnest(wanted_ids, wanted_quantities) WITH ORDINALITY AS w (product_id, quantity, place)
        LEFT JOIN products p ON p.id = w.product_id;
        IF refused IS NOT NULL OR cardinality(currencies) > 1 THEN
            outcome := CASE WHEN refused IS NULL THEN 'currencies' ELSE 'refused' END;
            answer := refused;
            RETURN;
        END IF;
        INSERT INTO orders (id, idempotency_key, fingerprint, currency, total)
        VALUES (new_id, new_key, new_fingerprint, currencies[1], new_total)
        ON CONFLICT (idempotency_key) DO NOTHING RETURNING * INTO known;
        IF FOUND THEN
            INSERT INTO order_lines (order_id, place, product_id, quantity, unit_price)
            SELECT new_id, w.place, w.product_id, w.quantity, p.price
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

-- NULL: there is no such order. The stock is given back by the call that finds the order placed, hence once.
CREATE FUNCTION cancel_order(wanted uuid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    known orders;
BEGIN
    UPDATE orders o SET status = 'cancelled', cancelled_at = now()
    WHERE o.id = wanted AND o.status = 'placed' RETURNING * INTO known;
    IF FOUND THEN
        PERFORM FROM products p WHERE p.id IN (SELECT l.product_id FROM order_lines l WHERE l.order_id = wanted)
        ORDER BY p.id FOR NO KEY UPDATE;
        UPDATE products p SET stock = p.stock + l.quantity
        FROM order_lines l WHERE l.order_id = wanted AND p.id = l.product_id;
    ELSE
        SELECT o.* INTO known FROM orders o WHERE o.id = wanted;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    RETURN order_answer(known);
END
$$;

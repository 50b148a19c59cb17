-- The API is no longer the master user. It signs in by IAM, and may do what its statements need.
-- A role belongs to the server: it is still there when the database was made anew.
DO $$
BEGIN
    CREATE ROLE shop_api LOGIN;
EXCEPTION WHEN duplicate_object THEN
    ALTER ROLE shop_api LOGIN PASSWORD NULL;
END
$$;
DO $$
BEGIN
    -- https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
    GRANT rds_iam TO shop_api;
EXCEPTION WHEN undefined_object THEN
    RAISE EXCEPTION 'there is no role rds_iam: turn on IAM database authentication first'
        USING ERRCODE = 'undefined_object',
              HINT = 'aws rds modify-db-cluster --enable-iam-database-authentication --apply-immediately';
END
$$;
DO $$
BEGIN
    -- The password of a member is not asked for, whoever it is. The master user administers the role that it has made,
    -- and must not inherit from it. https://www.postgresql.org/docs/17/sql-createrole.html
    IF pg_has_role(current_user, 'rds_iam', 'USAGE') THEN
        RAISE EXCEPTION '% would be in rds_iam, and RDS would refuse its password', current_user
            USING HINT = 'look at pg_auth_members, and at the parameter createrole_self_grant';
    END IF;
    -- https://www.postgresql.org/docs/17/ddl-priv.html: what every role could do without being asked
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO shop_api', current_database());
END
$$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;  -- of migrations to come: they say who may call

GRANT USAGE ON SCHEMA public TO shop_api;
-- The functions run with the API's rights. Prices of orders, and what was ordered, are never changed.
GRANT EXECUTE ON FUNCTION
    product_answer(products), order_answer(orders), cancel_order(uuid),
    order_once(uuid, text, bytea, bytea, uuid[], integer[], jsonb),
    transition_hash(text), hash_keys(uuid[], bytea[])
TO shop_api;
GRANT SELECT, INSERT (id, name, price, currency, stock), UPDATE (id, name, price, stock) ON products TO shop_api;
GRANT SELECT,
      INSERT (id, idempotency_key, key_hash, transition_hash, fingerprint, currency, total),
      UPDATE (status, cancelled_at, idempotency_key, key_hash, transition_hash)
ON orders TO shop_api;
GRANT SELECT, INSERT (order_id, place, product_id, quantity, unit_price) ON order_lines TO shop_api;
GRANT SELECT, DELETE ON key_transition TO shop_api;
GRANT SELECT (name) ON schema_migrations TO shop_api;  -- whether the schema is the one that it needs

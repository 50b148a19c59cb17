-- The functions are no longer the master user. Each signs in by IAM, as a role that may do what its statements need.
-- A role belongs to the server: it is still there when the database was made anew.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['payment_api', 'payment_drain'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I LOGIN', name);
        EXCEPTION WHEN duplicate_object THEN
            EXECUTE format('ALTER ROLE %I LOGIN PASSWORD NULL', name);
        END;
        BEGIN
            -- https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
            EXECUTE format('GRANT rds_iam TO %I', name);
        EXCEPTION WHEN undefined_object THEN
            RAISE EXCEPTION 'there is no role rds_iam: turn on IAM database authentication first'
                USING ERRCODE = 'undefined_object',
                      HINT = 'aws rds modify-db-instance --enable-iam-database-authentication --apply-immediately';
        END;
        -- https://www.postgresql.org/docs/17/ddl-priv.html: what every role could do without being asked
        EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), name);
    END LOOP;
    -- The password of a member is not asked for, whoever it is. The master user administers the roles that it has made,
    -- and must not inherit from them. https://www.postgresql.org/docs/17/sql-createrole.html
    IF pg_has_role(current_user, 'rds_iam', 'USAGE') THEN
        RAISE EXCEPTION '% would be in rds_iam, and RDS would refuse its password', current_user
            USING HINT = 'look at pg_auth_members, and at the parameter createrole_self_grant';
    END IF;
END
$$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;  -- of migrations to come: they say who may call
GRANT USAGE ON SCHEMA public TO payment_api, payment_drain;

-- The API makes payments and refunds, and reads what it answers with. What is entered is never changed, but for the
-- three columns of a payment that a refund changes.
GRANT INSERT (id, caller, currency, amount, payment_method, reference, created_at, audit_sequence, audit_hash,
              idempotency_key),
      UPDATE (refunded, audit_sequence, audit_hash),
      SELECT (id, caller, currency, amount, refunded, status, payment_method, reference, created_at, audit_sequence,
              audit_hash)
ON payments TO payment_api;
GRANT INSERT (id, payment_id, amount, reason, created_at, idempotency_key),
      SELECT (id, payment_id, amount, reason, created_at)
ON refunds TO payment_api;
GRANT INSERT (posting, account, currency, amount, created_at) ON ledger_entries TO payment_api;
GRANT INSERT (key, fingerprint, status, body, created_at),
      SELECT (key, fingerprint, status, body, created_at)
ON idempotency_keys TO payment_api;
GRANT INSERT (object_key, body, created_at), SELECT (object_key), DELETE ON audit_outbox TO payment_api;

-- The drain compares everything, removes what it has written from the outbox, and keeps what it has found.
GRANT SELECT ON payments, refunds, ledger_entries, idempotency_keys, audit_outbox, audit_progress, audit_findings
TO payment_drain;
GRANT DELETE ON audit_outbox TO payment_drain;
GRANT UPDATE (began_at, finished_at, position, drained) ON audit_progress TO payment_drain;
GRANT INSERT (kind, subject, what, details),
      UPDATE (details, seen_at, acknowledged_at, acknowledged_by, reason),
      DELETE
ON audit_findings TO payment_drain;

-- The consumer is no longer the master user. It signs in by IAM, and may do what its statements need.
-- A role belongs to the server: it is still there when the database was made anew.
DO $$
BEGIN
    CREATE ROLE pipeline_consumer LOGIN;
EXCEPTION WHEN duplicate_object THEN
    ALTER ROLE pipeline_consumer LOGIN PASSWORD NULL;
END
$$;
DO $$
BEGIN
    -- https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
    GRANT rds_iam TO pipeline_consumer;
EXCEPTION WHEN undefined_object THEN
    RAISE EXCEPTION 'there is no role rds_iam: turn on IAM database authentication first'
        USING ERRCODE = 'undefined_object',
              HINT = 'aws rds modify-db-instance --enable-iam-database-authentication --apply-immediately';
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
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO pipeline_consumer', current_database());
END
$$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;  -- of migrations to come: they say who may call

GRANT USAGE ON SCHEMA public TO pipeline_consumer;
-- stored_at is the database's own. What is compared with an event that comes again is read.
GRANT INSERT (event_id, event_type, source, occurred_at, customer_id, amount, currency, attributes, unmapped,
              shard_id, sequence_number, sub_sequence_number, arrived_at),
      SELECT (event_id, event_type, source, occurred_at, customer_id, amount, currency, attributes, unmapped)
ON events TO pipeline_consumer;
